// The day: who is expected, who came and left, who was not seen, whom we or they cancelled, and who followed up.
// Codes are only suggested.
import {
  ask,
  boot,
  calm,
  count,
  dayChoice,
  dayIn,
  el,
  expectedIn,
  find,
  groupChoice,
  groupHere,
  groupOn,
  icon,
  inTurn,
  inWords,
  momentIn,
  position,
  saved,
  slotsOn,
  unsaved,
} from "{{ app/frame.js }}";
import { add, amend, asking, localTime, strike, undo } from "{{ app/outbox.js }}";
import { forget, hidden, hiddenUnder, hide } from "{{ app/store.js }}";
import { uuid7 } from "{{ app/uuid7.js }}";

const HALVES = [
    ["am", "Morning"],
    ["pm", "Afternoon"],
  ],
  NOON = "12:20";
const BY = { us: "Cancelled by us", student: "Cancelled by them", other: "Cancelled by somebody else" };
const FIELDS = [
  "planned_start",
  "planned_end",
  "actual_start",
  "actual_end",
  "place_id",
  "supervised_by",
  "cancelled_by",
];
const CHANNELS = [
  ["phone", "Phoned"],
  ["text", "Texted"],
  ["in-person", "Went there"],
];
const asked = new URLSearchParams(location.search);
let roster,
  day,
  told,
  entries = new Map(),
  following = "",
  group = "";

boot(async (known) => {
  roster = known;
  day ??= asked.get("on") || dayIn(roster.setting.time_zone);
  group = await groupHere(roster);
  await load();
  await catchUp();
});
document.addEventListener("sent", () => {
  if (roster) catchUp();
});

const ours = () => roster.students.filter((one) => !group || groupOn(one, day) === group);
const today = () => dayIn(roster.setting.time_zone);
const at = (time) => momentIn(roster.setting.time_zone, day, time);
const contactInWords = ({ channel, at, by }) =>
  `${CHANNELS.find(([id]) => id === channel)?.[1].toLowerCase() ?? channel} ${timeOf(at)}, ${by ?? "somebody"}`;
const timeOf = (moment) =>
  moment
    ? new Date(moment).toLocaleTimeString("en-GB", {
        timeZone: roster.setting.time_zone,
        hour: "2-digit",
        minute: "2-digit",
      })
    : "";
const name = (student, half) => `${student}|${half}`;

async function load() {
  const which = day;
  entries = new Map(
    [...(await hiddenUnder(`today:session:${day}|`))].map(([found, one]) => [
      found.slice(`today:session:${day}|`.length),
      one,
    ]),
  );
  told = await hidden(`day:${day}`);
  if (which === day) draw();
}

async function catchUp() {
  const which = day,
    newer = await asking();
  const { said } = await ask(`/api/v1/settings/${roster.setting.id}/day?date=${day}&min_position=${await position()}`);
  await inTurn(() => which === day && said && taken(said, newer));
}

async function taken(said, newer) {
  const stands = await newer();
  for (const [found, one] of entries) if (!stands(`today:session:${day}|${found}`, one.id)) entries.delete(found);
  await forget(`today:session:${day}|`, (found) => entries.has(found.slice(`today:session:${day}|`.length)));
  const before = JSON.stringify(told);
  told = said;
  await hide(`day:${day}`, said);
  await calm();
  if (before !== JSON.stringify(told)) draw();
}

// A student's own morning and afternoon: from the first slot in which they are expected to the last.
function sessionsOf(student) {
  const slots = slotsOn(roster, day).filter((slot) => slot.kind !== "lunch" && expectedIn(student, day, slot.id));
  const halves = {
    am: slots.filter((slot) => slot.starts.slice(0, 5) < NOON),
    pm: slots.filter((slot) => slot.starts.slice(0, 5) >= NOON),
  };
  return HALVES.filter(([half]) => halves[half].length).map(([half, words]) => ({
    half,
    words,
    starts: halves[half][0].starts,
    ends: halves[half].at(-1).ends,
  }));
}

// What stands about a session. Two tablets may each have told of it: `said` has all that was, and `differ` says that
// they contradict each other.
function attested(student, session) {
  const here = entries.get(name(student.id, session.half));
  if (here) return here.gone ? { said: [] } : { entry: here, said: [here] };
  const row = told?.students.find((one) => one.student_id === student.id);
  const found = row?.sessions.find((one) => timeOf(one.entry.planned_start) < NOON === (session.half === "am"));
  const said = (found?.told ?? (found ? [found] : []))
    .map((one) => ({ ...one.entry, by: one.by }))
    .filter((one) => !entries.has(takenBack(student.id, one.id)));
  return { entry: said[0], said, differ: new Set(said.map(status)).size > 1 };
}

const takenBack = (student, id) => name(student, `gone-${id}`);
const status = (entry) => entry.cancelled_by ?? (entry.actual_start ? "here" : "unseen");

// Saving ------------------------------------------------------------------------------------------------------------

// One mark may be made for several students at once; undoing it takes all of them back.
const attest = (student, session, change, words) =>
  attestAll([[student, session, change]], `${student.name}, ${session.words.toLowerCase()}: ${words}.`);
const attestAll = (marks, words) => inTurn(() => marked(marks, words));

// What a tap comes to. It says what is right: of two who differ the one who said so is kept, and what contradicts it
// is taken back.
function plan(student, session, change) {
  const { entry, said, differ } = attested(student, session),
    settles = "actual_start" in change || "cancelled_by" in change;
  const kept = differ && settles ? said.find((one) => status(one) === status(change)) : undefined,
    found = kept ?? entry;
  const next = kept ?? attestation(student, session, change, found);
  const gone = settles ? said.filter((one) => one.id !== next.id && status(one) !== status(next)) : [];
  return { key: name(student.id, session.half), student: student.id, found, kept, next, gone };
}

function attestation(student, session, change, found) {
  const head = {
    id: found?.id ?? uuid7(),
    kind: "session-attended",
    setting_id: roster.setting.id,
    student_id: student.id,
    author_id: roster.me.id,
  };
  // A day that is over keeps what happened on it: the entry belongs to that session, whenever it is written down.
  const when = day === today() ? new Date() : at(session.ends);
  const place = roster.setting.places.length === 1 ? { place_id: roster.setting.places[0].id } : {};
  const planned = { planned_start: localTime(at(session.starts)), planned_end: localTime(at(session.ends)) };
  const kept = Object.fromEntries(FIELDS.filter((field) => found?.[field]).map((field) => [field, found[field]]));
  const next = {
    ...head,
    device_time: found?.device_time ?? localTime(when),
    ...planned,
    ...place,
    ...kept,
    ...change,
  };
  return Object.fromEntries(Object.entries(next).filter(([, value]) => value !== null));
}

async function marked(marks, words) {
  const began = performance.now(),
    of = day;
  const made = marks.map(([student, session, change]) => plan(student, session, change));
  const gone = made.flatMap((one) => one.gone.map((entry) => [takenBack(one.student, entry.id), entry]));
  const keep = () =>
    Promise.all(
      [...made.map((one) => one.key), ...gone.map(([key]) => key)].map((key) =>
        hide(`today:session:${of}|${key}`, entries.get(key)),
      ),
    );
  try {
    const fresh = made.filter((one) => !one.found);
    if (fresh.length) await add(...fresh.map((one) => one.next));
    for (const one of made) if (one.found && !one.kept) await amend(one.next);
    for (const [, entry] of gone) await undo({ ...entry, author_id: roster.me.id }, "two-people-said");
  } catch (error) {
    return unsaved(error);
  }
  for (const one of made) entries.set(one.key, one.next);
  for (const [key, entry] of gone) entries.set(key, { id: entry.id, gone: true });
  const keys = [...made, ...gone.map(([key]) => ({ key }))].map(({ key }) => `today:session:${of}|${key}`);
  const struck = () => strike(...keys);
  struck();
  // What was taken back stays taken back, so settling what two people said is undone by saying what is right once more.
  saved(
    words,
    gone.length
      ? undefined
      : () =>
          inTurn(async () => {
            for (const one of made) {
              if (one.found)
                await amend({
                  ...one.next,
                  ...Object.fromEntries(FIELDS.map((field) => [field, one.found[field] ?? null])),
                });
              else await undo(one.next);
              entries.set(one.key, one.found ?? { id: one.next.id, gone: true });
            }
            struck();
            await keep();
            saved("Undone.");
            draw();
          }),
  );
  find("#toast").dataset.took = Math.round(performance.now() - began);
  await keep();
  await calm();
  draw();
}

// Whoever is marked as here once the session is over was there while it was held.
const underway = (session) => day === today() && Date.now() < at(session.ends);
const arrived = (student, session) =>
  attest(
    student,
    session,
    {
      actual_start: localTime(underway(session) ? new Date() : at(session.starts)),
      supervised_by: roster.me.id,
      cancelled_by: null,
    },
    "here",
  );
const left = (student, session) =>
  attest(student, session, { actual_end: localTime(day === today() ? new Date() : at(session.ends)) }, "left");
const away = (student, session, by, words) =>
  attest(student, session, { actual_start: null, actual_end: null, supervised_by: null, cancelled_by: by }, words);

function everyoneHere(half) {
  const open = ours()
    .map((student) => [student, sessionsOf(student).find((one) => one.half === half)])
    .filter(([student, session]) => session && !attested(student, session).entry);
  return attestAll(
    open.map(([student, session]) => [
      student,
      session,
      { actual_start: localTime(new Date(Math.min(at(session.starts), Date.now()))), supervised_by: roster.me.id },
    ]),
    `${count(open.length, "student")} here from the start.`,
  );
}

async function followUp(student, channel, words) {
  const entry = {
    id: uuid7(),
    kind: "visit-logged",
    setting_id: roster.setting.id,
    student_id: student.id,
    author_id: roster.me.id,
    device_time: localTime(day === today() ? new Date() : at("15:00")),
    effort: "attempted",
    channel,
  };
  try {
    await add(entry);
  } catch (error) {
    return unsaved(error);
  }
  const key = name(student.id, `follow-${entry.id}`);
  entries.set(key, { ...entry, follow: true });
  strike(`today:session:${day}|${key}`);
  following = "";
  saved(`${student.name}: ${words.toLowerCase()} by ${roster.me.name}.`, async () => {
    await undo(entry);
    entries.delete(key);
    await forget(`today:session:${day}|${key}`);
    saved("Undone.");
    draw();
  });
  await hide(`today:session:${day}|${key}`, { ...entry, follow: true });
  draw();
}

// The page ----------------------------------------------------------------------------------------------------------

function draw() {
  const app = find("#app"),
    focus = document.activeElement?.id,
    rows = ours()
      .map((one) => [one, sessionsOf(one)])
      .filter(([, sessions]) => sessions.length);
  app.replaceChildren(
    head(rows),
    rows.length
      ? el("div", { class: "day" }, ...rows.map(card))
      : el("p", { class: "note" }, "Nobody is expected on this day."),
    codes(),
  );
  if (focus) find(`#${CSS.escape(focus)}`)?.focus({ preventScroll: true });
}

const onDay = (wanted) =>
  inTurn(async () => {
    day = wanted;
    await load();
  }).then(catchUp);

function head(rows) {
  const move = (days) =>
    el(
      "button",
      {
        type: "button",
        class: "second",
        "aria-label": days < 0 ? "The day before" : "The day after",
        onclick: () => onDay(new Date(Date.parse(`${day}T12:00:00Z`) + days * 86400000).toISOString().slice(0, 10)),
      },
      icon(days < 0 ? "chevron-left" : "chevron-right"),
    );
  const halves = HALVES.filter(([half]) => rows.some(([, sessions]) => sessions.some((one) => one.half === half)));
  const differ = rows.filter(([student, sessions]) => sessions.some((one) => attested(student, one).differ)).length;
  const open = (half) =>
    rows.filter(([student, sessions]) => sessions.some((one) => one.half === half && !attested(student, one).entry))
      .length;
  return el(
    "div",
    { class: "sheet-head" },
    el(
      "div",
      { class: "row" },
      move(-1),
      el("h2", {}, inWords(day)),
      move(1),
      dayChoice(day, onDay),
      groupChoice(roster, group, (wanted) =>
        inTurn(() => {
          group = wanted;
          draw();
        }),
      ),
    ),
    el(
      "p",
      { id: "open-sessions" },
      halves
        .map(
          ([half, words]) =>
            `${words}: ${open(half) ? `${count(open(half), "student")} still to mark` : "everybody is marked"}.`,
        )
        .join(" "),
      differ ? ` Two people differ about ${count(differ, "student")}.` : "",
    ),
    el(
      "div",
      { class: "row" },
      ...halves
        .filter(([half]) => open(half))
        .map(([half, words]) =>
          el(
            "button",
            { type: "button", class: "second", id: `all-${half}`, onclick: () => everyoneHere(half) },
            icon("users"),
            `Everyone else here, ${words.toLowerCase()}`,
          ),
        ),
      rows.length > 5 ? goTo(rows) : null,
    ),
  );
}

// A day of many students is a long page, so one of them is gone to by name; who is still to be marked says so.
function goTo(rows) {
  const open = (student, sessions) => sessions.some((one) => !attested(student, one).entry);
  const go = (event) => {
    const card = find(`#of-${event.target.value}`);
    card?.scrollIntoView({ block: "start" });
    card?.focus({ preventScroll: true });
    event.target.value = "";
  };
  return el(
    "div",
    {},
    el("label", { for: "go-to" }, "Go to"),
    el(
      "select",
      { id: "go-to", onchange: go },
      el("option", { value: "" }, "Choose"),
      ...rows.map(([student, sessions]) =>
        el("option", { value: student.id }, open(student, sessions) ? `${student.name}, still to mark` : student.name),
      ),
    ),
  );
}

function state(entry) {
  if (!entry) return ["Not marked yet", ""];
  if (entry.cancelled_by) return [BY[entry.cancelled_by], "away"];
  if (!entry.actual_start) return ["Not seen", "away"];
  return [
    entry.actual_end
      ? `Here ${timeOf(entry.actual_start)} to ${timeOf(entry.actual_end)}`
      : `Here since ${timeOf(entry.actual_start)}`,
    "here",
  ];
}

function card([student, sessions]) {
  const row = told?.students.find((one) => one.student_id === student.id),
    contacts = [...(row?.contacts ?? [])];
  for (const [key, one] of entries)
    if (one.follow && key.startsWith(`${student.id}|`) && !contacts.some((found) => found.entry_id === one.id))
      contacts.push({ channel: one.channel, at: one.device_time, by: roster.me.name, effort: one.effort });
  const unseen = sessions.some((one) => {
    const { entry, differ } = attested(student, one);
    return entry && !differ && !entry.actual_start && entry.cancelled_by !== "us";
  });
  return el(
    "section",
    { class: "card", id: `of-${student.id}`, tabindex: -1 },
    el("h3", {}, student.name),
    ...sessions.map((session) => line(student, session)),
    row?.incomplete
      ? el("p", { class: "due" }, "Something recorded about this student could not be read, so there may be more.")
      : null,
    contacts.length
      ? el("p", { class: "quiet" }, `Followed up: ${contacts.map(contactInWords).join("; ")}.`)
      : unseen
        ? el("p", { class: "due" }, "Not followed up yet.")
        : null,
    unseen || following === student.id
      ? el(
          "div",
          { class: "picks", role: "group", "aria-label": `Follow up ${student.name}` },
          ...CHANNELS.map(([id, words]) =>
            el(
              "button",
              {
                type: "button",
                class: "second",
                id: `follow-${id}-${student.id}`,
                onclick: () => followUp(student, id, words),
              },
              words,
            ),
          ),
        )
      : null,
  );
}

function line(student, session) {
  const { entry, said, differ } = attested(student, session),
    [words, look] = differ ? ["Two people said", "away"] : state(entry),
    id = (part) => `${part}-${session.half}-${student.id}`;
  const button = (part, label, work, on) =>
    el(
      "button",
      {
        type: "button",
        id: id(part),
        class: on ? "" : "second",
        "aria-pressed": on ? "true" : "false",
        "aria-label": `${student.name}, ${session.words.toLowerCase()}: ${label}`,
        onclick: work,
      },
      label,
    );
  const edit = (part, field, label) =>
    entry?.[field]
      ? el(
          "label",
          { class: "time" },
          el("span", { class: "unseen" }, `${student.name}, ${label}`),
          el("input", {
            type: "time",
            id: id(part),
            value: timeOf(entry[field]),
            onchange: (event) =>
              event.target.value &&
              attest(
                student,
                session,
                { [field]: localTime(at(event.target.value)) },
                `${label} ${event.target.value}`,
              ),
          }),
        )
      : null;
  const here = Boolean(entry?.actual_start) && !differ,
    on = (found) => Boolean(entry) && !differ && found;
  return el(
    "div",
    { class: "session" },
    el(
      "p",
      {},
      el("strong", {}, `${session.words} `),
      el("small", {}, `${session.starts.slice(0, 5)} to ${session.ends.slice(0, 5)} `),
      el("span", { class: `tag ${look}` }, words),
    ),
    differ
      ? el(
          "p",
          { class: "due", id: id("differ") },
          `${said.map((one) => `${one.by ?? "Somebody"}: ${state(one)[0].toLowerCase()}`).join("; ")}. Tap ` +
            "what is right. Until then it counts as neither and no code is suggested.",
        )
      : null,
    el(
      "div",
      { class: "picks" },
      button("here", "Here", () => arrived(student, session), here),
      here ? button("left", "Left", () => left(student, session), Boolean(entry.actual_end)) : null,
      here ? edit("from", "actual_start", "arrived") : null,
      here ? edit("to", "actual_end", "left") : null,
      here
        ? null
        : button("unseen", "Not seen", () => away(student, session, null, "not seen"), on(!entry?.cancelled_by)),
      here
        ? null
        : button(
            "them",
            "They cancelled",
            () => away(student, session, "student", "cancelled by them"),
            on(entry?.cancelled_by === "student"),
          ),
      button(
        "us",
        "We cancelled",
        () => away(student, session, "us", "cancelled by us"),
        on(entry?.cancelled_by === "us"),
      ),
    ),
  );
}

function codes() {
  const rows = (told?.students ?? []).flatMap((one) =>
    one.sessions.map((session) => [
      one.name,
      `${timeOf(session.entry.planned_start)} to ${timeOf(session.entry.planned_end)}`,
      session.code ?? "none",
      session.reason,
    ]),
  );
  const copy = async () => {
    await navigator.clipboard.writeText(rows.map((row) => row.join("\t")).join("\n"));
    saved(`${count(rows.length, "code")} copied.`);
  };
  return el(
    "section",
    { class: "card", id: "codes" },
    el("h2", {}, "Register codes to suggest"),
    el(
      "p",
      { class: "quiet" },
      "The host school decides. A contact that is not on site and supervised never suggests that a student " +
        "was present.",
    ),
    rows.length
      ? el(
          "div",
          { class: "row" },
          el("button", { type: "button", class: "second", id: "copy", onclick: copy }, icon("copy"), "Copy"),
          el(
            "a",
            { class: "button second", href: `/day.csv?setting=${roster.setting.id}&on=${day}` },
            icon("download"),
            "Download CSV",
          ),
        )
      : el("p", {}, "They appear here once sessions are marked and sent."),
    rows.length
      ? el(
          "table",
          { class: "stack" },
          el(
            "thead",
            {},
            el("tr", {}, ...["Student", "Session", "Code", "Why"].map((one) => el("th", { scope: "col" }, one))),
          ),
          el(
            "tbody",
            {},
            ...rows.map((row) =>
              el(
                "tr",
                {},
                ...row.map((cell, place) =>
                  el("td", { "data-name": ["Student", "Session", "Code", "Why"][place] }, cell),
                ),
              ),
            ),
          ),
        )
      : null,
  );
}
