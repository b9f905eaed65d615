// What every page of the app shares: who is here, what may be logged, the strip that says what waits, the lock, and
// small helpers.
import { flush, notices, pruneReceipts, sealToKey, seen, waiting } from "{{ app/outbox.js }}";
import { aside, channel, dropAged, fact, forget, hidden, hide, setFact, shutOut, wipe } from "{{ app/store.js }}";

const ICONS = "{{ vendor/icons.svg }}";
const FIRST_RETRY = 2000,
  LAST_RETRY = 120000,
  LOCK_AFTER = 120000,
  PATIENCE = 8000,
  QUIET = 2500;
const AN_HOUR = 3600 * 1000,
  TWELVE_HOURS = 12 * AN_HOUR,
  LOOK_AGAIN = 30000;

export const find = (what, within = document) => within.querySelector(what);

export function el(name, given = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "data") Object.assign(made.dataset, value);
    else if (key === "value") made.value = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...inside.flat().filter((one) => one !== undefined && one !== null && one !== false));
  return made;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"),
    use = document.createElementNS(svg.namespaceURI, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${ICONS}#${name}`);
  svg.append(use);
  return svg;
}

// What somebody does is done in the order in which they did it, however fast: each finds things as the one before
// left them.
let turn = Promise.resolve();
export const inTurn = (work) => {
  turn = turn.then(work).catch(failed);
  return turn;
};

// A page that is drawn anew under a finger that is still down would swallow its tap, so drawing waits until it is
// lifted.
let pressing = false;
const lifted = [];
addEventListener(
  "pointerdown",
  () => {
    pressing = true;
  },
  { capture: true, passive: true },
);
for (const what of ["pointerup", "pointercancel"]) {
  addEventListener(
    what,
    () =>
      setTimeout(() => {
        pressing = false;
        for (const one of lifted.splice(0)) one();
      }, 40),
    { capture: true, passive: true },
  );
}
export const calm = () =>
  pressing
    ? new Promise((done) => {
        lifted.push(done);
        setTimeout(done, 1000);
      })
    : undefined;

export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
export const clock = (at) => at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

export function dayIn(zone, at = new Date()) {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(
    at,
  );
}

// The moment of a wall clock's time in the setting's own zone, whatever zone the device believes in.
export function momentIn(zone, day, time) {
  const guess = Date.parse(`${day}T${time.slice(0, 5)}:00Z`);
  const shown = (at) => Date.parse(new Date(at).toLocaleString("sv-SE", { timeZone: zone }).replace(" ", "T") + "Z");
  const first = guess - (shown(guess) - guess);
  return new Date(guess - (shown(first) - first));
}

// The groups in which students are taught, by id and by name.
export const groups = (roster) =>
  [...new Set(roster.students.map((one) => one.group).filter(Boolean))]
    .sort()
    .map((id) => [id, id[0].toUpperCase() + id.slice(1).replaceAll("-", " ")]);

// The group in which a student was taught on a day, which need not be today's.
export const groupOn = (student, day) => student.groups.filter((one) => one.from_date <= day).at(-1).group;

// A tablet belongs to a room, so its sheets stay with the group that was chosen on it last.
export async function groupHere(roster) {
  const kept = await fact("group");
  return groups(roster).some(([id]) => id === kept) ? kept : "";
}

export const dayChoice = (day, change) =>
  el("input", {
    id: "on",
    type: "date",
    "aria-label": "Day",
    value: day,
    onchange: (event) => event.target.value && change(event.target.value),
  });

export function groupChoice(roster, group, change) {
  const choose = async (event) => {
    const wanted = event.target.value;
    await setFact("group", wanted);
    change(wanted);
  };
  return groups(roster).length
    ? el(
        "div",
        {},
        el("label", { for: "group" }, "Group"),
        el(
          "select",
          { id: "group", onchange: choose },
          [["", "Everybody"], ...groups(roster)].map(([id, words]) =>
            el("option", { value: id, selected: id === group }, words),
          ),
        ),
      )
    : null;
}

// Browsers know fewer languages than there are here, so the names of days and months are words of ours.
const WEEKDAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" "),
  MONTHS = "January February March April May June July August September October November December".split(" ");

export function inWords(day) {
  const at = new Date(`${day}T12:00:00Z`);
  return `${WEEKDAYS[at.getUTCDay()]} ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
}

export function slotsOn(roster, day) {
  const held = roster.timetables.filter((one) => one.from_date <= day).at(-1);
  const weekday = new Date(`${day}T12:00:00Z`).getUTCDay() || 7;
  return (held?.slots ?? []).filter((slot) => slot.weekdays.includes(weekday));
}

export function expectedIn(student, day, slot) {
  const weekday = new Date(`${day}T12:00:00Z`).getUTCDay() || 7;
  const held = student.expected.filter((one) => one.from_date <= day).at(-1);
  return held?.days.some((one) => one.weekday === weekday && one.slots.includes(slot)) ?? false;
}

// Asking the service ------------------------------------------------------------------------------------------------

export async function ask(address) {
  try {
    const answer = await fetch(address, {
      credentials: "same-origin",
      cache: "no-store",
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403)
      return { refused: true, forbidden: answer.status === 403, wiped: await shutOut(answer) };
    if (!answer.ok || !(answer.headers.get("content-type") ?? "").includes("application/json"))
      return { offline: true };
    return { said: await answer.json(), more: answer.headers.has("link") };
  } catch {
    return { offline: true };
  }
}

export async function position() {
  return (await fact("sync"))?.position ?? 0;
}

// Who is here -------------------------------------------------------------------------------------------------------

const page = { roster: undefined, signIn: false, forbidden: false, offline: false, onlyOnline: false };

export async function boot(draw) {
  if (!window.isSecureContext || !crypto.subtle) {
    find("#app").replaceChildren(
      el(
        "p",
        { class: "note warn" },
        "This address is not secure, so this device cannot keep anything. Ask whoever looks after AP Ledger " +
          "for its https address.",
      ),
    );
    document.documentElement.dataset.ready = "1";
    return;
  }
  try {
    await begin(draw);
  } catch (error) {
    if (error?.name !== "KeepsNothing") throw error;
    find("#app").replaceChildren(keepsNothing());
    document.documentElement.dataset.ready = "1";
  }
}

const keepsNothing = () =>
  el(
    "div",
    { class: "note warn", role: "alert" },
    el("h2", {}, "This browser keeps nothing on this device"),
    el(
      "p",
      {},
      "So it cannot hold what you log until there is a signal. This is often a private window, or storage " +
        "that is switched off: open AP Ledger in an ordinary window, or in another browser.",
    ),
    el("p", {}, "With a signal you can log here and now:"),
    el("a", { class: "button", href: "/log" }, "Log online"),
  );

async function begin(draw) {
  navigator.serviceWorker?.register("/sw.js", { type: "module" }).catch((error) => {
    aside("worker")(error);
    page.onlyOnline = true;
    return strip();
  });
  channel.addEventListener("message", (event) => {
    if (event.data === "flushed" || event.data === "added") strip();
  });
  document.addEventListener("outbox", (event) => {
    strip();
    if (event.detail === "added") sendNow();
  });
  const back = () => {
    sendNow();
    if (page.offline || page.signIn || (page.roster && Date.now() - Date.parse(page.roster.now) > AN_HOUR))
      refresh(draw);
  };
  for (const what of ["online", "focus"]) addEventListener(what, back);
  addEventListener("offline", strip);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) back();
  });
  await dropAged();
  await pruneReceipts();
  const person = (await fact("handed-over")) ? undefined : await fact("person");
  page.roster = person ? await hidden(`roster:${person}`) : undefined;
  // A computer that nobody enrolled may be anybody's tomorrow: it remembers a list for as long as a sign-in lasts.
  if (page.roster && !page.roster.device && Date.now() - Date.parse(page.roster.now) > TWELVE_HOURS)
    page.roster = undefined;
  if (page.roster) {
    if (!(await fact("locked"))) await draw(page.roster);
    await guardTablet();
  }
  await strip();
  await refresh(draw);
  document.documentElement.dataset.ready = "1";
  sendNow();
}

let looking;

async function refresh(draw) {
  const wanted = new URLSearchParams(location.search).get("setting") ?? page.roster?.setting.id;
  const { said, refused, forbidden, wiped, offline } = await ask(
    `/api/v1/capture${wanted ? `?setting=${encodeURIComponent(wanted)}` : ""}`,
  );
  page.signIn = Boolean(refused);
  page.forbidden = Boolean(forbidden);
  page.offline = Boolean(offline);
  const claimed = await fact("claimed");
  if (said && claimed && claimed !== said.me.id && !(said.me.since > ((await fact("claimed-under")) ?? ""))) {
    // Somebody took the tablet over with no signal, and the service still knows it as somebody else's: nobody logs in
    // another's name.
    page.roster = said;
    await lock();
  } else if (said) {
    const before = page.roster;
    page.roster = said;
    await setFact("handed-over", false);
    await setFact("claimed", undefined);
    const locked = await fact("locked");
    // Whoever has signed in since it was locked is surely here.
    if (locked && said.me.since > locked) await unlocked();
    await sealToKey(said.box_key);
    await setFact("person", said.me.id);
    await hide(`roster:${said.me.id}`, said);
    // What is on the screen stays as it is where nothing of it changed: somebody may be typing.
    const told = ({ now, ...rest }) => JSON.stringify(rest);
    if (!(await fact("locked")) && (locked || !before || told(before) !== told(said))) await draw(said);
    await guardTablet();
    await settled();
  } else if (wiped) {
    return leaveForGood();
  } else if (refused && page.roster && !page.roster.device) {
    await letGo();
    page.roster = undefined;
    find("#app").replaceChildren(nobody());
  } else if (!page.roster) {
    find("#app").replaceChildren((await fact("handed-over")) ? handedOver() : nobody());
  }
  clearTimeout(looking);
  if (page.offline) looking = setTimeout(() => refresh(draw), LOOK_AGAIN);
  await strip();
}

async function leaveForGood() {
  clearTimeout(timer);
  await wipe();
  location.replace("/sign-in");
}

const handedOver = () =>
  el(
    "div",
    { class: "note" },
    el("h2", {}, "This is with a student, a parent or a carer"),
    el("p", {}, "Staff take it back with their password or PIN; then it logs again."),
    el("a", { class: "button", href: "/take-back" }, "Take it back"),
  );

function nobody() {
  if (page.forbidden) {
    return el(
      "div",
      { class: "note" },
      el("h2", {}, "There is nobody for you to log here"),
      el(
        "p",
        {},
        "You are signed in. This page is for those who see students and write down how it went. If you do, " +
          "ask a leader to put them on your list.",
      ),
      el("a", { class: "button", href: "/" }, "Home"),
    );
  }
  if (page.signIn) {
    return el(
      "div",
      { class: "note" },
      el("h2", {}, "Sign in to begin"),
      el(
        "p",
        {},
        "After that this works with no signal too.",
      ),
      el("a", { class: "button", href: `/sign-in?next=${encodeURIComponent(location.pathname)}` }, "Sign in"),
    );
  }
  return el(
    "div",
    { class: "note warn" },
    el("h2", {}, "No signal yet"),
    el(
      "p",
      {},
      "Nobody has signed in on this device in the last seven days, so it does not know whom you see. Sign in " +
        "once where there is a signal; from then on it works without.",
    ),
  );
}

// What waits here, in words, for a page that has no strip of its own to say it. Anything else is nobody's to see.
export async function saysWhatWaits(where) {
  const rows = await waiting();
  where.textContent = rows.length
    ? `${count(rows.length, "entry", "entries")} saved here, waiting for a signal.`
    : "Nothing waits here.";
}

// The strip ---------------------------------------------------------------------------------------------------------

let drawn = "",
  newest = 0;

const DEVICES = [
  ["tablet", "this tablet"],
  ["phone", "this phone"],
];
const deviceInWords = () => new Map(DEVICES).get(page.roster?.device?.kind) ?? "this device";

async function strip() {
  const mine = (newest += 1);
  const rows = await waiting(),
    sync = (await fact("sync")) ?? {},
    told = (await notices()).filter((one) => !page.roster || one.author === page.roster.me.id);
  // Whoever asked later read later: what was read before says nothing any more.
  if (mine !== newest) return;
  const stuck = rows.filter((one) => one.stuck),
    here = deviceInWords(),
    away = !navigator.onLine || sync.error === "network" || page.offline;
  const lines = [];
  const line = (look, name, ...words) => lines.push([look, name, words]);
  if (rows.length && away)
    line("wait", "cloud-off", `No signal. ${count(rows.length, "entry", "entries")} saved on ${here}.`);
  else if (rows.length && (sync.error === "sign-in" || (page.signIn && sync.error)))
    line("wait", "lock", `${count(rows.length, "entry", "entries")} saved on ${here}. `, [
      "/sign-in",
      "Sign in to send",
    ]);
  else if (rows.length && sync.error)
    line(
      "wait",
      "cloud-off",
      `${count(rows.length, "entry", "entries")} saved on ${here}. The service does not answer; this ` +
        "tries again by itself.",
    );
  else if (rows.length)
    line("wait", "cloud-upload", `${count(rows.length, "entry", "entries")} saved on ${here}, being sent.`);
  else if (away) line("wait", "cloud-off", `No signal. Nothing waits on ${here}; go on, it will be saved here.`);
  else if (page.signIn && page.roster)
    line("wait", "lock", "Everything is sent. ", ["/sign-in", "Sign in again to see today’s list"]);
  else
    line("good", "check", sync.at ? `Everything is sent, ${clock(new Date(sync.at))}. ` : "Everything is sent. ", [
      "/sent",
      "See",
    ]);
  if (told.length)
    line("warn", "triangle-alert", `${count(told.length, "entry needs", "entries need")} you: ${told[0].message} `, [
      "/held",
      "Put right",
    ]);
  if (stuck.length)
    line(
      "warn",
      "triangle-alert",
      `${count(stuck.length, "entry", "entries")} could not be sent and ` +
        `${stuck.length === 1 ? "stays" : "stay"} here: ${stuck[0].stuck}`,
    );
  if (page.onlyOnline)
    line("wait", "cloud-off", "In this browser the page opens only with a signal; once open, it goes on without.");
  if (Math.abs(sync.offset ?? 0) > 300)
    line(
      "warn",
      "clock",
      `The clock of ${here} is ${Math.round(Math.abs(sync.offset) / 60)} minutes ` +
        `${sync.offset > 0 ? "slow" : "fast"}. Times are put right when they are sent.`,
    );
  const now = JSON.stringify(lines);
  if (now === drawn) return;
  drawn = now;
  find("#strip").replaceChildren(
    ...lines.map(([look, name, words]) =>
      el(
        "p",
        { class: look },
        icon(name),
        el(
          "span",
          {},
          ...words.map((word) =>
            Array.isArray(word)
              ? el(
                  "a",
                  { href: word[0] === "/sign-in" ? `/sign-in?next=${encodeURIComponent(location.pathname)}` : word[0] },
                  word[1],
                )
              : word,
          ),
        ),
      ),
    ),
  );
  find("#strip").dataset.waiting = rows.length;
  navigator.setAppBadge?.(rows.length).catch(aside("badge"));
}

// What needed its author and waits no longer was put right from somewhere else.
async function settled() {
  const told = await notices();
  const { said, more } = told.length ? await ask("/api/v1/held?limit=500") : {};
  const still = new Set(said?.items.map((one) => one.id));
  if (said && !more)
    for (const one of told) if (!still.has(one.id) && one.author === page.roster.me.id) await seen(one.id);
}

// Sending -----------------------------------------------------------------------------------------------------------

let timer,
  telling,
  sending = false,
  asked = false,
  wait = FIRST_RETRY;

// Something new, or a signal, asks for a send at once. One that is under way may fail late, and must not put it off.
function sendNow() {
  asked = true;
  soon(0);
}

function soon(delay) {
  clearTimeout(timer);
  timer = setTimeout(send, delay);
}

async function send() {
  if (sending) return;
  sending = true;
  asked = false;
  try {
    await sendWhatWaits();
  } finally {
    sending = false;
    if (asked) soon(0);
  }
}

async function sendWhatWaits() {
  const some = (await waiting()).some((one) => !one.stuck);
  // Where this is refused, what waits leaves when a page is open.
  if (some)
    navigator.serviceWorker?.ready.then((worker) => worker.sync?.register("outbox")).catch(aside("background-sync"));
  // With no network at all nothing is even tried, so that what has surely not left can still be changed where it lies.
  const done = !some ? {} : navigator.onLine ? await flush() : { error: "network" };
  if (done.error === "wiped") return leaveForGood();
  if (done.error || done.busy) {
    wait = done.busy ? FIRST_RETRY : Math.min(LAST_RETRY, wait * 2);
    // Phones that lost their signal together must not come back together.
    soon(wait * (0.75 + Math.random() / 2));
  } else {
    wait = FIRST_RETRY;
    page.offline = page.offline && !some;
    if (some) {
      // Whatever shows what others logged looks again, once, when the tapping has stopped.
      clearTimeout(telling);
      telling = setTimeout(() => document.dispatchEvent(new CustomEvent("sent")), QUIET);
    }
  }
  await strip();
}

// Saying that something is saved ------------------------------------------------------------------------------------

let fading;

export function saved(words, undone) {
  const bar = find("#toast");
  clearTimeout(fading);
  bar.replaceChildren(
    el("p", {}, words, el("br"), el("small", {}, `Saved on ${deviceInWords()}.`)),
  );
  if (undone) bar.append(el("button", { type: "button", id: "undo", onclick: undone }, icon("undo-2"), "Undo"));
  bar.hidden = false;
  fading = setTimeout(() => {
    bar.hidden = true;
  }, 20000);
  if (!page.asked) {
    page.asked = true;
    navigator.storage?.persist?.().catch(aside("persist"));
  }
}

export function unsaved(error) {
  const bar = find("#toast");
  clearTimeout(fading);
  const full = error?.name === "QuotaExceededError";
  bar.replaceChildren(
    el(
      "p",
      { role: "alert" },
      full
        ? "NOT saved: this device has no room left. Free some, then tap again."
        : "NOT saved. Tap again; if it stays so, ",
      full ? "" : el("a", { href: "/log" }, "log it online"),
      full ? "" : " and tell whoever looks after AP Ledger.",
    ),
  );
  bar.hidden = false;
}

// Whatever fails where nobody thought of it is said too. What was tapped may or may not be saved by then.
function failed(error) {
  console.error(error);
  const bar = find("#toast");
  clearTimeout(fading);
  bar.replaceChildren(
    el(
      "p",
      { role: "alert" },
      "Something did not work just now. Look whether what you tapped is here; if it is not, open this page again and " +
        "tap once more. If it stays so, tell whoever looks after AP Ledger.",
    ),
  );
  bar.hidden = false;
}
addEventListener("unhandledrejection", (event) => failed(event.reason));
addEventListener("error", (event) => failed(event.error ?? event.message));

// Shared tablets ----------------------------------------------------------------------------------------------------

let idle;

async function guardTablet() {
  if (page.roster?.device?.kind !== "tablet") return;
  if (!idle) for (const what of ["pointerdown", "keydown", "input"]) addEventListener(what, later, { passive: true });
  later();
  if (await fact("locked")) lock();
}

function later() {
  clearTimeout(idle);
  if (!document.body.dataset.locked) idle = setTimeout(lock, LOCK_AFTER);
}

async function unlocked() {
  await setFact("locked", false);
  find("#locked")?.remove();
  delete document.body.dataset.locked;
  find("#frame").inert = false;
  later();
}

async function lock() {
  // Which sign-in it was locked under, so that a later one opens it.
  if (!(await fact("locked"))) await setFact("locked", page.roster?.me.since ?? "0");
  if (document.body.dataset.locked) return;
  document.body.dataset.locked = "1";
  find("#frame").inert = true;
  // What was on the screen is taken off it, not only covered.
  find("#app").replaceChildren();
  find("#toast").hidden = true;
  const people = page.roster.here;
  const said = el("p", { role: "alert" });
  const pin = el("input", {
    id: "pin",
    class: "pin",
    inputmode: "numeric",
    autocomplete: "off",
    minlength: 6,
    maxlength: 6,
    required: true,
  });
  const who = el(
    "select",
    { id: "who" },
    people.map((one) => el("option", { value: one.id }, one.name)),
  );
  const open = async (event) => {
    event.preventDefault();
    said.textContent = "";
    const problem = await unlock(who.value, pin.value);
    pin.value = "";
    if (problem) said.textContent = problem;
    else location.reload();
  };
  const form = people.length
    ? el(
        "form",
        { onsubmit: open },
        el("div", { class: "field" }, el("label", { for: "who" }, "Who are you?"), who),
        el("div", { class: "field" }, el("label", { for: "pin" }, "Your PIN"), pin),
        said,
        el("button", {}, "Go on"),
      )
    : el("p", {}, "Nobody here has a PIN yet.");
  document.body.append(
    el(
      "div",
      { id: "locked", role: "dialog", "aria-modal": "true", "aria-labelledby": "locked-title" },
      el("h2", { id: "locked-title" }, icon("lock"), " Locked"),
      el("p", {}, "Nobody touched this tablet for two minutes. What was logged is safe."),
      form,
      el(
        "a",
        { class: "button second", href: `/sign-in?again=1&next=${encodeURIComponent(location.pathname)}` },
        "Sign in with a password",
      ),
    ),
  );
  (people.length ? pin : find("#locked a")).focus();
}

// PINs are judged by the service. With no signal, one that the service took here in the last twelve hours opens the
// tablet again.
async function unlock(person, pin) {
  try {
    const body = new URLSearchParams({ person, pin });
    const answer = await fetch("/switch", {
      method: "POST",
      body,
      credentials: "same-origin",
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.type === "opaqueredirect") {
      const salt = crypto.getRandomValues(new Uint8Array(16));
      await setFact(`pin:${person}`, {
        salt,
        hash: await stretched(pin, salt),
        until: Date.now() + TWELVE_HOURS,
        tries: 0,
      });
      await setFact("person", person);
      await setFact("claimed", undefined);
      await setFact("locked", false);
      return "";
    }
    if (answer.status === 403) return "That did not match. After five tries sign in with your password.";
    if (answer.status < 500) return "Sign in with your password first; then your PIN works here for twelve hours.";
  } catch (error) {
    // No signal: what follows is for that.
    aside("switch")(error);
  }
  const known = await fact(`pin:${person}`);
  if (!known || known.until < Date.now() || known.tries >= 5)
    return (
      "With no signal only a PIN that was used here today opens this tablet. Find a signal, or ask " +
      "somebody who used theirs."
    );
  if ((await stretched(pin, known.salt)) !== known.hash) {
    await setFact(`pin:${person}`, { ...known, tries: known.tries + 1 });
    return "That did not match.";
  }
  await setFact(`pin:${person}`, { ...known, tries: 0 });
  await setFact("person", person);
  await setFact("claimed", person);
  await setFact("claimed-under", page.roster?.me.since);
  await setFact("locked", false);
  return "";
}

async function stretched(pin, salt) {
  const raw = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: 600000 }, raw, 256);
  return [...new Uint8Array(bits)].map((one) => one.toString(16).padStart(2, "0")).join("");
}

// Leaving -----------------------------------------------------------------------------------------------------------

export async function mayLeave() {
  const rows = await waiting();
  return rows.length
    ? `${count(rows.length, "entry still waits", "entries still wait")} on this device. Signing out now ` +
        `could lose ${rows.length === 1 ? "it" : "them"}, so stay signed in until the strip says that ` +
        "everything is sent."
    : "";
}

export async function letGo() {
  for (const start of ["roster:", "today:", "learning:", "day:"]) await forget(start);
  await setFact("person", undefined);
  await setFact("locked", false);
  channel.postMessage("let-go");
}
