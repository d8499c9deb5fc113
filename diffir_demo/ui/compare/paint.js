// What is on the canvas. Beyond 200 % a pixel is a square, so that the browser's smoothing is not taken for detail: a pixel
// of the result, where the picture is a small one that is "just enlarged".

const SHARP = 2;                     // from here on, pixels are squares
const RIM = 2;                       // width of the mask's outline
let isHeld = false;                  // flicker: A instead of B
let due = 0;
const scratch = document.createElement("canvas"), grid = document.createElement("canvas"), beside = document.createElement("canvas");
// What each mode of comparing paints; words/en.json names them (`mode_names`), in the order of their buttons.
const MODES = { slider: paintSlider, side: paintSide, lens: paintLens, flicker: paintFlicker, difference: paintDifference };

function draw() {
  if (!due) due = requestAnimationFrame(() => { due = 0; paint(); });
}

function paint() {
  const brush = canvas.getContext("2d"), ratio = density();
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  brush.clearRect(0, 0, canvas.width, canvas.height);
  if (!shownResult) return;
  MODES[mode](brush);
  paintPatch(brush);
  if (one(".outline").checked && value.mask) rects.forEach((rect) => paintOutline(brush, rect));
  const previews = panes().some((_, index) => isReduced(showing(index)));
  one(".reduced").hidden = !previews;
}

// On previews whose exact pixels are not (yet) there.
function isReduced(key) {
  const shown = method(key)?.view, region = regions.get(key);
  if (!shown?.token) return false;
  return !(region?.exact && holds(region.box, seen()));
}

function clipped(brush, x, y, w, h, work) {
  brush.save();
  brush.beginPath();
  brush.rect(x, y, w, h);
  brush.clip();
  work();
  brush.restore();
}

// Where the whole picture lies: on whole pixels of the screen, so that 100 % is sharp.
function placed(rect, zoom = view.zoom, centre = view) {
  const ratio = density(), snap = (x) => Math.round(x * ratio) / ratio;
  const left = snap(rect.x + rect.w / 2 - centre.x * zoom), top = snap(rect.y + rect.h / 2 - centre.y * zoom);
  return { left, top, width: value.size[0] * zoom, height: value.size[1] * zoom };
}

// hasRegion: false for a picture's preview alone.
function paintPicture(brush, key, place, hasRegion = true) {
  const shown = method(key)?.view, image = shown && bitmap(shown.file.url);
  if (!image) return;
  brush.imageSmoothingQuality = "high";
  put(brush, shown, image, place, place);
  const region = regions.get(key);
  if (region && hasRegion) {
    const [left, top, right, bottom] = region.box, x = place.left + left * place.width, y = place.top + top * place.height;
    const part = { left: x, top: y, width: (right - left) * place.width, height: (bottom - top) * place.height };
    put(brush, { enlarged: shown.enlarged }, region.bitmap, part, place);
  }
  if (key === "result" && mode !== "difference") paintOrigins(brush, place);
}

// An image in its part of the picture's place. What is just enlarged is so onto the result's pixels, and beyond `SHARP`
// they are squares as the result's are.
function put(brush, shown, image, part, place) {
  const zoom = place.width / value.size[0], isOnGrid = shown.enlarged && zoom > SHARP;
  if (!isOnGrid) {
    brush.imageSmoothingEnabled = Boolean(shown.token || shown.enlarged || part.width / image.width <= SHARP);
    brush.drawImage(image, part.left, part.top, part.width, part.height);
    return;
  }
  const ratio = density(), within = (at, most) => Math.min(Math.max(at, 0), most);
  const left = within(Math.floor(-place.left / zoom), value.size[0]), top = within(Math.floor(-place.top / zoom), value.size[1]);
  const right = within(Math.ceil((canvas.width / ratio - place.left) / zoom), value.size[0]);
  const bottom = within(Math.ceil((canvas.height / ratio - place.top) / zoom), value.size[1]);
  if (right <= left || bottom <= top) return;
  Object.assign(grid, { width: right - left, height: bottom - top });
  const pen = grid.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, (part.left - place.left) / zoom - left, (part.top - place.top) / zoom - top, part.width / zoom, part.height / zoom);
  brush.imageSmoothingEnabled = false;
  brush.drawImage(grid, place.left + left * zoom, place.top + top * zoom, grid.width * zoom, grid.height * zoom);
}

function paintSlider(brush) {
  const rect = rects[0], x = line * rect.w, place = placed(rect);
  clipped(brush, 0, 0, x, rect.h, () => paintPicture(brush, showing(0), place));
  clipped(brush, x, 0, rect.w - x, rect.h, () => paintPicture(brush, showing(1), place));
}

function paintSide(brush) {
  rects.forEach((rect, index) => {
    clipped(brush, rect.x, rect.y, rect.w, rect.h, () => paintPicture(brush, showing(index), placed(rect)));
  });
}

function paintLens(brush) {
  const rect = rects[0], power = Number(one(".magnify").value), place = placed(rect);
  paintPicture(brush, showing(0), place);
  const { x, y, radius } = lens(), larger = {
    left: x - (x - place.left) * power, top: y - (y - place.top) * power,
    width: place.width * power, height: place.height * power,
  };
  brush.save();
  brush.beginPath();
  brush.arc(x, y, radius, 0, 2 * Math.PI);
  brush.clip();
  brush.clearRect(0, 0, rect.w, rect.h);
  paintPicture(brush, showing(1), larger);
  brush.restore();
}

function paintFlicker(brush) {
  paintPicture(brush, showing(isHeld ? 0 : 1), placed(rects[0]));
}

// The pen of a paper as large as the canvas, with nothing on it.
function emptied(paper) {
  Object.assign(paper, { width: canvas.width, height: canvas.height });
  const pen = paper.getContext("2d"), ratio = density();
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return pen;
}

// |A - B| in every colour, then doubled until it is amplified enough; what is too bright for the screen is white. Each is
// painted whole before they are compared; a part of which one has a preview alone is compared by both previews.
function paintDifference(brush) {
  const place = placed(rects[0]), keys = [showing(0), showing(1)];
  const boxes = keys.filter((key) => method(key)?.view?.token).map((key) => String(regions.get(key)?.box));
  const [pen, other] = [scratch, beside].map((paper, index) => {
    const own = emptied(paper);
    paintPicture(own, keys[index], place, boxes.every((box) => box === boxes[0]));
    return own;
  });
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.globalCompositeOperation = "difference";
  pen.drawImage(other.canvas, 0, 0);
  pen.globalCompositeOperation = "lighter";
  for (let doubled = 0; doubled < Number(one(".gain").value); doubled++) pen.drawImage(scratch, 0, 0);
  brush.drawImage(scratch, 0, 0, rects[0].w, rects[0].h);
}

// The mask's rim, as wide at any zoom: the mask moved to all sides, less the mask itself.
function paintOutline(brush, rect) {
  const shape = bitmap(value.mask.url), place = placed(rect), ratio = density();
  if (!shape) return;
  const pen = emptied(scratch);
  const stamp = (dx, dy) => pen.drawImage(shape, place.left + dx, place.top + dy, place.width, place.height);
  for (let turn = 0; turn < 12; turn++) stamp(RIM * Math.cos((turn * Math.PI) / 6), RIM * Math.sin((turn * Math.PI) / 6));
  pen.globalCompositeOperation = "source-in";
  pen.fillStyle = "#ff5d55";
  pen.fillRect(0, 0, rect.x + rect.w, rect.y + rect.h);
  pen.globalCompositeOperation = "destination-out";
  stamp(0, 0);
  clipped(brush, rect.x, rect.y, rect.w, rect.h, () => {
    brush.shadowColor = "#000";
    brush.shadowBlur = 2;
    brush.drawImage(scratch, 0, 0, scratch.width / ratio, scratch.height / ratio);
  });
}
