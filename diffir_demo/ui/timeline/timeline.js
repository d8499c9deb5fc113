// The value is what record.py makes: { sentence, details, total, bound, finished, busy,
// rows: [{ title, facts: [[name, value]], short, label, numbers, picture, distance, closeups }], readings, closeups }. Row 0
// is the noise.

const find = (selector) => element.querySelector(selector);
const root = find(".timeline"), strip = find(".steps"), scrub = find(".scrub");
const cards = [];                // what stands in the strip, made once and then only changed
let chosen = null;               // the step that a visitor picked; else the newest
let cursor = null;               // the number that is read out, 0 .. n-1
let view = "own";                // own, final or difference
let gain = null;                 // what a visitor chose; else as much as the picture takes
let waiting = false;             // pressed, but nothing has come of it yet
let halted = false;              // what was on its way when the painting was stopped says that it still goes on

const value = () => props.value || null;
const rows = () => value()?.rows || [];
const current = () => Math.min(chosen ?? Infinity, rows().length - 1);
const row = () => rows()[current()];
const last = () => (value() ? value().total : props.usual) - 1;
const result = () => (value()?.finished ? rows()[last()]?.picture?.url : undefined);
const signed = (number, digits = 3) => decimals(number, digits).replace("-", "−");

function card(index) {
  if (cards[index]) return cards[index];
  const node = document.createElement("button");
  node.type = "button";
  const add = (parent, tag, name) => Object.assign(parent.appendChild(document.createElement(tag)), { className: name });
  const made = { node, title: add(node, "strong", "") };
  const pair = add(node, "span", "both");
  made.map = add(pair, "canvas", "");
  made.picture = add(add(pair, "span", "thumb"), "img", "");
  made.picture.alt = "";
  made.facts = add(node, "span", "short");
  node.addEventListener("click", () => { stop(); choose(index); });
  return (cards[index] = made);
}

function renderCards() {
  const count = last() + 1;
  while (cards.length > count) cards.pop();
  for (let i = 0; i < count; i++) {
    const step = rows()[i], { node, title, map, picture, facts } = card(i);
    node.className = step ? "step" : "slot";
    node.disabled = !step;
    node.setAttribute("aria-pressed", String(Boolean(step) && i === current()));
    node.setAttribute("aria-label", step?.label ?? props.words.coming);
    title.textContent = step?.title ?? "\u00a0";
    facts.replaceChildren(...(step?.short ?? ["\u00a0", "\u00a0", "\u00a0"]).map((text) => line(text)));
    show(picture, step?.picture?.url);
    if (step) drawSmallMap(map, step.numbers, value().bound);
    else blank(map);
  }
  if (strip.children.length !== count) strip.replaceChildren(...cards.map(({ node }) => node));
}

function line(text) {
  const node = document.createElement("span");
  node.textContent = text;
  return node;
}

function show(picture, url) {
  if (picture.getAttribute("src") === (url ?? null)) return;
  if (url) picture.src = url;
  else picture.removeAttribute("src");
}

function renderTransport() {
  const here = rows().length > 0;
  scrub.max = last();
  scrub.value = here ? current() : last();
  scrub.disabled = rows().length < 2;
  const at = !here ? "" : current() === 0 ? row().title : filled(props.words.at, { title: row().title, last: last() });
  scrub.setAttribute("aria-valuetext", at);
  find(".at").textContent = at;
  find(".play").disabled = !value()?.finished || rows().length < 2;
}

function renderFacts() {
  const nodes = (row()?.facts ?? []).flatMap(([name, text]) => {
    const term = document.createElement("dt"), detail = document.createElement("dd");
    term.textContent = name;
    detail.textContent = text;
    return [term, detail];
  });
  find(".facts").replaceChildren(...nodes);
  find("pre").textContent = row() ? row().numbers.map((number) => signed(number)).join("  ") : "";
}

function renderActions() {
  const data = value(), busy = (!halted && data?.busy) || (waiting ? props.words.waiting : "");
  const working = Boolean(busy), ready = Boolean(data?.finished) && !working;
  const missing = rows().some((step, i) => !step.picture && (i > 0 || find(".with-noise input").checked));
  find(".paint").disabled = !ready || Boolean(row()?.picture);
  find(".paint-all").disabled = !ready || !missing;
  find(".with-noise input").disabled = !ready;
  find(".halt").hidden = !working;
  find(".busy").textContent = busy;
  element.querySelectorAll("[data-suffix]").forEach((button) => (button.disabled = !data?.finished));
  find(".more ul").replaceChildren(...(data?.details ?? []).map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  }));
  find(".more").classList.toggle("unseen", !data?.details?.length);
}

function render() {
  root.dataset.state = !value() ? "empty" : value().finished ? "finished" : "running";
  find(".sentence").textContent = value() ? value().sentence : props.words.empty;
  renderCards();
  renderTransport();
  renderFacts();
  renderActions();
  announce();
  renderReadings();
  renderCloseups();
  renderPicture();
  renderNumbers();
}

// To whatever follows a run elsewhere on the page.
function announce() {
  const steps = rows().map(({ title, picture }, i) => ({ title, map: cards[i].map, picture: picture?.url }));
  const detail = { steps, total: last() + 1 };
  element.dispatchEvent(new CustomEvent("diffusion", { bubbles: true, detail }));
}

function choose(index) {
  chosen = Math.max(0, Math.min(last(), index));
  render();
  reveal(pace());
}

function reveal(behavior) {      // brings the step's card into the strip's view, without moving the page
  const node = cards[current()]?.node;
  if (node && strip.scrollWidth > strip.clientWidth)
    strip.scrollTo({ left: node.offsetLeft - (strip.clientWidth - node.clientWidth) / 2, behavior });
}
