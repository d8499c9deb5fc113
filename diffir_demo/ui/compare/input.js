// Mouse, pen, fingers and keys. One finger that moves up or down scrolls the page until the picture is zoomed;
// handles and two fingers always belong to the board.

const STEP = 1.25;                   // per press of a zoom button or key
const STILL = 4;                     // pixels that a press may move and still be a click
const fingers = new Map();
let grip = null;                     // what one pointer does: { kind, x, y, hasMoved }
let pinched = null;
let scrolled = 0;

const shareAt = (event) => {
  const at = under(event.clientX, event.clientY);
  return { x: at.x / stage.clientWidth, y: at.y / stage.clientHeight };
};

function drags() {
  return mode === "slider" && !isZoomed() ? "line" : "pan";
}

function down(event, kind) {
  if (event.button > 0 || !shownResult) return;
  event.currentTarget.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  pinched = null;
  grip = fingers.size > 1 ? null : { kind, x: event.clientX, y: event.clientY, hasMoved: false };
  if (grip?.kind === "line" && event.pointerType === "mouse") setLine(shareAt(event).x);
  if (mode === "flicker") hold(fingers.size === 1);
}

function move(event) {
  if (mode === "lens" && event.pointerType === "mouse" && !fingers.size) { const at = shareAt(event); setSpot(at.x, at.y); }
  if (!fingers.has(event.pointerId)) return;
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  if (fingers.size > 1) { pinch(); return; }
  if (!grip) return;
  grip.hasMoved ||= Math.hypot(event.clientX - grip.x, event.clientY - grip.y) > STILL;
  if (!grip.hasMoved) return;
  const at = shareAt(event);
  if (grip.kind === "line") setLine(at.x);
  else if (grip.kind === "lens") setSpot(at.x, at.y);
  else { pan(event.clientX - (grip.lastX ?? grip.x), event.clientY - (grip.lastY ?? grip.y)); }
  Object.assign(grip, { lastX: event.clientX, lastY: event.clientY });
}

function up(event) {
  if (!fingers.delete(event.pointerId)) return;
  pinched = null;
  if (mode === "flicker") hold(false);
  if (grip && !grip.hasMoved && event.type === "pointerup") click(event);
  grip = null;
}

function click(event) {
  const at = shareAt(event);
  if (mode === "slider" && event.currentTarget === canvas) setLine(at.x);
  if (mode === "lens" && event.currentTarget === canvas) setSpot(at.x, at.y);
}

function pinch() {
  const next = twoFingers([...fingers.values()]);
  if (pinched) {
    const at = under(...pinched.middle);
    zoomTo((view.zoom * next.spread) / pinched.spread, at.dx, at.dy);
    if (isZoomed()) pan(next.middle[0] - pinched.middle[0], next.middle[1] - pinched.middle[1]);
  }
  pinched = next;
}

function wheel(event) {
  const isPinch = event.ctrlKey, isOut = event.deltaY > 0;
  if (!shownResult || (!isPinch && (performance.now() - scrolled < 250 || (isOut && view.zoom <= least())))) return;
  event.preventDefault();            // but a page that is being scrolled goes on, as it does past a fitted picture
  const at = under(event.clientX, event.clientY);
  zoomTo(view.zoom * wheelFactor(event), at.dx, at.dy);
}

function full(dx = 0, dy = 0) {
  zoomTo(1, dx, dy);
}

const PRESSES = {
  in: () => zoomTo(view.zoom * STEP),
  out: () => zoomTo(view.zoom / STEP),
  fit: () => { fit(); moved(); },
  full: () => full(),
  add: addPane,
  fullscreen: () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()),
  hold: () => {},
};
const KEYS = { "+": "in", "=": "in", "-": "out", "_": "out", "0": "fit", "1": "full" };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function press(event) {
  if (!shownResult || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select")) return;
  const arrow = event.target.closest("input") ? null : ARROWS[event.key];
  if (event.target === knob && moveLine(event)) { /* the knob's own keys */ }
  else if (event.target === glass && arrow) setSpot(spot.x + 0.03 * arrow[0], spot.y + 0.03 * arrow[1]);
  else if (KEYS[event.key]) PRESSES[KEYS[event.key]]();
  else if (arrow && isZoomed() && stage.contains(event.target)) pan(-60 * arrow[0], -60 * arrow[1]);
  else if (event.key.toLowerCase() === "f") { if (!event.repeat) holdByKey(true); }
  else return;
  event.preventDefault();
  event.stopPropagation();           // other parts of the page have keys, too
}

function holdByKey(held) {
  if (mode === "flicker") hold(held);
}

function moveLine(event) {
  const steps = { ArrowLeft: -0.01, ArrowDown: -0.01, ArrowRight: 0.01, ArrowUp: 0.01, PageDown: -0.1, PageUp: 0.1 };
  if (event.key === "Home" || event.key === "End") setLine(event.key === "Home" ? 0 : 1);
  else if (event.key in steps) setLine(line + steps[event.key] * (event.shiftKey ? 10 : 1));
  else return false;
  return true;
}

function grips(node, kind) {
  node.addEventListener("pointerdown", (event) => down(event, kind()));
  node.addEventListener("pointermove", move);
  node.addEventListener("pointerup", up);
  node.addEventListener("pointercancel", up);
}

grips(canvas, drags);
grips(knob, () => "line");
grips(glass, () => "lens");
stage.addEventListener("wheel", wheel, { passive: false });
stage.addEventListener("touchmove", (event) => { if (event.touches.length > 1) event.preventDefault(); }, { passive: false });
stage.addEventListener("contextmenu", (event) => { if (fingers.size) event.preventDefault(); });
stage.addEventListener("dblclick", (event) => {
  if (event.target.closest(".tag, .corner") || !shownResult) return;
  const at = under(event.clientX, event.clientY);
  if (!view.fitted) { fit(); moved(); } else if (view.zoom < 1) full(at.dx, at.dy); else zoomTo(2 * view.zoom, at.dx, at.dy);
});
root.addEventListener("keydown", press);
root.addEventListener("keyup", (event) => { if (event.key.toLowerCase() === "f") holdByKey(false); });
root.addEventListener("focusout", () => { if (!fingers.size) holdByKey(false); });
root.addEventListener("click", (event) => PRESSES[event.target.closest("[data-do]")?.dataset.do]?.());
const holder = one('[data-do="hold"]');
holder.addEventListener("pointerdown", (event) => { holder.setPointerCapture(event.pointerId); hold(true); });
for (const end of ["pointerup", "pointercancel"]) holder.addEventListener(end, () => hold(false));
holder.addEventListener("keydown", (event) => { if (event.key === " " || event.key === "Enter") hold(true); });
holder.addEventListener("keyup", () => hold(false));

const hasScrolled = () => (element.isConnected ? (scrolled = performance.now()) : window.removeEventListener("scroll", hasScrolled));
window.addEventListener("scroll", hasScrolled, { passive: true });
one('[data-do="fullscreen"]').hidden = !document.fullscreenEnabled;
new ResizeObserver(() => { if (shownResult) refresh(); wantRegions(); }).observe(stage);
watch("value", receive);
receive();
