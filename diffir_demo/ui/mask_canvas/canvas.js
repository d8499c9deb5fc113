// The photo and its mask. The value is { file, preview, mask, strokes: [{ r, e, p: [[x, y], ...] }] }:
// x in fractions of the width, y of the height, r of the width; strokes go over the uploaded mask in order.
// diffir_demo/imaging/strokes.py draws the same at full size. This part holds the state and shows the photo.

const LONGEST = 1280;            // pixels of the preview
const TALLEST = 0.55;            // share of the window's height that the photo may take
const PAINT = "#e5484d";
const pad = element.querySelector(".pad");
const stage = element.querySelector(".stage");
const photo = element.querySelector("canvas.photo");
const mask = element.querySelector("canvas.mask");
const ring = element.querySelector(".ring");
const slider = element.querySelector(".size input");
const caption = element.querySelector(".caption");
const picker = element.querySelector("input.file");
const button = (name) => element.querySelector(`[data-do="${name}"]`);
const words = props.words;
const paintable = props.paintable;

let value = props.value || {};
let size = null;                 // [width, height] of the photo in its own pixels
let named = "";                  // what the caption says of the photo
let base = null;                 // the uploaded mask as a red canvas
let past = [], future = [];      // earlier and undone { mask, strokes }
let current = null;              // the stroke under the pointer
let fallback = null;             // what was here before a file that may turn out to be no picture
let erasing = false;

const now = () => ({ mask: value.mask || null, strokes: value.strokes || [] });

function publish(change) {
  value = { file: null, preview: null, mask: null, strokes: [], ...value, ...change };
  props.value = value;
  refresh();
}

function refresh() {
  const { mask: uploaded, strokes } = now();
  button("undo").disabled = !past.length;
  button("redo").disabled = !future.length;
  button("clear").disabled = !uploaded && !strokes.length;
  button("brush").setAttribute("aria-pressed", String(!erasing));
  button("eraser").setAttribute("aria-pressed", String(erasing));
  element.querySelector(".size output").textContent = `${brushPixels()} px`;
}

function say(text, wrong = false) {
  caption.textContent = text;
  caption.classList.toggle("wrong", wrong);
}

// --- the photo -----------------------------------------------------------------------------------------------------

function layout() {
  if (!size) return;
  const [width, height] = size;
  const widest = window.innerHeight * TALLEST * (width / height);
  stage.style.aspectRatio = `${width} / ${height}`;
  stage.style.maxWidth = `${Math.round(Math.min(widest, Math.max(4 * width, 200)))}px`;
  stage.style.height = "auto";
}

async function decode(blob) {
  const bitmap = await createImageBitmap(blob);
  if (!bitmap.width || !bitmap.height) throw new Error("no pixels");
  return bitmap;
}

function show(bitmap, name) {
  size = [bitmap.width, bitmap.height];
  const shrink = Math.min(1, LONGEST / Math.max(...size));
  for (const canvas of [photo, mask]) {
    canvas.width = Math.max(1, Math.round(size[0] * shrink));
    canvas.height = Math.max(1, Math.round(size[1] * shrink));
  }
  const brush = photo.getContext("2d");
  brush.imageSmoothingQuality = "high";
  brush.drawImage(bitmap, 0, 0, photo.width, photo.height);
  photo.style.imageRendering = size[0] < 400 ? "pixelated" : "auto";
  bitmap.close();
  pad.dataset.state = "photo";
  layout();
  named = `${name} · ${size[0]} × ${size[1]}`;
  say(named);
}

function empty() {
  size = null;
  pad.dataset.state = "empty";
  stage.style.cssText = "";
}

async function open(file) {
  if (!file) return;
  pad.classList.add("busy");
  say(words.opening);
  try {
    const [bitmap, stored] = await Promise.all([decode(file).catch(() => null), upload(file)]);
    const before = { value, past, future, base };
    past = []; future = []; base = null;
    const data = { path: stored.path, url: stored.url, orig_name: file.name, size: file.size, mime_type: file.type,
      meta: { _type: "gradio.FileData" } };
    publish({ file: data, preview: null, mask: null, strokes: [] });
    if (bitmap) { show(bitmap, file.name); freshBrush(); redraw(); trigger("opened"); }
    else { fallback = before; trigger("unreadable"); }
  } catch (problem) {
    say(`${words.not_uploaded} ${problem.message || ""}`, true);
  } finally {
    pad.classList.remove("busy");
  }
}

async function fetched(data) {
  const answer = await fetch(data.url);
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return decode(await answer.blob());
}

// Python put another photo or mask here (an example, damage, an uploaded mask, a preview of what we cannot decode).
async function receive() {
  const next = props.value || {};
  const same = (a, b) => (a && a.path) === (b && b.path);
  const otherPhoto = !same(next.file, value.file) || !same(next.preview, value.preview);
  const otherMask = !same(next.mask, value.mask) || JSON.stringify(next.strokes) !== JSON.stringify(value.strokes);
  if (!otherPhoto && !otherMask) return;
  const kept = fallback;
  fallback = null;
  if (kept && kept.value.file && !next.file) {
    ({ past, future, base } = kept);
    publish(kept.value);
    redraw();
    say(named);
    return;
  }
  if (otherPhoto) { past = []; future = []; } else { past.push(now()); future = []; }
  value = next;
  try {
    if (!value.file) { empty(); say(""); }
    else if (otherPhoto) {
      const bitmap = await fetched(value.preview || value.file);
      if (value !== next) return;  // yet another one came meanwhile
      show(bitmap, value.file.orig_name || value.file.path.split("/").pop());
      freshBrush();
    }
    await loadBase();
  } catch (problem) {
    say(`${words.not_shown} ${problem.message || ""}`, true);
  }
  redraw();
}
