// The bars: as many rows as the width asks for, one scale for all. Runs in the scope of lab.js.

const NARROWEST = 4.5;           // pixels a bar
const ROW = 150, ROW_IN_ROWS = 92;
let grip = null;                 // { index, y, started }: the bar under a pressed mouse or pen
let bound = 1;                   // the number at the top of a row

const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

function reach() {
  const largest = (vector) => vector.reduce((most, number) => Math.max(most, Math.abs(number)), 0);
  return Math.max(1.25 * largest(own), 1.05 * largest(numbers)) || 1;
}

// How the bars stand: { rows, each (bars a row), width (of a bar), height (of a row) }, in pixels of the page.
function grid() {
  const width = bars.clientWidth || 1;
  const rows = Math.max(1, Math.ceil((numbers.length * NARROWEST) / width));
  const each = Math.ceil(numbers.length / rows) || 1;
  return { rows, each, width: width / each, height: rows > 1 ? ROW_IN_ROWS : ROW };
}

function draw() {
  const { rows, each, width, height } = grid(), ratio = window.devicePixelRatio || 1;
  bars.style.height = `${rows * height}px`;
  bars.width = Math.round(bars.clientWidth * ratio);
  bars.height = Math.round(rows * height * ratio);
  const brush = bars.getContext("2d");
  brush.scale(ratio, ratio);
  const tint = Object.fromEntries(
    ["--negative", "--positive", "--own", "--body-text-color", "--border-color-primary", "--color-accent"]
      .map((name) => [name, colour(name)]));
  const marked = new Set(chosen()), gap = width > 4 ? 1 : 0.5, half = height / 2 - 5;
  for (let row = 0; row < rows; row++) {
    brush.fillStyle = tint["--border-color-primary"];
    brush.fillRect(0, row * height + height / 2 - 0.5, bars.clientWidth, 1);
    if (row) brush.fillRect(0, row * height, bars.clientWidth, 1);
  }
  numbers.forEach((number, i) => {
    const x = (i % each) * width, middle = (Math.floor(i / each) + 0.5) * height;
    if (marked.has(i)) {
      brush.fillStyle = tint["--color-accent"];
      brush.globalAlpha = 0.22;
      brush.fillRect(x, middle - height / 2 + 1, width, height - 2);
      brush.globalAlpha = 1;
    }
    const long = Math.min(1, Math.abs(number) / bound) * half;
    brush.fillStyle = tint[number < 0 ? "--negative" : "--positive"];
    if (long > 0) brush.fillRect(x + gap / 2, number < 0 ? middle : middle - long, width - gap, Math.max(1, long));
    if (number !== own[i]) {     // where it was
      brush.fillStyle = tint["--body-text-color"];
      brush.fillRect(x, middle - (own[i] / bound) * half - 1, width, 2);
    }
  });
}

// The number under a point of the page, and the value that its height means.
function under(event) {
  const { each, width, height, rows } = grid(), box = bars.getBoundingClientRect();
  const y = event.clientY - box.top, row = Math.max(0, Math.min(rows - 1, Math.floor(y / height)));
  const column = Math.max(0, Math.min(each - 1, Math.floor((event.clientX - box.left) / width)));
  return Math.min(numbers.length - 1, row * each + column);
}
function meant(event, index) {
  const { each, height } = grid(), box = bars.getBoundingClientRect();
  const middle = (Math.floor(index / each) + 0.5) * height;
  const share = (middle - (event.clientY - box.top)) / (height / 2 - 5);
  return Math.max(-1, Math.min(1, share)) * bound;
}

bars.addEventListener("pointerdown", (event) => {
  if (!numbers.length || event.button) return;
  last = under(event);
  if (!event.shiftKey) first = last;
  // Fingers choose here and change with the slider below: a page must scroll under them.
  if (event.pointerType !== "touch" && !event.shiftKey) {
    grip = { index: last, y: event.clientY, started: false };
    bars.setPointerCapture(event.pointerId);
  }
  render();
});
bars.addEventListener("pointermove", (event) => {
  if (!grip) return;
  if (!grip.started && Math.abs(event.clientY - grip.y) < 3) return;
  if (!grip.started) { remember(); numbers = numbers.slice(); grip.started = true; }
  numbers[grip.index] = bounded(meant(event, grip.index));
  render(true);
});
for (const name of ["pointerup", "pointercancel"]) {
  bars.addEventListener(name, () => {
    if (grip?.started) publish();
    grip = null;
  });
}
