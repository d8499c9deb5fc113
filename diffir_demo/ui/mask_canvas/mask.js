// The mask over the photo: an uploaded one, strokes on top, and their history. Runs in the scope of canvas.js.

async function loadBase() {
  const wanted = value.mask;
  base = null;
  if (!wanted) return;
  const bitmap = await fetched(wanted);
  if (wanted !== value.mask) return;
  const layer = Object.assign(document.createElement("canvas"), { width: mask.width, height: mask.height });
  const brush = layer.getContext("2d");
  brush.drawImage(bitmap, 0, 0, layer.width, layer.height);
  const image = brush.getImageData(0, 0, layer.width, layer.height);
  for (let i = 0; i < image.data.length; i += 4) image.data[i + 3] = image.data[i] >= 128 ? 255 : 0;
  brush.putImageData(image, 0, 0);
  brush.globalCompositeOperation = "source-in";
  brush.fillStyle = PAINT;
  brush.fillRect(0, 0, layer.width, layer.height);
  base = layer;
}

function draw(stroke) {
  const brush = mask.getContext("2d");
  const [w, h] = [mask.width, mask.height];
  brush.globalCompositeOperation = stroke.e ? "destination-out" : "source-over";
  brush.strokeStyle = brush.fillStyle = PAINT;
  brush.lineWidth = 2 * stroke.r * w;
  brush.lineCap = brush.lineJoin = "round";
  brush.beginPath();
  stroke.p.forEach(([x, y], i) => (i ? brush.lineTo(x * w, y * h) : brush.moveTo(x * w, y * h)));
  if (stroke.p.length === 1) brush.lineTo(stroke.p[0][0] * w, stroke.p[0][1] * h);
  brush.stroke();
}

function redraw() {
  const brush = mask.getContext("2d");
  brush.globalCompositeOperation = "source-over";
  brush.clearRect(0, 0, mask.width, mask.height);
  if (base) brush.drawImage(base, 0, 0, mask.width, mask.height);
  now().strokes.forEach(draw);
  refresh();
}

async function become(state) {
  const changed = (state.mask && state.mask.path) !== (value.mask && value.mask.path);
  publish(state);
  if (changed) await loadBase();
  redraw();
}

function change(state) { past.push(now()); future = []; return become(state); }
function undo() { if (past.length) { future.push(now()); become(past.pop()); } }
function redo() { if (future.length) { past.push(now()); become(future.pop()); } }

// --- the brush -----------------------------------------------------------------------------------------------------

// The slider is logarithmic: from one pixel of the photo to 40 % of its width.
const largest = () => Math.max(4, 0.4 * (size ? size[0] : 1000));
const brushPixels = () => Math.max(1, Math.round(largest() ** (slider.value / 100)));
const radius = () => Math.min(0.5, brushPixels() / 2 / size[0]);

function setBrush(share) {       // share of 10 % of the photo's width
  const pixels = Math.max(1, 0.1 * share * (size ? size[0] : 800));
  slider.value = (100 * Math.log(pixels)) / Math.log(largest());
  refresh();
}

function freshBrush() { erasing = false; setBrush(0.5); }

function place(event) {
  const box = mask.getBoundingClientRect();
  const clamp = (number) => Math.min(1.5, Math.max(-0.5, Math.round(number * 1e5) / 1e5));
  return [clamp((event.clientX - box.left) / box.width), clamp((event.clientY - box.top) / box.height)];
}

function moveRing(event) {
  const box = stage.getBoundingClientRect();
  const across = Math.max(3, (brushPixels() / size[0]) * box.width);
  ring.style.cssText = `display: block; width: ${across}px; height: ${across}px;`
    + `left: ${event.clientX - box.left - stage.clientLeft}px; top: ${event.clientY - box.top - stage.clientTop}px`;
}

function begin(event) {
  // A second finger means to zoom: what the first one drew on its way there was not meant.
  if (event.pointerType === "touch" && !event.isPrimary) {
    if (current?.touch) { current = null; redraw(); }
    return;
  }
  if (!paintable || !size || event.button > 0 || current) return;
  mask.setPointerCapture(event.pointerId);
  current = { pointer: event.pointerId, touch: event.pointerType === "touch", stroke: { r: radius(), e: erasing ? 1 : 0, p: [place(event)] } };
  draw(current.stroke);
  event.preventDefault();
}

function extend(event) {
  if (size && event.pointerType !== "touch") moveRing(event);
  if (!current || event.pointerId !== current.pointer) return;
  const { stroke } = current;
  for (const step of event.getCoalescedEvents?.().concat(event) || [event]) {
    const [x, y] = place(step), [lastX, lastY] = stroke.p[stroke.p.length - 1];
    // Closer points than this change nothing that can be seen, only the size of the value.
    if (Math.hypot(x - lastX, (y - lastY) * (size[1] / size[0])) > Math.max(0.001, stroke.r / 8)) stroke.p.push([x, y]);
  }
  draw({ ...stroke, p: stroke.p.slice(-3) });
}

function end(event) {
  if (!current || event.pointerId !== current.pointer) return;
  const { stroke } = current;
  current = null;
  change({ strokes: [...now().strokes, stroke] });
}

mask.addEventListener("pointerdown", begin);
mask.addEventListener("pointermove", extend);
mask.addEventListener("pointerup", end);
mask.addEventListener("pointercancel", end);
mask.addEventListener("pointerleave", () => (ring.style.display = "none"));
slider.addEventListener("input", refresh);
