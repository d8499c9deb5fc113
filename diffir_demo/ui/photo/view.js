// What part of the photo is seen, and how large: zoom, pan, and when to draw again. Runs in the scope of canvas.js.

const SMALL = 8;                 // times that a tiny photo is enlarged to fill the frame, as its result is
const CLOSEST = 32;              // screen pixels per pixel of the photo, or 8 times fitted
const TOOLS = 184;               // pixels of the page that the tools take at the frame's left
const SETTLED = 140;             // milliseconds after the last move until everything is drawn sharp
const layers = [picture, part("rim"), part("mask")];

let view = { scale: 1, x: 0, y: 0 };  // screen pixels per pixel of the photo; where its corner is in the frame
let fitted = true;
let frame = 0, calm = 0;

const between = (low, number, high) => Math.min(high, Math.max(low, number));
const fitScale = () => Math.min(stage.clientWidth / size[0], stage.clientHeight / size[1], SMALL);
const sharpness = () => Math.min(2, window.devicePixelRatio || 1);

// The view in pixels of the layers, which are finer than the page's on good screens.
function inPixels() {
  const fine = picture.width / stage.clientWidth;
  return { scale: view.scale * fine, x: view.x * fine, y: view.y * fine };
}

function freshView() {
  fitted = true;
  measure();
}

// A photo so wide that the tools would lie on it stands beside them; so does its result.
function standBeside() {
  const bench = pad.closest(".bench");
  if (!size || !bench || !pad.clientWidth) return;
  const high = stage.clientHeight, wide = Math.min(pad.clientWidth, high * (size[0] / size[1]), SMALL * size[0]);
  bench.dataset.wide = String(paintable && (pad.clientWidth - wide) / 2 < TOOLS);
}

// Gives the layers the frame's size.
function measure() {
  standBeside();
  if (!size || !stage.clientWidth) return;   // in a tab that is not shown
  const width = Math.round(stage.clientWidth * sharpness()), height = Math.round(stage.clientHeight * sharpness());
  for (const layer of layers) {
    if (layer.width !== width || layer.height !== height) { layer.width = width; layer.height = height; }
  }
  look(view);
  drawPhoto();
  redraw();
}

// Shows the photo at that scale and place, as far as that makes sense.
function look({ scale, x, y }) {
  const fit = fitScale(), [wide, high] = [stage.clientWidth, stage.clientHeight];
  const chosen = fitted ? fit : between(fit, scale, Math.max(CLOSEST, 8 * fit));
  fitted = chosen <= fit * 1.0001;
  const held = (space, length, place) => (length <= space ? (space - length) / 2 : between(space - length, place, 0));
  view = { scale: chosen, x: held(wide, size[0] * chosen, x), y: held(high, size[1] * chosen, y) };
  pad.dataset.fitted = String(fitted);
  pad.dataset.place = JSON.stringify([view.x, view.y, size[0] * view.scale, size[1] * view.scale].map((each) => Math.round(100 * each) / 100));
  pad.dataset.seen = JSON.stringify(seen(wide, high));
  part("readout").textContent = `${Math.round(100 * view.scale)} %`;
  button("farther").disabled = button("fit").disabled = fitted;
}

// [left, top, right, bottom] of the part of the photo that is in the frame, fractions of its sides.
function seen(wide, high) {
  const [across, down] = [size[0] * view.scale, size[1] * view.scale];
  return [-view.x / across, -view.y / down, (wide - view.x) / across, (high - view.y) / down]
    .map((place) => between(0, place, 1));
}

function moved() {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(() => { if (size) { drawPhoto(); drawMask(false); sizeRing(); } });
  settle();
}

// Everything slow waits until nothing moves.
function settle() {
  clearTimeout(calm);
  calm = setTimeout(() => { if (size && stage.clientWidth) { drawMask(true); drawRim(); lookCloser(); } }, SETTLED);
}

// Zooms so that what is at (x, y) of the frame stays there.
function zoom(factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  if (!size) return;
  fitted = false;
  const before = view, most = Math.max(CLOSEST, 8 * fitScale());
  const scale = between(fitScale(), view.scale * factor, most), by = scale / before.scale;
  look({ scale, x: x - (x - before.x) * by, y: y - (y - before.y) * by });
  moved();
}

function pan(across, down) {
  if (!size) return;
  look({ ...view, x: view.x + across, y: view.y + down });
  moved();
}

function fit() { if (size) { fitted = true; look(view); moved(); } }
function trueSize() { if (size) zoom(1 / view.scale, ...pointerPlace()); }

// Where the pointer is in the frame; its middle where the pointer is elsewhere.
let pointer = null;
const pointerPlace = () => pointer || [stage.clientWidth / 2, stage.clientHeight / 2];
function inFrame(event) {
  const box = stage.getBoundingClientRect();
  return [event.clientX - box.left - stage.clientLeft, event.clientY - box.top - stage.clientTop];
}

// A page that is being scrolled goes on scrolling when the photo comes under the pointer, and takes over from the photo
// only once the wheel has rested.
let scrolled = 0, wheeled = 0;
window.addEventListener("scroll", () => (scrolled = performance.now()), { passive: true, capture: true });
stage.addEventListener("wheel", (event) => {
  const time = performance.now();
  if (!size || (time - scrolled < 250 && time - wheeled > 250)) return;
  const outwards = fitted && event.deltaY > 0 && !event.ctrlKey;
  if (outwards && time - wheeled > 400) return;
  event.preventDefault();
  wheeled = time;
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    pan(-event.deltaX || -event.deltaY, 0);
    return;
  }
  zoom(wheelFactor(event), ...inFrame(event));
}, { passive: false });
new ResizeObserver(measure).observe(stage);
