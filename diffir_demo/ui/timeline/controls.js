// What can be pressed, pulled, pointed at and typed.

const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
const pace = () => (calm.matches ? "auto" : "smooth");
let timer = null;

function play() {                // the steps take a thousandth of a second each; this shows them so that they can be seen
  if (calm.matches) { choose(current() >= last() ? 0 : current() + 1); return; }
  if (timer) { stop(); return; }
  choose(current() >= last() ? 0 : current() + 1);
  timer = setInterval(() => {
    if (!element.isConnected || !rows().length || current() >= last()) stop();
    else choose(current() + 1);
  }, 900);
  name();
}

function stop() {
  clearInterval(timer);
  timer = null;
  name();
}

function name() { find(".play").textContent = calm.matches ? props.words.next : timer ? props.words.pause : props.words.play; }

find(".play").addEventListener("click", play);
scrub.addEventListener("input", () => { stop(); choose(Number(scrub.value)); });
calm.addEventListener("change", stop);

element.querySelectorAll("[data-view]").forEach((button) =>
  button.addEventListener("click", () => { view = button.dataset.view; renderPicture(); }));
find(".gain select").addEventListener("change", (event) => { gain = Number(event.target.value); renderPicture(); });
const hold = (down) => { if (held !== down) { held = down; renderPicture(); } };
find(".frame").addEventListener("pointerdown", (event) => event.button === 0 && result() && hold(true));
["pointerup", "pointercancel", "pointerleave"].forEach((kind) => find(".frame").addEventListener(kind, () => hold(false)));
find(".frame").addEventListener("contextmenu", (event) => held && event.preventDefault());

function point(index) { cursor = index; renderNumbers(); }

function under(canvas, event) {
  const box = canvas.getBoundingClientRect(), count = row().numbers.length, size = side(count);
  const x = Math.min(0.9999, Math.max(0, (event.clientX - box.left) / box.width));
  const y = Math.min(0.9999, Math.max(0, (event.clientY - box.top) / box.height));
  return Math.min(count - 1, canvas === map ? Math.floor(y * size) * size + Math.floor(x * size) : Math.floor(x * count));
}

[map, bars].forEach((canvas) => {
  const follow = (event) => row() && point(under(canvas, event));
  canvas.addEventListener("pointermove", follow);
  canvas.addEventListener("pointerdown", follow);
  canvas.addEventListener("focus", () => row() && cursor === null && point(0));
  canvas.addEventListener("keydown", (event) => {
    if (!row() || event.ctrlKey || event.altKey || event.metaKey) return;
    const count = row().numbers.length, far = side(count), at = cursor ?? 0;
    const vertical = canvas === map ? far : -1;   // bars are a line: up is on, down is back
    const moves = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - vertical, ArrowDown: at + vertical,
      PageUp: at - far, PageDown: at + far, Home: 0, End: count - 1 };
    if (!(event.key in moves)) return;
    event.preventDefault();
    if (moves[event.key] >= 0 && moves[event.key] < count) point(moves[event.key]);
  });
});

function ask(request) {
  waiting = true;
  halted = false;
  renderActions();
  trigger("paint", request);
}
find(".paint").addEventListener("click", () => ask({ number: current(), noise: false }));
find(".paint-all").addEventListener("click", () => ask({ number: null, noise: find(".with-noise input").checked }));
find(".with-noise input").addEventListener("change", renderActions);
find(".halt").addEventListener("click", () => { waiting = false; halted = true; renderActions(); trigger("halt"); });
element.querySelectorAll("[data-suffix]").forEach((button) =>
  button.addEventListener("click", () => trigger("save", { suffix: button.dataset.suffix })));

// Folded away until it is wanted, and then as this browser left it.
const KEPT_STEP = "diffir-one-step", oneStep = find(".one-step");
try { oneStep.open = localStorage.getItem(KEPT_STEP) === "open"; } catch { /* folded, then */ }
oneStep.addEventListener("toggle", () => {
  try { localStorage.setItem(KEPT_STEP, oneStep.open ? "open" : ""); } catch { /* for this visit, then */ }
});

new ResizeObserver(renderNumbers).observe(find(".values"));
new MutationObserver(render).observe(document.body, { attributes: true, attributeFilter: ["class"] });
watch("value", () => {
  waiting = false;
  if (!value() || !value().finished && rows().length <= 1) { stop(); chosen = cursor = gain = null; view = "own"; }
  render();
  reveal("auto");
});
name();
render();
