// One zoom for all panes: which point of the picture is in their middle, and how large its pixels are on the page.

const LARGEST = 32;                  // times; pixels as large as a thumb
const SMALL = 8;                     // times that a tiny picture is enlarged to fill the stage
const NARROW = 560;                  // pixels of a stage as phones have it
const EDGE = 52;                     // pixels that names and buttons take at a stage's upper and lower edge
const GAP = 2;                       // between panes
const view = { zoom: 1, x: 0, y: 0, fitted: true };
let rects = [{ x: 0, y: 0, w: 1, h: 1 }];

const density = () => Math.min(2, window.devicePixelRatio || 1);

// A picture that is smaller than the stage is enlarged to fit, and may be seen in its own size.
const least = () => Math.min(1, fitting(rects[0]));
const isZoomed = () => view.zoom > 1.001 * fitting(rects[0]);

// On narrow stages names and buttons stand above and below the picture: they would cover much of a small one.
function fitting(rect) {
  const edge = stage.clientWidth <= NARROW && rect.h >= 4 * EDGE ? EDGE : 0;
  return Math.min(rect.w / value.size[0], (rect.h - 2 * edge) / value.size[1], SMALL);
}

// As many columns as make the pictures largest.
function layout() {
  const width = stage.clientWidth, height = stage.clientHeight, count = mode === "side" ? chosen.length : 1;
  if (!width || !value.size) return;
  let best = null;
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cell = { w: (width - GAP * (columns - 1)) / columns, h: (height - GAP * (rows - 1)) / rows };
    if (!best || fitting(cell) > fitting(best.cell)) best = { columns, cell };
  }
  const { columns, cell } = best;
  rects = Array.from({ length: count }, (_, i) => {
    const column = i % columns, row = Math.floor(i / columns);
    return { x: column * (cell.w + GAP), y: row * (cell.h + GAP), ...cell };
  });
  const ratio = density();
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  if (view.fitted || view.zoom < least()) fit(); else keepInside();
}

function fit() {
  Object.assign(view, { zoom: fitting(rects[0]), x: value.size[0] / 2, y: value.size[1] / 2, fitted: true });
  showLevel();
}

// A picture that is larger than its pane fills it; a smaller one stands in the middle.
function keepInside() {
  for (const [axis, side, shown] of [["x", value.size[0], rects[0].w], ["y", value.size[1], rects[0].h]]) {
    const reach = shown / 2 / view.zoom;
    view[axis] = 2 * reach >= side ? side / 2 : Math.min(side - reach, Math.max(reach, view[axis]));
  }
  showLevel();
}

function showLevel() {
  const percent = 100 * view.zoom;
  one(".level").textContent = `${percent < 10 ? decimals(percent, 1) : Math.round(percent)} %`;
  root.dataset.zoomed = String(isZoomed());
}

// The pane at a place on the page, and that place from its middle.
function under(clientX, clientY) {
  const box = stage.getBoundingClientRect(), x = clientX - box.left - stage.clientLeft, y = clientY - box.top - stage.clientTop;
  const inside = (each) => x >= each.x && x < each.x + each.w && y >= each.y && y < each.y + each.h;
  const index = Math.max(0, rects.findIndex(inside)), rect = rects[index];
  return { index, x, y, dx: x - rect.x - rect.w / 2, dy: y - rect.y - rect.h / 2 };
}

// What is under (dx, dy), from the middle of a pane, stays there.
function zoomTo(zoom, dx = 0, dy = 0) {
  const next = Math.min(LARGEST, Math.max(least(), zoom)), whole = fitting(rects[0]);
  view.x += dx / view.zoom - dx / next;
  view.y += dy / view.zoom - dy / next;
  view.zoom = next;
  view.fitted = Math.abs(next / whole - 1) < 0.001;
  if (view.fitted) fit(); else keepInside();
  moved();
}

function pan(dx, dy) {
  view.x -= dx / view.zoom;
  view.y -= dy / view.zoom;
  keepInside();
  moved();
}

function moved() {
  showMode();
  draw();
  wantRegions();
}
