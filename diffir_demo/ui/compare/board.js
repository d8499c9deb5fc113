// Up to four pictures of one run under one zoom. The value is `BoardValue`; a method's key names its picture:
// "input", "result", "original", a baseline's or that of a weight file. Everything here runs in one scope with the
// files named after it in __init__.py. This part holds what is chosen, and what becomes of it when the value changes.

const LETTERS = ["A", "B", "C", "D"];
const root = element.querySelector(".board");
const stage = element.querySelector(".stage");
const canvas = element.querySelector(".stage canvas");
const words = props.words;
// What stands elsewhere on the page once there is a place for it: scores in the details, sliders and path in "Look inside".
const moving = [...element.querySelectorAll("[data-place]")];
const one = (selector) => element.querySelector(selector) ?? moving.map((part) => part.querySelector(selector)).find(Boolean);

let value = { methods: [] };
let mode = "slider";
let chosen = ["input", "result"];    // the key of each pane; the second and further ones only count side by side
let settled = ["input", "result"];   // what each pane showed last, while what was chosen is still being made
let asked = null;                    // the key of the method that is being made
let number = 0;                      // of what was asked for last
let shownResult = null;              // the file of the result: another one is another run
let announced = Promise.resolve();   // once the pictures of that are there

const method = (key) => value.methods.find((each) => each.key === key);
const isReady = (key) => Boolean(method(key)?.view);
const panes = () => (mode === "side" ? chosen : chosen.slice(0, 2));
const showing = (index) => (isReady(chosen[index]) ? chosen[index] : settled[index]);

function choose(index, key) {
  if (isReady(chosen[index])) settled[index] = chosen[index];
  chosen[index] = key;
  if (isReady(key)) refresh(); else ask(key);
}

function ask(key) {
  if (!asked) {                      // one after the other: `settle` asks for the next
    asked = key;
    number += 1;
    trigger("ask", { key, number });
  }
  refresh();
}

// What was asked for is over. If its picture did not come, the pane goes back to what it showed; if another pane still
// waits, its method is next.
function settle() {
  if (!isReady(asked)) chosen = chosen.map((key, index) => (key === asked ? settled[index] : key));
  asked = null;
  const next = panes().find((key) => !isReady(key));
  if (next) ask(next);
}

function addPane() {
  const free = value.methods.filter((each) => !chosen.includes(each.key));
  const next = free.find((each) => each.view) || free.find((each) => each.kind === "classical") || free[0];
  if (!next || chosen.length >= LETTERS.length) return;
  settled.push(isReady(next.key) ? next.key : "result");
  chosen.push(next.key);
  if (isReady(next.key)) refresh(); else ask(next.key);
}

function removePane(index) {
  chosen.splice(index, 1);
  settled.splice(index, 1);
  refresh();
}

// Another run of the same photo keeps what was compared, as far as it is there or quickly made.
function keepChoice() {
  const fallback = ["input", "result", "result", "result"];
  const canStay = (key) => method(key) && (isReady(key) || method(key).kind === "classical");
  chosen = chosen.map((key, index) => (canStay(key) ? key : fallback[index]));
  settled = chosen.map((key, index) => (isReady(key) ? key : fallback[index]));
}

function takePlaces() {
  for (const part of moving) {
    const place = document.querySelector(`#${props.task_key}-${part.dataset.place} .place`);
    if (place && part.parentElement !== place) place.append(part);
  }
}

function receive() {
  takePlaces();
  const isNew = !value.methods.length;
  value = { methods: [], columns: [], notes: [], ...props.value };
  const result = method("result")?.view?.file.path || null;
  root.dataset.state = result ? "shown" : "empty";
  if (!result) asked = null;
  const isOther = result !== shownResult;
  if (result && isOther) {
    keepChoice();
    if (isNew) startOver();
    if (isNew && method("opened")) chosen[0] = settled[0] = "opened";
    const missing = panes().find((key) => !isReady(key));
    if (missing) ask(missing);
  }
  shownResult = result;
  if (isOther) announced = result ? pictured() : Promise.resolve();
  announced.then(() => { if (shownResult === result) root.dataset.result = result || ""; });  // the stage shows it then
  for (const part of moving) part.hidden = !result;
  receiveOrigins();
  receiveReading(isOther);
  receivePath(isOther);
  receivePatch();
  if (asked && value.over === number) settle();
  forget();
  refresh();
}

function startOver() {
  view.fitted = true;
  wished = value.line / 100;
  one(".outlined").hidden = !value.mask;
}

function refresh() {
  if (!shownResult) { draw(); return; }
  layout();
  showTags();
  showTable();
  showMode();
  draw();
}
