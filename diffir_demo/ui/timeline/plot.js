// The numbers as pictures: maps, bars and their scale, in the colours that trace/plot.py has for its files too.

const map = find(".map"), bars = find(".bars"), scale = find(".scale");
const isDark = () => Boolean(element.closest(".dark") || document.body.classList.contains("dark"));
const ink = (name) => getComputedStyle(root).getPropertyValue(name).trim();

function palette() {
  const stops = (isDark() ? props.colours.dark : props.colours.light).map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  const places = props.colours.places;
  return (share) => {            // -1 .. 1 -> [r, g, b]
    const at = Math.max(-1, Math.min(1, share)), i = Math.max(1, places.findIndex((place) => at <= place));
    const t = (at - places[i - 1]) / (places[i] - places[i - 1]);
    return stops[i].map((end, c) => Math.round(stops[i - 1][c] + (end - stops[i - 1][c]) * t));
  };
}

const side = (count) => Math.ceil(Math.sqrt(count));

function drawSmallMap(canvas, numbers, bound) {
  const mix = palette(), size = side(numbers.length);
  canvas.width = canvas.height = size;
  const brush = canvas.getContext("2d"), image = brush.createImageData(size, size);
  numbers.forEach((number, i) => image.data.set([...mix(number / bound), 255], 4 * i));
  brush.putImageData(image, 0, 0);
}

function blank(canvas) { canvas.width = canvas.height = 1; }

function sharp(canvas) {         // one canvas pixel per pixel of the screen
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const brush = canvas.getContext("2d");
  brush.clearRect(0, 0, width, height);
  return { brush, width, height, ratio };
}

function drawMap(numbers, bound) {
  const { brush, width, ratio } = sharp(map), mix = palette(), count = side(numbers.length), cell = width / count;
  const edge = (i) => Math.round(i * cell);
  numbers.forEach((number, i) => {
    const x = i % count, y = Math.floor(i / count);
    brush.fillStyle = `rgb(${mix(number / bound)})`;
    brush.fillRect(edge(x), edge(y), edge(x + 1) - edge(x), edge(y + 1) - edge(y));
  });
  if (cursor === null) return;
  const x = edge(cursor % count), y = edge(Math.floor(cursor / count));
  [[5, "--paper"], [2.5, "--body-text-color"]].forEach(([thick, colour]) => {
    brush.lineWidth = thick * ratio;
    brush.strokeStyle = ink(colour);
    brush.strokeRect(x, y, cell, cell);
  });
}

function drawBars(numbers, bound) {
  const { brush, width, height, ratio } = sharp(bars), mix = palette();
  const middle = height / 2, step = width / numbers.length, reach = middle - 4 * ratio;
  const [below, above] = [mix(-0.6), mix(0.6)];
  if (cursor !== null) {
    brush.fillStyle = ink("--marker");
    brush.fillRect(cursor * step - ratio, 0, Math.max(step, ratio) + 2 * ratio, height);
  }
  brush.fillStyle = ink("--line");
  [-1, -0.5, 0.5, 1].forEach((share) => brush.fillRect(0, middle - share * reach, width, Math.max(1, ratio / 2)));
  numbers.forEach((number, i) => {
    const length = Math.min(1, Math.abs(number) / bound) * reach;
    brush.fillStyle = `rgb(${number < 0 ? below : above})`;
    brush.fillRect(i * step, number < 0 ? middle : middle - length, Math.max(1, step - ratio / 2), Math.max(1, length));
  });
  brush.fillStyle = ink("--body-text-color-subdued");
  brush.fillRect(0, middle, width, Math.max(1, ratio / 2));
  brush.font = `${11 * ratio}px ${getComputedStyle(root).fontFamily}`;
  brush.fillText(`+${decimals(bound, 2)}`, 4 * ratio, 15 * ratio);
  brush.fillText(signed(-bound, 2), 4 * ratio, height - 7 * ratio);
}

function drawScale(bound) {
  const { brush, width, height } = sharp(scale), mix = palette();
  for (let x = 0; x < width; x++) {
    brush.fillStyle = `rgb(${mix((2 * x) / Math.max(1, width - 1) - 1)})`;
    brush.fillRect(x, 0, 1, height);
  }
  const ticks = bound === null ? ["–", "", "0", "", "+"] : [-1, -0.5, 0, 0.5, 1].map((share) => (share ? signed(share * bound, 2) : "0"));
  find(".ticks").replaceChildren(...ticks.map(line));
}

function renderNumbers() {
  const step = row();
  [map, bars].forEach((canvas) => {
    canvas.tabIndex = step ? 0 : -1;
    canvas.setAttribute("aria-disabled", String(!step));
    canvas.setAttribute("aria-valuemax", String(step?.numbers.length ?? 1));
    canvas.setAttribute("aria-valuenow", String((cursor ?? 0) + 1));
    canvas.setAttribute("aria-valuetext", step ? `${step.title}. ${reading(cursor ?? 0)}` : "");
  });
  find(".probe").textContent = !step ? "" : cursor === null ? props.words.probe_hint : `${reading(cursor)}; ${path(cursor)}`;
  if (step) {
    drawMap(step.numbers, value().bound);
    drawBars(step.numbers, value().bound);
  } else [map, bars].forEach(sharp);
  drawScale(value()?.bound ?? null);
}

const reading = (index) =>
  filled(props.words.probe, { index: index + 1, count: row().numbers.length, value: signed(row().numbers[index]) });

function path(index) {           // one number through all steps
  return filled(props.words.probe_path, { path: rows().map((step) => signed(step.numbers[index], 2)).join(" → ") });
}
