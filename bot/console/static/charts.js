// Draws what canvases carry in data-chart, in the console's colours; the same numbers stand in a table beside each.
"use strict";

// Custom properties hold light-dark(…), which a canvas does not understand: an element resolves it.
function resolved(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

const KINDS = {
  stacked({ labels, series, names }, colours) {
    const datasets = series.map((data, place) => ({
      data, label: names[place], backgroundColor: colours.series[place], stack: "all", maxBarThickness: 36,
    }));
    return {
      type: "bar",
      data: { labels, datasets },
      options: { scales: { x: { stacked: true }, y: { stacked: true, beginAtZero: true, ticks: { precision: 0 } } } },
    };
  },
  forecast({ series, names }, colours) {
    const datasets = series.map(({ points, now, name }, place) => ({
      data: points, label: name, showLine: true, borderColor: colours.series[place], backgroundColor: colours.series[place],
      pointRadius: points.map((point) => (point.x === now ? 9 : 4)), pointStyle: points.map((point) => (point.x === now ? "rectRot" : "circle")),
    }));
    const scale = { ticks: { callback: (share) => share.toLocaleString(undefined, { style: "percent" }) } };
    const label = ({ dataset, raw }) => {
      const [x, y] = [raw.x, raw.y].map((share) => share.toLocaleString(undefined, { style: "percent", maximumFractionDigits: 1 }));
      return `${dataset.label}: ${x} → ${y}${dataset.pointRadius[dataset.data.indexOf(raw)] > 4 ? ` (${names[2]})` : ""}`;
    };
    return {
      type: "scatter",
      data: { datasets },
      options: {
        plugins: { tooltip: { callbacks: { label } } },
        scales: {
          x: { ...scale, title: { display: true, text: names[0], color: colours.ink } },
          y: { ...scale, min: 0, suggestedMax: 0.5, title: { display: true, text: names[1], color: colours.ink } },
        },
      },
    };
  },
  reliability({ points, names }, colours) {
    const scale = { min: 0, max: 1, ticks: { format: { style: "percent" } } };
    return {
      type: "scatter",
      data: {
        datasets: [
          { data: points, label: names[0], backgroundColor: colours.series[0], pointRadius: 6 },
          { data: [{ x: 0, y: 0 }, { x: 1, y: 1 }], label: names[1], showLine: true, pointRadius: 0, borderColor: colours.faint, borderDash: [5, 5] },
        ],
      },
      options: {
        scales: {
          x: { ...scale, title: { display: true, text: names[2], color: colours.ink } },
          y: { ...scale, title: { display: true, text: names[3], color: colours.ink } },
        },
      },
    };
  },
};

let drawn = [];

function draw() {
  for (const chart of drawn) chart.destroy();
  const colours = { series: ["--accent", "--warm", "--faint"].map(resolved), ink: resolved("--ink"), faint: resolved("--faint"), line: resolved("--line") };
  Chart.defaults.color = colours.ink;
  Chart.defaults.borderColor = colours.line;
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  drawn = [...document.querySelectorAll("canvas[data-chart]")].map((canvas) => {
    const settings = KINDS[canvas.dataset.kind](JSON.parse(canvas.dataset.chart), colours);
    const quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
    settings.options = { ...settings.options, responsive: true, maintainAspectRatio: false, ...(quiet ? { animation: false } : {}) };
    return new Chart(canvas, settings);
  });
}

draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
