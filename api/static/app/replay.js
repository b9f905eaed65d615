// Replays one student's history: day frames arrive once, and every step of the slider looks one up. Nothing is folded
// here.
const bar = document.getElementById("replay");
const slider = document.getElementById("slider");
const [play, output, veils] = [document.getElementById("play"), document.getElementById("day"), []];
const [DAYS, MONTHS] = [
  "Sun Mon Tue Wed Thu Fri Sat".split(" "),
  "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" "),
];
const say = (day) => {
  const on = new Date(`${day}T00:00:00Z`);
  return `${DAYS[on.getUTCDay()]} ${on.getUTCDate()} ${MONTHS[on.getUTCMonth()]} ${on.getUTCFullYear()}`;
};
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
const waiting = new Set();
const soon = window.requestIdleCallback ?? ((then) => setTimeout(then, 40));
let frames, labels, later, playing, drawing;

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
  marks();
  slider.max = frames.days.length - 1;
  const at = bar.dataset.at ? frames.days.findLastIndex((day) => day <= bar.dataset.at) : frames.days.length - 1;
  bar.hidden = false;
  document.getElementById("counts").hidden = false;
  slider.addEventListener("input", () => step(+slider.value));
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
  output.textContent = say(day);
  slider.setAttribute("aria-valuetext", say(day));
  document.getElementById("as_of").value = day;
  const seen = document.getElementById("seen-by");
  if (seen) seen.textContent = say(day);
  tiles(n);
  for (const [name, label] of COUNTS) count(name, label, n);
  for (const [plot, veil] of veils) cover(plot, veil, day);
  for (const plot of document.querySelectorAll("[data-figure]")) if (plot.layout?.meta?.framework) themes(plot, n);
  bar.dataset.took = Math.round(performance.now() - began);
  const since = document.getElementById("since");
  if (since) since.href = `${bar.dataset.since}&as_of=${day}`;
  clearTimeout(later);
  if (ask) later = setTimeout(() => story(day), 200);
}

function tiles(n) {
  const key = Object.keys(frames.ladders).at(-1);
  const values = document.querySelectorAll("#tiles strong");
  if (!key || values.length < 4) return;
  const ladder = frames.ladders[key];
  labels ??= rungs(key);
  const name = (place) => (place === null ? undefined : (labels.get(ladder.rungs[place]) ?? ladder.rungs[place]));
  values[0].textContent = name(ladder.baseline[n]) ?? "–";
  values[1].textContent = name(ladder.latest[n]) ?? "–";
  values[2].textContent = name(ladder.sustained[n]) ?? "Not enough contacts yet";
  values[3].textContent = ladder.contacts[n];
  for (const [plot] of veils) {
    if (plot.layout.meta.ladder === key)
      tell(
        plot,
        `${ladder.contacts[n]} contacts by ${say(frames.days[n])}. Starting point: ${values[0].textContent}. ` +
          `Latest: ${values[1].textContent}. Kept up (3 of 5 contacts): ${values[2].textContent}.`,
      );
  }
}

// The words beside a drawing say the same as the drawing.
function tell(plot, said) {
  const card = plot.closest(".card");
  card.querySelector(".alt").textContent = said;
  plot.setAttribute("aria-label", `${card.querySelector("h2").textContent}. ${said}`);
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

function themes(plot, n) {
  const sum = (name) =>
    cells(plot)
      .flat()
      .reduce((total, cell) => total + (cell?.[name][n] ?? 0), 0);
  tell(plot, `Seen ${sum("seen")} of ${sum("of")} times that it was looked for by ${say(frames.days[n])}.`);
  waiting.add(plot);
  draw();
}

// This drawing takes longer than a step may. So it is made when the hand pauses for a moment, of the day where the
// slider is by then, and only where it is in sight.
function draw() {
  drawing ??= soon(
    () => {
      drawing = undefined;
      for (const plot of [...waiting].filter(inSight)) {
        waiting.delete(plot);
        heat(plot, +slider.value);
      }
    },
    { timeout: 150 },
  );
}

function heat(plot, n) {
  const each = (told, none) =>
    cells(plot).map((row) => row.map((cell) => (cell?.of[n] ? told(cell.seen[n], cell.of[n]) : none)));
  window.Plotly.restyle(plot, {
    z: [each((seen, of) => seen / of, null)],
    text: [each((seen, of) => `${seen} of ${of}`, "–")],
  });
}

// By theme, then by kind of slot. A pair that was never scored has no cell.
function cells(plot) {
  const { framework, themes, kinds } = plot.layout.meta;
  return themes.map((theme) => kinds.map((kind) => frames.themes[framework]?.[theme]?.[kind]));
}

function inSight(plot) {
  const { top, bottom } = plot.getBoundingClientRect();
  return top < innerHeight && bottom > 0;
}

addEventListener("scroll", draw, { passive: true });

// Paper has no sight: whatever waits is drawn before it is printed, of the day that is shown.
addEventListener("beforeprint", () => {
  for (const plot of waiting) heat(plot, +slider.value);
  waiting.clear();
});

async function story(day) {
  const answer = await fetch(`${bar.dataset.story}&as_of=${day}`, { headers: { accept: "text/html" } });
  if (!answer.ok || frames.days[+slider.value] !== day) return;
  const part = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.getElementById("story").replaceChildren(...part.body.childNodes);
  document.getElementById("how-many").textContent = `The newest entries up to ${say(day)}.`;
}

// What happened on a day as small marks under the slider: the legend says which, and on which line each is drawn.
function marks() {
  const strip = document.getElementById("marks");
  const last = Math.max(1, frames.days.length - 1);
  for (const {
    className: name,
    dataset: { line },
  } of document.querySelectorAll(".legend [data-line]")) {
    for (const n of frames.marks[name] ?? []) {
      const mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      for (const [part, value] of [
        ["x", (1000 * n) / last - 2],
        ["y", line * 5],
        ["width", 4],
        ["height", 4],
        ["class", name],
      ])
        mark.setAttribute(part, value);
      strip.append(mark);
    }
  }
}
