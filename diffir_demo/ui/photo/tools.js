// Mouse, pen and fingers: what they draw, and how they move the view. Runs in the scope of canvas.js.

const SIZES = [1, 400];          // the brush, in pixels of the photo
const ring = part("ring");
const slider = element.querySelector(".size input");

let shape = "line";              // line (the brush), box or lasso
let erasing = false;
let brushPixels = 40;
let brushShare = 0.05;               // of the photo's width: the next photo finds the brush as the last one left it
let current = null;              // what the pointer is doing: { pointer, touch, stroke, kept } or { pointer, from }
let lastPoint = null;            // where the last brush stroke ended
let spaced = false;              // Space is held: the pointer moves the photo
const fingers = new Map();       // id -> [x, y] of every finger on the frame
let pinch = null;                // { spread, middle } of two fingers at the last move

const diameter = () => Math.min(brushPixels, size ? size[0] : brushPixels);

function setBrush(pixels) {
  brushPixels = between(SIZES[0], Math.round(pixels), SIZES[1]);
  slider.value = (100 * Math.log(brushPixels)) / Math.log(SIZES[1]);
  sizeRing();
  refresh();
}
function slide() {
  brushPixels = Math.round(SIZES[1] ** (slider.value / 100));
  keepBrush();
  refresh();
}
function keepBrush() { if (size) brushShare = brushPixels / size[0]; }
function larger() { setBrush(Math.max(brushPixels + 1, brushPixels * 1.25)); keepBrush(); }
function smaller() { setBrush(Math.min(brushPixels - 1, brushPixels / 1.25)); keepBrush(); }

function freshBrush() {
  shape = "line"; erasing = false; lastPoint = null;
  setBrush(brushShare * size[0]);
}

const takesAway = { box: false, lasso: false };  // whether they subtract: each stays as it was left

function take(tool, erase = takesAway[tool] ?? false) {
  shape = tool; erasing = erase;
  if (tool in takesAway) takesAway[tool] = erase;
  sizeRing();
  refresh();
}

// --- places --------------------------------------------------------------------------------------------------------

// Fractions of the photo; a little beyond it, too, so that strokes may begin and end outside.
function place(event) {
  const [x, y] = inFrame(event);
  const near = (number) => between(-0.5, Math.round(number * 1e5) / 1e5, 1.5);
  return [near((x - view.x) / (view.scale * size[0])), near((y - view.y) / (view.scale * size[1]))];
}

const length = (x, y) => Math.hypot(x * size[0], y * size[1]) / size[0];  // in widths

function sizeRing() {
  if (!size || !pointer || !paintable) { ring.style.display = "none"; return; }
  const across = Math.max(3, diameter() * view.scale), shown = shape === "line" && !spaced && !pinch && !inUse;
  ring.style.cssText = `display: ${shown ? "block" : "none"}; width: ${across}px; height: ${across}px;`
    + `transform: translate(${pointer[0] - across / 2}px, ${pointer[1] - across / 2}px)`;
}

// --- strokes -------------------------------------------------------------------------------------------------------

function begin(event) {
  if (current || pinch) return;
  const moves = event.button === 1 || spaced || !paintable;
  if (event.button > 1) return;
  if (event.pointerType === "touch" && moves && fitted) return;  // the page scrolls
  stage.setPointerCapture(event.pointerId);
  const about = { pointer: event.pointerId, touch: event.pointerType === "touch" };
  if (moves) { current = { ...about, from: inFrame(event) }; pad.dataset.moving = "true"; return; }
  if (inUse) { leaveInUse(); redraw(); }
  const start = place(event), erase = erasing !== event.altKey ? 1 : 0;
  const stroke = { k: shape, r: shape === "line" ? diameter() / 2 / size[0] : 0, e: erase, p: [start] };
  if (shape === "line" && event.shiftKey && lastPoint) stroke.p.unshift(lastPoint);
  if (shape === "box") stroke.p.push(start);
  current = { ...about, stroke, kept: copy(visible) };
  pad.dataset.drawing = "true";
  sketch(true);
}

function extend(event) {
  if (!current || event.pointerId !== current.pointer) return;
  if (current.from) {
    const [x, y] = inFrame(event);
    pan(x - current.from[0], y - current.from[1]);
    current.from = [x, y];
    return;
  }
  const { stroke } = current;
  if (shape === "box") { stroke.p[1] = corner(stroke.p[0], place(event), event.shiftKey); sketch(true); return; }
  // Points closer than this change nothing that can be seen, only the size of the value.
  const step = Math.max(0.5 / (view.scale * size[0]), stroke.r / 5);
  const events = event.getCoalescedEvents?.() || [];
  for (const each of events.length ? events : [event]) follow(stroke, place(each), step);
  sketch(false);
}

function follow(stroke, [x, y], step) {
  const [lastX, lastY] = stroke.p.at(-1);
  if (length(x - lastX, y - lastY) > step) stroke.p.push([x, y]);
}

function corner([fromX, fromY], [x, y], square) {
  if (!square) return [x, y];
  const side = Math.max(Math.abs(x - fromX), Math.abs(y - fromY) * (size[1] / size[0]));
  return [fromX + Math.sign(x - fromX || 1) * side, fromY + Math.sign(y - fromY || 1) * side * (size[0] / size[1])];
}

// The stroke so far: a brush only adds to its end, a box or lasso is another one at every move.
function sketch(anew) {
  const { stroke } = current, at = placement();
  const tail = !anew && stroke.k === "line" ? { ...stroke, p: stroke.p.slice(-3) } : stroke;
  if (tail === stroke) restoreKept();
  within(visible, at, (brush) => draw(brush, tail, at));
}

// The mask as it was before the stroke that is being drawn.
function restoreKept() {
  const brush = visible.getContext("2d");
  wipe(visible);
  brush.drawImage(current.kept, 0, 0);
}

function end(event) {
  fingers.delete(event.pointerId);
  if (fingers.size < 2) pinch = null;
  if (!current || event.pointerId !== current.pointer) return;
  if (current.from) { letGo(); return; }
  pad.dataset.drawing = "false";
  const { stroke } = current;
  if (event.type === "pointerup" && stroke.k !== "box") follow(stroke, place(event), 0);
  restoreKept();
  current = null;
  const [a, b] = stroke.p;
  const nothing = (stroke.k === "box" && (a[0] === b[0] || a[1] === b[1])) || (stroke.k === "lasso" && stroke.p.length < 3);
  if (stroke.k === "line") lastPoint = stroke.p.at(-1);
  if (!nothing) add(stroke);
}

// Drops what is being drawn, or ends a move.
function letGo() {
  if (current?.stroke) restoreKept();
  current = null;
  pad.dataset.moving = pad.dataset.drawing = "false";
}

// --- two fingers ---------------------------------------------------------------------------------------------------

function press(event) {
  if (!size) return;
  if (event.pointerType === "touch") {
    if (current && !current.touch) return;  // the hand that rests while a pen or mouse draws
    fingers.set(event.pointerId, inFrame(event));
    if (fingers.size === 2) {  // what the first one drew on its way there was not meant
      letGo();
      pinch = twoFingers([...fingers.values()]);
    }
    if (fingers.size > 1) return;
  }
  begin(event);
}

function move(event) {
  if (event.pointerType !== "touch") { pointer = inFrame(event); sizeRing(); }
  if (fingers.has(event.pointerId)) fingers.set(event.pointerId, inFrame(event));
  if (!pinch) { extend(event); return; }
  const next = twoFingers([...fingers.values()]);
  pan(next.middle[0] - pinch.middle[0], next.middle[1] - pinch.middle[1]);
  zoom(next.spread / Math.max(1, pinch.spread), ...next.middle);
  pinch = next;
}

stage.addEventListener("pointerdown", press);
stage.addEventListener("mousedown", (event) => { if (event.button === 1) event.preventDefault(); });
stage.addEventListener("contextmenu", (event) => { if (fingers.size) event.preventDefault(); });
stage.addEventListener("pointermove", move);
stage.addEventListener("pointerup", end);
stage.addEventListener("pointercancel", end);
stage.addEventListener("pointerleave", () => { pointer = null; sizeRing(); });
slider.addEventListener("input", slide);
