// What this device has sent, and when the service recorded it. The list is kept here, and holds no words.
import { boot, clock, count, dayIn, el, icon, inWords } from "{{ app/frame.js }}";
import { sent, waiting } from "{{ app/outbox.js }}";

const AT_ONCE = 200;
const KINDS = new Map([
  ["rung-reached", "How far it went"],
  ["visit-logged", "The visit"],
  ["visit-checked-in", "Checked in"],
  ["visit-checked-out", "Checked out"],
  ["voice-heard", "What they said"],
  ["note-written", "A note"],
  ["context-noted", "Something going on outside"],
  ["incident-recorded", "An incident"],
  ["outcome-scored", "A score"],
  ["unit-progressed", "A step"],
  ["session-attended", "A session"],
  ["entry-corrected", "Put right"],
  ["entry-voided", "Taken back"],
]);
const STATES = new Map([
  ["recorded", "recorded"],
  ["duplicate", "was recorded before"],
  ["held", "waits for somebody"],
  ["refused", "needs you"],
]);
let roster,
  most = AT_ONCE;

boot(async (known) => {
  roster = known;
  await draw();
});
document.addEventListener("outbox", () => roster && draw());

async function draw() {
  const [{ rows, all }, unsent] = await Promise.all([sent(roster.me.id, most), waiting()]);
  const names = new Map(roster.students.map((one) => [one.id, one.name]));
  const days = new Map();
  for (const row of rows) {
    const day = dayIn(roster.setting.time_zone, new Date(row.sent));
    days.set(day, [...(days.get(day) ?? []), row]);
  }
  document
    .querySelector("#app")
    .replaceChildren(
      el(
        "p",
        { class: "quiet" },
        unsent.length
          ? `${count(unsent.length, "entry waits", "entries wait")} here. Below is what left, the latest first.`
          : "Nothing waits here. Below is what left, the latest first.",
      ),
      ...[...days].map(([day, some]) =>
        el(
          "section",
          {},
          el("h2", {}, inWords(day)),
          el(
            "ul",
            { class: "steps" },
            some.map((row) => line(row, names)),
          ),
        ),
      ),
      rows.length ? "" : el("p", { class: "quiet" }, "Nothing was sent from here yet."),
      rows.length === most && all > most
        ? el(
            "button",
            {
              type: "button",
              class: "second",
              id: "more",
              onclick: () => {
                most += 5 * AT_ONCE;
                draw();
              },
            },
            "Earlier",
          )
        : "",
    );
}

function line(row, names) {
  const needs = row.status === "refused" || row.status === "held";
  const whom = names.get(row.student);
  return el(
    "li",
    { "data-status": row.status },
    icon(needs ? "triangle-alert" : "check"),
    el(
      "span",
      {},
      KINDS.get(row.kind) ?? "An entry",
      whom ? `, ${whom}` : "",
      " ",
      el(
        "small",
        {},
        `logged ${clock(new Date(row.at))}, ${STATES.get(row.status)} ${clock(new Date(row.sent))}`,
        needs ? ". " : "",
        needs ? el("a", { href: "/held" }, "See why") : "",
      ),
    ),
  );
}
