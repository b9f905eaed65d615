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
  window.Plotly.newPlot(place, figure.data, figure.layout, config);
}
document.documentElement.dataset.ready = "1";
