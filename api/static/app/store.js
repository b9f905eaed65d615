// What this device keeps: the outbox (sealed), what its owner must see of today (hidden under a key of the device), and small facts.
import { openDB } from "{{ vendor/idb.js }}";

const NAME = "ap-ledger", VERSION = 1;
const WEEK = 7 * 24 * 3600 * 1000;
let opening, gone = false;

export function open() {
  if (gone) return Promise.reject(new Error("wiped"));
  return opening ??= openDB(NAME, VERSION, {
    upgrade(db) {
      db.createObjectStore("outbox", { keyPath: "id" });
      db.createObjectStore("notices", { keyPath: "id" });
      db.createObjectStore("hidden");
      db.createObjectStore("meta");
    },
    // A newer version of the app wants in: let go, and open again when something is next needed.
    blocking(_now, _wanted, event) { event.target.close(); opening = undefined; },
    terminated() { opening = undefined; },
  }).catch(error => { opening = undefined; throw error; });
}

export async function fact(name) { return (await open()).get("meta", name); }

export async function setFact(name, value) { await (await open()).put("meta", value, name); }

// The key cannot be read out by a script. It keeps a glance away, not somebody with the whole disk: that is for the device's own passcode.
async function deviceKey() {
  const had = await fact("key");
  if (had) return had;
  const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const tx = (await open()).transaction("meta", "readwrite");
  // Two tabs may have made one at the same moment; the first that was kept is everybody's.
  const kept = (await tx.store.get("key")) ?? (await tx.store.put(made, "key"), made);
  await tx.done;
  return kept;
}

export async function hide(name, value) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const text = new TextEncoder().encode(JSON.stringify(value));
  const ct = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: new TextEncoder().encode(name) }, await deviceKey(), text);
  await (await open()).put("hidden", { iv, ct, at: Date.now() }, name);
}

async function read(name, row) {
  try {
    const bound = { name: "AES-GCM", iv: row.iv, additionalData: new TextEncoder().encode(name) };
    return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(bound, await deviceKey(), row.ct)));
  } catch {
    return undefined;
  }
}

export async function hidden(name) {
  const row = await (await open()).get("hidden", name);
  return row && Date.now() - row.at < WEEK ? read(name, row) : undefined;
}

export async function hiddenUnder(start) {
  const db = await open(), range = IDBKeyRange.bound(start, `${start}\uffff`);
  const [names, rows] = await Promise.all([db.getAllKeys("hidden", range), db.getAll("hidden", range)]);
  const said = await Promise.all(rows.map((row, place) => read(names[place], row)));
  return new Map(names.map((name, place) => [name, said[place]]).filter(([, value]) => value !== undefined));
}

export async function forget(start, keep = () => false) {
  const tx = (await open()).transaction("hidden", "readwrite");
  for (const name of await tx.store.getAllKeys(IDBKeyRange.bound(start, `${start}\uffff`))) if (!keep(name)) tx.store.delete(name);
  await tx.done;
}

// What was shown ages out after a week. The outbox is another store, and nothing in it ever ages.
export async function dropAged() {
  const tx = (await open()).transaction("hidden", "readwrite");
  for (let cursor = await tx.store.openCursor(); cursor; cursor = await cursor.continue()) if (Date.now() - cursor.value.at > WEEK) cursor.delete();
  await tx.done;
}

// For a device that was shut out and has delivered what it held: nothing stays behind, whatever the browser makes of the service's own order.
export async function wipe() {
  gone = true;
  (await opening?.catch(() => undefined))?.close();
  indexedDB.deleteDatabase(NAME);
  for (const name of await caches.keys()) await caches.delete(name);
  for (const one of await navigator.serviceWorker?.getRegistrations() ?? []) await one.unregister();
}

// Whether an answer says that this device was shut out.
export async function shutOut(answer) {
  if (answer.status !== 401) return false;
  try {
    return (await answer.json()).code === "shut-out";
  } catch {
    return false;
  }
}
