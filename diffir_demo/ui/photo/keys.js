// The keyboard, and what is pasted; the last part, which sets everything going. Runs in the scope of canvas.js.

const visibleHere = () => element.isConnected && element.offsetParent !== null;
const focused = () => (document.activeElement === document.body ? null : document.activeElement);
const typing = () => focused()?.isContentEditable
  || focused()?.matches("textarea, select, input:not([type=range]):not([type=checkbox]):not([type=radio])");
// Single letters act where one works, so that they do not disturb those who only read or dictate.
const near = () => pad.matches(":hover") || pad.contains(document.activeElement);
// Where several canvases are seen, keys and what is pasted are for the one that is worked at.
const alone = () => [...document.querySelectorAll(".pad")].every((other) => other === pad || other.offsetParent === null);
const meant = () => visibleHere() && (alone() || near());
// Whoever moves about the page by keyboard keeps the keys that do so: Tab, and Space on what has the focus. They are
// ours only between a press (or a turn of the wheel) on the photo or its tools, and the next one or Tab elsewhere.
let engaged = false;
const freeSpace = () => pointer && (engaged || !focused() || focused() === stage);

function click(id) {
  const there = document.getElementById(id);
  if (!there || there.disabled) return false;
  there.click();
  return true;
}

const letters = {
  b: actions.brush, e: actions.eraser, m: actions.box, l: actions.lasso, x: actions.subtract, i: invert,
  "[": () => smaller(), "]": () => larger(),
};
const views = {
  "+": () => zoom(1.5, ...pointerPlace()), "=": () => zoom(1.5, ...pointerPlace()),
  "-": () => zoom(1 / 1.5, ...pointerPlace()), "0": fit, "1": trueSize,
};
const arrows = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };

// What a key does here; false where it is not ours.
function answer(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) {
    if (key === "Enter") return click(props.run);
    if (!paintable || !size || (key !== "z" && key !== "y")) return false;
    (key === "y" || event.shiftKey ? redo : undo)();
    return true;
  }
  if (key === "Escape") return escape();
  if (key === "?") { actions.keys(); return true; }
  if (!size || event.altKey || !near()) return false;
  if (key === "Tab" && !event.shiftKey && paintable && engaged && pointer) { holdBare(true); return true; }
  if (key === " " && freeSpace()) { spaced = true; pad.dataset.spaced = "true"; sizeRing(); return true; }
  if (arrows[key] && document.activeElement === stage && !fitted) { pan(...arrows[key]); return true; }
  const act = views[key] || (paintable && letters[key]);
  act?.();
  return Boolean(act);
}

function escape() {
  if (current?.stroke) { letGo(); return true; }
  if (!edge.hidden) { unfold(false); button("edge").focus(); return true; }
  if (searching) { stopSearching(); return true; }
  if (document.fullscreenElement) return false;
  return click(props.cancel);
}

let holding = false;
function holdBare(is) {
  if (is === holding) return;
  holding = is;
  showBare(is);
}
function letGoOfKeys() {
  if (!spaced && !holding) return;
  spaced = false;
  pad.dataset.spaced = "false";
  holdBare(false);
  sizeRing();
}

// A canvas that has left the page takes its listeners with it. first: before what was pressed gets it.
function on(target, name, act, first = false) {
  target.addEventListener(name, function handle(event) {
    if (!element.isConnected) target.removeEventListener(name, handle, first);
    else act(event);
  }, first);
}
on(document, "keydown", (event) => {
  if (event.defaultPrevented || !meant() || typing() || document.querySelector("dialog[open]")) return;
  if (answer(event)) event.preventDefault();
  else if (event.key === "Tab") engaged = false;
});
for (const name of ["pointerdown", "wheel"]) {
  on(document, name, (event) => (engaged = pad.contains(event.target)));
}
on(document, "keyup", (event) => {
  if (event.key === " " && spaced) event.preventDefault();  // a button that was clicked last would be pressed again
  if (event.key === "Alt" && pointer) event.preventDefault();  // some browsers open their menu
  if (event.key === " " || event.key === "Tab") letGoOfKeys();
});
on(window, "blur", letGoOfKeys);
on(document, "paste", (event) => {
  const file = [...(event.clipboardData?.files || [])].find((item) => item.type.startsWith("image/"));
  if (file && meant() && !typing()) open(file);
});
watch("value", receive);

value = {};
setBrush(brushPixels);
receive();
