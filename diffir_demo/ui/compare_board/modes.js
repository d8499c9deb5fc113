// The five ways to compare, and the handles that they need.

const CALM = 170;                    // milliseconds between two pictures: at most three flashes a second (WCAG 2.3.1)
const knob = one(".knob");
const glass = one(".lens");
let line = 0.5;                      // of the stage's width
let spot = { x: 0.5, y: 0.5 };       // of the stage's sides
let turned = 0, turning = 0;

function lens() {
  const rect = rects[0], radius = Math.max(48, Math.min(110, 0.3 * Math.min(rect.w, rect.h)));
  return { x: spot.x * rect.w, y: spot.y * rect.h, radius };
}

function showMode() {
  root.dataset.mode = mode;
  one(".line").hidden = mode !== "slider";
  glass.hidden = mode !== "lens";
  one('[data-do="add"]').disabled = chosen.length >= Math.min(LETTERS.length, value.methods.length);
  const gain = 2 ** Number(one(".gain").value);
  one(".gain + output").textContent = filled(words.gain_value, { gain });
  one(".gain").setAttribute("aria-valuetext", filled(words.gain_value, { gain }));
  one(".high").textContent = filled(words.legend_high, { levels: Math.ceil(255 / gain) });
  tags.forEach(({ tag }, index) => tag.classList.toggle("on", mode === "flicker" && index === (isHeld ? 0 : 1)));
  canvas.setAttribute("aria-label", panes().map((key, index) => `${LETTERS[index]}: ${method(key)?.title}`).join(", "));
  showLine();
  showLens();
}

function showLine() {
  const percent = Math.round(100 * line);
  one(".line").style.left = `${100 * line}%`;
  knob.setAttribute("aria-valuenow", String(percent));
  knob.setAttribute("aria-valuetext", filled(words.line_value, { percent, name: method(chosen[0])?.title }));
}

function showLens() {
  const { x, y, radius } = lens();
  Object.assign(glass.style, { left: `${x}px`, top: `${y}px`, width: `${2 * radius}px`, height: `${2 * radius}px` });
}

function setLine(share) {
  line = Math.min(1, Math.max(0, share));
  showLine();
  draw();
}

function setSpot(x, y) {
  spot = { x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)) };
  showLens();
  draw();
}

function setMode(next) {
  mode = next;
  isHeld = false;
  refresh();
  wantRegions();
}

// A while it is held, else B; never in quicker succession than eyes can bear.
function hold(held) {
  clearTimeout(turning);
  const wait = Math.max(0, turned + CALM - performance.now());
  turning = setTimeout(() => {
    if (isHeld === held) return;
    isHeld = held;
    turned = performance.now();
    showMode();
    draw();
  }, wait);
}

element.querySelectorAll('input[type="radio"]').forEach((input) => {
  input.addEventListener("change", () => setMode(input.value));
});
one(".magnify").addEventListener("change", draw);
one(".outline").addEventListener("change", draw);
one(".gain").addEventListener("input", () => { showMode(); draw(); });
