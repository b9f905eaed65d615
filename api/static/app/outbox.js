// The outbox, shared by the pages and the service worker. One rule above all: an entry leaves it only when the server
// names its id in an answer. Nothing else deletes it, and nothing in it ages.
import { sealTo } from "{{ app/hpke.js }}";
import { aside, channel, fact, setFact, shutOut, within } from "{{ app/store.js }}";
import { uuid7 } from "{{ app/uuid7.js }}";

const BATCH = 50,
  LOCK = "ap-ledger-outbox",
  PATIENCE = 20000,
  AHEAD = 60000,
  RECEIPTS_KEPT = 10000;
const STRICT = { durability: "strict" };
const SETTLED = new Set(["recorded", "duplicate", "refused", "held"]);
const bytes = (text) => new TextEncoder().encode(text);
const base64 = (raw) => btoa(String.fromCharCode(...raw));

function tell(what) {
  channel.postMessage(what);
  if (typeof document !== "undefined") document.dispatchEvent(new CustomEvent("outbox", { detail: what }));
}

// Kept in memory too, because to ask the database for it was the longest wait of a tap. Boxes sealed to a key that was
// changed meanwhile still open.
let boxKey;

export async function sealToKey(key) {
  boxKey = key;
  await setFact("box-key", key);
}

// Sealed to the setting's public key: what lies here cannot be read here, and the worker can send it while nobody is
// signed in.
async function seal(entry) {
  const key = (boxKey ??= await fact("box-key"));
  if (!key) throw new Error("no-key");
  const theirs = Uint8Array.from(atob(key.key), (letter) => letter.charCodeAt(0));
  const info = bytes(`ap-ledger/outbox/2/${entry.id}`);
  const { enc, ct } = await sealTo(theirs, info, bytes(JSON.stringify(entry)));
  return { v: 2, kid: key.kid, enc: base64(enc), ct: base64(ct) };
}

const row = (entry, box) => ({
  id: entry.id,
  author: entry.author_id,
  of: entry.entry_id ?? null,
  at: Date.now(),
  tried: false,
  stuck: "",
  box,
  ...told(entry),
});

// What the page of what was sent says of an entry: of which kind it is, and about whom. That there was a worry is for
// no page on a phone.
const told = ({ kind, student_id, replacement }) =>
  kind === "worry-raised" || replacement?.kind === "worry-raised" ? {} : { kind, student: student_id };

// Everything is sealed before the transaction opens, because a transaction does not wait for anything else.
export async function add(...entries) {
  const sealed = await Promise.all(entries.map(seal));
  // `put`, because work that is done anew may meet what it had kept after all.
  await within(
    "outbox",
    "readwrite",
    (tx) => Promise.all(entries.map((entry, place) => tx.store.put(row(entry, sealed[place])))),
    STRICT,
  );
  tell("added");
}

// A change of something that has not left yet changes it where it lies; what may have left already is corrected.
export async function amend(entry, reason = "changed-on-the-device") {
  const { id, kind, replaces, ...said } = entry;
  const head = { setting_id: said.setting_id, student_id: said.student_id, author_id: said.author_id };
  const correction = {
    id: uuid7(),
    kind: "entry-corrected",
    ...head,
    device_time: localTime(),
    entry_id: id,
    replacement: { id, kind, ...said },
    reason_code: reason,
  };
  const [box, later] = await Promise.all([seal(entry), seal(correction)]);
  await within(
    "outbox",
    "readwrite",
    async (tx) => {
      const there = await tx.store.get(id);
      await tx.store.put(there && !there.tried ? { ...there, box } : row(correction, later));
    },
    STRICT,
  );
  tell("added");
}

// The transaction is the lock: sending marks an entry as tried in one of its own before anything leaves the device.
export async function undo(entry, reason = "undone") {
  const head = { setting_id: entry.setting_id, student_id: entry.student_id, author_id: entry.author_id };
  const taken = {
    id: uuid7(),
    kind: "entry-voided",
    ...head,
    device_time: localTime(),
    entry_id: entry.id,
    reason_code: reason,
  };
  const box = await seal(taken);
  await within(
    "outbox",
    "readwrite",
    async (tx) => {
      const there = await tx.store.get(entry.id);
      await (there && !there.tried ? tx.store.delete(entry.id) : tx.store.put(row(taken, box)));
    },
    STRICT,
  );
  tell("added");
}

export async function waiting() {
  return within("outbox", "readonly", (tx) => tx.store.getAll());
}

const waitingIds = async () => (await waiting()).flatMap((one) => [one.id, one.of]);

// When things were last said on this page, by the name under which the page keeps them.
let strokes = 0;
const struck = new Map();
export function strike(...names) {
  strokes += 1;
  for (const name of names) struck.set(name, strokes);
}

// The service is about to be asked. What comes back knows nothing of what was said here since, nor of what waited to be
// sent: of that, what stands on this page is newer than the answer.
export async function asking() {
  const since = strokes,
    then = await waitingIds();
  return async () => {
    const waits = new Set([...then, ...(await waitingIds())]);
    return (name, id) => struck.get(name) > since || waits.has(id);
  };
}

export async function notices() {
  return within("notices", "readonly", (tx) => tx.store.getAll());
}

// What this device has sent, the latest first: how many there are, and so many of them.
export async function sent(author, most) {
  return within("receipts", "readonly", async (tx) => {
    const rows = [];
    let cursor = await tx.store.index("sent").openCursor(null, "prev");
    while (cursor && rows.length < most) {
      if (cursor.value.author === author) rows.push(cursor.value);
      cursor = await cursor.continue();
    }
    return { rows, all: await tx.store.count() };
  });
}

// The latest are kept, and the oldest make room for them.
export async function pruneReceipts() {
  await within("receipts", "readwrite", async (tx) => {
    let over = (await tx.store.count()) - RECEIPTS_KEPT;
    for (let cursor = over > 0 && (await tx.store.index("sent").openCursor()); cursor && over > 0; over -= 1) {
      cursor.delete();
      cursor = await cursor.continue();
    }
  });
}

export async function seen(id) {
  await within("notices", "readwrite", (tx) => tx.store.delete(id));
}

export function localTime(at = new Date()) {
  const minutes = -at.getTimezoneOffset(),
    shifted = new Date(at.getTime() + minutes * 60000);
  const two = (number) => String(Math.trunc(number)).padStart(2, "0");
  const offset = `${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
  return `${shifted.toISOString().slice(0, -1)}${minutes < 0 ? "-" : "+"}${offset}`;
}

// One sender at a time, over all tabs and the worker. Whoever finds it taken asks the sender to look once more.
let again = false;
channel.addEventListener("message", (event) => {
  if (event.data === "again") again = true;
});

export async function flush() {
  const done = await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
    if (!lock) {
      channel.postMessage("again");
      return { busy: true };
    }
    let answer;
    do {
      again = false;
      answer = await sendSome();
    } while (!answer.error && (answer.more || again));
    return answer;
  });
  if (!done.busy && done.error !== "wiped") {
    const before = await fact("sync");
    await setFact("sync", {
      ...before,
      ...(done.error ? {} : { at: Date.now() }),
      error: done.error ?? "",
      position: Math.max(before?.position ?? 0, done.position ?? 0),
      ...(done.offset === undefined ? {} : { offset: done.offset }),
    });
    tell("flushed");
  }
  return done;
}

const post = (body) =>
  fetch("/api/v1/entries", {
    method: "POST",
    credentials: "same-origin",
    cache: "no-store",
    redirect: "manual",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE),
  });

// Marks what is about to leave as tried, before anything leaves: the transaction is the lock.
async function takeSome(tx) {
  const all = (await tx.store.getAll()).filter((one) => !one.stuck);
  // What seems to come was logged before the clock was set back. It goes by itself, as if sent by the clock of then,
  // so that its last entry happened at the latest now; the service sees that the clock had moved, and says that the
  // time is uncertain.
  const now = Date.now(),
    ahead = all.filter((one) => one.at > now + AHEAD),
    some = (ahead.length ? ahead : all).slice(0, BATCH);
  for (const one of some) if (!one.tried) tx.store.put({ ...one, tried: true });
  return { all, some, sentAt: new Date(ahead.length ? Math.max(...some.map((one) => one.at)) : now) };
}

// Lets go of what the answer names, and keeps what needs somebody. Returns how many were named.
async function settle(tx, some, by, recorded) {
  let named = 0;
  for (const one of some) {
    const result = by.get(one.id);
    if (!result) continue;
    named += 1;
    if (SETTLED.has(result.status)) {
      tx.objectStore("outbox").delete(one.id);
      const { box, tried, stuck, ...rest } = one;
      tx.objectStore("receipts").put({ ...rest, sent: recorded, status: result.status });
      // What waits for another entry of the same device settles itself; everything else needs its author.
      const needsSomebody = result.status === "refused" || (result.status === "held" && result.field !== "entry_id");
      if (needsSomebody)
        tx.objectStore("notices").put({ id: one.id, author: one.author, message: result.message, at: one.at });
    } else {
      tx.objectStore("outbox").put({ ...one, tried: true, stuck: result.message ?? result.status });
    }
  }
  return named;
}

async function sendSome() {
  const { all, some, sentAt } = await within("outbox", "readwrite", takeSome, STRICT);
  if (!some.length) return { more: false };
  let answer, said;
  try {
    answer = await post({
      sent_at: localTime(sentAt),
      device_id: null,
      more: true,
      entries: some.map((one) => ({ id: one.id, box: one.box })),
    });
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
      return { error: (await shutOut(answer)) ? "wiped" : "sign-in" };
    }
    // A hotspot's own page, or a proxy's, is no answer of ours.
    if (!answer.ok || !(answer.headers.get("content-type") ?? "").includes("application/json"))
      return { error: "server" };
    said = await answer.json();
  } catch {
    return { error: "network" };
  }
  const by = new Map((Array.isArray(said?.results) ? said.results : []).map((one) => [one.id, one]));
  const date = Date.parse(answer.headers.get("date") ?? "");
  // When it was recorded is what the clock of the service says.
  const recorded = Number.isNaN(date) ? Date.now() : date;
  const named = await within(
    ["outbox", "notices", "receipts"],
    "readwrite",
    (tx) => settle(tx, some, by, recorded),
    STRICT,
  );
  if (said.shut_out && !(await waiting()).some((one) => !one.stuck)) {
    // Shut out: it has delivered all that it held, says so, and keeps nothing. What was logged from here on would
    // reach nobody.
    await post({ sent_at: localTime(), device_id: null, more: false, entries: [] }).catch(aside("last-word"));
    return { error: "wiped" };
  }
  const more = named > 0 && (all.length > some.length || Boolean(said.shut_out));
  return {
    more,
    position: said.position,
    ...(named ? {} : { error: "server" }),
    ...(Number.isNaN(date) ? {} : { offset: Math.round((date - Date.now()) / 1000) }),
  };
}
