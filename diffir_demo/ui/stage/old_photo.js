// "Restore this old photo": the server looks it over and proposes runs; those that are not left out are then made one
// after the other, each with the tool of its own tab, as if a visitor had gone on from result to result. Runs in the
// scope of bar.js.

const plan = element.querySelector(".plan");
let answeredNumber = props.value?.number ?? 0;
stages.append(plan);

// What a plan would have filled can be corrected on the canvas; looked over again, the photo gets just that.
let corrected = null;                // path of the photo whose mask is such a one
element.querySelector(".old").addEventListener("click", () => {
  const isLookedOver = corrected !== null && corrected === pad.dataset.file;
  props.value = { ...props.value, looked_over: isLookedOver };
  trigger("look_over");
});
async function correct({ task, mask }) {
  const { file, preview } = JSON.parse(pad.dataset.value);
  closePlan();
  const path = file.path;
  await goOnWith(task, { file, preview }, { mask });
  document.dispatchEvent(new CustomEvent("mask-corrected", { detail: path }));
}
on(document, "mask-corrected", ({ detail: path }) => (corrected = path));
plan.querySelector(".not-now").addEventListener("click", closePlan);
plan.addEventListener("keydown", ({ key }) => { if (key === "Escape") { closePlan(); element.querySelector(".old").focus(); } });
function closePlan() { plan.hidden = true; }
// It is of one photo: its scratches are nothing to another one, and nothing to propose while that is worked on.
new MutationObserver(() => { if (!watchBox.hidden) closePlan(); }).observe(watchBox, { attributes: true, attributeFilter: ["hidden"] });
new MutationObserver(() => { if (pad.dataset.file !== props.value?.photo) closePlan(); }).observe(pad, { attributes: true, attributeFilter: ["data-file"] });
plan.querySelector(".start").addEventListener("click", () => {
  const steps = props.value.steps.filter((_, i) => plan.querySelectorAll("input")[i].checked);
  closePlan();
  if (steps.length) makeAll(steps);
});

function showPlan() {
  const { number, steps, text, photo } = props.value || {};
  if (!number || number === answeredNumber) return;
  answeredNumber = number;
  if (photo !== pad.dataset.file) return;  // another one was opened since
  plan.querySelector("p").textContent = text;
  plan.querySelector("ol").replaceChildren(...steps.map((step) => {
    const { title, reason, scale, wanted, shown } = step;
    const item = document.createElement("li"), label = item.appendChild(document.createElement("label"));
    const box = label.appendChild(Object.assign(document.createElement("input"), { type: "checkbox", checked: wanted }));
    label.append(Object.assign(document.createElement("strong"), { textContent: scale ? `${title} ${scale}` : title }), ` ${reason}`);
    if (shown) {
      const figure = item.appendChild(document.createElement("figure"));
      figure.append(Object.assign(new Image(), { src: shown, alt: props.words.marked_alt }));
      figure.appendChild(document.createElement("figcaption")).textContent = props.words.marked;
      const button = figure.appendChild(Object.assign(document.createElement("button"), { type: "button", textContent: props.words.correct }));
      button.addEventListener("click", () => correct(step));
    }
    box.addEventListener("change", () => {
      plan.querySelector(".start").disabled = !plan.querySelector("input:checked");
    });
    return item;
  }));
  const isWanted = steps.some(({ wanted }) => wanted);
  plan.querySelector(".start").disabled = !isWanted;
  plan.hidden = false;
  plan.querySelector(isWanted ? ".start" : ".not-now").focus({ preventScroll: true });
}
watch("value", showPlan);

async function makeAll(steps) {
  const began = performance.now(), count = steps.length;
  common.isPlanGoing = true;
  document.body.dataset.plan = "going";
  const isMade = await eachOf(steps).finally(() => { common.isPlanGoing = false; delete document.body.dataset.plan; sayPart(""); });
  const seconds = decimals((performance.now() - began) / 1000, 1);
  if (isMade && count > 1) sayPart(filled(props.words.all_parts, { count, seconds }));
}

// Whether all of them were made; those that were are among the versions.
async function eachOf(steps) {
  const { file, preview } = JSON.parse(pad.dataset.value), count = steps.length;
  let photo = { file, preview };
  for (const [i, step] of steps.entries()) {
    if (count > 1) sayPart(filled(props.words.part, { number: i + 1, count, tool: step.title }));
    await goOnWith(step.task, photo, { mask: step.mask });
    await chooseLike(step);
    if (!(await finished(step.task))) return false;
    photo = latest();
  }
  return true;
}

// Over the stage, in every tab: the steps are made in several. It stays until something else is done.
const PART = "part-said";
const partLine = element.querySelector(".part");
stages.append(partLine);
function sayPart(text) {
  common.part = text;
  document.dispatchEvent(new Event(PART));
}
function showPart() {
  if (!element.isConnected) { document.removeEventListener(PART, showPart); return; }
  partLine.textContent = common.part || "";
  partLine.hidden = !common.part;
}
document.addEventListener(PART, showPart);
pad.addEventListener("several", ({ detail: count }) => sayPart(filled(props.words.several, { count, batch: props.words.batch })));
on(document, "click", ({ isTrusted }) => { if (isTrusted && common.part && !common.isPlanGoing) sayPart(""); });
showPart();

const ANSWERS = 20000;               // milliseconds after which the server is taken for silent

function chosen(key) {
  return new Promise((done) => {
    const hear = ({ detail }) => { if (detail === key) over(); };
    const over = () => { document.removeEventListener("chosen", hear); done(); };
    document.addEventListener("chosen", hear);
    setTimeout(over, ANSWERS);
  });
}

// Presses the radio button of that text, where it is not pressed, and waits until the server knows. The buttons of a tab
// that was just opened come when they like, and one that is pressed as soon as it is there springs back. Scales are
// there as soon as presets are, and only in a tab whose presets differ in it.
const TRIES = 10, SPRUNG = 250;      // milliseconds after which it has sprung back
const BESIDE = 1000;                 // milliseconds after which there is no choice of scales beside the presets
async function chooseLike({ task, preset, scale }) {
  for (const [part, text, longest] of [["preset", preset, ANSWERS], ["scale", scale, BESIDE]]) {
    for (let i = 0; text && i < TRIES; i += 1) {
      const labels = `#${task}-${part} label`, input = await radioOf(labels, text, longest);
      if (!input || input.checked) break;
      const known = chosen(task);
      input.click();
      await pause(SPRUNG);
      if ((await radioOf(labels, text, longest))?.checked) await known;
    }
  }
}

async function radioOf(labels, text, longest) {
  const until = performance.now() + longest;
  while (element.isConnected && performance.now() < until) {
    const label = [...document.querySelectorAll(labels)].find((each) => each.textContent.trim() === text);
    if (label) return label.querySelector("input");
    await pause(50);
  }
  return null;
}

// Presses the tool's button, and waits for its result; false where it was cancelled, or went wrong.
async function finished(key) {
  const run = document.getElementById(`${key}-run`), cancel = document.getElementById(`${key}-cancel`);
  const there = document.querySelector(`#${key}-board .board`), before = common.kept;
  await pause(100);
  const former = there.dataset.result;
  run.click();
  while (element.isConnected) {
    await pause(150);
    if (there.dataset.result && there.dataset.result !== former && common.kept !== before && cancel.disabled) return true;
    if (document.querySelector(`#${key}-status .status.bad`)) return false;
    if (cancelled.has(key)) { cancelled.delete(key); return false; }
  }
  return false;
}
const cancelled = new Set();
for (const key of Object.keys(props.tools)) {
  on(document, "click", ({ target }) => { if (target.closest?.(`#${key}-cancel`)) cancelled.add(key); });
}
