// The photo on the canvas with its mask, and the preset, are kept in this browser for a day: a reload loses nothing, and
// where the server no longer has the file after a restart, it is sent again. Runs in the scope of bar.js.

const DATABASE = "diffir", STORE = "photos", PRESETS = "diffir-presets";
const DAY = 86400e3, CALM = 400;     // milliseconds: until it is forgotten, and from the last stroke until it is written
const HEAVIEST = 100e6;              // bytes of a photo that is kept
const untouched = pad.dataset.value; // as the page came
let saving = 0;

function stored(mode, act) {
  return new Promise((done, fail) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => fail(opening.error);
    opening.onsuccess = () => {
      const request = act(opening.result.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => { opening.result.close(); done(request.result); };
      request.onerror = () => { opening.result.close(); fail(request.error); };
    };
  });
}

const forgetPhoto = () => stored("readwrite", (store) => store.delete(props.task));

async function blobOf(file) {
  if (!file) return null;
  const answer = await fetch(file.url);
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.blob();
}

async function keepPhoto() {
  const text = pad.dataset.value, value = JSON.parse(text);
  if (!value.file || text === untouched) { await forgetPhoto(); return; }
  const known = await stored("readonly", (store) => store.get(props.task));
  const isSame = known?.value.file.path === value.file.path;
  const photo = isSame ? known.photo : await blobOf(value.file), mask = await blobOf(value.mask);
  if (photo.size > HEAVIEST) { await forgetPhoto(); return; }
  // After a reload nothing was opened yet: what all tools had stays theirs.
  const isShared = common.photo ? common.photo.file.path === value.file.path : Boolean(isSame && known.isShared);
  if (text === pad.dataset.value) await stored("readwrite", (store) => store.put({ value, photo, mask, isShared, when: Date.now() }, props.task));
}

// The file as the server knows it; sent again where it does not know it any longer.
async function there(file, blob) {
  if (!file) return null;
  const [isThere] = await server.still_there([file.path]);
  if (isThere) return file;
  const sent = await upload(new File([blob], file.orig_name || "photo.png", { type: blob.type }));
  return { ...file, path: sent.path, url: sent.url };
}

// The versions that a photo belongs to, from the runs that this browser keeps, where the server has still the files.
async function versionsKept({ path }, preview) {
  const kept = storedRuns().filter(({ photo, result }) => photo && result).sort((one, other) => one.when - other.when);
  const family = new Set([path]), isOfIt = ({ photo, result }) => family.has(photo.path) || family.has(result.path);
  for (let before = 0; before < family.size;) {
    before = family.size;
    for (const { photo, result } of kept.filter(isOfIt)) family.add(photo.path).add(result.path);
  }
  const list = [];
  const add = (version) => { if (!list.some(({ file }) => file.path === version.file.path)) list.push(version); };
  for (const run of kept.filter(isOfIt)) {
    if (!list.length) add(openedFor(run));
    add(madeBy(run));
  }
  const isThere = list.length ? await server.still_there(list.map(({ file }) => file.path)) : [];
  const shown = list.filter((_, i) => isThere[i]);
  return shown.map((version) => (version.file.path === path ? { ...version, preview } : version));
}

// This tab's own, or the one that all tools had, if that is newer; the mask is a tab's own.
async function lastPhoto() {
  const own = await stored("readonly", (store) => store.get(props.task)), all = await stored("readonly", (store) => store.getAll());
  const [shared] = all.filter(({ isShared }) => isShared).sort((one, other) => other.when - one.when);
  const isNewer = shared && (!own || (shared.when > own.when && shared.value.file.path !== own.value.file.path));
  return isNewer ? { ...shared, value: { ...shared.value, strokes: [], mask: null }, mask: null } : own;
}

async function bringPhotoBack() {
  const found = await lastPhoto();
  if (!found || JSON.stringify(found.value) === untouched) return;
  if (Date.now() - found.when > DAY) { await forgetPhoto(); return; }
  const { preview, strokes, feather, first } = found.value;
  const file = await there(found.value.file, found.photo), mask = await there(found.value.mask, found.mask);
  const canBeShown = !preview || file === found.value.file;
  if (pad.dataset.value !== untouched || common.photo) return;  // what was opened since is here, or on its way
  const isFirstThere = Boolean(first) && (await server.still_there([first.path]))[0];
  bring({ file, preview: canBeShown ? preview : null, mask, strokes, feather, first: isFirstThere ? first : null });
  const list = await versionsKept(file, canBeShown ? preview : null);
  if (!common.photo && !common.list.length && list.length) { common.list = list; tell(); }
}

const choices = () => Object.fromEntries(["preset", "scale"].map((part) => {
  const pressed = document.querySelector(`#${props.task}-${part} input:checked`);
  return [part, pressed?.closest("label").textContent.trim() ?? ""];
}));

function presets() {
  try { return JSON.parse(localStorage.getItem(PRESETS)) || {}; } catch { return {}; }
}

on(document, "chosen", ({ detail: key }) => {
  if (key !== props.task) return;
  try { localStorage.setItem(PRESETS, JSON.stringify({ ...presets(), [key]: choices() })); } catch { /* for this visit, then */ }
});

// A reload, or another language, leads back to the tool that was in use.
const TOOL = "diffir-tool";
function backToTool() {
  if (common.isBack) return;
  common.isBack = true;
  const tool = sessionStorage.getItem(TOOL);
  if (tool && tool !== props.task) tabOf(tool)?.click();
}
try {
  backToTool();
  new ResizeObserver(() => { if (isSeen()) sessionStorage.setItem(TOOL, props.task); }).observe(bench);
} catch { /* the first one, then */ }

// A browser that keeps nothing (private windows, blocked storage) just does not.
pad.addEventListener("changed", () => {
  clearTimeout(saving);
  saving = setTimeout(() => keepPhoto().catch(() => {}), CALM);
});
bringPhotoBack().catch(() => {});

async function choosePreset(wanted) {
  while (wanted && element.isConnected && !document.querySelector(`#${props.task}-preset input`)) await pause(50);  // it is made when it likes
  if (wanted) await chooseLike({ task: props.task, ...wanted });
}
choosePreset(presets()[props.task]);
