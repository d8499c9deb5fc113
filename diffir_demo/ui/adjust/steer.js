// What the IPR says of the photo, and sliders that move it: while they are pulled, a piece of what is on the screen is
// painted anew and lies over the picture, framed. One piece at a time; of what was asked in the meantime, only the last counts.
// The camera's path, in path.js, has its pieces from here, too.

const PATIENT = 20000;               // milliseconds after which a piece is taken for lost
const sliders = makeSliders(one(".sliders"), words.sliders, { moving: pulled, settled: letGo });
let patch = null;                    // { box, bitmap, pane } of the piece that is shown
let next = null;                     // what is to be painted next: { event, change }
let looking = 0, looks = 0;          // the number of the piece that is on its way; how many there were
let dropped = 0;                     // pieces up to this number are no longer wanted
let steers = 0;                      // how many whole pictures were asked for; counts down, so that no `ask` has such a number
let awaited = 0;                     // the number of the one that is on its way

function pulled(amounts) {
  want("look", { amounts });
}

function want(event, change) {
  next = { event, change };
  look();
}

function look() {
  if (looking || !next || !shownResult) return;
  looking = ++looks;
  const mine = looking, { event, change } = next;
  next = null;
  trigger(event, { number: mine, ...change, box: seenOfResult() });
  setTimeout(() => { if (looking === mine) { looking = 0; look(); } }, PATIENT);
}

// Left of the slider's line is another picture, as a rule; where little of the result is seen, all that is.
function seenOfResult() {
  const box = seen();
  if (mode !== "slider") return box;
  const [width] = value.size, cut = Math.min(1, Math.max(0, (view.x + ((line - 0.5) * rects[0].w) / view.zoom) / width));
  const part = [...box];
  if (showing(1) === "result") part[0] = Math.max(part[0], cut);
  else if (showing(0) === "result") part[2] = Math.min(part[2], cut);
  return part[2] - part[0] > 0.3 * (box[2] - box[0]) ? part : box;
}

function letGo(amounts) {
  wantAll("steer", { amounts });
}

function wantAll(event, change) {
  next = null;
  dropped = looks;                   // a piece that comes after the whole picture would hide it
  awaited = --steers;
  trigger(event, { number: awaited, ...change });
}

async function receivePatch() {
  const found = value.patch;
  if (!found || found.number !== looking) return;
  looking = 0;
  look();
  if (!found.url || !found.box || found.number <= dropped) return;
  showGlance(found.url);
  const run = shownResult, bitmap = await decoded(found.url);
  if (run !== shownResult || found.number <= dropped) { bitmap.close(); return; }
  patch?.bitmap.close();
  patch = { box: found.box, bitmap };
  draw();
}

function dropPatch() {
  dropped = looks;
  patch?.bitmap.close();
  patch = null;
  one(".patch").hidden = true;
  showGlance("");
}

// Another result, or the end of what was asked for: the sliders stand where the server knows them.
function receiveReading(isOther) {
  const reading = value.reading, isOver = awaited !== 0 && value.over === awaited;
  one(".reading").hidden = !reading;
  if (isOver || (isOther && shownResult)) awaited = 0;
  if (isOther) looking = 0;          // a piece of the former result is not laid over this one
  if ((isOther || isOver) && !sliders.isHeld() && !isBending()) { next = null; dropPatch(); }
  if (!reading) return;
  one(".says").textContent = reading.says;
  one(".moved").textContent = reading.moved;
  one(".errors p").textContent = reading.errors;
  if (isOther || isOver) sliders.show(reading.sliders, reading.furthest);
}

function paintPatch(brush) {
  const frame = one(".patch");
  frame.hidden = !patch;
  if (!patch) return;
  const index = mode === "side" ? Math.max(0, panes().findIndex((_, i) => showing(i) === "result")) : 0;
  const rect = rects[index], place = placed(rect), [left, top, right, bottom] = patch.box;
  const x = place.left + left * place.width, y = place.top + top * place.height;
  const wide = (right - left) * place.width, high = (bottom - top) * place.height;
  clipped(brush, rect.x, rect.y, rect.w, rect.h, () => {
    brush.imageSmoothingEnabled = wide / patch.bitmap.width <= SHARP;
    brush.drawImage(patch.bitmap, x, y, wide, high);
  });
  frame.classList.toggle("small", wide < 90);
  Object.assign(frame.style, { left: `${x}px`, top: `${y}px`, width: `${wide}px`, height: `${high}px` });
}
