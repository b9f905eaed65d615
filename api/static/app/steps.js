// The curriculum sheet: the next units of a student or a group, one tap up or down a status.
import { ask, boot, calm, count, el, find, groups, icon, inTurn, position, saved, unsaved } from "{{ app/frame.js }}";
import { add, asking, localTime, strike, undo } from "{{ app/outbox.js }}";
import { hidden, hiddenUnder, hide } from "{{ app/store.js }}";
import { uuid7 } from "{{ app/uuid7.js }}";

const SHOWN = 12,
  MOST = 12;
const asked = new URLSearchParams(location.search);
let roster,
  curriculum,
  chosen = new Set(asked.getAll("student")),
  sheet,
  steps = new Map(),
  search = "",
  list = "next",
  note = "",
  offline = false;

boot(async (known) => {
  roster = known;
  curriculum =
    roster.curricula.find((one) => `${one.id}@${one.version}` === (curriculum ? key() : asked.get("curriculum"))) ??
    roster.curricula[0];
  await load();
  await catchUp();
});
document.addEventListener("sent", () => {
  if (roster && sheet) catchUp();
});

const key = () => `${curriculum.id}@${curriculum.version}`;
const group = () => roster.students.filter((one) => chosen.has(one.id));

async function load() {
  if (!curriculum)
    return find("#app").replaceChildren(
      el("p", { class: "note" }, "No curriculum is published yet. Bring one under Frameworks."),
    );
  steps = new Map(
    [...(await hiddenUnder(`today:unit:${key()}|`))].map(([name, one]) => [
      name
        .split(":")
        .slice(2)
        .join(":")
        .slice(key().length + 1),
      one,
    ]),
  );
  // Without a signal: the units and where everybody stood when this was last looked at.
  sheet = await hidden(`learning:${key()}`);
  draw();
}

async function catchUp() {
  if (!curriculum || !chosen.size) return;
  const which = key(),
    newer = await asking(),
    students = [...chosen].map((one) => `student=${one}`).join("&");
  const { said } = await ask(
    `/api/v1/settings/${roster.setting.id}/steps/${curriculum.id}/${curriculum.version}` +
      `?${students}&min_position=${await position()}`,
  );
  await inTurn(() => which === key() && taken(said, newer));
}

async function taken(said, newer) {
  offline = !said;
  if (said) {
    const stands = await newer();
    for (const [name, one] of steps) if (!stands(`today:unit:${key()}|${name}`, one.id)) steps.delete(name);
    sheet = { ...said, students: { ...sheet?.students, ...said.students } };
    await hide(`learning:${key()}`, sheet);
  }
  await calm();
  draw();
}

const statusOf = (student, unit) => {
  const here = steps.get(`${student}|${unit}`);
  return here ? here.status : sheet?.students[student]?.[unit];
};
const labelOf = (unit, status) =>
  sheet.scales[unit.scale].levels.find((one) => one.value === status)?.label ?? "Not started";

// One tap up or down. Down from secure is a loss, where the scale has a word for that; up from a loss is one short of
// secure.
function moved(unit, status, up) {
  const levels = sheet.scales[unit.scale].levels,
    ladder = levels.filter((one) => one.means !== "lost"),
    now = levels.find((one) => one.value === status),
    lost = levels.find((one) => one.means === "lost");
  const secure = ladder.findIndex((one) => one.means === "secure");
  if (!now) return up ? ladder.find((one) => one.means !== "not-yet")?.value : undefined;
  if (now.means === "lost") return up ? ladder[Math.max(0, secure - 1)]?.value : undefined;
  const place = ladder.indexOf(now);
  if (up) return ladder[place + 1]?.value;
  return now.means === "secure" && lost ? lost.value : ladder[place - 1]?.value;
}

async function step(student, unit, up) {
  const from = statusOf(student.id, unit.id),
    status = moved(unit, from, up),
    name = `${student.id}|${unit.id}`,
    had = steps.get(name);
  if (status === undefined) return;
  const began = performance.now(),
    words = note.trim();
  const entry = {
    id: uuid7(),
    kind: "unit-progressed",
    setting_id: roster.setting.id,
    student_id: student.id,
    author_id: roster.me.id,
    device_time: localTime(),
    curriculum: { id: curriculum.id, version: curriculum.version },
    unit: unit.id,
    status,
    ...(words ? { note: words } : {}),
  };
  try {
    await add(entry);
  } catch (error) {
    return unsaved(error);
  }
  const struck = `today:unit:${key()}|${name}`;
  steps.set(name, { id: entry.id, status });
  strike(struck);
  saved(`${student.name}, ${unit.label}: ${labelOf(unit, status)}.`, async () => {
    await undo(entry);
    if (had) steps.set(name, had);
    else steps.set(name, { id: entry.id, status: from });
    strike(struck);
    await hide(`today:unit:${key()}|${name}`, steps.get(name));
    saved("Undone.");
    draw();
  });
  find("#toast").dataset.took = Math.round(performance.now() - began);
  note = "";
  await hide(`today:unit:${key()}|${name}`, steps.get(name));
  await calm();
  draw();
}

// The page ----------------------------------------------------------------------------------------------------------

function draw() {
  const app = find("#app"),
    focus = document.activeElement?.id;
  app.replaceChildren(
    people(),
    ...(chosen.size
      ? [
          controls(),
          sheet
            ? units()
            : el(
                "p",
                { class: "note warn" },
                "No signal, and this curriculum was not looked at on this device in the last week. Its units " +
                  "come with the signal.",
              ),
        ]
      : [el("p", { class: "note" }, "Choose one student, or the group in front of you.")]),
  );
  if (focus) find(`#${CSS.escape(focus)}`)?.focus({ preventScroll: true });
}

function people() {
  const pick = (one) => {
    if (chosen.has(one.id)) chosen.delete(one.id);
    else if (chosen.size < MOST) chosen.add(one.id);
    catchUp();
    draw();
  };
  const all = (members) => {
    chosen = new Set(members.every((one) => chosen.has(one)) ? [] : members.slice(0, MOST));
    catchUp();
    draw();
  };
  const whole = groups(roster).map(([id, name]) => [
    id,
    name,
    roster.students.filter((one) => one.group === id).map((one) => one.id),
  ]);
  return el(
    "div",
    { class: "chips", role: "group", "aria-label": "Students" },
    ...whole.map(([id, name, members]) =>
      el(
        "button",
        {
          type: "button",
          id: `group-${id}`,
          class: "group",
          "aria-pressed": members.slice(0, MOST).every((one) => chosen.has(one)) ? "true" : "false",
          onclick: () => all(members.slice(0, MOST)),
        },
        icon("users"),
        name,
      ),
    ),
    ...roster.students.map((one) =>
      el(
        "button",
        {
          type: "button",
          id: `student-${one.id}`,
          "aria-pressed": chosen.has(one.id) ? "true" : "false",
          onclick: () => pick(one),
        },
        one.name,
      ),
    ),
  );
}

function controls() {
  const select =
    roster.curricula.length > 1
      ? el(
          "div",
          {},
          el("label", { for: "curriculum" }, "Curriculum"),
          el(
            "select",
            {
              id: "curriculum",
              onchange: (event) =>
                inTurn(async () => {
                  curriculum = roster.curricula.find((one) => one.id === event.target.value);
                  await load();
                }).then(catchUp),
            },
            roster.curricula.map((one) =>
              el("option", { value: one.id, selected: one.id === curriculum.id }, one.title),
            ),
          ),
        )
      : null;
  return el(
    "div",
    { class: "controls" },
    select,
    el(
      "div",
      {},
      el("label", { for: "list" }, "Show"),
      el(
        "select",
        {
          id: "list",
          onchange: (event) => {
            list = event.target.value;
            draw();
          },
        },
        [
          ["next", "What is next"],
          ["all", "Every unit"],
        ].map(([value, words]) => el("option", { value, selected: value === list }, words)),
      ),
    ),
    el(
      "div",
      {},
      el("label", { for: "search" }, "Find a unit"),
      el("input", {
        id: "search",
        type: "search",
        autocomplete: "off",
        value: search,
        oninput: (event) => {
          search = event.target.value;
          draw();
        },
      }),
    ),
    el(
      "div",
      { class: "whole" },
      el(
        "label",
        { for: "note" },
        "Evidence for the next step ",
        el("small", {}, "may stay empty; it goes with the next tap"),
      ),
      el("input", {
        id: "note",
        autocomplete: "off",
        maxlength: 4000,
        value: note,
        oninput: (event) => {
          note = event.target.value;
        },
      }),
    ),
  );
}

function units() {
  const students = group(),
    wanted = search.trim().toLocaleLowerCase("en");
  const touched = (unit) => students.some((one) => steps.has(`${one.id}|${unit.id}`));
  const rank = (unit) =>
    (touched(unit) ? -1000 : 0) -
    10 * unit.nearly.filter((one) => chosen.has(one)).length -
    unit.ready.filter((one) => chosen.has(one)).length;
  let shown = sheet.units.filter(
    (one) => !wanted || `${one.label} ${one.under}`.toLocaleLowerCase("en").includes(wanted),
  );
  if (list === "next" && !wanted)
    shown = shown
      .filter((one) => rank(one) < 0)
      .sort((a, b) => rank(a) - rank(b))
      .slice(0, SHOWN);
  const cut = shown.slice(0, 60);
  return el(
    "section",
    { class: "units-sheet" },
    offline ? el("p", { class: "quiet" }, "No signal: this is how things stood when last looked at.") : null,
    cut.length
      ? el(
          "ul",
          { class: "steps" },
          ...cut.map((unit) =>
            el(
              "li",
              { class: students.length > 1 ? "unit-row many" : "unit-row" },
              el("div", {}, el("strong", {}, unit.label), el("small", {}, unit.under)),
              ...students.map((one) => stepper(one, unit, students.length > 1)),
            ),
          ),
        )
      : el("p", {}, "Nothing fits."),
    shown.length > cut.length
      ? el(
          "p",
          { class: "quiet" },
          `${count(shown.length - cut.length, "more unit")}: search to find ` +
            `${shown.length - cut.length === 1 ? "it" : "them"}.`,
        )
      : null,
  );
}

function stepper(student, unit, named) {
  const status = statusOf(student.id, unit.id),
    button = (up) =>
      el(
        "button",
        {
          type: "button",
          id: `${up ? "up" : "down"}-${student.id}-${unit.id.replaceAll(".", "_")}`,
          class: up ? "" : "second",
          disabled: moved(unit, status, up) === undefined,
          "aria-label":
            `${student.name}, ${unit.label}: ` + `${up ? "up" : "down"} to ${labelOf(unit, moved(unit, status, up))}`,
          onclick: () => inTurn(() => step(student, unit, up)),
        },
        icon(up ? "arrow-up" : "arrow-down"),
      );
  return el(
    "div",
    { class: "stepper" },
    named ? el("span", { class: "who" }, student.name) : null,
    button(false),
    el("span", { class: "tag" }, labelOf(unit, status)),
    button(true),
  );
}
