// What is shown: cards of runs, the newest first. storage.js keeps them in this browser.
// The value is { run } from Python, once per finished run, and { restore } to Python: { recipe, photo }.

const root = element.querySelector(".runs");
const cards = element.querySelector(".cards");
const notice = element.querySelector(".notice");
const undo = element.querySelector('[data-do="undo"]');
const more = element.querySelector(".more");
const words = props.words, titles = props.titles, limits = props.limits;
const FEW = 6;                   // cards before the rest is asked for
const CROSS = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="m4 4 8 8m0-8-8 8"/></svg>';

let runs = [];                   // newest first
let gone = new Set();            // paths of files that the server no longer has
let former = null;               // what Undo brings back
let all = false;
let unsaved = false;

const spoken = document.documentElement.lang || "en";   // the page's, as people of the browser's own region write it
const region = navigator.languages.find((each) => each.split("-")[0] === spoken) || spoken;
const moment = new Intl.DateTimeFormat(region, { dateStyle: "medium", timeStyle: "short" });

function node(kind, name, text = "") {
  const made = document.createElement(kind);
  made.className = name;
  made.textContent = text;
  return made;
}

function press(label, title, act) {
  const made = node("button", "", label);
  made.type = "button";
  made.setAttribute("aria-label", title);
  made.title = title;
  made.addEventListener("click", act);
  return made;
}

function picture(source, alt) {
  if (!String(source || "").startsWith("data:image/jpeg;base64,")) return node("span", "");
  const made = new Image(66, 88);
  made.src = source;
  made.alt = alt;
  return made;
}

const there = (file) => Boolean(file?.path) && !gone.has(file.path);

// What a browser keeps, other programs on this machine may have written: a link leads to the web, and runs nothing.
function isWeb(url) {
  try {
    return ["http:", "https:"].includes(new URL(url, location.href).protocol);
  } catch {
    return false;
  }
}

function lost(run) {
  const photo = run.photo && !there(run.photo), result = run.result && !there(run.result);
  if (photo && (result || !run.result)) return words.gone;
  return photo ? words.photo_gone : result ? words.result_gone : "";
}

function actions(run) {
  const made = node("div", "does"), [short, long] = there(run.photo)
    ? [words.again, words.again_long] : [words.settings, words.settings_long];
  if (run.recipe && AGAIN[run.task]) made.append(press(short, filled(long, run), () => restoreSettings(run)));
  if (there(run.result) && isWeb(run.result.url)) {
    const link = node("a", "", words.download);
    link.href = run.result.url;
    link.download = run.result.orig_name || "";
    link.setAttribute("aria-label", filled(words.download_long, run));
    made.append(link);
  }
  return made;
}

function card(run) {
  const made = node("li", ""), pair = node("div", "pair");
  made.dataset.id = run.id;
  if (run.before) pair.append(picture(run.before, words.before));   // a batch has results alone
  pair.append(picture(run.after, words.after));
  const name = node("div", "name", run.name);
  name.title = run.name;
  const facts = node("div", "facts");   // a line breaks between two of them
  for (const fact of [titles[run.task] || run.task, ...(run.facts || []), moment.format(run.when)])
    facts.append(node("span", "", fact));
  const remove = press("", filled(words.remove, run), () => takeOut(run));
  remove.className = "remove";
  remove.innerHTML = CROSS;
  made.append(pair, name, facts, node("div", "lost", lost(run)), actions(run), remove);
  return made;
}

// A card that shows the same stays: one that is put in its place while a button on it is down would lose the click.
let shown = new Map();
function cardsOf(some) {
  const before = shown, name = (run) => JSON.stringify([run.id, run.when, there(run.photo), there(run.result)]);
  shown = new Map(some.map((run) => [name(run), before.get(name(run)) || card(run)]));
  return [...shown.values()];
}

function arrange(next) {
  for (const each of [...cards.children]) if (!next.includes(each)) each.remove();
  next.forEach((each, i) => cards.children[i] !== each && cards.insertBefore(each, cards.children[i] || null));
}

function render() {
  root.dataset.state = runs.length ? "full" : "empty";
  arrange(cardsOf(runs.slice(0, all ? runs.length : FEW)));
  more.hidden = runs.length <= FEW;
  more.textContent = all ? words.less : filled(words.more, { count: runs.length });
  undo.hidden = !former;
}

function say(text) { notice.firstElementChild.textContent = text; }

// --- what a visitor does -------------------------------------------------------------------------------------------

function change(next, sentence, before = null) {
  former = before;
  runs = next;
  keep();
  say(unsaved ? words.unsaved : sentence);
  render();
}

function takeOut(run) {
  change(runs.filter((each) => each.id !== run.id), filled(words.removed, run), runs);
  undo.focus();
}

function restoreSettings(run) {
  props.value = {
    run: null,
    restore: { recipe: run.recipe, photo: there(run.photo) ? run.photo : null },
  };
  document.getElementById(`tab-${run.task}-button`)?.click();
  trigger(AGAIN[run.task]);
  document.getElementById(`${run.task}-canvas`)?.scrollIntoView({ behavior: calm() ? "auto" : "smooth", block: "center" });
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

element.addEventListener("click", (event) => {
  switch (event.target.closest("[data-do]")?.dataset.do) {
    case "clear":
      change([], filled(words.cleared, { count: runs.length }), runs);
      undo.focus();
      break;
    case "undo":
      change(former, "");
      break;
    case "more":
      all = !all;
      render();
  }
});
