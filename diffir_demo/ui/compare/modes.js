// The five modes of comparing, and the handles that they need.

const CALM = 170;                    // milliseconds between two pictures: at most three flashes a second (WCAG 2.3.1)
const knob = one(".knob");
const glass = one(".lens");
let line = 0.5;                      // of the stage's width
let wished = null;                   // of the picture's width: where the line is to be until it is moved by hand
let spot = { x: 0.5, y: 0.5 };       // of the stage's sides
let turned = 0, turning = 0;
let isHeldByHand = false;            // then it does not flicker by itself

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
  if (view.fitted) followWish();
  const percent = Math.round(100 * line);
  one(".line").style.left = `${100 * line}%`;
  knob.setAttribute("aria-valuenow", String(percent));
  knob.setAttribute("aria-valuetext", filled(words.line_value, { percent, name: method(chosen[0])?.title }));
}

function showLens() {
  const { x, y, radius } = lens();
  Object.assign(glass.style, { left: `${x}px`, top: `${y}px`, width: `${2 * radius}px`, height: `${2 * radius}px` });
}

// The picture may be narrower than the stage.
function followWish() {
  if (wished === null || mode !== "slider") return;
  const place = placed(rects[0]);
  line = Math.min(1, Math.max(0, (place.left + wished * place.width) / rects[0].w));
}

function setLine(share) {
  wished = null;
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
  flicker();
  refresh();
  wantRegions();
}

// A while it is held, else B; never in quicker succession than eyes can bear.
function hold(held, byHand = true) {
  if (byHand) isHeldByHand = held;
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

// By itself, as often as the slider says; not at all where the system asks for less motion.
let beat = 0;
function flicker() {
  clearInterval(beat);
  const pace = Number(one(".pace").value), text = pace ? filled(words.pace_value, { times: pace }) : words.pace_off;
  one(".pace + output").textContent = text;
  one(".pace").setAttribute("aria-valuetext", text);
  if (mode !== "flicker" || !pace) return;
  beat = setInterval(() => {
    if (!element.isConnected) clearInterval(beat);
    else if (!isHeldByHand) hold(!isHeld, false);
  }, 500 / pace);
}
if (matchMedia("(prefers-reduced-motion: reduce)").matches) one(".pace").value = 0;
one(".pace").addEventListener("input", flicker);

element.querySelectorAll('input[type="radio"]').forEach((input) => {
  input.addEventListener("change", () => setMode(input.value));
});
one(".magnify").addEventListener("change", draw);
one(".outline").addEventListener("change", draw);
one(".gain").addEventListener("input", () => { showMode(); draw(); });
