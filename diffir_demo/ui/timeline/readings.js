// What the numbers say at every moment: a small plot for each thing that they tell, on its own scale from zero.

const WIDE = 100, HIGH = 40, ROOM = 4;           // of a plot's own units; what is left free at its edges

function shape(kind, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, text] of Object.entries(attributes)) node.setAttribute(name, text);
  return node;
}

function renderReadings() {
  const readings = value()?.readings ?? [];
  find(".readings").hidden = !readings.length;
  if (readings.length) find(".lines").replaceChildren(...readings.map(plotted));
}

function plotted({ title, values, texts, error, end }) {
  const figure = document.createElement("figure"), caption = figure.appendChild(document.createElement("figcaption"));
  caption.append(line(title), Object.assign(document.createElement("b"), { textContent: end }));
  const names = values.map((_, i) => (i ? String(i) : props.words.noise.toLowerCase()));
  const spoken = texts.map((text, i) => `${names[i]} ${text}`).join(", ");
  const svg = figure.appendChild(shape("svg", {
    viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img",
    "aria-label": filled(props.words.reading_spoken, { title, path: spoken }),
  }));
  const top = Math.max(...values.map((each) => each + error), 1e-6);
  const x = (i) => ROOM + (i * (WIDE - 2 * ROOM)) / Math.max(1, last());
  const y = (each) => HIGH - ROOM - (Math.max(0, each) / top) * (HIGH - 2 * ROOM);
  const along = (list) => list.map(([i, each]) => `${x(i).toFixed(2)},${y(each).toFixed(2)}`).join(" L");
  const upper = values.map((each, i) => [i, each + error]), lower = values.map((each, i) => [i, each - error]).reverse();
  svg.append(shape("path", { class: "band", d: `M${along([...upper, ...lower])}Z` }));
  svg.append(shape("path", { class: "path", d: `M${along([...values.entries()])}` }));
  values.forEach((each, i) => {
    const spot = { class: i === current() ? "spot here" : "spot", d: `M${x(i).toFixed(2)},${y(each).toFixed(2)}h0` };
    svg.append(shape("path", spot));
  });
  const ends = figure.appendChild(Object.assign(document.createElement("div"), { className: "ends" }));
  ends.append(line(`${props.words.noise}: ${texts[0]}`), line(filled(props.words.step, { number: last() })));
  return figure;
}
