// The photo's pixels: whole while that is affordable, else a smaller copy and, zoomed in, the part that is seen. Runs
// in the scope of canvas.js.

const WHOLE = 30e6;              // pixels of a photo that is kept decoded
const PREVIEW = 2048;            // longest side of the copy that is shown from afar
const picture = part("photo");

let source = null;               // { blob, bitmap (the whole photo, or null), preview: canvas }
let detail = null;               // { image, x, y, width, height }: a part of a photo that is too large to keep
let asking = 0;

async function decode(blob) {
  if (await isTurnedWebp(blob)) throw new Error("not turned upright here");
  const bitmap = await createImageBitmap(blob);
  if (!bitmap.width || !bitmap.height) throw new Error("no pixels");
  return { blob, bitmap };
}

function release() {
  source?.bitmap?.close();
  source = detail = null;
}

function show({ blob, bitmap }, name) {
  release();
  size = [bitmap.width, bitmap.height];
  const shrink = Math.min(1, PREVIEW / Math.max(...size));
  const preview = sheet(size[0] * shrink, size[1] * shrink);
  const brush = preview.getContext("2d");
  brush.imageSmoothingQuality = "high";
  brush.drawImage(bitmap, 0, 0, preview.width, preview.height);
  const whole = size[0] * size[1] <= WHOLE;
  source = { blob, bitmap: whole ? bitmap : null, preview };
  if (!whole) bitmap.close();
  pad.dataset.state = "photo";
  chooseColour(preview);
  freshView();
  named = `${name} · ${size[0]} × ${size[1]}`;
  say(named);
}

// The mask's colour is the one of these that the photo has least of. Strokes are drawn in the first; the page turns their hue.
const COLOURS = [[0, [229, 72, 77]], [120, [19, 141, 14]], [180, [0, 140, 135]], [250, [91, 98, 231]], [300, [192, 71, 198]]];
const FEW = 24;                  // pixels a side of the copy that is looked at
const PREFERRED = 1.15;          // how much farther from the photo another colour must be than red

function chooseColour(preview) {
  const small = sheet(FEW, FEW), brush = small.getContext("2d");
  brush.drawImage(preview, 0, 0, FEW, FEW);
  const { data } = brush.getImageData(0, 0, FEW, FEW);
  const distances = COLOURS.map(([, colour]) => {
    const found = Array.from({ length: FEW * FEW }, (_, i) => Math.hypot(...colour.map((level, c) => level - data[4 * i + c])));
    return found.sort((a, b) => a - b)[Math.floor(0.05 * found.length)];  // from what is most alike
  });
  const best = distances.indexOf(Math.max(...distances));
  const [hue] = COLOURS[distances[best] > PREFERRED * distances[0] ? best : 0];
  pad.style.setProperty("--hue", `${hue}deg`);
}

// A canvas of that size that is not on the page.
function sheet(width, height) {
  const made = document.createElement("canvas");
  made.width = Math.max(1, Math.round(width));
  made.height = Math.max(1, Math.round(height));
  return made;
}

// Draws the part that is seen from `image`, which shows `region` [x, y, width, height] of the photo.
function drawPart(brush, image, region, seen, place) {
  const left = Math.max(seen[0], region[0]), top = Math.max(seen[1], region[1]);
  const right = Math.min(seen[0] + seen[2], region[0] + region[2]);
  const bottom = Math.min(seen[1] + seen[3], region[1] + region[3]);
  if (right <= left || bottom <= top) return;
  const [across, down] = [image.width / region[2], image.height / region[3]];
  brush.drawImage(image, (left - region[0]) * across, (top - region[1]) * down, (right - left) * across,
    (bottom - top) * down, place.x + left * place.scale, place.y + top * place.scale, (right - left) * place.scale,
    (bottom - top) * place.scale);
}

function drawPhoto() {
  const brush = picture.getContext("2d"), place = inPixels();
  brush.clearRect(0, 0, picture.width, picture.height);
  brush.imageSmoothingEnabled = place.scale < 2 * window.devicePixelRatio;  // pixels are shown as squares
  brush.imageSmoothingQuality = "high";
  const seen = [-place.x / place.scale, -place.y / place.scale, picture.width / place.scale,
    picture.height / place.scale];
  const everything = [0, 0, ...size];
  const near = place.scale > 1.2 * (source.preview.width / size[0]);
  drawPart(brush, near && source.bitmap ? source.bitmap : source.preview, everything, seen, place);
  if (near && !source.bitmap && detail) {
    drawPart(brush, detail.image, [detail.x, detail.y, detail.width, detail.height], seen, place);
  }
}

// For a photo that is too large to keep: its true pixels where one looks, with as much again around them.
async function lookCloser() {
  if (!source || source.bitmap || view.scale <= 1.2 * (source.preview.width / size[0])) return;
  const [width, height] = [stage.clientWidth / view.scale, stage.clientHeight / view.scale];
  const [left, top] = [Math.max(0, -view.x / view.scale), Math.max(0, -view.y / view.scale)];
  const known = detail && left >= detail.x && top >= detail.y
    && Math.min(size[0], left + width) <= detail.x + detail.width
    && Math.min(size[1], top + height) <= detail.y + detail.height;
  if (known) return;
  const ticket = ++asking, asked = source;
  const x = Math.max(0, Math.floor(left - width / 2)), y = Math.max(0, Math.floor(top - height / 2));
  const region = { x, y, width: Math.min(size[0] - x, Math.ceil(2 * width)),
    height: Math.min(size[1] - y, Math.ceil(2 * height)) };
  const image = await cut(asked.blob, region).catch(() => null);
  if (!image || ticket !== asking || asked !== source) return;
  detail = { image, ...region };
  drawPhoto();
}

// Chromium's createImageBitmap cuts a photo that lies on its side before it turns it, even from a bitmap; drawImage does
// not.
async function cut(blob, { x, y, width, height }) {
  const whole = await createImageBitmap(blob), image = sheet(width, height);
  image.getContext("2d").drawImage(whole, x, y, width, height, 0, 0, width, height);
  whole.close();
  return image;
}
