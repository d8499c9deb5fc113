// The photo and its mask. The value is { file, preview, mask, strokes: [{ k, r, e, p }], feather }, see canvas.py:
// x is in fractions of the width, y of the height, r and feather of the width; strokes go over the uploaded mask in
// order. diffir_demo/imaging/strokes.py draws the same at full size. This part holds the value, its history, and files.

const PAINT = "#e5484d";
const pad = element.querySelector(".pad");
const stage = element.querySelector(".stage");
const caption = element.querySelector(".caption");
const picker = element.querySelector("input.file");
const part = (name) => element.querySelector(`.${name}`);
const button = (name) => element.querySelector(`[data-do="${name}"]`);
const words = props.words;
const paintable = props.paintable;
const limits = props.limits;

let value = props.value || {};
let size = null;                 // [width, height] of the photo in its own pixels
let named = "";                  // what the caption says of the photo
let past = [], future = [];      // earlier and undone { mask, strokes, feather }
let turn = 0;                    // of the file that was chosen last
let taking = 0;                  // of the photo that was taken over last
const passed = new Set();        // unreadable files that another took the place of: their answers come too late
let fallback = null;             // what was here before a file that may turn out to be no picture

const now = () => ({ mask: value.mask || null, strokes: value.strokes || [], feather: value.feather || 0 });
const same = (a, b) => (a && a.path) === (b && b.path);

function publish(change) {
  value = { file: null, preview: null, mask: null, strokes: [], feather: 0, first: null, taken: false, ...value, emptied: false, placed: false, ...change };
  props.value = value;
  tellOthers();
  refresh();
}

// What the canvas holds, for the page's other parts.
function tellOthers() {
  pad.dataset.untouched = String(!value.placed && value.file?.path === props.first);
  pad.dataset.value = JSON.stringify({ ...value, taken: false, placed: false });
  const path = value.file?.path ?? "";  // by itself, too: strokes may take megabytes
  if (pad.dataset.file !== path) pad.dataset.file = path;
  pad.dispatchEvent(new Event("changed"));
}

function say(text, wrong = false) {
  caption.textContent = text;
  caption.classList.toggle("wrong", wrong);
}

// What is done to the photo is to be seen, wherever it was asked for.
function comeOnStage() { pad.dispatchEvent(new CustomEvent("editing")); }

// --- history -------------------------------------------------------------------------------------------------------

async function become(state) {
  comeOnStage();
  leaveInUse();
  const other = "mask" in state && !same(state.mask, value.mask);
  publish(state);
  if (other) await loadBase();
  redraw();
}

function change(state) {
  if (!size) return;
  past.push(now());
  future = [];
  if (caption.classList.contains("wrong")) say(named);
  return become(state);
}
function undo() { if (past.length) { future.push(now()); become(past.pop()); } }
function redo() { if (future.length) { past.push(now()); become(future.pop()); } }

// Adds to what is done to the mask; refuses what the server would not take, rather than lose all of it there.
function add(stroke) {
  const strokes = [...now().strokes, { k: "line", r: 0, e: 0, p: [], ...stroke }];
  const points = strokes.reduce((sum, each) => sum + each.p.length, 0);
  if (strokes.length > limits.strokes || points > limits.points) { say(words.too_many, true); redraw(); return; }
  change({ strokes });
}

function invert() {
  const { strokes } = now();
  if (strokes.at(-1)?.k === "invert") change({ strokes: strokes.slice(0, -1) });  // twice is as it was
  else add({ k: "invert" });
}

function grow(pixels) {          // of the photo; negative: shrink
  if (!size || !pixels) return;
  const { strokes } = now(), last = strokes.at(-1);
  const r = Math.max(-limits.growth, Math.min(limits.growth, pixels / size[0]));
  const together = last?.k === "grow" && last.r * r > 0 ? last.r + r : null;
  if (together !== null && Math.abs(together) <= limits.growth) {
    change({ strokes: [...strokes.slice(0, -1), { ...last, r: together }] });
  } else add({ k: "grow", r });
}

// --- files ---------------------------------------------------------------------------------------------------------

async function open(file) {
  if (!file) return;
  const mine = ++turn;
  pad.dispatchEvent(new Event("opening"));
  comeOnStage();
  opening(FILE);
  pad.classList.add("busy");
  say(words.opening);
  try {
    const [decoded, stored] = await Promise.all([decode(file).catch(() => null), upload(file)]);
    if (mine !== turn) { decoded?.bitmap.close(); return; }  // another one was chosen since
    const before = fallback || { value, past, future };
    if (fallback) passed.add(value.file.path);
    past = []; future = [];
    const data = { path: stored.path, url: stored.url, orig_name: file.name, size: file.size, mime_type: file.type,
      meta: { _type: "gradio.FileData" } };
    publish({ file: data, preview: null, mask: null, strokes: [], feather: 0, first: null, taken: false });
    if (decoded) {
      fallback = null;
      show(decoded, file.name);
      await loadBase();
      freshBrush();
      redraw();
      trigger("opened");
      pad.dispatchEvent(new CustomEvent("brought", { detail: { file: data } }));
    }
    else { fallback = before; trigger("unreadable"); }
  } catch (problem) {
    if (mine !== turn) return;
    answered(FILE, false);
    say(`${words.not_uploaded} ${problem.message || ""}`, true);
  } finally {
    if (mine === turn) pad.classList.remove("busy");
  }
}

// A photo that lies on the server already: that of another tab, or a result that is worked on further; with a mask, too.
async function takeOver({ file, preview = null, mask = null, strokes = [], feather = 0, first = null }) {
  const mine = ++turn, ticket = ++taking;
  opening(FILE);
  pad.classList.add("busy");
  try {
    const decoded = await fetched(preview || file);
    if (mine !== turn || ticket !== taking) {
      decoded.bitmap.close();
      if (mine === turn) answered(FILE, true);  // what came instead is there
      return;
    }
    past = []; future = []; fallback = null;
    publish({ file, preview, mask, strokes, feather, first, taken: true });
    show(decoded, file.orig_name || file.path.split("/").pop());
    await loadBase();
    freshBrush();
    redraw();
    trigger("opened");
  } catch (problem) {
    if (mine !== turn) return;
    answered(FILE, false);
    say(`${words.not_shown} ${problem.message || ""}`, true);
  } finally {
    if (mine === turn) pad.classList.remove("busy");
  }
}

async function fetched(data) {
  const answer = await fetch(data.url);
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return decode(await answer.blob());
}

function empty() {
  size = null;
  release();
  pad.dataset.state = "empty";
}

// The photo that Python puts here stays: what is being taken over was wanted before it, and so was another tab's.
function holdAgainstOthers() {
  taking += 1;
  pad.dispatchEvent(new Event("placed"));
}

// Python put another photo or mask here (an example, damage, an uploaded mask, a preview of what we cannot decode).
async function receive() {
  const next = props.value || {};
  const otherPhoto = !same(next.file, value.file) || !same(next.preview, value.preview);
  const otherMask = !same(next.mask, value.mask) || (next.feather || 0) !== (value.feather || 0)
    || JSON.stringify(next.strokes) !== JSON.stringify(value.strokes);
  if (next.placed) holdAgainstOthers();
  if (!otherPhoto && !otherMask) return;
  comeOnStage();
  leaveInUse();
  const stays = next.file ? next.preview && passed.has(next.file.path) : !next.emptied;
  if (!fallback && stays) { publish({}); return; }
  const kept = fallback;
  fallback = null;
  if (kept) answered(FILE, Boolean(next.file));  // without one it was no photo
  if (kept && kept.value.file && !next.file && !next.emptied) {
    ({ past, future } = kept);
    publish(kept.value);
    await loadBase();
    redraw();
    say(named);
    pad.dispatchEvent(new Event("refused"));
    return;
  }
  if (otherPhoto) { holdAgainstOthers(); past = []; future = []; }
  else { past.push(now()); future = []; }
  value = next;
  tellOthers();
  try {
    if (!value.file) { empty(); say(""); }
    else if (otherPhoto) {
      const decoded = await fetched(value.preview || value.file);
      if (value !== next) { decoded.bitmap.close(); return; }  // yet another one came since
      show(decoded, value.file.orig_name || value.file.path.split("/").pop());
      freshBrush();
      if (kept) pad.dispatchEvent(new CustomEvent("brought", { detail: { file: value.file, preview: value.preview } }));
    }
    await loadBase();
  } catch (problem) {
    say(`${words.not_shown} ${problem.message || ""}`, true);
  }
  redraw();
}
