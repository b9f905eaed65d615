// Log a visit: one tap saves a rung; everything else about the visit is added to it, or put right, afterwards.
import {
  boot,
  calm,
  clock,
  count,
  dayIn,
  el,
  expectedIn,
  find,
  icon,
  inTurn,
  saved,
  slotsOn,
  unsaved,
} from "{{ app/frame.js }}";
import { add, amend, localTime, undo } from "{{ app/outbox.js }}";
import { hiddenUnder, hide } from "{{ app/store.js }}";
import { uuid7 } from "{{ app/uuid7.js }}";

const DOUBLE_TAP = 600,
  SAME_VISIT = 3 * 3600 * 1000,
  MINUTES = [5, 10, 15, 20, 30, 45, 60, 90],
  DAY_AND_TIME = { weekday: "short", hour: "2-digit", minute: "2-digit" };
const FACES = [
  [5, "laugh", "Great"],
  [4, "smile", "Good"],
  [3, "meh", "Okay"],
  [2, "frown", "Low"],
  [1, "annoyed", "Upset"],
];
const EFFORTS = [
  ["attempted", "We tried"],
  ["planned", "Planned"],
  ["cancelled-by-us", "We cancelled"],
];
const CHANNELS = [
  ["in-person", "user", "In person"],
  ["phone", "phone", "Phone"],
  ["text", "message-circle", "Text"],
  ["video", "video", "Video"],
];
const CONTEXTS = [
  ["moved-home", "Moved home"],
  ["placement-breakdown", "Placement broke down"],
  ["bereavement", "Bereavement"],
  ["police", "Police"],
  ["medication", "Medication"],
  ["family-change", "Change in the family"],
  ["other", "Something else"],
];
const KEPT = [
  ["learning", "about learning"],
  ["behaviour", "about behaviour"],
  ["health", "about health"],
];

let roster,
  student,
  visit,
  visits = new Map(),
  search = "",
  ladderKey = "",
  earlier = "",
  trail = [],
  gone = false,
  since = { rung: "", at: -DOUBLE_TAP };

// What belongs to a visit is kept for its owner to see and put right; words never are: they are sealed as soon as
// they are saved.
const keep = () => hide(`today:visit:${visit.id}`, visit);

boot(async (known) => {
  roster = known;
  visits = await hiddenUnder("today:visit:");
  ladderKey ||= roster.ladders[0]?.id ?? "";
  // Whoever is no longer on the list stays in sight while their visit is, with what was typed of it.
  if (student) {
    const still = roster.students.find((one) => one.id === student.id);
    gone = !still;
    student = still ?? student;
  }
  if (asked) chooseAsked();
  draw();
});

// A student's page leads here, to that student and maybe to one part of the form.
const address = new URLSearchParams(location.search);
let asked = address.get("student");
function chooseAsked() {
  const found = roster.students.find((one) => one.id === asked);
  if (!found || student) return;
  asked = "";
  const plan = planned().find((one) => one.id === address.get("visit"));
  choose(found, plan?.student === found.id ? plan : undefined);
  const part = /^#[a-z-]+$/.test(location.hash) && find(location.hash);
  if (!part) return;
  part.setAttribute("open", "");
  part.scrollIntoView({ block: "start" });
  part.querySelector("summary").focus({ preventScroll: true });
}

const ladder = () => roster.ladders.find((one) => one.id === ladderKey) ?? roster.ladders[0];
const entry = (kind, more) => ({
  id: uuid7(),
  kind,
  setting_id: roster.setting.id,
  student_id: student.id,
  author_id: roster.me.id,
  device_time: when(),
  visit_id: visit.id,
  ...more,
});
const when = () => localTime(earlier ? new Date(earlier) : new Date());
const visitsToday = (of) =>
  [...visits.values()].filter(
    (one) =>
      one.student === of.id &&
      one.by === roster.me.id &&
      one.day === dayIn(roster.setting.time_zone) &&
      one.items.length,
  );

// Of one's own visits those that are planned for today, in their order, each with what was pressed here meanwhile.
function planned() {
  const today = dayIn(roster.setting.time_zone);
  return (roster.planned ?? [])
    .filter((one) => dayIn(roster.setting.time_zone, new Date(one.starts_at)) === today)
    .map((one) => ({ ...one, state: stateOf(one, visits.get(`today:visit:${one.id}`)) }));
}

// How a planned visit stands: as the service says, or further where more was done here since.
function stateOf(plan, begun) {
  if (over(plan) || !begun) return plan.state;
  if (begun.pressed) return begun.pressed.state;
  return begun.entry && plan.state === "planned" ? "done" : plan.state;
}

function choose(one, plan) {
  student = one;
  gone = false;
  earlier = "";
  const lately = visitsToday(one)
    .filter((found) => Date.now() - found.last < SAME_VISIT)
    .at(-1);
  // What is logged at a planned visit belongs to it, so that it is settled.
  const due = plan ?? (lately ? undefined : planned().find((each) => each.student === one.id && !over(each)));
  const begun = due && visits.get(`today:visit:${due.id}`);
  visit = begun ?? (due ? { ...fresh(one), id: due.id } : lately) ?? fresh(one);
  trail = [];
  draw();
  find("#how").scrollIntoView({ block: "start" });
}

// Whether a planned visit needs nothing more: it was logged, cancelled or missed.
const over = (plan) => !["planned", "under-way"].includes(plan.state);

const check = (plan, way) => inTurn(() => checked(plan, way));

// That somebody is at the door, or has left it: sent and kept like everything else, with the time of this phone.
async function checked(plan, way) {
  const one = roster.students.find((each) => each.id === plan.student);
  if (student?.id !== one.id || visit?.id !== plan.id) choose(one, plan);
  const said = entry(`visit-checked-${way}`, { device_time: localTime() });
  const before = visit.pressed;
  const item = {
    entry: said,
    words: way === "in" ? "Checked in" : "Checked out",
    at: said.device_time,
    check: true,
    before,
  };
  await step(
    `${one.name}: ${item.words}.`,
    async () => {
      await add(said);
      visit.items.push(item);
      visit.pressed = { state: way === "in" ? "under-way" : "left" };
    },
    async () => {
      await undo(said);
      visit.items = visit.items.filter((each) => each !== item);
      visit.pressed = before;
    },
  );
}

const fresh = (one) => ({
  id: uuid7(),
  student: one.id,
  by: roster.me.id,
  day: dayIn(roster.setting.time_zone),
  last: Date.now(),
  started: 0,
  effort: "attempted",
  channel: "in-person",
  minutes: null,
  entry: null,
  items: [],
});

// Every change is one step of the trail: what it did, and how it is undone.
async function step(words, work, back) {
  const began = performance.now(),
    of = visit;
  try {
    await work();
  } catch (error) {
    unsaved(error);
    return false;
  }
  of.last = Date.now();
  visits.set(`today:visit:${of.id}`, of);
  if (back)
    trail.push(async () => {
      visit = of;
      await back();
      await keep();
    });
  saved(words, back && undone);
  find("#toast").dataset.took = Math.round(performance.now() - began);
  await keep();
  await calm();
  draw();
  return true;
}

const undone = () => inTurn(undoLast);

async function undoLast() {
  const last = trail.pop();
  if (!last) return;
  await last();
  draw();
  saved("Undone.", trail.length ? undone : undefined);
}

async function effortEntry() {
  // The effort is logged beside the response, whatever came of it.
  if (visit.entry) return [];
  const { effort, channel, minutes } = visit;
  visit.entry = entry("visit-logged", { effort, channel, ...(minutes === null ? {} : { minutes }) });
  return [visit.entry];
}

const tapRung = (rung) => inTurn(() => rungTapped(rung));

async function rungTapped(rung) {
  // Two taps have two ids, so the service could not tell a trembling thumb from two contacts.
  if (since.rung === rung.id + student.id && performance.now() - since.at < DOUBLE_TAP) return;
  since = { rung: rung.id + student.id, at: performance.now() };
  const said = entry("rung-reached", { ladder: { id: ladder().id, version: ladder().version }, rung: rung.id });
  const hadEffort = visit.entry;
  const item = { entry: said, words: rung.label, at: said.device_time };
  await step(
    `${student.name}: ${rung.label}.`,
    async () => {
      const effort = await effortEntry();
      try {
        await add(...effort, said);
      } catch (error) {
        visit.entry = hadEffort;
        throw error;
      }
      visit.items.push(item);
    },
    async () => {
      await undo(said);
      visit.items = visit.items.filter((one) => one !== item);
      if (!hadEffort && visit.entry && !visit.items.length) {
        await undo(visit.entry);
        visit.entry = null;
      }
    },
  );
}

const setVisit = (change, words) => inTurn(() => visitSet(change, words));

async function visitSet(change, words) {
  const before = { effort: visit.effort, channel: visit.channel, minutes: visit.minutes, entry: visit.entry };
  await step(
    `${student.name}: ${words}.`,
    async () => {
      Object.assign(visit, change);
      try {
        if (!visit.entry) await add(...(await effortEntry()));
        else {
          const { minutes, ...rest } = {
            ...visit.entry,
            effort: visit.effort,
            channel: visit.channel,
            minutes: visit.minutes,
          };
          visit.entry = minutes === null ? rest : { ...rest, minutes };
          await amend(visit.entry);
        }
        if (!visit.items.some((one) => one.visit)) visit.items.push({ visit: true, at: visit.entry.device_time });
      } catch (error) {
        Object.assign(visit, before);
        throw error;
      }
    },
    async () => {
      const now = visit.entry;
      Object.assign(visit, before);
      if (before.entry) await amend(before.entry);
      else {
        await undo(now);
        visit.items = visit.items.filter((one) => !one.visit);
      }
    },
  );
}

const setFace = (face, words) => inTurn(() => faceSet(face, words));

async function faceSet(face, words) {
  const had = visit.items.find((one) => one.face),
    before = had && { ...had };
  if (had?.face === face) return;
  await step(
    `${student.name} felt: ${words}.`,
    async () => {
      if (had) {
        const next = { ...had.entry, face };
        await amend(next);
        Object.assign(had, { entry: next, face, words: `Felt: ${words}` });
      } else {
        const said = entry("voice-heard", { speaker: "student", face });
        await add(said);
        visit.items.push({ entry: said, face, words: `Felt: ${words}`, at: said.device_time });
      }
    },
    async () => {
      if (before) {
        await amend(before.entry);
        Object.assign(had, before);
      } else {
        const item = visit.items.find((one) => one.face);
        await undo(item.entry);
        visit.items = visit.items.filter((one) => one !== item);
      }
    },
  );
}

const setAnxiety = (anxiety) => inTurn(() => anxietySet(anxiety));

// How anxious they were at the rung that was tapped last: 0 to 10, 10 the worst.
async function anxietySet(anxiety) {
  const item = visit.items.filter((one) => one.entry?.kind === "rung-reached").at(-1),
    before = item.entry;
  await step(
    `${student.name}: anxiety ${anxiety} of 10.`,
    async () => {
      const next = { ...before, anxiety };
      await amend(next);
      item.entry = next;
    },
    async () => {
      await amend({ ...before, anxiety: before.anxiety ?? null });
      item.entry = before;
    },
  );
}

const say = (kind, fields, words) => inTurn(() => wordsSaid(kind, fields, words));

async function wordsSaid(kind, fields, words) {
  const said = entry(kind, fields);
  // A worry hangs on nothing: not on the visit, nor on anything that tells about whom it is.
  // An incident may happen in a lesson as well: it is no part of a visit.
  if (kind === "worry-raised" || kind === "incident-recorded") delete said.visit_id;
  const { text, words: spoken, category, place, ...bare } = said;
  const item = { entry: bare, words, at: said.device_time, spoken: true };
  return step(
    `${words}.`,
    async () => {
      await add(said);
      // That there was a worry, and about whom, is not for a list on a phone.
      if (kind !== "worry-raised") visit.items.push(item);
    },
    async () => {
      await undo(said);
      visit.items = visit.items.filter((one) => one !== item);
    },
  );
}

// Its words are not kept here, so what was typed goes only once it is saved.
async function saveIncident() {
  const typed = (id) => find(`#incident-${id}`).value.trim(),
    minutes = typed("minutes"),
    text = find("#incident").value.trim();
  if (minutes && !/^\d{1,4}$/.test(minutes)) return find("#incident-minutes").focus();
  await say(
    "incident-recorded",
    {
      category: typed("category"),
      restrictive: find("#incident-restrictive").checked,
      ...(minutes ? { minutes: Number(minutes) } : {}),
      ...(typed("place") ? { place: typed("place") } : {}),
      ...(text ? { text } : {}),
    },
    "An incident",
  );
}

const takeBack = (item) => inTurn(() => takenBack(item));

async function takenBack(item) {
  await step(
    "Taken back.",
    async () => {
      await undo(item.entry, "taken-back");
      visit.items = visit.items.filter((one) => one !== item);
      if (item.check) visit.pressed = item.before;
      // Words are not kept here, so they cannot be brought back. Everything else comes back under a new id: the old
      // one is spent.
    },
    item.spoken
      ? undefined
      : async () => {
          const again = { ...item.entry, id: uuid7() };
          await add(again);
          visit.items.push({ ...item, entry: again });
          if (item.check) visit.pressed = { state: again.kind === "visit-checked-in" ? "under-way" : "left" };
        },
  );
}

// The page ----------------------------------------------------------------------------------------------------------

const pressed = (on, ...more) => ({
  type: "button",
  "aria-pressed": on ? "true" : "false",
  ...Object.assign({}, ...more),
});

function draw() {
  const app = find("#app"),
    open = new Set([...app.querySelectorAll("details[open]")].map((one) => one.id)),
    typed = new Map(
      [...app.querySelectorAll(".more-about textarea, .more-about select")].map((one) => [one.id, one.value]),
    );
  const focus = document.activeElement?.id;
  app.replaceChildren(
    today(),
    people(),
    ...(student ? [left(), rungs(), soFar(), about(), faces(), more(), ending()] : [start()]).filter(Boolean),
  );
  for (const id of open) find(`#${id}`)?.setAttribute("open", "");
  for (const [id, value] of typed) if (find(`#${id}`)) find(`#${id}`).value = value;
  if (focus && focus !== "undo") find(`#${focus}`)?.focus({ preventScroll: true });
}

// The visits of today in their order: the one that is next, or under way, with its button; the others in a line.
function today() {
  const plans = planned();
  const next = plans.find((one) => one.state === "under-way") ?? plans.find((one) => one.state === "planned");
  if (!plans.length) return el("div", { hidden: true });
  const name = (plan) => roster.students.find((one) => one.id === plan.student)?.name ?? "A visit";
  const at = (plan) => clock(new Date(plan.starts_at));
  const way = next?.state === "under-way" ? "out" : "in";
  return el(
    "section",
    { id: "today", class: "today" },
    el("h2", {}, "Today’s visits"),
    next
      ? el(
          "div",
          { class: "note" },
          el(
            "p",
            {},
            el("strong", {}, `${at(next)} ${name(next)}`),
            el("br"),
            `${next.purpose}, ${count(next.minutes, "minute")}`,
          ),
          next.address ? el("p", {}, icon("map-pin"), ` ${next.address}`) : null,
          next.flags
            ? el("p", {}, icon("triangle-alert"), " ", el("strong", {}, "Before you knock: "), next.flags)
            : null,
          el(
            "button",
            { type: "button", id: `check-${way}`, onclick: () => check(next, way) },
            icon(way === "in" ? "door-open" : "log-out"),
            way === "in" ? "Check in" : "Check out",
          ),
        )
      : null,
    plans.length > (next ? 1 : 0)
      ? el(
          "p",
          { class: "quiet" },
          plans
            .filter((one) => one !== next)
            .map((one) => `${at(one)} ${name(one)}${over(one) ? " ✓" : ""}`)
            .join(" · "),
        )
      : null,
  );
}

const left = () =>
  gone
    ? el(
        "p",
        { class: "note warn", role: "status" },
        `${student.name} is no longer on your list. What you log of this visit is kept and sent all the same; what ` +
          "may not be recorded waits for somebody who decides, and you are told.",
      )
    : null;

function people() {
  const found = el("input", {
    id: "search",
    type: "search",
    placeholder: "Find a student",
    "aria-label": "Find a student",
    autocomplete: "off",
    value: search,
    oninput: (event) => {
      search = event.target.value;
      chips.replaceChildren(...listed());
    },
  });
  const chips = el("div", { class: "chips", role: "group", "aria-label": "Students" }, ...listed());
  return el("section", { class: "people" }, el("div", { class: "search" }, icon("search"), found), chips);
}

function listed() {
  const today = dayIn(roster.setting.time_zone),
    slots = slotsOn(roster, today),
    wanted = search.trim().toLocaleLowerCase("en");
  const rank = (one) => (one.mine ? 0 : 2) + (slots.some((slot) => expectedIn(one, today, slot.id)) ? 0 : 1);
  const shown = roster.students
    .filter((one) => one.name.toLocaleLowerCase("en").includes(wanted))
    .sort((a, b) => rank(a) - rank(b));
  if (!shown.length)
    return [
      el(
        "p",
        { class: "quiet" },
        roster.students.length
          ? "Nobody of that name is on your list."
          : "Nobody is on your caseload yet. Ask a leader to put students on it.",
      ),
    ];
  return shown.map((one) => {
    const done = visitsToday(one).length;
    return el(
      "button",
      pressed(student?.id === one.id, { id: `student-${one.id}`, onclick: () => inTurn(() => choose(one)) }),
      one.name,
      done ? icon("check") : null,
      done ? el("span", { class: "unseen" }, `, ${count(done, "visit")} logged today`) : null,
    );
  });
}

const start = () =>
  el(
    "p",
    { class: "note" },
    "Choose whom you saw. One tap on the ladder then saves how far it went, with or without a signal.",
  );

// When a rung was logged in this visit, on its own button.
function logged(rung) {
  const times = visit.items
    .filter((one) => one.entry?.kind === "rung-reached" && one.entry.rung === rung.id)
    .filter((one) => one.entry.ladder.id === ladder().id)
    .map((one) => clock(new Date(one.at)));
  return times.length ? [el("small", { class: "logged" }, icon("check"), `Logged ${times.join(", ")}`)] : [];
}

function rungs() {
  const own = Object.entries(student.own[ladder().id] ?? {});
  const steps = ladder().rungs.flatMap((rung) => [
    rung,
    ...own
      .filter(([id]) => id.slice(0, id.lastIndexOf(".")) === rung.id)
      .map(([id, label]) => ({ id, label, short: label, icon: rung.icon, number: null })),
  ]);
  const most = ladder().rungs.length - 1;
  const button = (rung, place) => {
    const made = el(
      "button",
      {
        type: "button",
        class: `rung${rung.number === null ? " own" : ""}`,
        id: `rung-${rung.id.replaceAll(".", "_")}`,
        title: rung.label,
        onclick: () => tapRung(rung),
      },
      icon(rung.icon ?? "footprints"),
      el("span", {}, rung.short, ...logged(rung)),
      rung.number === null ? null : el("b", {}, String(rung.number)),
    );
    // From violet to teal: every rung is something that happened, and none of them is red.
    made.style.setProperty("--hue", String(Math.round(268 - 96 * ((rung.number ?? place) / Math.max(1, most)))));
    return made;
  };
  const which =
    roster.ladders.length > 1
      ? el(
          "select",
          {
            "aria-label": "Ladder",
            onchange: (event) => {
              ladderKey = event.target.value;
              draw();
            },
          },
          roster.ladders.map((one) => el("option", { value: one.id, selected: one.id === ladder().id }, one.title)),
        )
      : null;
  return el(
    "section",
    { id: "how" },
    el("h2", {}, `How far did ${student.name} get? `, el("small", {}, "One tap saves.")),
    which,
    el("div", { class: "rungs" }, ...steps.map(button)),
    time(),
  );
}

function time() {
  const field = el("input", {
    type: "datetime-local",
    id: "earlier",
    "aria-label": "When it happened",
    value: earlier,
    max: localTime().slice(0, 16),
    onchange: (event) => {
      earlier = event.target.value > localTime().slice(0, 16) ? "" : event.target.value;
      draw();
    },
  });
  return el(
    "details",
    { id: "when" },
    el(
      "summary",
      {},
      icon("clock"),
      earlier ? ` Happened ${new Date(earlier).toLocaleString("en-GB", DAY_AND_TIME)}` : " Happening now. Earlier?",
    ),
    el(
      "div",
      { class: "row" },
      field,
      earlier
        ? el(
            "button",
            {
              type: "button",
              class: "second",
              onclick: () => {
                earlier = "";
                draw();
              },
            },
            "It is now",
          )
        : null,
    ),
  );
}

function about() {
  const slider = el("input", {
    type: "range",
    id: "minutes",
    min: 0,
    max: 180,
    step: 5,
    value: visit.minutes ?? 0,
    "aria-label": "Minutes",
    "aria-valuetext": visit.minutes === null ? "not given" : count(visit.minutes, "minute"),
    oninput: (event) => {
      told.textContent = count(Number(event.target.value), "minute");
    },
    onchange: (event) => setVisit({ minutes: Number(event.target.value) }, count(Number(event.target.value), "minute")),
  });
  const told = el("output", {}, visit.minutes === null ? "" : count(visit.minutes, "minute"));
  const stopwatch = visit.started
    ? el(
        "button",
        {
          type: "button",
          class: "second",
          id: "stop",
          onclick: () => {
            const minutes = Math.min(1440, Math.max(1, Math.round((Date.now() - visit.started) / 60000)));
            visit.started = 0;
            return setVisit({ minutes }, count(minutes, "minute"));
          },
        },
        icon("square"),
        `Stop, since ${clock(new Date(visit.started))}`,
      )
    : el(
        "button",
        {
          type: "button",
          class: "second",
          id: "begin",
          onclick: async () => {
            visit.started = Date.now();
            await keep();
            draw();
          },
        },
        icon("play"),
        "Start the clock",
      );
  return el(
    "section",
    {},
    el("h2", {}, "How long, and how?"),
    el(
      "div",
      { class: "picks", role: "group", "aria-label": "Minutes" },
      ...MINUTES.map((one) =>
        el(
          "button",
          pressed(visit.minutes === one, {
            id: `minutes-${one}`,
            "aria-label": count(one, "minute"),
            onclick: () => setVisit({ minutes: one }, count(one, "minute")),
          }),
          String(one),
        ),
      ),
    ),
    el("div", { class: "row" }, slider, told, stopwatch),
    el(
      "div",
      { class: "picks", role: "group", "aria-label": "By which channel" },
      ...CHANNELS.map(([id, drawn, words]) =>
        el(
          "button",
          pressed(visit.channel === id, { id: `channel-${id}`, onclick: () => setVisit({ channel: id }, words) }),
          icon(drawn),
          words,
        ),
      ),
    ),
    el(
      "div",
      { class: "picks", role: "group", "aria-label": "What we did" },
      ...EFFORTS.map(([id, words]) =>
        el(
          "button",
          pressed(visit.effort === id && Boolean(visit.entry), {
            id: `effort-${id}`,
            onclick: () => setVisit({ effort: id }, words),
          }),
          words,
        ),
      ),
    ),
  );
}

function faces() {
  const chosen = visit.items.find((one) => one.face)?.face;
  return el(
    "section",
    {},
    el("h2", {}, "How did they say they felt?"),
    el(
      "div",
      { class: "faces", role: "group", "aria-label": "How they felt" },
      ...FACES.map(([face, drawn, words]) =>
        el(
          "button",
          pressed(chosen === face, { id: `face-${face}`, onclick: () => setFace(face, words) }),
          icon(drawn),
          words,
        ),
      ),
    ),
  );
}

function more() {
  const area = (id, label) =>
    el(
      "div",
      { class: "field" },
      el("label", { for: id }, label),
      el("textarea", { id, rows: 3, maxlength: 4000, autocomplete: "off" }),
    );
  const select = (id, label, choices) =>
    el(
      "div",
      { class: "field" },
      el("label", { for: id }, label),
      el(
        "select",
        { id },
        choices.map(([value, words]) => el("option", { value }, words)),
      ),
    );
  const save = (id, label, work) =>
    el(
      "button",
      {
        type: "button",
        id,
        onclick: async () => {
          await work();
        },
      },
      label,
    );
  const taken = (id) => {
    const said = find(`#${id}`).value.trim();
    return said;
  };
  const done = (id) => {
    find(`#${id}`).value = "";
  };
  const part = (id, drawn, title, ...inside) =>
    el("details", { id }, el("summary", {}, icon(drawn), ` ${title}`), ...inside);
  const send = (id, kind, fields, words) => async () => {
    const text = taken(id);
    if (!text) return find(`#${id}`).focus();
    done(id);
    if (!(await say(kind, fields(text), words))) find(`#${id}`).value = text;
  };
  const last = visit.items.filter((one) => one.entry?.kind === "rung-reached").at(-1);
  const anxious = last
    ? part(
        "anxious",
        "ear",
        `How anxious, at: ${last.words}`,
        el("p", { class: "quiet" }, "0 is calm, 10 the worst they know."),
        el(
          "div",
          { class: "picks", role: "group", "aria-label": "Anxiety" },
          ...Array.from({ length: 11 }, (_, one) =>
            el(
              "button",
              pressed(last.entry.anxiety === one, { id: `anxiety-${one}`, onclick: () => setAnxiety(one) }),
              String(one),
            ),
          ),
        ),
      )
    : null;
  return el(
    "section",
    { class: "more-about" },
    anxious,
    part(
      "own-words",
      "message-circle",
      "Their own words",
      select("speaker", "Who said it", [
        ["student", student.name],
        ["carer", "Their parent or carer"],
      ]),
      area("words", "What they said"),
      save(
        "save-words",
        "Save the words",
        send("words", "voice-heard", (text) => ({ speaker: find("#speaker").value, words: text }), "Their words"),
      ),
    ),
    part(
      "a-note",
      "notebook-pen",
      "A note",
      select("kept", "It is", KEPT),
      area("note", "Your note"),
      save(
        "save-note",
        "Save the note",
        send("note", "note-written", (text) => ({ retention_class: find("#kept").value, text }), "A note"),
      ),
    ),
    part(
      "a-context",
      "house",
      "Something going on outside",
      select("category", "What", CONTEXTS),
      area("context", "More about it (may stay empty)"),
      save("save-context", "Save it", async () => {
        const text = taken("context");
        done("context");
        await say(
          "context-noted",
          { category: find("#category").value, ...(text ? { text } : {}) },
          "Something going on outside",
        );
      }),
    ),
    part(
      "an-incident",
      "triangle-alert",
      "An incident",
      select(
        "incident-category",
        "What it was",
        (roster.setting.incident_categories ?? []).map((one) => [one.id, one.label]),
      ),
      el(
        "div",
        { class: "field" },
        el("label", { for: "incident-minutes" }, "Minutes (may stay empty)"),
        el("input", { id: "incident-minutes", inputmode: "numeric", maxlength: 4, autocomplete: "off" }),
      ),
      el(
        "div",
        { class: "field" },
        el("label", { for: "incident-place" }, "Where (may stay empty)"),
        el("input", { id: "incident-place", maxlength: 120, autocomplete: "off" }),
      ),
      el(
        "label",
        { class: "check" },
        el("input", { type: "checkbox", id: "incident-restrictive" }),
        " Somebody was held, or kept apart",
      ),
      el(
        "p",
        { class: "quiet" },
        "If somebody was, parents are to be told today. Whoever leads completes the record on the incident’s page.",
      ),
      area("incident", "What happened (may stay empty)"),
      save("save-incident", "Save the incident", saveIncident),
    ),
    part(
      "a-worry",
      "shield",
      "This worries me",
      // A list that an earlier version kept says nothing of this.
      roster.setting.worries_are_read === false
        ? el(
            "p",
            { class: "note warn", role: "alert" },
            "Nobody is the safeguarding lead here yet, so nobody can read what you write until somebody is. Ring " +
              "whoever leads here as well. If somebody is in danger now, ring 999 first.",
          )
        : el(
            "p",
            {},
            "Goes to the safeguarding lead alone, sealed on its own. If somebody is in danger now, ring 999 first.",
          ),
      area("worry", "What worries you"),
      save(
        "save-worry",
        "Tell the safeguarding lead",
        send("worry", "worry-raised", (text) => ({ text }), "A worry, for the safeguarding lead"),
      ),
    ),
  );
}

function soFar() {
  const items = visit.items.filter((one) => !one.visit);
  const line = (one) =>
    el(
      "li",
      {},
      el("span", {}, one.words, " ", el("small", {}, clock(new Date(one.at)))),
      one.spoken || one.check || !navigator.onLine
        ? null
        : el(
            "a",
            {
              class: "button third",
              href: `/students/${student.id}/entries/${one.entry.id}`,
              "aria-label": `Put right: ${one.words}`,
            },
            "Put right",
          ),
      el(
        "button",
        { type: "button", class: "stop", "aria-label": `Take back: ${one.words}`, onclick: () => takeBack(one) },
        icon("x"),
        "Take back",
      ),
    );
  const others = visitsToday(student).filter((one) => one.id !== visit.id);
  const effort = visit.entry
    ? el(
        "li",
        {},
        el(
          "span",
          {},
          `${EFFORTS.find(([id]) => id === visit.effort)[1]}, ` +
            CHANNELS.find(([id]) => id === visit.channel)[2].toLowerCase() +
            (visit.minutes === null ? "" : `, ${count(visit.minutes, "minute")}`),
        ),
      )
    : null;
  return el(
    "section",
    { id: "so-far" },
    el("h2", {}, "This visit so far"),
    items.length || effort
      ? el("ul", { class: "steps" }, effort, ...items.map(line))
      : el("p", { class: "quiet" }, "Nothing yet."),
    others.length
      ? el(
          "p",
          { class: "quiet" },
          `Earlier today: ${others
            .map(
              (one) =>
                `${clock(new Date(one.items[0].at))} ${one.items
                  .filter((item) => !item.visit)
                  .map((item) => item.words)
                  .join(", ")}`,
            )
            .join("; ")}.`,
        )
      : null,
  );
}

function ending() {
  return el(
    "section",
    { id: "ending" },
    el(
      "div",
      { class: "row" },
      el(
        "button",
        {
          type: "button",
          class: "second",
          id: "another",
          onclick: () =>
            inTurn(() => {
              visit = fresh(student);
              trail = [];
              draw();
              scrollTo(0, 0);
            }),
        },
        "Another visit to them",
      ),
      el(
        "button",
        {
          type: "button",
          id: "next",
          onclick: () =>
            inTurn(() => {
              student = undefined;
              visit = undefined;
              search = "";
              draw();
              scrollTo(0, 0);
            }),
        },
        "Done, next student",
      ),
    ),
    el(
      "p",
      { class: "quiet" },
      navigator.onLine
        ? ""
        : "With no signal you can take back what you logged, and change its minutes, face and anxiety; anything else " +
            "is put right when there is one. ",
      "Later, from a desk: every entry can be put right or taken back on ",
      el("a", { href: `/students/${student.id}` }, "their page"),
      ", with the reason.",
    ),
  );
}
