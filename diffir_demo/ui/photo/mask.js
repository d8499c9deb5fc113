// The mask over the photo: an uploaded one, strokes on top, and the soft edge around. Runs in the scope of canvas.js.

const BAKED = 1280;              // longest side of the whole mask kept as a picture
const UPLOADED = 4096;           // and of an uploaded one
const SOFT = 640;                // and of the soft edge
const QUICK = 8;                 // milliseconds that drawing every stroke may take while the view moves
const visible = part("mask"), rim = part("rim");

let base = null;                 // the uploaded mask as a red canvas
let shown = null;                // { base, size, strokes, at }: what is on the screen, drawn stroke by stroke
let baked = null;                // { canvas, base, strokes, grown: a copy from right after the last grow }
let soft = null;                 // { canvas, strokes, base, feather }
let slow = false;
let bare = false;                // the photo is shown without its mask
let inUse = null;                // { bitmap } of what the server makes of it; "waiting" before that

async function loadBase() {
  const wanted = value.mask;
  base = null;
  if (!wanted) return;
  const { bitmap } = await fetched(wanted);
  if (wanted !== value.mask) { bitmap.close(); return; }
  const shrink = Math.min(1, UPLOADED / Math.max(bitmap.width, bitmap.height));
  const layer = sheet(bitmap.width * shrink, bitmap.height * shrink), brush = layer.getContext("2d");
  brush.drawImage(bitmap, 0, 0, layer.width, layer.height);
  bitmap.close();
  const { data } = brush.getImageData(0, 0, layer.width, layer.height);
  fillWith(layer, (i) => data[4 * i] / 255);
  base = layer;
}

// `at`: where the whole photo lies on the canvas, { x, y, width, height }.
function draw(brush, { k, r, e, p }, at) {
  brush.globalCompositeOperation = k === "invert" ? "xor" : e ? "destination-out" : "source-over";
  brush.strokeStyle = brush.fillStyle = PAINT;
  const points = p.map(([x, y]) => [at.x + x * at.width, at.y + y * at.height]);
  brush.beginPath();
  if (k === "invert") brush.rect(at.x, at.y, at.width, at.height);
  else if (k === "box") brush.rect(...points[0], points[1][0] - points[0][0], points[1][1] - points[0][1]);
  else points.forEach(([x, y], i) => (i ? brush.lineTo(x, y) : brush.moveTo(x, y)));
  if (k === "line" && !points.every(([x, y]) => x === points[0][0] && y === points[0][1])) {
    brush.lineWidth = 2 * r * at.width;
    brush.lineCap = brush.lineJoin = "round";
    brush.stroke();
    return;
  }
  if (k === "line") brush.arc(...points[0], r * at.width, 0, 2 * Math.PI);  // browsers stroke no line without length
  brush.fill();
}

function growSheet(canvas, pixels) {
  const away = distances(opacityOf(canvas), canvas.width, canvas.height, pixels < 0, pixels > 0);
  fillWith(canvas, (i) => 0.5 - (away[i] - pixels));
}

function copy(canvas) {
  const made = sheet(canvas.width, canvas.height);
  made.getContext("2d").drawImage(canvas, 0, 0);
  return made;
}

// Whether these strokes are those of a drawing and more, over the same photo and mask.
const continues = (drawing, strokes) => drawing.base === base && drawing.size === size
  && drawing.strokes.length <= strokes.length && drawing.strokes.every((stroke, i) => stroke === strokes[i]);

// The whole mask as a picture; only what is new since the last time is drawn.
function bake() {
  const { strokes } = now();
  if (!baked || !continues(baked, strokes)) {
    const scale = BAKED / Math.max(...size);
    baked = { canvas: sheet(size[0] * scale, size[1] * scale), base, size, strokes: [], grown: null };
    const { canvas } = baked;
    if (base) canvas.getContext("2d").drawImage(base, 0, 0, canvas.width, canvas.height);
  }
  const { canvas } = baked, brush = canvas.getContext("2d");
  const at = { x: 0, y: 0, width: canvas.width, height: canvas.height };
  for (const stroke of strokes.slice(baked.strokes.length)) {
    if (stroke.k === "grow") { growSheet(canvas, stroke.r * canvas.width); baked.grown = copy(canvas); }
    else draw(brush, stroke, at);
  }
  baked.strokes = strokes;
  return baked;
}

// Where the whole photo lies on the layers. A frame is whole pixels high, a photo need not be: it fills them.
function placement() {
  const place = inPixels();
  const flush = (start, length, side) => {
    const [low, high] = [Math.abs(start) < 1 ? 0 : start, start + length];
    return [low, (Math.abs(high - side) < 1 ? side : high) - low];
  };
  const [x, width] = flush(place.x, size[0] * place.scale, visible.width);
  const [y, height] = flush(place.y, size[1] * place.scale, visible.height);
  return { x, y, width, height };
}

// Draws within the photo's bounds.
function within(layer, at, work) {
  const brush = layer.getContext("2d");
  brush.save();
  brush.beginPath();
  brush.rect(at.x, at.y, at.width, at.height);
  brush.clip();
  work(brush);
  brush.restore();
}
const wipe = (layer) => layer.getContext("2d").clearRect(0, 0, layer.width, layer.height);
const put = (brush, image, at) => brush.drawImage(image, at.x, at.y, at.width, at.height);

// Makes the edges of an enlarged mask as thin again as they were.
function sharpen(layer, times) {
  if (times < 1.2) return;
  const brush = layer.getContext("2d"), image = brush.getImageData(0, 0, layer.width, layer.height);
  for (let i = 3; i < image.data.length; i += 4) image.data[i] = (image.data[i] - 127.5) * times + 127.5;
  brush.putImageData(image, 0, 0);
}

// Strokes are drawn as finely as the screen is; while the view moves, a picture of them may have to do.
function drawMask(sharp) {
  if (!size || !stage.clientWidth) return;
  const at = placement();
  if (current?.stroke) restoreKept();
  if (inUse?.bitmap || (slow && !sharp)) {
    shown = null;
    wipe(visible);
    within(visible, at, (brush) => {
      brush.imageSmoothingEnabled = !inUse || at.width < inUse.bitmap.width;
      put(brush, inUse?.bitmap || bake().canvas, at);
    });
  } else drawStrokes(at);
  placeRim(at);
  if (current?.stroke) { current.kept = copy(visible); sketch(true); }
}

function drawStrokes(at) {
  const { strokes } = now(), began = performance.now();
  const grown = strokes.findLastIndex((stroke) => stroke.k === "grow");
  const goesOn = shown && continues(shown, strokes) && grown < shown.strokes.length
    && ["x", "y", "width", "height"].every((key) => shown.at[key] === at[key]);
  if (!goesOn) {
    const under = grown >= 0 ? bake().grown : base;
    wipe(visible);
    if (under) {
      within(visible, at, (brush) => put(brush, under, at));
      sharpen(visible, at.width / under.width);
    }
  }
  const fresh = strokes.slice(goesOn ? shown.strokes.length : grown + 1);
  within(visible, at, (brush) => fresh.forEach((stroke) => draw(brush, stroke, at)));
  if (!goesOn) slow = performance.now() - began > QUICK;
  shown = { strokes, base, size, at };
}

// The soft edge: how much of the painting shows around the mask.
function drawRim() {
  const { strokes, feather } = now();
  if (!feather || inUse) soft = null;
  else if (!soft || soft.strokes !== strokes || soft.base !== base || soft.feather !== feather) {
    const { canvas } = bake(), shrink = Math.min(1, SOFT / Math.max(canvas.width, canvas.height));
    const small = sheet(canvas.width * shrink, canvas.height * shrink);
    small.getContext("2d").drawImage(canvas, 0, 0, small.width, small.height);
    const away = distances(opacityOf(small), small.width, small.height, true, true);
    const reach = Math.max(0.5, feather * small.width);
    fillWith(small, (i) => (away[i] > -2 ? 1 - away[i] / reach : 0));  // a little under the mask, so that no gap shows
    soft = { canvas: small, strokes, base, feather };
  }
  placeRim(placement());
}

function placeRim(at) {
  wipe(rim);
  if (soft) within(rim, at, (brush) => put(brush, soft.canvas, at));
}

function redraw() {
  drawMask(true);
  settle();
  refresh();
}

// --- what the server makes of it -----------------------------------------------------------------------------------

async function showInUse() {
  if (inUse) { leaveInUse(); redraw(); return; }
  const asked = value;
  inUse = "waiting";
  say(words.in_use_wait);
  refresh();
  const answer = await server.exact_mask(asked).catch(() => null);
  const made = answer?.picture ? await fetched({ url: answer.picture }).catch(() => null) : null;
  if (inUse !== "waiting" || asked !== value) { made?.bitmap.close(); return; }
  inUse = null;
  if (!made) { say(answer?.problem || words.not_asked, true); refresh(); return; }
  inUse = { bitmap: made.bitmap };
  pad.dataset.inUse = "true";
  say(answer.text);
  drawRim();
  redraw();
}

function leaveInUse() {
  if (!inUse) return;
  inUse.bitmap?.close();
  inUse = null;
  pad.dataset.inUse = "false";
  say(named);
}
