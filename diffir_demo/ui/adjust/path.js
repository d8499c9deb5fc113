// The camera's path that a run has undone: its trail, how it was found, and sliders that change it. While it is changed a
// piece of what is on the screen follows; the whole picture does once it is applied. `bend` is `BendData`.

const lane = props.words.path;
const within = (selector) => one(`.path ${selector}`);
const trail = within(".trail canvas");
const UNBENT = { turn: 0, length: 100, strength: null, line: [] };
const BENDS = [
  { name: "turn", least: -180, most: 180, text: lane.degrees, spoken: lane.spoken_turn },
  { name: "length", least: 50, most: 200, text: lane.percent, spoken: lane.spoken_percent },
  { name: "strength", least: 0, most: 100, text: lane.percent, spoken: lane.spoken_percent },
];
const LEAST_FIELD = 21, LARGEST_FIELD = 101;  // pixels of the photo that the trail's square may be wide
const ROOM = 1.35;                   // of the square, around the path
let path = null;                     // `PathData` of the run
let bend = { ...UNBENT };            // as the handles stand
let source = null;                   // { kernel, sheet, shape } of the path before it is turned and stretched
let field = LEAST_FIELD;             // pixels of the photo that the square is wide
let isHolding = false;               // whether a finger is on a handle: the square keeps its measure

const bends = BENDS.map(makeBend);
const neutral = (name) => (name === "strength" ? path.strength : UNBENT[name]);
const valueOf = (name) => bend[name] ?? neutral(name);
const isBending = () => isHolding;
const isSame = (one, other) => JSON.stringify(tidy(one)) === JSON.stringify(tidy(other));
const tidy = ({ turn, length, strength, line }) => ({ turn, length, strength, line });

function makeBend({ name, least, most, text, spoken }) {
  const row = within(".bends").appendChild(make("label", "slide")), input = make("input", ""), output = make("output", "");
  Object.assign(input, { type: "range", min: least, max: most, step: 1 });
  input.dataset.name = name;
  input.setAttribute("aria-label", lane[name]);
  const track = make("span", "track");
  track.append(input);
  row.append(make("span", "name", lane[name]), track, output);
  input.addEventListener("input", () => set({ [name]: Number(input.value) }));
  input.addEventListener("dblclick", () => set({ [name]: neutral(name) }));
  return { name, row, input, output, text, spoken, least, most };
}

// What was changed is shown at once, and a piece of the photo is asked for.
function set(changes) {
  bend = { ...bend, ...changes };
  if (bend.strength === path.strength) bend.strength = null;
  showPath();
  want("look_path", { bend });
}

// A drawn line stands for itself: it is neither turned nor stretched yet, and is meant to be used.
function useLine(line) {
  takeLine(line);
  set({ turn: 0, length: 100, line, strength: valueOf("strength") || 100 });
}

function takeLine(line) {
  const kernel = line.length ? kernelOf(line) : path.kernel;
  source = { kernel, sheet: glowing(kernel), shape: shapeOf(kernel) };
}

function backToFound() {
  isDrawing(false);
  const wasApplied = !isSame(path.bend, UNBENT);
  bend = { ...UNBENT };
  takeLine([]);
  showPath();
  next = null;
  dropPatch();
  draw();
  if (wasApplied) wantAll("bend", { bend });
}

function receivePath(isOther) {
  const had = path;
  path = value.path || null;
  one(".path").hidden = !path;
  if (!path) return;
  if (isOther || !had || !source) {
    isDrawing(false);
    bend = { ...UNBENT, ...path.bend };
    takeLine(bend.line);
    showSteps();
  }
  paintSteps();
  within(".says").textContent = path.says;
  within(".bent").textContent = path.bent;
  within('[data-path="back"]').textContent = path.steps.length ? lane.back : lane.back_given;
  showPath();
}

// The piece stands beside the sliders, too: the picture it lies on may be out of sight.
function showGlance(url) {
  for (const image of moving.flatMap((part) => [...part.querySelectorAll(".piece img")])) {
    image.hidden = !url;
    if (url) image.src = url;
  }
}

function measure() {
  const wanted = Math.ceil((2 * source.shape.around + 3) * (bend.length / 100) * ROOM) | 1;
  field = Math.min(LARGEST_FIELD, Math.max(LEAST_FIELD, wanted));
}

function showPath() {
  if (!path || one(".path").hidden) return;
  if (!isHolding) measure();
  const { sheet, shape } = source, angle = (shape.angle * 180) / Math.PI + bend.turn;
  paintTrail(trail, sheet, shape, field, bend);
  paintScale(trail, field, lane.pixels);
  const level = Math.round(-(angle + 3600) % 180 + 180) % 180;  // as in geometry: counter-clockwise
  trail.setAttribute("aria-label", filled(lane.trail, { length: Math.round((shape.length * bend.length) / 100), angle: level }));
  placeGrip(shape.angle + (bend.turn * Math.PI) / 180, (shape.reach * bend.length) / 100);
  for (const { name, row, input, output, text, spoken, least, most } of bends) {
    const amount = Math.round(valueOf(name)), shown = name === "turn" && amount > 0 ? `+${amount}` : String(amount).replace("-", "−");
    row.style.setProperty("--neutral", `calc(9px + (100% - 18px) * ${(neutral(name) - least) / (most - least)})`);
    input.value = amount;
    output.textContent = filled(text, { amount: shown });
    input.setAttribute("aria-valuetext", filled(spoken, { amount }));
  }
  within('[data-path="back"]').disabled = isSame(bend, UNBENT) && isSame(path.bend, UNBENT);
  within('[data-path="apply"]').disabled = isSame(bend, path.bend);
}

// Every step shows the same piece of the photo: coarse ones have fewer, larger pixels.
function showSteps() {
  within(".search").hidden = !path.steps.length;
  const wide = (2 * shapeOf(path.kernel).around + 3) * ROOM;
  within(".search div").replaceChildren(...path.steps.map((step) => {
    const box = make("div", "found"), sheet = make("canvas"), percent = Math.round(100 * step.share);
    sheet.setAttribute("role", "img");
    sheet.setAttribute("aria-label", filled(lane.step_long, { percent }));
    box.append(sheet, make("span", "", filled(lane.step, { percent })));
    box.paint = () => paintTrail(sheet, glowing(step), shapeOf(step), Math.max(3, wide * step.share), { smooth: false });
    return box;
  }));
}

function paintSteps() {
  for (const box of within(".search div").children) box.paint();
}

new ResizeObserver(() => { if (path) { showPath(); paintSteps(); } }).observe(within(".trail"));
