// Draws each figure.chart from the list `charts` with uPlot.
const colours = ["#1b6ca8", "#d1495b", "#3c9d63", "#8c5fbf", "#c98a1b", "#5b6875", "#2aa5a0"];

function seriesOf(chart, i) {
  const style = chart.styles[i], colour = colours[i % colours.length];
  const base = { label: chart.names[i], stroke: colour, width: 2, spanGaps: true, points: { show: false } };
  if (style === "dashed") return { ...base, dash: [6, 4], width: 1.5 };
  if (style === "points") return { ...base, points: { show: true, size: 7, fill: colour } };
  if (style === "bars") {
    const bars = chart.styles.filter((s) => s === "bars").length;
    const before = chart.styles.slice(0, i).filter((s) => s === "bars").length;
    const align = bars === 1 ? 0 : before === 0 ? -1 : 1;
    return { ...base, width: 0, fill: colour + "99", paths: uPlot.paths.bars({ size: [0.8 / bars, 60], align }) };
  }
  return base;
}

// Lines and words of a picture in the page's own colours, light or dark.
const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function draw(figure) {
  figure.replaceChildren();
  const chart = charts[Number(figure.dataset.chart)];
  const named = chart.xNames.length > 0;
  const look = { stroke: ink("--soft"), grid: { stroke: ink("--line"), width: 1 }, ticks: { stroke: ink("--line"), width: 1 } };
  const room = figure.parentElement.clientWidth - 22;
  const xAxis = { ...look, label: chart.x, size: 44 };
  if (named) {
    xAxis.values = (_, ticks) => ticks.map((t) => chart.xNames[t] ?? "");
    xAxis.splits = () => chart.xNames.map((_, i) => i).filter((i) => chart.xNames.length < 9 || i % 2 === 0);
  }
  new uPlot({
    title: chart.title,
    width: Math.min(500, room),
    height: 300,
    scales: { x: { time: false, range: named ? () => [-0.6, chart.xNames.length - 0.4] : undefined } },
    series: [{ label: chart.x, value: named ? (_, v) => chart.xNames[v] ?? "" : undefined },
      ...chart.names.map((_, i) => seriesOf(chart, i))],
    axes: [xAxis, { ...look, label: chart.y, size: 60 }],
  }, chart.data, figure);
}

// A folded part has no layout yet: its charts are drawn when it is opened. All are drawn again when the
// room or the colours change.
const folded = (figure) => figure.closest("details:not([open])");
const undrawn = (figure) => figure.querySelector("canvas") === null;
const figures = () => [...document.querySelectorAll("figure.chart")].filter((figure) => !folded(figure));
figures().forEach(draw);
for (const part of document.querySelectorAll("details")) {
  part.addEventListener("toggle", () => figures().filter(undrawn).forEach(draw));
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => figures().forEach(draw));
let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === width) return;
  width = innerWidth;
  figures().forEach(draw);
});
