// The service worker: opens the app with no signal, and sends what waits when the signal comes back, even with every
// page closed.
import { flush } from "{{ app/outbox.js }}";

// Filled in by the service when it serves /sw.js: a new version of any file is a new worker.
const VERSION = "%VERSION%",
  SHELL = `ap-ledger-${VERSION}`,
  PAGES = "%PAGES%".split(" "),
  FILES = "%FILES%".split(" ");

const keep = async (addresses) =>
  (await caches.open(SHELL)).addAll(addresses.map((address) => new Request(address, { cache: "reload" })));

addEventListener("install", (event) =>
  event.waitUntil(
    (async () => {
      await keep([...PAGES, ...FILES]);
      await skipWaiting();
    })(),
  ),
);

addEventListener("activate", (event) =>
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys())
        if (name.startsWith("ap-ledger-") && name !== SHELL) await caches.delete(name);
      await clients.claim();
    })(),
  ),
);

const kept = (address) => caches.match(address, { cacheName: SHELL });

addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method === "POST" && address.pathname === "/language") {
    // The pages that are kept are asked for anew, in the language that was just chosen.
    event.respondWith(
      fetch(event.request).then((answer) => {
        event.waitUntil(keep(PAGES));
        return answer;
      }),
    );
    return;
  }
  if (event.request.method !== "GET" || address.origin !== location.origin) return;
  if (event.request.mode === "navigate") {
    // The app's pages hold nothing about anybody, so one copy serves every day and everybody. Other pages need the
    // service.
    if (PAGES.includes(address.pathname) && address.pathname !== "/offline")
      event.respondWith(kept(address.pathname).then((found) => found ?? fetch(event.request)));
    else event.respondWith(fetch(event.request).catch(async () => (await kept("/offline")) ?? Response.error()));
  } else if (FILES.includes(address.pathname)) {
    event.respondWith(kept(address.pathname).then((found) => found ?? fetch(event.request)));
  }
});

// A push holds nothing: what is new is read on a page, by whoever is signed in.
addEventListener("push", (event) =>
  event.waitUntil(
    registration.showNotification("AP Ledger", {
      body: "There is something new for you.",
      icon: "{{ app/icon-192.png }}",
      tag: "notices",
    }),
  ),
);

addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(clients.openWindow("/notices"));
});

addEventListener("sync", (event) => {
  if (event.tag === "outbox")
    event.waitUntil(
      flush().then((done) => {
        if (done.error) throw new Error(done.error);
      }),
    );
});
