// What a run does, over the photo while it goes: the numbers as the diffusion forms them, the picture of each step where
// steps are painted, and how far the painting has come. Runs in the scope of bar.js.

const STEPS = "diffusion";           // from the timeline, whose maps are shown here, too
const watchBox = element.querySelector(".watch");
const watched = (name) => watchBox.querySelector(name);
stages.append(watchBox);

let shownBefore = null;              // the result that was there when the run began

function followRun() {
  const share = desk.querySelector("[role=progressbar]")?.getAttribute("aria-valuenow");
  const isBusy = Boolean(desk.querySelector(".status.busy")) && !desk.querySelector(`button[id$="-cancel"]`)?.disabled;
  if (!isBusy) shownBefore = result;
  const isGoing = isBusy && result === shownBefore;  // over a new result there is nothing to watch while it is saved
  if (watchBox.hidden && isGoing) { watched(".steps").replaceChildren(); keepHeight(true); }
  if (!watchBox.hidden && desk.querySelector(".status.good") && result) view("result");  // the same one as before, too
  if (!watchBox.hidden && !isGoing) keepHeight(false);
  watchBox.hidden = !isGoing;
  if (!isGoing) return;
  const [x, y, width, height] = JSON.parse(pad.dataset.place || "[0,0,0,0]");
  Object.assign(watched(".sweep").style, { left: `${x + pad.querySelector(".stage").offsetLeft}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });
  watched(".sweep").style.setProperty("--done", `${share}%`);
}

// What the bar holds changes while a run goes; the stage above it keeps its size until there is something else on it.
function keepHeight(isKept) {
  desk.style.minHeight = isKept ? `${desk.offsetHeight}px` : "";
}

function followSteps({ detail: { steps, total } }) {
  if (watchBox.hidden) return;
  watched(".steps").style.setProperty("--steps", total);
  const shown = watched(".steps"), made = steps.map((step, i) => shown.children[i] ?? stepOf(step));
  made.forEach((figure, i) => {
    const copy = figure.querySelector("canvas"), { map, picture } = steps[i];
    Object.assign(copy, { width: map.width, height: map.height });
    copy.getContext("2d").drawImage(map, 0, 0);
    Object.assign(figure.querySelector("img"), { hidden: !picture, src: picture ?? "" });
  });
  shown.replaceChildren(...made);
}

function stepOf({ title }) {
  const figure = document.createElement("figure"), make = (kind, facts) => figure.appendChild(Object.assign(document.createElement(kind), facts));
  make("canvas");
  make("img", { alt: "", hidden: true });
  make("figcaption", { textContent: title });
  return figure;
}

new MutationObserver(followRun).observe(desk, { subtree: true, childList: true, attributes: true, attributeFilter: ["disabled", "aria-valuenow"] });
bench.closest(".tabitem").addEventListener(STEPS, followSteps);
