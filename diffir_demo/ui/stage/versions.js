// The versions of one photo: as it was opened, and every result that was made from it, whichever tool made it. The tabs
// share them, and the photo. Each of them can be the photo again. Runs in the scope of bar.js.

const CHANGED = "versions-changed";
const common = (globalThis.diffirVersions ??= { photo: null, stamp: 0, list: [] });  // list: [{ file, preview, picture, title, facts }]
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const strip = element.querySelector(".versions"), goOn = element.querySelector(".go-on");
let stamp = pad.dataset.untouched === "true" ? 0 : common.stamp;  // of this tab's photo; another tab may have a newer one
stages.append(strip);

let own = null;                      // the result that the board of this tab shows, as the versions have it

const isVersion = (path) => common.list.some(({ file }) => file.path === path);

function bring(photo) {
  stamp = common.stamp;
  pad.dispatchEvent(new CustomEvent("take", { detail: photo }));
}

function tell() {
  document.dispatchEvent(new Event(CHANGED));
}

// Opened by a visitor: all tools are to have it.
pad.addEventListener("brought", ({ detail: photo }) => {
  Object.assign(common, { photo, stamp: common.stamp + 1, list: [] });
  stamp = common.stamp;
  tell();
});

// By the server: an example, damage, a former run. That is what this tab is to have.
pad.addEventListener("placed", () => (stamp = common.stamp));

function shareIfSeen() {
  if (isSeen() && common.photo && stamp < common.stamp) bring(common.photo);
}
new ResizeObserver(shareIfSeen).observe(bench);

// What a finished run adds to them: what went in, as the first one, and what came out.
const openedFor = (run) => ({ file: run.photo, picture: run.before, title: props.words.original });
const madeBy = (run) => ({ file: run.result, picture: run.after, title: props.tools[run.task], facts: run.facts });

// One finished run, of any tab. Each tab hears of it, and the one that made it writes it down.
on(document, "run-kept", ({ detail: run }) => {
  if (run.task !== props.task || !run.result || !run.photo) return;
  if (!common.list.some(({ file }) => file.path === run.photo.path)) {
    common.list = [{ ...openedFor(run), preview: common.photo?.preview }];
  }
  common.list = [...common.list.filter(({ file }) => file.path !== run.result.path), madeBy(run)];
  common.kept = (common.kept || 0) + 1;
  own = run.result.path;
  tell();
});

const isOnStage = ({ file }) => file.path === (bench.dataset.view === "result" ? own : pad.dataset.file);

function showVersions() {
  if (!element.isConnected) { document.removeEventListener(CHANGED, showVersions); return; }
  // An example, or a photo that was opened elsewhere, has nothing to do with the versions that are there.
  strip.hidden = common.list.length < 2 || !isVersion(pad.dataset.file);
  strip.replaceChildren(...common.list.flatMap((version, number) => {
    const button = Object.assign(document.createElement("button"), { type: "button" });
    const title = titleOf(version), facts = [title, ...(version.facts ?? [])].join(", ");
    const label = filled(props.words.back_to, { title: `${number + 1}, ${facts}` });
    button.setAttribute("aria-label", label);
    button.setAttribute("aria-current", String(isOnStage(version)));
    button.title = label;
    if (version.picture) button.append(Object.assign(new Image(), { src: version.picture, alt: "" }));
    button.append(Object.assign(document.createElement("span"), { textContent: title }));
    button.addEventListener("click", () => {
      if (result && version.file.path === own) view("result");
      else { goOnWith(props.task, version); view("photo"); }
    });
    const isPast = number && bench.dataset.view !== "result" && isOnStage(version);
    return isPast ? [button, downloadOf(version)] : [button];
  }));
  strip.scrollTop = strip.scrollHeight;
  fitWindow();
}

// With a number where a tool has made several.
function titleOf(version) {
  const same = common.list.filter(({ title }) => title === version.title), number = same.indexOf(version) + 1;
  return same.length > 1 ? `${version.title} ${number}` : version.title;
}

// The bar's own is for the result on the board.
function downloadOf({ file }) {
  const name = file.orig_name || file.path.split("/").pop();
  return Object.assign(document.createElement("a"), { href: file.url, download: name, title: name, textContent: props.words.download });
}
new MutationObserver(showVersions).observe(bench, { attributes: true, attributeFilter: ["data-view"] });
new MutationObserver(showVersions).observe(pad, { attributes: true, attributeFilter: ["data-file"] });
document.addEventListener(CHANGED, showVersions);

// --- the result as the next photo --------------------------------------------------------------------------------------

const latest = () => common.list.at(-1);
const tabOf = (key) => document.getElementById(`tab-${key}-button`);

// A tab's content is made when it is opened for the first time.
async function goOnWith(key, version, extra = {}) {
  const [opened] = common.list, isFirst = !isVersion(version.file.path) || opened.file.path === version.file.path;
  const first = isFirst ? null : opened.file;
  const photo = { ...version, first };
  Object.assign(common, { photo, stamp: common.stamp + 1 });
  stamp = common.stamp;
  goOn.open = false;
  const isElsewhere = key !== props.task;
  if (isElsewhere) { document.body.dataset.going = key; tabOf(key).click(); }  // without its own photo until this one is there
  let there = null;
  while (!(there = document.querySelector(`#${key}-stage-bar .stage-bar[data-ready]`))) await pause(50);
  there.dispatchEvent(new CustomEvent("work-on", { detail: { ...photo, ...extra } }));
  if (isElsewhere) holds(there.closest(".bench").querySelector(".pad"), photo.file).finally(() => delete document.body.dataset.going);
}

const LONG = 10000;                  // milliseconds after which a photo is not waited for any longer
async function holds(pad, { path }) {
  const until = performance.now() + LONG, now = () => JSON.parse(pad.dataset.value || "{}").file?.path;
  while (now() !== path && performance.now() < until) await pause(30);
}

element.querySelector(".stage-bar").addEventListener("work-on", ({ detail: photo }) => bring(photo));
const others = Object.keys(props.tools).filter((key) => key !== props.task);
for (const key of [props.task, ...others]) {
  const tool = props.tools[key];
  const text = key === props.task ? props.words.edit : filled(props.words.then, { tool });
  const item = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  item.dataset.go = key;
  item.addEventListener("click", () => goOnWith(key, latest()));
  goOn.querySelector(".menu").append(item);
}
on(document, "click", ({ target }) => { if (!goOn.contains(target)) goOn.open = false; });
on(document, "keydown", ({ key }) => { if (key === "Escape") goOn.open = false; });
showVersions();
view("photo");
follow();
element.querySelector(".stage-bar").dataset.ready = "yes";
