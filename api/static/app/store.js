// What this device keeps: the outbox (sealed), what its owner must see of today (hidden under a key of the device),
// and small facts.
import { openDB } from "{{ vendor/idb.js }}";

const NAME = "ap-ledger",
  VERSION = 2;
const WEEK = 7 * 24 * 3600 * 1000;
const OPENED_WITHIN = 10000;
// What a browser says when it has taken the database away under the app; nothing of the transaction was kept.
const TAKEN_AWAY = new Set(["InvalidStateError", "UnknownError", "AbortError"]);
const STORES = ["outbox", "notices", "hidden", "meta"];
export const channel = new BroadcastChannel("ap-ledger");
let opening,
  gone = false;

// What failed and takes nothing from anybody is told to whoever looks into the browser. All else that fails is said on
// the page.
export const aside = (what) => (error) => console.info(what, error?.name ?? error);

// What lay in the database when this page last looked, as it lay there, and which making of the database that was.
// A browser may empty it under an open page, to make room or because it was told to; then all of it is put there again.
let copy = new Map(),
  born,
  copying = 0;

// What another page let go of, or was told to keep nothing of, is not put there again.
channel.addEventListener("message", ({ data }) => {
  if (data === "let-go") copy = new Map();
});

// This browser keeps nothing for pages: storage is switched off, or its database never answers.
export class KeepsNothing extends Error {
  constructor(cause) {
    super("this browser keeps nothing", { cause });
    this.name = "KeepsNothing";
  }
}

function open() {
  if (gone) return Promise.reject(new Error("wiped"));
  return (opening ??= opened().catch((error) => {
    opening = undefined;
    throw new KeepsNothing(error);
  }));
}

async function opened() {
  const db = await answering();
  try {
    const found = (await db.get("meta", "born")) ?? "";
    if (born !== undefined && found !== born) await putBack(db);
    born = found;
  } catch (error) {
    db.close();
    throw error;
  }
  copySoon(db);
  return db;
}

// What another page or the worker has put there meanwhile is newer, and stays.
async function putBack(db) {
  const tx = db.transaction(STORES, "readwrite", { durability: "strict" });
  const absent = async (store, key, row) => {
    if ((await store.getKey(key)) === undefined) await store.put(row, store.keyPath ? undefined : key);
  };
  // What was waiting may have left since, so it is not changed where it lies any more.
  const asItIs = (name, row) => (name === "outbox" ? { ...row, tried: true } : row);
  const all = [...copy].flatMap(([name, rows]) =>
    rows.map(([key, row]) => [tx.objectStore(name), key, asItIs(name, row)]),
  );
  await Promise.all(all.map((parts) => absent(...parts)));
  await tx.done;
}

function copySoon(db) {
  clearTimeout(copying);
  // Where it was taken away meanwhile, the copy from before is what there is.
  copying = setTimeout(() =>
    copied(db).then(
      (rows) => {
        if (!gone) copy = rows;
      },
      aside("copy"),
    ),
  );
}

async function copied(db) {
  const tx = db.transaction(STORES, "readonly");
  return new Map(
    await Promise.all(
      STORES.map(async (name) => {
        const [keys, rows] = await Promise.all([tx.objectStore(name).getAllKeys(), tx.objectStore(name).getAll()]);
        return [name, keys.map((key, place) => [key, rows[place]])];
      }),
    ),
  );
}

async function answering() {
  const coming = openDB(NAME, VERSION, {
    upgrade(db, before) {
      if (before < 1) {
        db.createObjectStore("outbox", { keyPath: "id" });
        db.createObjectStore("notices", { keyPath: "id" });
        db.createObjectStore("hidden");
        db.createObjectStore("meta").put(crypto.randomUUID(), "born");
      }
      // What was sent, and when it was recorded. It holds no words, and is many rows: it is in no copy, and no page but
      // its own reads it.
      db.createObjectStore("receipts", { keyPath: "id" }).createIndex("sent", "sent");
    },
    // A newer version of the app wants in: let go, and open again when something is next needed.
    blocking(_now, _wanted, event) {
      event.target.close();
      opening = undefined;
    },
    terminated() {
      opening = undefined;
    },
  });
  let late;
  const never = new Promise((_, fail) => {
    late = setTimeout(() => fail(new Error("the database does not answer")), OPENED_WITHIN);
  });
  // One that answers after all is of no use any more to whoever gave up.
  return Promise.race([coming, never])
    .finally(() => clearTimeout(late))
    .catch((error) => {
      coming.then((db) => db.close(), aside("database"));
      throw error;
    });
}

// Does some work in one transaction. Where the browser closed the database without a word, as WebKit does, it is opened
// again and the work is done anew, once: a transaction that did not end has kept nothing.
export async function within(stores, mode, work, options) {
  for (let first = true; ; first = false) {
    const mine = open(),
      db = await mine;
    let tx;
    try {
      tx = db.transaction(stores, mode, options);
      const [answer] = await Promise.all([work(tx), tx.done]);
      if (mode === "readwrite") copySoon(db);
      return answer;
    } catch (error) {
      // All of it or nothing; and why it failed is what the transaction says, such as that there is no room.
      try {
        tx?.abort();
      } catch (over) {
        // It has ended already, or what failed is that it could not begin.
        aside("abort")(over);
      }
      await tx?.done.catch(aside("transaction"));
      const why = tx?.error ?? error;
      if (!first || !TAKEN_AWAY.has(why?.name)) throw why;
      if (opening === mine) opening = undefined;
      db.close();
    }
  }
}

const look = (store, work) => within(store, "readonly", (tx) => work(tx.store));
const change = (store, work) => within(store, "readwrite", (tx) => work(tx.store));

export async function fact(name) {
  return look("meta", (meta) => meta.get(name));
}

export async function setFact(name, value) {
  await change("meta", (meta) => meta.put(value, name));
}

// The key cannot be read out by a script. It keeps a glance away, not somebody with the whole disk: that is for the
// device's own passcode.
async function deviceKey() {
  const had = await fact("key");
  if (had) return had;
  const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  // Two tabs may have made one at the same moment; the first that was kept is everybody's.
  return change("meta", async (meta) => (await meta.get("key")) ?? (await meta.put(made, "key"), made));
}

export async function hide(name, value) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const text = new TextEncoder().encode(JSON.stringify(value));
  const ct = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(name) },
    await deviceKey(),
    text,
  );
  await change("hidden", (rows) => rows.put({ iv, ct, at: Date.now() }, name));
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
  const row = await look("hidden", (rows) => rows.get(name));
  return row && Date.now() - row.at < WEEK ? read(name, row) : undefined;
}

export async function hiddenUnder(start) {
  const range = IDBKeyRange.bound(start, `${start}\uffff`);
  const [names, rows] = await look("hidden", (kept) => Promise.all([kept.getAllKeys(range), kept.getAll(range)]));
  const values = await Promise.all(rows.map((row, place) => read(names[place], row)));
  return new Map(names.map((name, place) => [name, values[place]]).filter(([, value]) => value !== undefined));
}

export async function forget(start, keep = () => false) {
  await change("hidden", async (rows) => {
    for (const name of await rows.getAllKeys(IDBKeyRange.bound(start, `${start}\uffff`)))
      if (!keep(name)) rows.delete(name);
  });
}

// What was shown ages out after a week. The outbox is another store, and nothing in it ever ages.
export async function dropAged() {
  await change("hidden", async (rows) => {
    for (let cursor = await rows.openCursor(); cursor; cursor = await cursor.continue())
      if (Date.now() - cursor.value.at > WEEK) cursor.delete();
  });
}

// For a device that was shut out and has delivered what it held: nothing stays behind, whatever the browser makes of
// the service's own order.
export async function wipe() {
  gone = true;
  copy = new Map();
  channel.postMessage("let-go");
  (await opening?.catch(() => undefined))?.close();
  indexedDB.deleteDatabase(NAME);
  for (const name of await caches.keys()) await caches.delete(name);
  for (const one of (await navigator.serviceWorker?.getRegistrations()) ?? []) await one.unregister();
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
