// The large picture: what the step paints, the result, or where the two differ.

const picture = find(".picture"), difference = find(".difference");
const pixels = new Map();        // url -> Promise of ImageData, of this run's pictures
let held = false;                // the picture is pressed: the result shows in its place

function renderPicture() {
  const step = row(), own = step?.picture?.url, both = Boolean(own && result() && own !== result());
  const wanted = held && result() ? "final" : view, compares = wanted === "difference" && both;
  const url = wanted === "final" && result() ? result() : own;
  show(picture, compares ? undefined : url);
  picture.hidden = compares || !url;
  picture.alt = !url ? "" : url === result() ? props.words.picture_final : filled(props.words.picture, { title: step.title });
  difference.hidden = !compares;
  find(".nothing").hidden = compares || Boolean(url);
  find(".nothing").textContent = !value()?.finished ? props.words.no_picture
    : current() === 0 ? props.words.unpainted_noise : props.words.unpainted;
  find(".distance").textContent = step?.distance ?? "";
  find(".hold").classList.toggle("unseen", !both);
  find(".gain").classList.toggle("unseen", !compares);
  find(".frame").classList.toggle("comparable", both);
  element.querySelectorAll("[data-view]").forEach((button) => {
    button.disabled = button.dataset.view === "final" ? !result() : button.dataset.view === "own" ? !step : !both;
    button.setAttribute("aria-pressed", String(button.dataset.view === (button.disabled ? null : wanted)));
  });
  if (!rows().length) pixels.clear();
  if (compares) drawDifference(own, result(), step.title);
}

function pixelsOf(url) {
  if (!pixels.has(url)) pixels.set(url, (async () => {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: image.naturalWidth, height: image.naturalHeight });
    const brush = canvas.getContext("2d", { willReadFrequently: true });
    brush.drawImage(image, 0, 0);
    return brush.getImageData(0, 0, canvas.width, canvas.height);
  })());
  return pixels.get(url);
}

async function drawDifference(own, final, title) {
  const [a, b] = await Promise.all([pixelsOf(own), pixelsOf(final)]);
  if (difference.hidden || own !== row()?.picture?.url || a.width !== b.width) return;   // something else is shown by now
  const gap = new ImageData(a.width, a.height), strongest = new Uint32Array(256);
  for (let i = 0; i < a.data.length; i++) {
    if (i % 4 === 3) continue;
    gap.data[i] = Math.abs(a.data[i] - b.data[i]);
    strongest[gap.data[i]]++;
  }
  const factor = gain ?? fitting(strongest, 0.75 * a.data.length);
  for (let i = 0; i < a.data.length; i++) gap.data[i] = i % 4 === 3 ? 255 : gap.data[i] * factor;
  Object.assign(difference, { width: a.width, height: a.height });
  difference.getContext("2d").putImageData(gap, 0, 0);
  difference.setAttribute("aria-label", filled(props.words.picture_difference, { title, gain: factor }));
  find(".gain select").value = String(factor);
}

function fitting(counts, total) { // the largest factor that leaves all but a few of the values below white
  let beyond = 0, level = 255;
  while (level > 0 && (beyond += counts[level]) < 0.002 * total) level--;
  return Math.max(1, Math.min(64, 2 ** Math.floor(Math.log2(255 / Math.max(1, level)))));
}
