// Draws the figures of tables as lines, by Chart.js, above the table: that has all of them as
// numbers, so programs that read the page aloud pass the charts over, and without scripts nothing is
// missing. A table with data-chart has times in its first column, the newest first; in one with
// data-track each row is a line, followed for as long as the page is open. Heads with data-line name
// the columns that are drawn: those of one name in one chart.
"use strict";
const KEPT_SECONDS = 600, LINES = 7, HEIGHT_CLASS = "plot";
const tracked = new Map(); // chart and line -> [{at, y}]
let drawn = [];

const theme = () => {
  const style = getComputedStyle(document.documentElement);
  const colour = name => style.getPropertyValue(name).trim();
  return {ink: colour("--soft"), grid: colour("--line"),
    lines: [...Array(LINES).keys()].map(i => colour(`--line-${i + 1}`))};
};

const number = cell => {
  const value = parseFloat(cell ? cell.textContent : "");
  return Number.isFinite(value) ? value : null;
};

const heads = table => [...table.querySelectorAll("th[data-line]")].map(head => ({
  title: head.dataset.line, name: head.dataset.name, column: Number(head.dataset.column)}));

// [{title, labels, lines: [{name, points}]}] of a table with times.
const charted = table => {
  const rows = [...table.tBodies[0].rows].reverse();
  const charts = new Map();
  for (const {title, name, column} of heads(table)) {
    if (!charts.has(title)) {
      charts.set(title, {title, lines: [],
        labels: rows.map(row => row.cells[0].textContent.slice(-5))});
    }
    charts.get(title).lines.push({name, points: rows.map(row => number(row.cells[column]))});
  }
  return [...charts.values()];
};

// The same of a table of which each row is a line; what stands there is noted first.
const followed = table => {
  const now = Date.now() / 1000;
  return heads(table).map(({title, column}) => ({title, linear: true,
    lines: [...table.tBodies[0].rows].map(row => {
      const name = row.cells[0].firstChild.textContent, key = `${title}/${name}`;
      const kept = (tracked.get(key) || []).filter(one => one.at > now - KEPT_SECONDS);
      kept.push({at: now, y: number(row.cells[column])});
      tracked.set(key, kept);
      return {name, points: kept.map(one => ({x: one.at - now, y: one.y}))};
    })}));
};

// Seconds back from now, or the labels of the table.
const across = (linear, {ink, grid}) => {
  const axis = {type: linear ? "linear" : "category", ticks: {color: ink, maxTicksLimit: 8},
    grid: {color: grid}};
  if (linear) {
    axis.max = 0;
    axis.ticks.callback = value => `${value} s`;
  }
  return axis;
};

const options = ({linear, lines}, {ink, grid}) => ({
  animation: false, responsive: true, maintainAspectRatio: false, spanGaps: true,
  interaction: {mode: "index", intersect: false},
  plugins: {legend: {display: lines.length > 1, labels: {color: ink, boxWidth: 18, boxHeight: 1}}},
  scales: {
    x: across(linear, {ink, grid}),
    y: {beginAtZero: true, ticks: {color: ink, maxTicksLimit: 5}, grid: {color: grid}}}});

const draw = (chart, colours, into) => {
  const figure = document.createElement("figure"), caption = document.createElement("figcaption");
  const box = document.createElement("div"), canvas = document.createElement("canvas");
  caption.textContent = chart.title;
  box.className = HEIGHT_CLASS;
  box.append(canvas);
  figure.append(caption, box);
  into.append(figure);
  const datasets = chart.lines.map(({name, points}, i) => ({label: name, data: points,
    borderColor: colours.lines[i % LINES], backgroundColor: colours.lines[i % LINES],
    borderWidth: 2, pointRadius: points.length > 40 ? 0 : 2, borderDash: i ? [2 + 2 * i, 3] : []}));
  drawn.push(new Chart(canvas, {type: "line", data: {labels: chart.labels, datasets},
    options: options(chart, colours)}));
};

const drawAll = () => {
  for (const one of drawn) one.destroy();
  for (const old of document.querySelectorAll(".charts")) old.remove();
  drawn = [];
  const colours = theme();
  const {fontSize} = getComputedStyle(document.documentElement);
  Chart.defaults.font = {family: getComputedStyle(document.body).fontFamily,
    size: 0.75 * parseFloat(fontSize)};
  for (const table of document.querySelectorAll("table[data-chart], table[data-track]")) {
    const charts = "track" in table.dataset ? followed(table) : charted(table);
    const long = charts.filter(({lines}) => lines.some(({points}) => points.length > 1));
    if (!long.length) continue;
    const into = document.createElement("div");
    into.className = "charts";
    into.setAttribute("aria-hidden", "true");
    table.closest(".scroll").before(into);
    for (const chart of long) draw(chart, colours, into);
  }
};

if (window.Chart) {
  drawAll();
  document.addEventListener("replaced", drawAll); // by live.js
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
}
