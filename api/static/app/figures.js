// Draws every figure on the page from the JSON beside it. The table under it says the same where this does not run.
const config = { displaylogo: false, showSendToCloud: false, plotlyServerURL: "", responsive: true, displayModeBar: false };

for (const place of document.querySelectorAll("[data-figure]")) {
  const figure = JSON.parse(document.getElementById(place.dataset.figure).textContent);
  const narrow = place.clientWidth < 560;
  if (narrow) {
    figure.layout.margin = { ...figure.layout.margin, l: 120, r: 8 };
    figure.layout.font = { ...figure.layout.font, size: 11 };
    for (const axis of ["xaxis", "yaxis"]) {
      const named = figure.layout[axis]?.ticktext;
      if (named) figure.layout[axis].ticktext = named.map((word) => (word.length > 20 ? `${word.slice(0, 19)}…` : word));
    }
  }
  window.Plotly.newPlot(place, figure.data, figure.layout, config);
}
document.documentElement.dataset.ready = "1";
