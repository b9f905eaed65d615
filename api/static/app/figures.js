// Draws every figure on the page from the JSON beside it. The table under it says the same where this does not run.

// Names come with line ends for a wide page: inside a word with a space of no width before them. On a narrow one they
// are broken anew, in as many lines as they need, so that none is ever cut.
const [NARROW, LETTERS, LINE, LABELS] = [560, 17, 17, 124];
function inLines(name) {
  const lines = [];
  for (let word of name.replaceAll("\u200b<br>", "").replaceAll("<br>", " ").split(" ")) {
    // A "<" or "&" of somebody's words comes as its entity, which is one letter.
    const letters = word.match(/&\w+;|./gsu) ?? [];
    while (letters.length > LETTERS) lines.push(letters.splice(0, LETTERS).join(""));
    word = letters.join("");
    if (lines.length && `${lines.at(-1)} ${word}`.length <= LETTERS) lines.push(`${lines.pop()} ${word}`);
    else if (word) lines.push(word);
  }
  return lines;
}

function madeNarrow({ layout }) {
  layout.margin = { ...layout.margin, l: LABELS, r: 14 };
  layout.font = { ...layout.font, size: 13 };
  const names = (layout.yaxis?.ticktext ?? []).map(inLines);
  if (!names.length) return;
  layout.yaxis.ticktext = names.map((lines) => lines.join("<br>"));
  const tallest = Math.max(...names.map((lines) => lines.length));
  layout.height = Math.max(layout.height, layout.margin.t + layout.margin.b + names.length * (tallest * LINE + 4));
  if (layout.xaxis) layout.xaxis.nticks = 4;
}
const config = {
  displaylogo: false,
  showSendToCloud: false,
  plotlyServerURL: "",
  responsive: true,
  displayModeBar: false,
};

// The colours that figures are made in, each with the one of the page's own that it stands for.
const own = {
  "#1d2733": "--ink",
  "#4a5866": "--quiet",
  "#d8dfe6": "--rule",
  "#12436d": "--brand",
  "#00695c": "--good",
  "#efe6d2": "--plum-soft",
  "#eef2f6": "--sunk",
  "#6d3470": "--plum",
  "#d9eee8": "--good-soft",
  "#b9e0d7": "--middle",
  "#ffffff": "--page",
  "#6fc2b4": "--band",
};
const made = Object.keys(own);
let shown = made;

function ofThePage() {
  const style = getComputedStyle(document.documentElement);
  return Object.values(own).map((name) => style.getPropertyValue(name).trim());
}

function recoloured(part, from, to) {
  const named = (text) => (from.includes(text) ? to[from.indexOf(text)] : text);
  return JSON.parse(JSON.stringify(part), (_, value) => (typeof value === "string" ? named(value) : value));
}

// What a figure shows may have changed since it was drawn, so it is drawn anew from what it shows now.
function paint(colours) {
  const before = shown;
  shown = colours;
  if (before.join() === colours.join()) return;
  for (const place of document.querySelectorAll("[data-figure]"))
    window.Plotly.react(
      place,
      recoloured(place.data, before, colours),
      recoloured(place.layout, before, colours),
      config,
    );
}

shown = ofThePage();
for (const place of document.querySelectorAll("[data-figure]")) {
  const figure = JSON.parse(document.getElementById(place.dataset.figure).textContent);
  if (place.clientWidth < NARROW) madeNarrow(figure);
  window.Plotly.newPlot(place, recoloured(figure.data, made, shown), recoloured(figure.layout, made, shown), config);
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => paint(ofThePage()));
// Paper is white, whatever the screen is.
addEventListener("beforeprint", () => paint(made));
addEventListener("afterprint", () => paint(ofThePage()));
document.documentElement.dataset.ready = "1";
