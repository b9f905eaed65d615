// Replays one student's history: day frames arrive once, and every step of the slider looks one up. Nothing is folded
// here.
const bar = document.getElementById("replay");
const form = document.getElementById("times");
const slider = document.getElementById("slider");
const knownSlider = document.getElementById("known-slider");
const [play, veils] = [document.getElementById("play"), []];
const [asOf, known] = [document.getElementById("as_of"), document.getElementById("known")];
const [DAYS, MONTHS] = [
  "Sun Mon Tue Wed Thu Fri Sat".split(" "),
  "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" "),
];
const say = (day) => {
  const on = new Date(`${day}T00:00:00Z`);
  return `${DAYS[on.getUTCDay()]} ${on.getUTCDate()} ${MONTHS[on.getUTCMonth()]} ${on.getUTCFullYear()}`;
};
// In the sentence about both times a day of this year goes without it.
const sayShort = (day) => say(day).replace(` ${asOf.max.slice(0, 4)}`, "");
const sums = (steps) => {
  let total = 0;
  return steps.map((step) => (total += step));
};
const COUNTS = [
  ["kinds.rung-reached", "rungs reached"],
  ["visits.minutes", "minutes of visits"],
  ["sessions.attended", "sessions attended"],
  ["sessions.not-attended", "sessions missed"],
  ["sessions.disputed", "sessions told differently by two people"],
  ["sessions.cancelled-by-us", "sessions cancelled by us"],
  ["units.secure", "units secure"],
  ["kinds.voice-heard", "voices"],
  ["kinds.incident-recorded", "incidents"],
  ["kinds.context-noted", "context notes"],
];
// How a mark is drawn; any other is a dot.
const SHAPES = { context: "M-1 -8v8M-1 -8h7l-2 2.5 2 2.5h-7", incident: "M-4 0h8l-4 -7z" };
let frames, later, playing, reload;

// On a phone one theme is in sight at a time.
for (const choose of document.querySelectorAll(".by-slot .choose")) {
  const [buttons, facets] = [[...choose.children], [...choose.closest(".by-slot").querySelectorAll(".facet")]];
  choose.hidden = false;
  for (const [place, button] of buttons.entries())
    button.addEventListener("click", () => {
      for (const each of buttons) each.setAttribute("aria-pressed", String(each === button));
      for (const [at, facet] of facets.entries()) facet.toggleAttribute("data-chosen", at === place);
    });
  choose.closest(".by-slot").classList.add("one-at-a-time");
}

const answer = await fetch(bar.dataset.frames, { headers: { accept: "application/json" } });
if (answer.ok) begin(await answer.json());

function begin(found) {
  frames = found;
  if (!frames.days.length) return;
  for (const ladder of Object.values(frames.ladders)) ladder.contacts = sums(ladder.contacts);
  for (const themes of Object.values(frames.themes))
    for (const kinds of Object.values(themes))
      for (const cell of Object.values(kinds)) {
        cell.seen = sums(cell.seen);
        cell.of = sums(cell.of);
      }
  for (const name of Object.keys(frames.counts)) frames.counts[name] = sums(frames.counts[name]);
  for (const [name, steps] of Object.entries(frames.units)) frames.counts[`units.${name}`] = sums(steps);
  for (const plot of document.querySelectorAll("[data-figure]")) {
    if (!plot.layout?.meta?.ladder) continue;
    const veil = Object.assign(document.createElement("div"), { className: "veil" });
    plot.append(veil);
    veils.push([plot, veil]);
    plot.on("plotly_click", (click) => go(frames.days.findIndex((day) => day >= click.points[0].x.slice(0, 10))));
  }
  slider.max = knownSlider.max = frames.days.length - 1;
  marks();
  rail();
  const at = bar.dataset.at ? frames.days.findLastIndex((day) => day <= bar.dataset.at) : frames.days.length - 1;
  bar.hidden = false;
  play.hidden = false;
  document.getElementById("counts").hidden = false;
  slider.addEventListener("input", () => step(+slider.value));
  asOf.addEventListener("change", () => asOf.value && go(frames.days.findLastIndex((day) => day <= asOf.value)));
  knownTimes();
  play.addEventListener("click", () => (playing ? stop() : start()));
  addEventListener("resize", () => step(+slider.value));
  slider.value = Math.max(0, at);
  step(Math.max(0, at), false);
  document.documentElement.dataset.replay = "1";
}

function go(n) {
  slider.value = Math.max(0, n);
  step(+slider.value);
}

function start() {
  if (+slider.value >= +slider.max) go(0);
  face("Pause", "pause");
  playing = setInterval(
    () => {
      if (+slider.value >= +slider.max) stop();
      else go(+slider.value + 1);
    },
    Math.max(60, 9000 / frames.days.length),
  );
}

function stop() {
  clearInterval(playing);
  playing = undefined;
  face("Play", "play");
}

function face(word, icon) {
  play.querySelector("span").textContent = word;
  const use = play.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${icon}`));
}

// One step. Everything that is read was made by the server.
function step(n, ask = true) {
  const began = performance.now();
  const day = frames.days[n];
  slider.setAttribute("aria-valuetext", say(day));
  fill();
  asOf.value = day;
  document.getElementById("seen-by").textContent = sayShort(day);
  document.getElementById("now").hidden = !known.value && n === +slider.max;
  for (const told of document.querySelectorAll(".alt[data-ladder]")) standing(told, n);
  for (const [name, label] of COUNTS) count(name, label, n);
  for (const [plot, veil] of veils) cover(plot, veil, day);
  for (const section of document.querySelectorAll(".by-slot")) seen(section, n);
  bar.dataset.took = Math.round(performance.now() - began);
  const since = document.getElementById("since");
  if (since && ask) {
    // How many came later is known for the day with which the page came.
    since.href = `${bar.dataset.since}&as_of=${day}`;
    since.textContent = "What changed since";
  }
  const earlier = document.getElementById("earlier");
  if (earlier) earlier.href = earlier.href.replace(/([?&]to=)[^&]*/, `$1${day}`);
  clearTimeout(later);
  if (ask) later = setTimeout(() => story(day), 200);
}

// Where somebody stands on a ladder on that day, in the words above its drawing.
function standing(told, n) {
  const key = told.dataset.ladder;
  const ladder = frames.ladders[key];
  if (!ladder) return;
  const labels = rungs(key);
  const name = (mark, none) => {
    const place = ladder[mark][n];
    return place === null ? none : (labels.get(ladder.rungs[place]) ?? ladder.rungs[place]);
  };
  const said = {
    baseline: name("baseline", "–"),
    latest: name("latest", "–"),
    sustained: name("sustained", "not enough contacts yet"),
    contacts: `${ladder.contacts[n]} ${ladder.contacts[n] === 1 ? "contact" : "contacts"} by ${say(frames.days[n])}.`,
  };
  for (const part of told.querySelectorAll("[data-mark]")) part.textContent = said[part.dataset.mark];
  for (const [plot] of veils) if (plot.layout.meta.ladder === key) nameDrawing(plot, told.textContent);
}

function nameDrawing(plot, said) {
  const title = plot.closest("section").querySelector("h2").textContent;
  plot.setAttribute("aria-label", `${title}. ${said.replace(/\s+/g, " ").trim()}`);
}

function rungs(key) {
  return new Map(Object.entries(JSON.parse(document.getElementById("rungs").textContent)[key] ?? {}));
}

function count(name, label, n) {
  const values = frames.counts[name];
  if (!values) return;
  const list = document.getElementById("counts");
  let item = list.querySelector(`[data-name="${name}"]`);
  if (!item) {
    item = document.createElement("li");
    item.dataset.name = name;
    item.append(document.createElement("strong"), ` ${label}`);
    list.append(item);
  }
  item.firstChild.textContent = values[n];
}

// What came after the day lies under a veil: the drawing itself is made once.
function cover(plot, veil, day) {
  const { l, r, t, b } = plot.layout.margin;
  const [first, last] = plot.layout.xaxis.range.map((one) => Date.parse(String(one).slice(0, 10)));
  const share = Math.min(1, Math.max(0, (Date.parse(day) + 43_200_000 - first) / (last - first)));
  const wide = plot.clientWidth - l - r;
  veil.style.insetInlineStart = `${l + share * wide}px`;
  veil.style.width = `${(1 - share) * wide}px`;
  veil.style.top = `${t}px`;
  veil.style.height = `${plot.clientHeight - t - b}px`;
}

// What was seen of each theme in each kind of slot until that day: a dot for the share, a bar where it may truly lie.
function seen(section, n) {
  const themes = frames.themes[section.dataset.framework] ?? {};
  const rows = [...section.querySelectorAll("tbody tr")];
  let [total, looked] = [0, 0];
  for (const drawing of section.querySelectorAll("svg[data-theme]")) {
    const cell = themes[drawing.dataset.theme]?.[drawing.dataset.kind];
    const [count, of] = cell ? [cell.seen[n], cell.of[n]] : [0, 0];
    [total, looked] = [total + count, looked + of];
    const words = of ? `${count} of ${of}` : "–";
    drawing.setAttribute("aria-label", words);
    drawing.classList.toggle("none", !of);
    const [likely, dot] = drawing.querySelectorAll(".likely, circle");
    const [share, low, high] = of ? interval(count, of) : [0, 0, 0];
    for (const [part, name, value] of [
      [likely, "x1", low],
      [likely, "x2", high],
      [dot, "cx", share],
    ])
      part.setAttribute(name, `${(100 * value).toFixed(1)}%`);
    const facet = drawing.closest(".facet");
    const [row, column] = [[...facet.parentNode.children].indexOf(facet), drawing.closest("dl > div")];
    rows[row].cells[1 + [...column.parentNode.children].indexOf(column)].textContent = words;
  }
  section.querySelector(".alt").textContent =
    `Seen ${total} of ${looked} times that it was looked for by ${say(frames.days[n])}.`;
}

// A share with its 95 per cent interval after Wilson, as projections/uncertainty.py has it.
function interval(count, of) {
  const [z, p] = [1.959963984540054, count / of];
  const square = z * z;
  const middle = (p + square / (2 * of)) / (1 + square / of);
  const half = (z * Math.sqrt((p * (1 - p)) / of + square / (4 * of * of))) / (1 + square / of);
  return [p, Math.max(0, middle - half), Math.min(1, middle + half)];
}

async function story(day) {
  const answer = await fetch(`${bar.dataset.story}&as_of=${day}`, { headers: { accept: "text/html" } });
  if (!answer.ok || frames.days[+slider.value] !== day) return;
  const part = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.getElementById("story").replaceChildren(...part.body.childNodes);
  document.getElementById("story").dataset.day = day;
}

// What happened on a day as small marks above the slider: the legend says which, and on which line each is drawn.
function shape(name, x, y) {
  const mark = document.createElementNS("http://www.w3.org/2000/svg", SHAPES[name] ? "path" : "circle");
  const parts = SHAPES[name] ? { d: SHAPES[name] } : { r: 3.2, cy: -4 };
  for (const [part, value] of Object.entries({ ...parts, class: name })) mark.setAttribute(part, value);
  const place = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [part, value] of Object.entries({ x, y, class: "mark" })) place.setAttribute(part, value);
  place.append(mark);
  return place;
}

function marks() {
  const strip = document.getElementById("marks");
  const last = Math.max(1, frames.days.length - 1),
    marked = new Map();
  for (const named of document.querySelectorAll(".legend [data-line]")) {
    const [name, line] = [named.className, +named.dataset.line];
    named.querySelector("svg").append(shape(name, 5, 11));
    for (const n of frames.marks[name] ?? []) {
      strip.append(shape(name, `${(100 * n) / last}%`, 9 * line + 11));
      marked.set(n, [...(marked.get(n) ?? []), named.textContent.trim()]);
    }
  }
  reach(strip, marked, last);
}

// A mark is too small for a finger: a press beside one goes to its day, and a list names them all.
function reach(strip, marked, last) {
  const days = [...marked.keys()].sort((one, other) => other - one),
    choice = document.getElementById("marked-day");
  document.getElementById("marked").hidden = !days.length;
  for (const n of days) choice.append(new Option(`${say(frames.days[n])}: ${marked.get(n).join(", ")}`, n));
  choice.addEventListener("change", () => choice.value && go(+choice.value));
  strip.addEventListener("click", (press) => {
    const box = strip.getBoundingClientRect(),
      far = (n) => Math.abs(press.clientX - box.left - (n / last) * box.width);
    const nearest = days.reduce((one, other) => (far(other) < far(one) ? other : one), days[0]);
    if (days.length && far(nearest) <= 22) go(nearest);
  });
}

// The days under the slider: a few, the first and the last among them.
function rail() {
  const last = frames.days.length - 1;
  const few = Math.min(last, innerWidth < 700 ? 2 : 5);
  const shown = [...new Set(Array.from({ length: few + 1 }, (_, n) => Math.round((n * last) / Math.max(1, few))))];
  const short = (day) => say(day).split(" ").slice(1, 3).join(" ");
  document
    .getElementById("rail-days")
    .replaceChildren(
      ...shown.map((n) => Object.assign(document.createElement("span"), { textContent: short(frames.days[n]) })),
    );
}

function fill() {
  const share = (range) => +range.value / Math.max(1, +range.max);
  bar.style.setProperty("--happened", share(slider));
  bar.style.setProperty("--known", known.value ? share(knownSlider) : share(slider));
}

// What was known on another day is other facts, so the page comes anew.
function knownTimes() {
  const at = known.value ? frames.days.findLastIndex((day) => day <= known.value) : frames.days.length - 1;
  const told = document.getElementById("known-on");
  const show = (n) => knownSlider.setAttribute("aria-valuetext", n === +knownSlider.max ? "now" : say(frames.days[n]));
  knownSlider.value = Math.max(0, at);
  show(+knownSlider.value);
  knownSlider.addEventListener("input", () => {
    const n = +knownSlider.value;
    known.value = n === +knownSlider.max ? "" : frames.days[n];
    told.textContent = sayShort(known.value || known.max);
    show(n);
    fill();
    clearTimeout(reload);
    // A key that is held down moves on: the page waits until the hand rests.
    reload = setTimeout(() => form.requestSubmit(), 900);
  });
  known.addEventListener("change", () => form.requestSubmit());
  form.addEventListener("formdata", ({ formData }) => {
    // Now is no choice, so it is not in the address.
    if (+slider.value === +slider.max) formData.delete("as_of");
    if (!known.value) formData.delete("known");
  });
}
