// The value is { sentence, total, bound, steps: [{ title, short, fact, numbers, preview }] }.
// All steps share one colour scale, from -bound to +bound.

const root = element.querySelector(".ipr");
const row = element.querySelector(".steps");
const bars = element.querySelector(".bars");
const probe = element.querySelector(".probe");
let chosen = null;               // the step that a visitor picked; else the newest

const value = () => props.value || null;
const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

function rgb(hex) { return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)); }

function palette() {
  const [negative, zero, positive] = ["--negative", "--zero", "--positive"].map((name) => rgb(colour(name)));
  return (share) => {            // -1 .. 1
    const end = share < 0 ? negative : positive, t = Math.min(1, Math.abs(share));
    return zero.map((start, i) => Math.round(start + (end[i] - start) * t));
  };
}

function drawMap(canvas, numbers, bound, mix) {
  const side = Math.ceil(Math.sqrt(numbers.length));
  canvas.width = canvas.height = side;
  const brush = canvas.getContext("2d"), image = brush.createImageData(side, side);
  numbers.forEach((number, i) => image.data.set([...mix(number / bound), 255], 4 * i));
  brush.putImageData(image, 0, 0);
}

function drawBars(numbers, bound) {
  const ratio = window.devicePixelRatio || 1, box = bars.getBoundingClientRect();
  if (!box.width) return;
  bars.width = Math.round(box.width * ratio);
  bars.height = Math.round(box.height * ratio);
  const brush = bars.getContext("2d"), middle = bars.height / 2, step = bars.width / numbers.length;
  const reach = middle - 4 * ratio;
  numbers.forEach((number, i) => {
    brush.fillStyle = colour(number < 0 ? "--negative" : "--positive");
    const length = Math.min(1, Math.abs(number) / bound) * reach;
    brush.fillRect(i * step, number < 0 ? middle : middle - length, Math.max(1, step - ratio * 0.5), Math.max(1, length));
  });
  brush.fillStyle = colour("--body-text-color-subdued");
  brush.fillRect(0, middle, bars.width, Math.max(1, ratio / 2));
}

function drawScale(bound, mix) {
  const canvas = element.querySelector(".scale"), brush = canvas.getContext("2d");
  for (let x = 0; x < canvas.width; x++) {
    brush.fillStyle = `rgb(${mix((2 * x) / (canvas.width - 1) - 1)})`;
    brush.fillRect(x, 0, 1, canvas.height);
  }
  element.querySelector(".low").textContent = `−${bound.toFixed(2)}`;
  element.querySelector(".high").textContent = `+${bound.toFixed(2)}`;
}

function card(step, index) {
  const node = document.createElement("button");
  node.type = "button";
  node.className = step ? "step" : "step waiting";
  node.disabled = !step;
  const map = node.appendChild(document.createElement("canvas"));
  const title = node.appendChild(document.createElement("strong"));
  if (step) {
    title.textContent = step.title;
    node.appendChild(document.createElement("span")).textContent = step.short;
    if (step.preview) {
      const picture = node.appendChild(document.createElement("img"));
      picture.src = step.preview;
      picture.alt = props.words.preview;
    }
    node.setAttribute("aria-label", `${step.title}. ${step.fact}`);
    node.setAttribute("aria-pressed", String(index === current()));
    node.addEventListener("click", () => { chosen = index; render(); });
  }
  return { node, map };
}

const current = () => (chosen === null ? value().steps.length - 1 : Math.min(chosen, value().steps.length - 1));

function render() {
  const data = value();
  root.dataset.state = data ? "steps" : "empty";
  element.querySelector(".sentence").textContent = data ? data.sentence : props.words.empty;
  if (!data || !data.steps.length) { row.replaceChildren(); return; }
  const focused = [...row.children].indexOf(document.activeElement), mix = palette();
  const cards = Array.from({ length: data.total }, (_, i) => card(data.steps[i], i));
  row.style.gridTemplateColumns = `repeat(${data.total}, minmax(0, 1fr))`;
  row.replaceChildren(...cards.map(({ node }) => node));
  data.steps.forEach((step, i) => drawMap(cards[i].map, step.numbers, data.bound, mix));
  if (focused >= 0) row.children[focused]?.focus();
  detail(data, mix);
}

function detail(data, mix) {
  const step = data.steps[current()];
  element.querySelector(".fact").textContent = `${step.title}: ${step.fact}`;
  bars.setAttribute("aria-label", `${step.title}: ${step.fact}`);
  drawMap(element.querySelector(".large"), step.numbers, data.bound, mix);
  drawBars(step.numbers, data.bound);
  drawScale(data.bound, mix);
  element.querySelector("pre").textContent = step.numbers.map((number) => number.toFixed(3)).join("  ");
  const picture = element.querySelector(".preview");
  picture.hidden = !step.preview;
  if (step.preview) picture.src = step.preview;
}

bars.addEventListener("pointermove", (event) => {
  const step = value()?.steps[current()], box = bars.getBoundingClientRect();
  if (!step) return;
  const index = Math.min(step.numbers.length - 1, Math.floor(((event.clientX - box.left) / box.width) * step.numbers.length));
  probe.textContent = `${index + 1}: ${step.numbers[index].toFixed(3)}`;
});
bars.addEventListener("pointerleave", () => (probe.textContent = ""));
element.querySelector(".inside").addEventListener("toggle", render);

// The steps take a thousandth of a second each; this shows them at a speed that can be seen.
element.querySelector(".play").addEventListener("click", () => {
  let next = 0;
  const advance = () => {
    if (!value() || next >= value().steps.length || !element.isConnected) return;
    chosen = next++;
    render();
    setTimeout(advance, 900);
  };
  advance();
});
new ResizeObserver(() => value() && detail(value(), palette())).observe(bars);
new MutationObserver(render).observe(document.body, { attributes: true, attributeFilter: ["class"] });
watch("value", () => { if (!value() || value().steps.length <= 1) chosen = null; render(); });
render();
