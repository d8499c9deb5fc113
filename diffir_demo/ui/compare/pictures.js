// Bitmaps of the pictures, and the exact regions of those that came as a preview.

const PATIENCE = 150;                // milliseconds that the view has to rest before regions are fetched
const MARGIN = 0.2;                  // fetched around what is seen, as a share of it
const bitmaps = new Map();           // url -> ImageBitmap, or null while it is on its way
const onTheirWay = new Map();        // url -> promise of what is on its way
const SHOWN_WITHIN = 3000;           // milliseconds that a result waits for its pictures before it is shown
const regions = new Map();           // key -> { url of the view, box, bitmap }
let waiting = 0;

async function decoded(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return createImageBitmap(await answer.blob(), { colorSpaceConversion: "none" });
}

function bitmap(url) {
  if (bitmaps.has(url)) return bitmaps.get(url);
  bitmaps.set(url, null);
  const coming = decoded(url).then((found) => {
    if (!bitmaps.has(url)) { found.close(); return; }
    bitmaps.set(url, found);
    one(".trouble").textContent = "";
    draw();
  }, () => {
    bitmaps.delete(url);
    one(".trouble").textContent = words.missing;
  });
  onTheirWay.set(url, coming.finally(() => onTheirWay.delete(url)));
  return null;
}

// Until the panes have their pictures, or some of them do not come.
async function pictured() {
  const urls = panes().filter(isReady).map((key) => method(key).view.file.url);
  urls.forEach(bitmap);
  await Promise.race([Promise.all(urls.map((url) => onTheirWay.get(url))), new Promise((done) => setTimeout(done, SHOWN_WITHIN))]);
}

// What the value no longer names is not kept.
function forget() {
  const used = new Set(value.methods.map((each) => each.view?.file.url));
  used.add(value.mask?.url);
  used.add(value.origins?.copied.url);
  for (const [url, found] of bitmaps) if (!used.has(url)) { found?.close(); bitmaps.delete(url); }
  for (const [key, found] of regions) {
    if (method(key)?.view?.file.url !== found.url) { found.bitmap.close(); regions.delete(key); }
  }
}

// The part of the picture that is seen in any pane, as shares of its sides.
function seen() {
  const [width, height] = value.size, reach = { x: rects[0].w / 2 / view.zoom, y: rects[0].h / 2 / view.zoom };
  const box = [view.x - reach.x, view.y - reach.y, view.x + reach.x, view.y + reach.y];
  return box.map((edge, i) => Math.min(1, Math.max(0, edge / (i % 2 ? height : width))));
}

function holds(outer, inner) {
  return outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3];
}

function wantRegions() {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    for (const key of new Set(panes().map((_, index) => showing(index)))) fetchRegion(key);
  }, PATIENCE);
}

async function fetchRegion(key) {
  const shown = method(key)?.view, finer = view.zoom * density();
  if (!shown?.token || !shownResult || finer <= shown.width / value.size[0]) return;
  const inner = seen(), old = regions.get(key);
  if (old && holds(old.box, inner) && (old.finer >= Math.min(1, finer) || old.exact)) return;
  const wide = (inner[2] - inner[0]) * MARGIN, high = (inner[3] - inner[1]) * MARGIN;
  const box = [inner[0] - wide, inner[1] - high, inner[2] + wide, inner[3] + high].map((x) => Math.min(1, Math.max(0, x)));
  const size = [(box[2] - box[0]) * value.size[0], (box[3] - box[1]) * value.size[1]];
  const share = Math.min(1, finer);
  const answer = await server.region({ token: shown.token, box, max_size: size.map((side) => Math.ceil(side * share)) });
  if (!answer || method(key)?.view !== shown) return;
  const found = await decoded(answer.url);
  regions.get(key)?.bitmap.close();
  const exact = found.width >= Math.round((answer.box[2] - answer.box[0]) * value.size[0]);
  regions.set(key, { url: shown.file.url, box: answer.box, bitmap: found, finer: share, exact });
  draw();
}
