// Draws every figure on the page from the JSON beside it. The table under it says the same where this does not run.

// Names come with line ends for a wide page: inside a word with a space of no width before them.
function inTwoLines(name) {
  const whole = name.replaceAll("\u200b<br>", "").replaceAll("<br>", " ");
  if (whole.length <= 18) return whole;
  const space = whole.lastIndexOf(" ", 18);
  const [first, rest] =
    space > 5 ? [whole.slice(0, space), whole.slice(space + 1)] : [whole.slice(0, 18), whole.slice(18)];
  return `${first}<br>${rest.length > 18 ? `${rest.slice(0, 17)}…` : rest}`;
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
  const narrow = place.clientWidth < 560;
  if (narrow) {
    figure.layout.margin = { ...figure.layout.margin, l: 120, r: 22 };
    figure.layout.font = { ...figure.layout.font, size: 11 };
    for (const axis of ["xaxis", "yaxis"]) {
      const named = figure.layout[axis]?.ticktext;
      if (named) figure.layout[axis].ticktext = named.map(inTwoLines);
    }
  }
  window.Plotly.newPlot(place, recoloured(figure.data, made, shown), recoloured(figure.layout, made, shown), config);
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => paint(ofThePage()));
// Paper is white, whatever the screen is.
addEventListener("beforeprint", () => paint(made));
addEventListener("afterprint", () => paint(ofThePage()));
document.documentElement.dataset.ready = "1";
