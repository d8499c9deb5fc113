// What the numbers say after every step: a small plot for each kind of damage, on its own scale from zero. What the steps
// agree on from the first one is a sentence, not a plot.

const WIDE = 100, HIGH = 40, ROOM = 2;           // of a plot's own units; what is left free at its edges

function shape(kind, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, text] of Object.entries(attributes)) node.setAttribute(name, text);
  return node;
}

function renderReadings() {
  const readings = value()?.readings ?? [], moving = readings.filter(({ moves }) => moves);
  const settled = readings.filter(({ moves }) => !moves), isOver = Boolean(value()?.finished);
  find(".readings").hidden = !readings.length;
  if (!readings.length) return;
  find(".lines").replaceChildren(...(isOver ? moving : readings).map(plotted));
  find(".settled").hidden = !isOver || !settled.length;
  find(".settled").textContent = filled(props.words.settled, { list: settled.map(({ title, end }) => `${title}: ${end}`).join("; ") });
}

function plotted({ title, values, texts, inside, error, top, end }) {
  const figure = document.createElement("figure"), caption = figure.appendChild(document.createElement("figcaption"));
  caption.append(line(title), Object.assign(document.createElement("b"), { textContent: end }));
  const spoken = texts.map((text, i) => `${i + 1} ${text}`).join(", ");
  const chart = figure.appendChild(Object.assign(document.createElement("div"), { className: "chart" }));
  const svg = chart.appendChild(shape("svg", {
    viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img",
    "aria-label": filled(props.words.reading_spoken, { title, path: spoken }),
  }));
  const known = [...values.entries()].filter(([i]) => inside[i]);
  const highest = top ?? rounded(Math.max(...known.map(([, each]) => each + error), 1e-6));
  const x = (i) => ROOM + (i * (WIDE - 2 * ROOM)) / Math.max(1, last() - 1);
  const y = (each) => HIGH - (Math.min(highest, Math.max(0, each)) / highest) * HIGH;
  const along = (list) => list.map(([i, each]) => `${x(i).toFixed(2)},${y(each).toFixed(2)}`).join(" L");
  for (const share of [0, 0.5, 1]) svg.append(shape("path", { class: "grid", d: `M0,${share * HIGH}H${WIDE}` }));
  if (known.length > 1) {
    const upper = known.map(([i, each]) => [i, each + error]), lower = known.map(([i, each]) => [i, each - error]).reverse();
    svg.append(shape("path", { class: "band", d: `M${along([...upper, ...lower])}Z` }));
    svg.append(shape("path", { class: "path", d: `M${along(known)}` }));
  }
  known.forEach(([i, each]) => {
    const spot = shape("path", { class: i + 1 === current() ? "spot here" : "spot", d: `M${x(i).toFixed(2)},${y(each).toFixed(2)}h0` });
    const tip = shape("title", {});
    tip.textContent = `${filled(props.words.step, { number: i + 1 })}: ${texts[i]}`;
    spot.append(tip);
    svg.append(spot);
  });
  const mark = (className, text) => Object.assign(chart.appendChild(line(text)), { className });
  mark("high", highest.toLocaleString(document.documentElement.lang || "en"));
  mark("low", "0");
  for (let i = 0; i < last(); i++) {
    const name = i ? String(i + 1) : filled(props.words.step, { number: 1 });
    mark("tick", name).style.left = `calc(34px + (100% - 34px) * ${x(i) / WIDE})`;
  }
  return figure;
}

// 23.4 -> 25; 1.3 -> 1.5; 0.08 -> 0.1: an end of the scale that can be read.
function rounded(most) {
  const unit = 10 ** Math.floor(Math.log10(most));
  return Number(([1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((step) => step * unit >= most) * unit).toPrecision(2));
}
