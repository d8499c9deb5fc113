// Photo and result share one stage; the bench says by `data-view` which of both is seen. A new result comes by itself, and
// another photo takes its place. What is dropped anywhere on the page is opened by the canvas of the tab that is seen.

const bench = element.closest(".bench");
const pad = bench.querySelector(".pad");
const stages = bench.querySelector(".stages"), desk = bench.querySelector(".desk");
const views = element.querySelector(".views"), overlay = element.querySelector(".overlay");
const isSeen = () => element.isConnected && element.offsetParent !== null;
let result = null;                   // of the board, as it was seen last
let left = 0;                        // a drag that leaves one element enters another: it is over when nothing follows

const ROW_GAP = 8;                   // pixels between the stage and a row under it

function view(name) {
  bench.dataset.view = name;
  for (const button of views.children) button.setAttribute("aria-pressed", String(button.dataset.view === name));
}

function follow() {
  const now = bench.querySelector(".board")?.dataset.result || "";  // looked up: it may come to the page after this
  if (now === result) return;
  result = now;
  views.hidden = goOn.hidden = !now;
  view(now ? "result" : "photo");
  fitWindow();
  followRun();
}

function on(target, name, act) {
  target.addEventListener(name, function handle(event) {
    if (!element.isConnected) target.removeEventListener(name, handle);
    else if (isSeen()) act(event);
  });
}

function dragging(event) {
  if (![...(event.dataTransfer?.types || [])].includes("Files") || event.target.closest?.(".batch")) return;
  event.preventDefault();
  clearTimeout(left);
  overlay.hidden = false;
  left = setTimeout(() => (overlay.hidden = true), 400);
}

on(document, "dragover", dragging);
on(document, "drop", (event) => {
  overlay.hidden = true;
  const [file, ...others] = event.dataTransfer?.files ?? [];
  if (!file || event.defaultPrevented || event.target.closest?.(".batch")) return;
  event.preventDefault();
  pad.dispatchEvent(new CustomEvent("bring", { detail: file }));
  if (others.length) pad.dispatchEvent(new CustomEvent("several", { detail: others.length + 1 }));
});
// A question before a long run is put off.
on(document, "keydown", ({ key }) => { if (key === "Escape") desk.querySelector(`#${props.task}-not-now:not(.hidden, .hide)`)?.click(); });
element.querySelector(".open").addEventListener("click", () => pad.querySelector("input.file").click());
views.addEventListener("click", (event) => event.target.dataset.view && view(event.target.dataset.view));
pad.addEventListener("editing", () => view("photo"));
// A file that is no picture takes nothing away.
let viewBefore = "photo";
pad.addEventListener("opening", () => (viewBefore = bench.dataset.view));
pad.addEventListener("refused", () => { if (result) view(viewBefore); });
// That nothing is painted over is true no longer once something is.
pad.addEventListener("changed", () => {
  const complaint = desk.querySelector('.status.bad:has([data-press$=" [data-do=scratches]"])');
  const { strokes, mask } = JSON.parse(pad.dataset.value);
  if (!complaint || !(strokes.length || mask)) return;
  complaint.className = "status intro";
  complaint.querySelector(".line").replaceChildren(Object.assign(document.createElement("span"), { textContent: props.intro }));
});
// What stands over and under the stage is as high as its words need.
function fitWindow() {
  if (!isSeen()) return;
  const top = Math.round(stages.getBoundingClientRect().top + window.scrollY), under = desk.offsetHeight + 8;
  const rows = Math.max(rowUnder(pad.querySelector(".tools")), rowUnder(bench.querySelector(".board .bar")));
  bench.style.setProperty("--stage-h", `max(240px, calc(100svh - ${top + under + rows}px))`);
}
// What stands on the stage where there is room takes none under it.
function rowUnder(row) {
  return row && row.offsetHeight && getComputedStyle(row).position !== "absolute" ? row.offsetHeight + ROW_GAP : 0;
}
const sizes = new ResizeObserver(fitWindow);
for (const each of [desk, bench, document.body]) sizes.observe(each);
on(window, "resize", fitWindow);
new MutationObserver(follow).observe(bench, { subtree: true, attributes: true, attributeFilter: ["data-result"] });
