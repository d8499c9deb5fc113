// Hands on the trail: the grip at the end of the path turns and stretches it, and where it is to be drawn, a pen draws it.

const tip = within(".grip");
const GRIP_ROOM = 16;                // pixels of the page between the end of the path and the grip
const APART = 0.4;                   // pixels of the photo between two points that are kept
const MOST = 400;                    // points that the server takes
const SPAN = 98;                     // pixels of the photo that a path may span
const PEN = 41;                      // pixels of the photo that there are to draw on, at least
let pen = null;                      // the points of the line that is being drawn

function placeGrip(angle, reach) {
  const size = trail.clientWidth, long = Math.min(size / 2 - 14, (reach * size) / field + GRIP_ROOM);
  Object.assign(tip.style, { left: `${size / 2 + long * Math.cos(angle)}px`, top: `${size / 2 + long * Math.sin(angle)}px` });
}

// A place on the trail in the photo's pixels, from its middle.
function onTrail(event) {
  const box = trail.getBoundingClientRect();
  return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2].map((side) => (side * field) / box.width);
}

function isDrawing(wanted) {
  const button = within('[data-path="draw"]');
  if (wanted === undefined) return button.getAttribute("aria-pressed") === "true";
  button.setAttribute("aria-pressed", String(wanted));
  within(".ask").hidden = !wanted;
  tip.hidden = wanted;
  within(".trail").classList.toggle("drawing", wanted);
  isHolding = wanted;
  trail.tabIndex = wanted ? 0 : -1;
  trail.setAttribute("role", wanted ? "application" : "img");  // so that screen readers leave it the arrow keys
  if (!wanted) {
    pen = null;
    if (document.activeElement === trail) button.focus({ preventScroll: true });
    return wanted;
  }
  trail.setAttribute("aria-label", lane.drawing);
  trail.focus({ preventScroll: true });
  field = Math.max(PEN, field);
  paintTrail(trail, source.sheet, source.shape, field, bend);
  paintScale(trail, field, lane.pixels);
  return wanted;
}

function drag(event) {
  const [x, y] = onTrail(event), { shape } = source;
  const degrees = ((Math.atan2(y, x) - shape.angle) * 180) / Math.PI, turn = Math.round(((degrees + 540) % 360) - 180);
  const reach = Math.max(1, Math.hypot(x, y) - (GRIP_ROOM * field) / trail.clientWidth);
  const length = Math.round(Math.min(200, Math.max(50, (100 * reach) / Math.max(1, shape.reach))));
  if (turn !== bend.turn || length !== bend.length) set({ turn, length });
}

tip.addEventListener("pointerdown", (event) => {
  if (event.button > 0) return;
  tip.setPointerCapture(event.pointerId);
  isHolding = true;
});
tip.addEventListener("pointermove", (event) => { if (tip.hasPointerCapture(event.pointerId)) drag(event); });
for (const end of ["pointerup", "pointercancel"]) tip.addEventListener(end, () => { isHolding = false; showPath(); });
tip.addEventListener("dblclick", () => set({ turn: 0, length: 100 }));

trail.addEventListener("pointerdown", (event) => {
  if (!isDrawing() || event.button > 0) return;
  trail.setPointerCapture(event.pointerId);
  pen = [onTrail(event)];
});
trail.addEventListener("pointermove", (event) => {
  if (!pen || !trail.hasPointerCapture(event.pointerId)) return;
  for (const each of event.getCoalescedEvents?.() || [event]) extend(onTrail(each));
  paintLine();
});
trail.addEventListener("pointerup", finishLine);
trail.addEventListener("pointercancel", () => { if (pen) { pen = null; isDrawing(true); } });

// By keys the line begins in the middle: arrows lead it on by a pixel of the photo, with Shift by five.
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const FAR = 5;
trail.addEventListener("keydown", (event) => {
  if (!isDrawing() || event.ctrlKey || event.metaKey || event.altKey) return;
  const way = WAYS[event.key];
  if (way) {
    pen ??= [[0, 0]];
    for (let i = 0; i < (event.shiftKey ? FAR : 1); i += 1) extend(pen.at(-1).map((side, axis) => side + way[axis]));
    paintLine();
  } else if (event.key === "Backspace" && pen) {
    if (pen.length > 1) pen = pen.slice(0, -1);
    paintLine();
  } else if (event.key === "Enter") finishLine();
  else if (event.key === "Escape") { isDrawing(false); showPath(); }
  else return;
  event.preventDefault();
  event.stopPropagation();
});

function finishLine() {
  if (!pen) return;
  const line = middled(pen);
  pen = null;
  if (line.length < 2) return;       // a tap draws nothing: the pen stays ready
  isDrawing(false);
  useLine(line);
}

function extend([x, y]) {
  const last = pen.at(-1), longer = [...pen, [x, y]];
  if (pen.length >= MOST || Math.hypot(x - last[0], y - last[1]) < APART) return;
  if ([0, 1].every((axis) => spanOf(longer, axis) <= SPAN)) pen = longer;
}

const spanOf = (line, axis) => Math.max(...line.map((point) => point[axis])) - Math.min(...line.map((point) => point[axis]));

// Around its own middle, to hundredths of a pixel.
function middled(line) {
  const middle = [0, 1].map((axis) => (Math.max(...line.map((point) => point[axis])) + Math.min(...line.map((point) => point[axis]))) / 2);
  return line.map((point) => point.map((side, axis) => Math.round(100 * (side - middle[axis])) / 100));
}

function paintLine() {
  const brush = darkroom(trail, field);
  Object.assign(brush, { strokeStyle: "#fff", lineWidth: 1, lineCap: "round", lineJoin: "round", shadowColor: HALO, shadowBlur: trail.width / 16 });
  brush.beginPath();
  pen.forEach(([x, y], i) => (i ? brush.lineTo(x, y) : brush.moveTo(x, y)));
  brush.stroke();
  paintScale(trail, field, lane.pixels);
}

function straight() {
  isDrawing(false);
  const half = Math.max(3, Math.round((source.shape.length * bend.length) / 200));
  useLine([[-half, 0], [half, 0]]);
}

const DOINGS = {
  draw: () => { if (!isDrawing(!isDrawing())) showPath(); },
  straight,
  back: backToFound,
  apply: () => { isDrawing(false); wantAll("bend", { bend: tidy(bend) }); },
};
one(".path").addEventListener("click", (event) => DOINGS[event.target.closest("[data-path]")?.dataset.path]?.());
