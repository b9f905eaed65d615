// Score a slot: students down, indicators across, one tab stop, a keypad for thumbs, digits for keyboards. Every
// score is saved as it is given.
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
  position,
  saved,
  slotsOn,
  unsaved,
} from "{{ app/frame.js }}";
import { add, amend, asking, localTime, strike, undo } from "{{ app/outbox.js }}";
import { forget, hiddenUnder, hide } from "{{ app/store.js }}";
import { uuid7 } from "{{ app/uuid7.js }}";

const MISSING = { "not-observed": ["n/o", "Not observed"], "not-applicable": ["n/a", "Does not apply"] };
const INFORMANTS = [
  ["teacher", "staff"],
  ["mentor", "mentor"],
  ["student", "the student"],
  ["carer", "parent or carer"],
  ["receiving-school", "the receiving school"],
];
const FOR_EVERYONE =
  "Each key now fills the whole indicator for everyone here, where it is empty, and goes on to the next.";
const asked = new URLSearchParams(location.search);

let roster,
  day,
  slot,
  framework,
  informant,
  rows = [],
  columns = [],
  cells = new Map(),
  at = [0, 0],
  // The other corner of what a finger swept over, or shift and an arrow marked.
  corner,
  everyone = false,
  trail = [],
  left = {},
  listed = [],
  added = [],
  group = "";

boot(async (known) => {
  const first = !roster;
  roster = known;
  if (first) {
    day = asked.get("on") || lastSchoolDay();
    informant = asked.get("informant") || roster.me.role;
    slot = slotsOn(roster, day).find((one) => one.id === asked.get("slot")) ?? now();
  }
  group = await groupHere(roster);
  framework =
    roster.outcomes.find((one) => one.id === framework?.id) ??
    roster.outcomes.find((one) => `${one.id}@${one.version}` === asked.get("framework")) ??
    usual();
  await load();
  await catchUp();
});
document.addEventListener("sent", () => {
  if (roster && slot) catchUp();
});

const today = () => dayIn(roster.setting.time_zone);
const usual = () =>
  [...roster.outcomes].sort(
    (a, b) => (b.slots[slot?.kind]?.expected.length ?? 0) - (a.slots[slot?.kind]?.expected.length ?? 0),
  )[0];
const key = () => `${framework.id}@${framework.version}`;
const sheetName = () => `${roster.setting.id}|${day}|${slot.id}|${key()}|${informant}`;
const cellName = (student, item) => `today:score:${sheetName()}|${student}|${item}`;

function lastSchoolDay() {
  for (let back = 0; back < 14; back += 1) {
    const one = new Date(Date.parse(`${today()}T12:00:00Z`) - back * 86400000).toISOString().slice(0, 10);
    if (slotsOn(roster, one).length) return one;
  }
  return today();
}

// The slot that has begun last; on another day than today, the first.
function now() {
  const slots = slotsOn(roster, day),
    time = new Date().toLocaleTimeString("en-GB", { timeZone: roster.setting.time_zone });
  return (day === today() ? slots.filter((one) => one.starts <= time).at(-1) : undefined) ?? slots[0];
}

// The sheet ---------------------------------------------------------------------------------------------------------

async function load() {
  const which = slot && framework ? sheetName() : "";
  trail = [];
  listed = [];
  added = [];
  cells = new Map();
  lay();
  if (which)
    for (const [name, one] of await hiddenUnder(`today:score:${which}|`))
      cells.set(name.slice(`today:score:${which}|`.length), one);
  if (which && which !== sheetName()) return;
  lay();
  draw();
}

// Another sheet is opened after every stroke on this one; what others scored comes when it comes.
const turnTo = (change) =>
  inTurn(async () => {
    change();
    await load();
  }).then(catchUp);

// What others scored, once there is a signal. What still waits here to be sent is newer and stays.
async function catchUp() {
  if (!slot || !framework) return;
  const which = sheetName(),
    newer = await asking(),
    after = `min_position=${await position()}`,
    whose = group;
  const [sheet, missing] = await Promise.all([
    ask(`/api/v1/settings/${roster.setting.id}/sheet?date=${day}&slot=${encodeURIComponent(slot.id)}&${after}`),
    ask(`/api/v1/settings/${roster.setting.id}/missing?date=${day}&group=${encodeURIComponent(whose)}&${after}`),
  ]);
  await inTurn(() => which === sheetName() && whose === group && taken(which, sheet, missing, newer));
}

async function taken(which, sheet, missing, newer) {
  if (missing.said) left = missing.said.slots;
  if (sheet.said) {
    const stands = await newer(),
      here = (name, id) => stands(`today:score:${which}|${name}`, id),
      mine = new Map([...cells].filter(([name, one]) => here(name, one.id)));
    const fresh = new Map();
    // The service knows who was expected on days longer past than a device keeps, and who was scored all the same.
    listed = sheet.said.students.map((one) => one.student_id);
    for (const student of sheet.said.students) {
      for (const score of student.scores) {
        if (score.framework !== key() || score.informant !== informant) continue;
        const name = `${student.student_id}|${score.indicator}`;
        if (here(name, score.entry_id)) continue;
        const found = {
          id: score.entry_id,
          value: score.missing ? `~${score.missing}` : typed(score.indicator, score.level),
        };
        fresh.set(name, together(fresh.get(name), found));
      }
    }
    for (const [name, one] of mine) fresh.set(name, one);
    await forget(`today:score:${which}|`, (name) => mine.has(name.slice(`today:score:${which}|`.length)));
    const drawn = () => JSON.stringify([[...cells].sort(), rows.map((one) => one.id)]),
      before = drawn();
    cells = fresh;
    lay();
    await calm();
    if (drawn() !== before || !rows.length) return draw();
  }
  chips();
}

// Two tablets may each have scored one thing. A level stands before a reason for none; of two that differ neither
// does, until one is tapped.
function together(one, other) {
  if (!one) return other;
  const isReason = (value) => String(value).startsWith("~"),
    first = isReason(one.value) && !isReason(other.value) ? other : one,
    rest = first === one ? other : one;
  const differ = one.differ || (first.value !== rest.value && !isReason(rest.value));
  return { ...first, differ, others: [...(one.others ?? []), { id: rest.id, value: rest.value }] };
}

// A level travels as text; on its scale it may be a number.
function typed(item, level) {
  const levels = scaleOf(item)?.levels ?? [];
  const found = levels.find((one) => String(one.value) === String(level));
  return found ? found.value : /^-?\d+(\.\d+)?$/.test(level) && scaleOf(item)?.type !== "text" ? Number(level) : level;
}

const shared = (item) =>
  framework.indicators.find((one) => one.id === item) ??
  framework.indicators.find((one) => one.per_student && item.startsWith(`${one.id}.`));
const scaleOf = (item) => framework.scales[shared(item)?.scale];

function lay() {
  columns = [];
  rows = [];
  if (!slot || !framework) return;
  const wanted = new Set(framework.slots[slot.kind]?.asked ?? []);
  const here = (one) =>
    expectedIn(one, day, slot.id) ||
    listed.includes(one.id) ||
    [...cells.keys()].some((name) => name.startsWith(one.id));
  rows = roster.students.filter(
    (one) => added.includes(one.id) || ((!group || groupOn(one, day) === group) && here(one)),
  );
  for (const item of framework.indicators) {
    if (!wanted.has(item.id)) continue;
    if (!item.per_student) columns.push({ ...item, of: () => item.id });
    else {
      const most = Math.max(0, ...rows.map((one) => owned(one, item.id).length));
      for (let place = 0; place < most; place += 1)
        columns.push({ ...item, label: `${item.label} ${place + 1}`, of: (student) => owned(student, item.id)[place] });
    }
  }
  at = [Math.min(at[0], Math.max(0, rows.length - 1)), Math.min(at[1], Math.max(0, columns.length - 1))];
}

const owned = (student, item) =>
  Object.keys(student.own[framework.id] ?? {})
    .filter((one) => one.startsWith(`${item}.`))
    .sort();

function itemAt(row, column) {
  const item = columns[column]?.of(rows[row]);
  return item && !rows[row].not_asked.includes(`${key()}|${columns[column].id}`) ? item : undefined;
}

// Saving ------------------------------------------------------------------------------------------------------------

function scoreEntry(student, item, value, id, by) {
  const said = typeof value === "string" && value.startsWith("~") ? { missing: value.slice(1) } : { level: value };
  const head = {
    id,
    kind: "outcome-scored",
    setting_id: roster.setting.id,
    student_id: student,
    author_id: roster.me.id,
  };
  // When it was given is what the device's clock says; the service knows that a score in a slot happens at the slot's
  // start.
  return {
    ...head,
    device_time: localTime(),
    session: { date: day, slot: slot.id },
    framework: { id: framework.id, version: framework.version },
    indicator: item,
    informant,
    set_by: by,
    ...said,
  };
}

// One stroke of the pen may fill many cells; undoing it puts all of them back.
async function score(changes, by, words) {
  const began = performance.now(),
    before = [],
    fresh = [],
    amended = [],
    gone = [],
    settled = [],
    right = [];
  for (const [student, item, value] of changes) {
    const name = `${student}|${item}`,
      had = cells.get(name);
    if (had?.value === value && !had?.differ) continue;
    before.push([student, item, had]);
    // What is tapped holds: what others said about the same thing is taken back, and stays readable.
    for (const other of had?.others ?? []) settled.push(scoreEntry(student, item, other.value, other.id, by));
    if (value === undefined) gone.push(scoreEntry(student, item, had.value, had.id, by));
    else if (had && had.value !== value) amended.push(scoreEntry(student, item, value, had.id, by));
    else if (had) right.push([`${student}|${item}`, { id: had.id, value }]);
    else fresh.push(scoreEntry(student, item, value, uuid7(), by));
  }
  if (!before.length) return true;
  try {
    if (fresh.length) await add(...fresh);
    for (const one of amended) await amend(one);
    for (const one of gone) await undo(one, "emptied-on-the-sheet");
    for (const one of settled) await undo(one, "two-people-said");
  } catch (error) {
    unsaved(error);
    return false;
  }
  const put = [...fresh, ...amended]
    .map((one) => [
      `${one.student_id}|${one.indicator}`,
      { id: one.id, value: one.missing ? `~${one.missing}` : one.level, by: one.set_by },
    ])
    .concat(right);
  for (const one of gone) cells.delete(`${one.student_id}|${one.indicator}`);
  for (const [name, one] of put) cells.set(name, one);
  strike(...before.map(([student, item]) => cellName(student, item)));
  trail.push(before);
  saved(words, () => press("undo"));
  find("#toast").dataset.took = Math.round(performance.now() - began);
  for (const [student, item] of before) paint(student, item);
  chips();
  await Promise.all([
    ...put.map(([name, one]) => hide(`today:score:${sheetName()}|${name}`, one)),
    ...gone.map((one) => forget(cellName(one.student_id, one.indicator))),
  ]);
  return true;
}

async function undoLast() {
  const last = trail.pop();
  if (!last) return;
  const length = trail.length,
    changes = last.map(([student, item, had]) => [student, item, had?.value]);
  const done = await score(changes, "person", "Undone.");
  trail.length = length;
  // What could not be undone is still there to be undone.
  if (!done) trail.push(last);
  if (!trail.length) find("#undo")?.remove();
}

const press = (value) => inTurn(() => pressed(value));

async function pressed(value) {
  const [row, column] = at,
    item = itemAt(row, column);
  if (value === "undo") return undoLast();
  if (!item) return;
  if (corner) return fillSwept(value);
  const told = value === undefined ? "empty" : spoken(item, value);
  if (everyone && value !== undefined) {
    // Said once for everybody who is here: it fills what is empty, and says that it was not looked at one by one.
    const open = rows
      .map((student, place) => [student, itemAt(place, column)])
      .filter(([student, one]) => one && !cells.has(`${student.id}|${one}`));
    if (
      await score(
        open.map(([student, one]) => [student.id, one, value]),
        "default",
        `Everyone here, ${columns[column].label}: ${told}.`,
      )
    )
      go(row, Math.min(columns.length - 1, column + 1));
    return;
  }
  const was = cells.get(`${rows[row].id}|${item}`);
  if (value === undefined && !was) return;
  if (!(await score([[rows[row].id, item, value]], "person", `${rows[row].name}, ${columns[column].label}: ${told}.`)))
    return;
  if (value !== undefined) onward(row, column);
}

// What was swept over is what somebody looked at, so each of these cells is scored by a person.
async function fillSwept(value) {
  const takes = (item) =>
      value === undefined || String(value).startsWith("~") || scaleOf(item).levels.some((one) => one.value === value),
    changes = swept()
      .map(([row, column]) => [rows[row].id, itemAt(row, column)])
      .filter(([student, item]) => item && takes(item) && (value !== undefined || cells.has(`${student}|${item}`)))
      .map(([student, item]) => [student, item, value]);
  const told = value === undefined ? "empty" : spoken(itemAt(...at), value);
  if (await score(changes, "person", `${count(changes.length, "cell")}: ${told}.`)) go(...at);
}

// One tap says of somebody that all was seen that is seen or not: it fills what is empty, and says that it was not
// looked at one by one. Exceptions are tapped afterwards.
async function allSeen(row) {
  const student = rows[row],
    changes = columns
      .map((_, place) => itemAt(row, place))
      .filter((item) => item && scaleOf(item).type === "binary" && !cells.has(`${student.id}|${item}`))
      .map((item) => [student.id, item, scaleOf(item).levels.at(-1).value]);
  if (!changes.length) return tell(`${student.name}: nothing is open here that is either seen or not.`);
  if (await score(changes, "default", `${student.name}: all seen.`)) go(row, at[1], false);
}

// On to the next cell that is still empty, along the row and then down.
function onward(row, column) {
  const size = columns.length,
    from = row * size + column;
  for (let step = 1; step < rows.length * size; step += 1) {
    const place = (from + step) % (rows.length * size),
      [r, c] = [Math.floor(place / size), place % size],
      item = itemAt(r, c);
    if (item && !cells.has(`${rows[r].id}|${item}`)) return go(r, c);
  }
  go(row, Math.min(size - 1, column + 1));
}

async function sameAsLast() {
  const slots = slotsOn(roster, day),
    changes = [];
  for (const before of slots
    .slice(
      0,
      slots.findIndex((one) => one.id === slot.id),
    )
    .reverse()) {
    const said = new Map();
    const { said: sheet } = await ask(
      `/api/v1/settings/${roster.setting.id}/sheet?date=${day}&slot=${encodeURIComponent(before.id)}` +
        `&min_position=${await position()}`,
    );
    for (const student of sheet?.students ?? [])
      for (const one of student.scores)
        if (one.framework === key() && one.informant === informant)
          said.set(
            `${student.student_id}|${one.indicator}`,
            one.missing ? `~${one.missing}` : typed(one.indicator, one.level),
          );
    const start = `today:score:${roster.setting.id}|${day}|${before.id}|${key()}|${informant}|`;
    for (const [name, one] of await hiddenUnder(start)) said.set(name.slice(start.length), one.value);
    rows.forEach((student, row) =>
      columns.forEach((column, place) => {
        const item = itemAt(row, place),
          name = `${student.id}|${item}`;
        if (item && said.has(name) && !cells.has(name)) changes.push([student.id, item, said.get(name)]);
      }),
    );
    if (said.size) {
      if (changes.length) await score(changes, "default", `${count(changes.length, "score")} as in ${before.label}.`);
      else tell(`Nothing that is asked here was scored in ${before.label}, or it is filled already.`);
      return;
    }
  }
  tell("No slot before this one was scored today.");
}

async function notHere(row) {
  const changes = columns
    .map((_, place) => itemAt(row, place))
    .filter((item) => item && !cells.has(`${rows[row].id}|${item}`))
    .map((item) => [rows[row].id, item, "~not-observed"]);
  await score(changes, "default", `${rows[row].name} was not here: not observed.`);
}

function forEveryone() {
  everyone = !everyone;
  find("#everyone").setAttribute("aria-pressed", String(everyone));
  tell(everyone ? FOR_EVERYONE : "");
  go(...at);
}

const tell = (words) => {
  find("#told").textContent = words;
};

// The page ----------------------------------------------------------------------------------------------------------

function spoken(item, value) {
  if (value === undefined) return "empty";
  if (typeof value === "string" && value.startsWith("~"))
    return MISSING[value.slice(1)]?.[1].toLowerCase() ?? value.slice(1);
  return scaleOf(item)?.levels.find((one) => one.value === value)?.label ?? String(value);
}

function shown(item, value) {
  if (value === undefined) return "";
  if (typeof value === "string" && value.startsWith("~")) return MISSING[value.slice(1)]?.[0] ?? "–";
  if (scaleOf(item)?.type === "binary") return value ? "✓" : "○";
  return String(value).length <= 4 ? String(value) : spoken(item, value).slice(0, 9);
}

function draw() {
  const app = find("#app"),
    had = document.activeElement?.closest("td");
  if (!slot)
    return app.replaceChildren(
      controls(),
      el(
        "p",
        { class: "note" },
        "There is no timetable on this day, so there is no slot to score. A leader sets one with the command " +
          "set-timetable; the README shows how.",
      ),
    );
  if (!framework)
    return app.replaceChildren(
      controls(),
      el("p", { class: "note" }, "No framework is published yet. Bring one under Frameworks."),
    );
  if (!columns.length)
    return app.replaceChildren(
      controls(),
      el(
        "p",
        { class: "note" },
        `${framework.title} has nothing that is scored in a slot of this kind. Choose another framework.`,
      ),
    );
  if (!rows.length)
    return app.replaceChildren(
      controls(),
      ...[el("p", { class: "note" }, "Nobody is expected in this slot on this day."), adding()].filter(Boolean),
    );
  app.replaceChildren(...[controls(), bulk(), table(), adding(), keypad()].filter(Boolean));
  at = [Math.min(at[0], rows.length - 1), Math.min(at[1], columns.length - 1)];
  go(...at, Boolean(had));
}

function controls() {
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
  const select = (id, label, choices, chosen, change) =>
    el(
      "div",
      {},
      el("label", { for: id }, label),
      el(
        "select",
        { id, onchange: (event) => change(event.target.value) },
        choices.map(([value, words]) => el("option", { value, selected: value === chosen }, words)),
      ),
    );
  const where = [
      dayChoice(day, onDay),
      groupChoice(roster, group, (wanted) =>
        turnTo(() => {
          [group, left, at] = [wanted, {}, [0, 0]];
        }),
      ),
    ].filter(Boolean),
    // On a phone the sheet itself comes first, and what is seldom changed lies folded above it.
    narrow = matchMedia("(max-width: 40rem)").matches;
  const options = el(
    "details",
    { class: "options", id: "options", open: Boolean(find("#options[open]")) },
    el(
      "summary",
      {},
      `${framework?.title ?? "Nothing"}, as said by ${INFORMANTS.find(([id]) => id === informant)?.[1] ?? informant}`,
    ),
    el(
      "div",
      { class: "row" },
      ...(narrow ? where : []),
      roster.settings.length > 1
        ? select(
            "setting",
            "Setting",
            roster.settings.map((one) => [one.id, one.name]),
            roster.setting.id,
            (value) => location.assign(`/sessions?setting=${value}`),
          )
        : null,
      select(
        "framework",
        "Against",
        roster.outcomes.map((one) => [one.id, one.title]),
        framework?.id,
        (value) =>
          turnTo(() => {
            framework = roster.outcomes.find((one) => one.id === value);
          }),
      ),
      select("informant", "As said by", INFORMANTS, informant, (value) =>
        turnTo(() => {
          informant = value;
        }),
      ),
    ),
  );
  return el(
    "div",
    { class: "sheet-head" },
    el(
      "div",
      { class: "row" },
      move(-1),
      el("h2", {}, inWords(day)),
      move(1),
      ...(narrow ? [] : where),
      options,
    ),
    el("div", { class: "chips slots", role: "group", "aria-label": "Slots", id: "slots" }, ...slotChips()),
  );
}

const onDay = (wanted) =>
  turnTo(() => {
    day = wanted;
    slot = slotsOn(roster, day).find((one) => one.id === slot?.id) ?? now();
    left = {};
  });

function open() {
  const expected = new Set(framework?.slots[slot?.kind]?.expected ?? []);
  let number = 0;
  rows.forEach((student, row) =>
    columns.forEach((column, place) => {
      const item = itemAt(row, place);
      if (item && expected.has(column.id) && expectedIn(student, day, slot.id) && !cells.has(`${student.id}|${item}`))
        number += 1;
    }),
  );
  return number;
}

function slotChips() {
  return slotsOn(roster, day).map((one) => {
    const here = one.id === slot?.id,
      missing = here ? open() : left[one.id]?.[framework ? key() : ""];
    const drawn = { break: "coffee", lunch: "utensils" }[one.kind];
    const begun =
      day < today() || one.starts <= new Date().toLocaleTimeString("en-GB", { timeZone: roster.setting.time_zone });
    return el(
      "button",
      {
        type: "button",
        id: `slot-${one.id}`,
        "aria-pressed": here ? "true" : "false",
        onclick: () =>
          turnTo(() => {
            slot = one;
            if (!framework?.slots[slot.kind]) framework = usual();
            at = [0, 0];
          }),
      },
      drawn ? icon(drawn) : null,
      one.label,
      missing === 0 ? icon("check") : null,
      missing === 0
        ? el("span", { class: "unseen" }, ", all scored")
        : missing && begun
          ? el("small", {}, `${missing} open`)
          : null,
    );
  });
}

const chips = () => find("#slots")?.replaceChildren(...slotChips());

function bulk() {
  return el(
    "div",
    { class: "row bulk" },
    el(
      "button",
      { type: "button", class: "second", id: "same", onclick: () => inTurn(sameAsLast) },
      icon("copy"),
      "Same as last slot",
    ),
    el(
      "button",
      {
        type: "button",
        class: "second",
        id: "everyone",
        "aria-pressed": everyone ? "true" : "false",
        onclick: () => inTurn(forEveryone),
      },
      icon("users"),
      "Everyone here",
    ),
    el("p", { id: "told", role: "status" }, everyone ? FOR_EVERYONE : ""),
  );
}

function table() {
  const head = el(
    "tr",
    {},
    el("th", { scope: "col" }, "Student"),
    ...columns.map((one) => el("th", { scope: "col", title: one.label }, one.label)),
  );
  const themes = [];
  for (const one of columns)
    if (themes.at(-1)?.[0] === one.theme) themes.at(-1)[1] += 1;
    else themes.push([one.theme, 1]);
  const above = el(
    "tr",
    { class: "themes" },
    el("td", {}),
    ...themes.map(([words, span]) => el("th", { scope: "colgroup", colspan: span }, words)),
  );
  const body = rows.map((student, row) =>
    el(
      "tr",
      {},
      el(
        "th",
        { scope: "row" },
        el("span", {}, student.name),
        el(
          "button",
          {
            type: "button",
            class: "all-seen",
            "aria-label": `All seen: ${student.name}`,
            onclick: () => inTurn(() => allSeen(row)),
          },
          "All seen",
        ),
        el(
          "button",
          {
            type: "button",
            class: "absent",
            "aria-label": `Not here: ${student.name}`,
            onclick: () => inTurn(() => notHere(row)),
          },
          "Not here",
        ),
      ),
      ...columns.map((column, place) => {
        const item = itemAt(row, place);
        if (!item)
          return el("td", { role: "gridcell", class: "none" }, el("span", { class: "unseen" }, "does not apply"));
        return el(
          "td",
          { role: "gridcell", "aria-selected": "false" },
          el("button", {
            type: "button",
            class: "cell",
            tabindex: -1,
            data: { name: `${student.id}|${item}`, row, column: place },
            onclick: () => inTurn(() => go(row, place)),
          }),
        );
      }),
    ),
  );
  const made = el(
    "table",
    {
      class: "sheet",
      role: "grid",
      "aria-multiselectable": "true",
      "aria-label": `${slot.label}, ${framework.title}`,
      onkeydown: byKey,
      onpointerdown: sweep,
    },
    el("thead", {}, above, head),
    el("tbody", {}, body),
  );
  for (const one of made.querySelectorAll(".cell")) dress(one);
  return el("div", { class: "scroll sheet-scroll" }, made);
}

function dress(button) {
  const { name, row, column } = button.dataset,
    one = cells.get(name),
    item = name.split("|")[1],
    own = rows[row].own[framework.id]?.[item];
  const levels = scaleOf(item)?.levels ?? [],
    place = one ? levels.findIndex((level) => level.value === one.value) : -1;
  button.replaceChildren(one?.differ ? "?" : shown(item, one?.value), own ? el("small", {}, own) : "");
  const both = one?.differ ? [one, ...one.others].map((each) => spoken(item, each.value)).join(", and ") : "";
  const said = both ? `two people said: ${both}. Choose what is right` : spoken(item, one?.value),
    drawn = both ? "?" : shown(item, one?.value);
  button.setAttribute(
    "aria-label",
    `${rows[row].name}, ${own ? `their own: ${own}` : columns[column].label}: ` +
      `${/[a-z0-9]/i.test(drawn) && !said.includes(drawn) ? `${drawn} ` : ""}${said}`,
  );
  button.dataset.look = !one ? "open" : one.differ ? "differ" : place < 0 ? "missing" : "level";
  button.dataset.by = one?.by ?? "";
  button.toggleAttribute("data-own", Boolean(own));
  const share = place < 0 ? 0 : levels.length > 1 ? place / (levels.length - 1) : 1;
  button.style.setProperty("--share", String(share));
  button.toggleAttribute("data-deep", share > 0.55);
}

// The rectangle between two cells, as far as anything is asked there.
function between([row, column], [otherRow, otherColumn]) {
  const line = (one, other) =>
    Array.from({ length: Math.abs(one - other) + 1 }, (_, step) => Math.min(one, other) + step);
  return line(row, otherRow)
    .flatMap((r) => line(column, otherColumn).map((c) => [r, c]))
    .filter(([r, c]) => itemAt(r, c));
}
const swept = () => between(at, corner);

function show(places) {
  const wanted = new Set(places.map(([row, column]) => `${row}|${column}`));
  for (const one of document.querySelectorAll(".cell")) {
    const on = wanted.has(`${one.dataset.row}|${one.dataset.column}`);
    one.toggleAttribute("data-swept", on && wanted.size > 1);
    one.parentElement.setAttribute("aria-selected", String(on));
  }
}

// A finger that goes from one cell over others marks them; the next key scores them all. A finger that scrolls does
// not.
function sweep(down) {
  const cell = down.target.closest(".cell");
  if (!cell || down.button || everyone) return;
  const from = placeOf(cell);
  let to = from;
  const moved = (event) => {
    const over = document.elementFromPoint(event.clientX, event.clientY)?.closest(".cell");
    if (!over || String(placeOf(over)) === String(to)) return;
    to = placeOf(over);
    show(between(from, to));
  };
  const over = (event) => {
    for (const [what, work] of Object.entries(listening)) removeEventListener(what, work);
    if (String(to) === String(from)) return;
    inTurn(() => {
      go(...from);
      if (event.type === "pointerup") stretch(...to);
    });
  };
  const listening = { pointermove: moved, pointerup: over, pointercancel: over };
  for (const [what, work] of Object.entries(listening)) addEventListener(what, work);
}
const placeOf = (cell) => [Number(cell.dataset.row), Number(cell.dataset.column)];

function stretch(row, column) {
  corner = [Math.max(0, Math.min(rows.length - 1, row)), Math.max(0, Math.min(columns.length - 1, column))];
  if (String(corner) === String(at)) corner = undefined;
  show(corner ? swept() : [at]);
  keys();
}

function paint(student, item) {
  const button = find(`.cell[data-name="${CSS.escape(`${student}|${item}`)}"]`);
  if (button) dress(button);
}

function go(row, column, focus = true) {
  if (corner) {
    corner = undefined;
    show([]);
  }
  for (const one of document.querySelectorAll('.cell[tabindex="0"]')) {
    one.tabIndex = -1;
    one.parentElement.setAttribute("aria-selected", "false");
  }
  at = [Math.max(0, Math.min(rows.length - 1, row)), Math.max(0, Math.min(columns.length - 1, column))];
  const button = find(`.cell[data-row="${at[0]}"][data-column="${at[1]}"]`);
  keys();
  if (!button) return;
  button.tabIndex = 0;
  button.parentElement.setAttribute("aria-selected", "true");
  if (focus) button.focus({ preventScroll: true });
  inView(button);
}

// The name of the student and the head of the table stay where they are, so the cell must come out from under them.
function inView(button) {
  const box = find(".sheet-scroll"),
    cell = button.getBoundingClientRect(),
    frame = box.getBoundingClientRect(),
    side = find("tbody th", box).getBoundingClientRect().width,
    head = find("thead", box).getBoundingClientRect().height;
  if (cell.left < frame.left + side) box.scrollLeft -= frame.left + side - cell.left + 8;
  else if (cell.right > frame.right) box.scrollLeft += cell.right - frame.right + 8;
  if (cell.top < frame.top + head) box.scrollTop -= frame.top + head - cell.top + 8;
  const pad = find("#keypad").getBoundingClientRect(),
    now = button.getBoundingClientRect();
  if (now.bottom > pad.top) scrollBy(0, now.bottom - pad.top + 12);
  else if (now.top < 0) scrollBy(0, now.top - 120);
}

const keypad = () => el("div", { id: "keypad", role: "group", "aria-label": "Score" });

function keys() {
  const pad = find("#keypad"),
    [row, column] = at,
    item = rows[row] && itemAt(row, column);
  if (!pad || !item) return pad?.replaceChildren(el("p", {}, "This does not apply to this student."));
  const { levels, type } = scaleOf(item),
    own = rows[row].own[framework.id]?.[item];
  const one = (value, big, small) =>
    el(
      "button",
      { type: "button", class: "key", data: { value: String(value ?? "clear") }, onclick: () => press(value) },
      el("b", {}, big),
      small ? el("span", {}, small) : null,
    );
  const field = levels.length
    ? null
    : el(
        "form",
        {
          class: "typed",
          onsubmit: (event) => {
            event.preventDefault();
            const said = find("#typed").value.trim();
            if (said) press(type === "text" ? said : Number(said.replace(",", ".")));
          },
        },
        el("input", {
          id: "typed",
          "aria-label": own ?? columns[column].label,
          autocomplete: "off",
          inputmode: type === "text" ? null : "decimal",
          pattern: type === "text" ? null : "-?[0-9]+([.][0-9]+|,[0-9]{1,2})?",
          maxlength: 200,
          value: cells.get(`${rows[row].id}|${item}`)?.value ?? "",
        }),
        el("button", {}, "Save"),
      );
  const cell = cells.get(`${rows[row].id}|${item}`),
    differ =
      cell?.differ && !everyone
        ? el(
            "span",
            { class: "due" },
            `Two people said: ${[cell, ...cell.others].map((each) => spoken(item, each.value)).join(", and ")}. ` +
              "Tap what is right.",
          )
        : null;
  pad.replaceChildren(
    el(
      "p",
      { id: "where" },
      el("strong", {}, everyone ? "Everyone here" : corner ? count(swept().length, "cell") : rows[row].name),
      el("span", {}, corner ? "One key scores them all." : (own ?? columns[column].label)),
      differ,
    ),
    el(
      "div",
      { class: "keys" },
      ...levels.map((level) =>
        one(
          level.value,
          type === "binary" ? (level.value ? "✓" : "○") : String(level.value).slice(0, 9),
          level.label === String(level.value) ? "" : level.label,
        ),
      ),
      field,
      ...framework.missing.map((reason) =>
        one(`~${reason}`, MISSING[reason]?.[0] ?? "–", MISSING[reason]?.[1] ?? reason),
      ),
      one(undefined, "⌫", "Clear"),
      one("undo", "↶", "Undo"),
    ),
  );
}

function byKey(event) {
  const cell = event.target.closest?.(".cell");
  if (!cell) return;
  const [row, column] = at,
    moves = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
  const item = itemAt(row, column),
    levels = (item && scaleOf(item)?.levels) ?? [],
    lower = event.key.toLowerCase();
  let value = null;
  if ((event.ctrlKey || event.metaKey) && lower === "z") value = "undo";
  else if (event.ctrlKey || event.metaKey || event.altKey) return;
  else if (moves[event.key] && event.shiftKey)
    inTurn(() => {
      const [r, c] = corner ?? at;
      stretch(r + moves[event.key][0], c + moves[event.key][1]);
    });
  else if (event.key === "Escape") inTurn(() => go(...at));
  else if (moves[event.key]) inTurn(() => go(at[0] + moves[event.key][0], at[1] + moves[event.key][1]));
  else if (event.key === "Home") inTurn(() => go(at[0], 0));
  else if (event.key === "End") inTurn(() => go(at[0], columns.length - 1));
  else if (event.key === "Backspace" || event.key === "Delete") value = undefined;
  else if (event.key === "-") value = "~not-observed";
  else if (event.key === "/") value = "~not-applicable";
  else {
    const yes = { y: 1, n: 0 }[lower];
    const found =
      levels.find((one) => String(one.value) === event.key) ??
      (scaleOf(item ?? "")?.type === "binary" && yes !== undefined
        ? levels.find((one) => one.value === yes)
        : undefined) ??
      (levels.some((one) => typeof one.value === "number") ? undefined : levels[Number(event.key) - 1]);
    if (!found) return;
    value = found.value;
  }
  event.preventDefault();
  if (value !== null) press(value);
}

function adding() {
  const others = roster.students.filter((one) => !rows.includes(one));
  return others.length
    ? el(
        "div",
        { class: "row adding" },
        el("label", { for: "add" }, "Somebody else is here"),
        el(
          "select",
          {
            id: "add",
            onchange: (event) => {
              added.push(event.target.value);
              lay();
              draw();
              go(
                rows.findIndex((one) => one.id === event.target.value),
                0,
              );
            },
          },
          el("option", { value: "" }, "Choose"),
          others.map((one) => el("option", { value: one.id }, one.name)),
        ),
      )
    : null;
}
