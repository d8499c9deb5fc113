// Find scratches for me: a proposal that goes into the mask as an uploaded one does, under what is drawn after it, with a
// slider for how much is marked. The server keeps what it found: while the slider is pulled, small pictures come; once
// it rests, the mask itself. Runs in the scope of canvas.js.

const SCRATCHES = "scratches";
const USUAL = 0.5;               // sensitivity
const RESTED = 250;              // milliseconds after which the slider is let go
const seeker = button("scratches");
const strictness = element.querySelector(".sensitivity input");
const notice = part("found");
const proposals = new Map();     // path of the mask, or "" -> { photo, before, under, laid, sensitivity, text }
let searching = null;            // the photo that is looked through, which takes seconds for a large one
let questions = 0;               // number of the last search; what earlier ones find is dropped
let pulled = null;               // { sensitivity, whole }: what is wanted next of the slider's proposal
let pulling = false;             // its answers are being waited for
let resting = 0;                 // the timer that lets the slider go
let sketched = null;             // the small picture that stands in for the mask: `base`, for the time being
let live = "";                   // what is said of it
let trouble = null;              // { photo, text }

// What was proposed for the mask that is here: `before` is the state that marks were added to, `under` a picture of it.
function proposal() {
  const known = proposals.get(value.mask?.path || "");
  return known && known.photo === value.file?.path ? known : null;
}

function ask({ mask, strokes }, sensitivity, whole) {
  return server.find_scratches({ canvas: { ...value, mask, strokes }, sensitivity, whole }).catch(() => null);
}

const begun = () => ({ photo: value.file.path, before: now(), under: copy(bake().canvas), laid: false });
const alike = (a, b) => same(a.mask, b.mask) && JSON.stringify(a.strokes) === JSON.stringify(b.strokes);

async function findScratches() {
  if (searching) { stopSearching(); return; }
  if (!size) return;
  const mine = ++questions;
  searching = value.file;
  trouble = null;
  for (const [path, { photo }] of proposals) if (photo !== value.file.path) proposals.delete(path);
  opening(SCRATCHES);
  refresh();
  let start, answer;
  do {                           // again, and at once, where something was drawn since
    start = begun();
    answer = await ask(start.before, USUAL, true);
    if (mine !== questions) return;
  } while (answer && !answer.problem && !alike(start.before, now()));
  searching = null;
  await lay(start, USUAL, answer);
  answered(SCRATCHES, Boolean(answer?.share));
}

function stopSearching() {
  questions += 1;
  searching = null;
  answered(SCRATCHES, false);
  refresh();
}

// What the search gave becomes the mask's state. from: the proposal that this one goes on from, laid or not.
async function lay(from, sensitivity, answer) {
  if (!answer || answer.problem) {
    trouble = { photo: value.file.path, text: answer?.problem || words.not_searched };
    refresh();
    return;
  }
  const made = { ...from, laid: Boolean(answer.mask), sensitivity, text: answer.text }, { strokes } = now();
  const next = { ...now(), mask: answer.mask, strokes: from.laid ? strokes : [] };
  if (made.laid) next.mask = { ...answer.mask, url: `${value.file.url.split("/file=")[0]}/file=${answer.mask.path}` };
  else Object.assign(next, { mask: from.before.mask, strokes: from.laid ? [...from.before.strokes, ...strokes] : strokes });
  proposals.set(next.mask?.path || "", made);
  leaveInUse();
  if (!from.laid && !made.laid) refresh();
  else if (from.laid && !strokes.length) {  // one step of the history, however often the slider is moved
    if (!made.laid) past.pop();
    future = [];
    await become(next);
  } else await change(next);
  if (made.laid) trigger("found", { sensitivity });
}

// --- the slider ----------------------------------------------------------------------------------------------------

function pull(whole) {
  clearTimeout(resting);
  resting = whole || !proposal() ? 0 : setTimeout(() => pull(true), RESTED);
  if (!proposal()) return;
  opening(SCRATCHES);
  pulled = { sensitivity: Number(strictness.value), whole };
  if (!pulling) answerPulls();
}

async function answerPulls() {
  pulling = true;
  trouble = null;
  let goesOn = true;
  while (pulled && goesOn) {
    const { sensitivity, whole } = pulled, known = proposal();
    pulled = null;
    const from = known?.laid ? known : begun();
    const answer = known && await ask(from.before, sensitivity, whole);
    goesOn = Boolean(known) && proposal() === known;  // not undone, and no other photo is here
    if (!goesOn || (whole && pulled)) continue;
    if (whole || !answer?.sketch) await lay(from, sensitivity, answer);
    else await previewFound(from, known, answer);
  }
  pulling = false;
  if (resting && goesOn) return;  // it is still held: the mask itself is yet to come
  clearTimeout(resting);
  resting = 0;
  pulled = null;
  live = "";
  if (sketched && base === sketched) { await loadBase(); redraw(); }
  sketched = null;
  answered(SCRATCHES, goesOn);
  refresh();
}

async function previewFound({ under }, known, { sketch: url, text }) {
  const { bitmap } = await fetched({ url });
  const marks = sheet(bitmap.width, bitmap.height), brush = marks.getContext("2d");
  brush.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = brush.getImageData(0, 0, marks.width, marks.height);
  fillWith(marks, (i) => data[4 * i] / 255);
  if (proposal() !== known) return;
  const layer = copy(under);
  layer.getContext("2d").drawImage(marks, 0, 0, layer.width, layer.height);
  base = sketched = layer;
  live = text;
  redraw();
}

// --- what is seen of it --------------------------------------------------------------------------------------------

function refreshScratches() {
  if (searching && !same(searching, value.file)) {  // another photo is here
    questions += 1;
    searching = null;
    answered(SCRATCHES, false);
  }
  const known = searching ? null : proposal(), problem = trouble?.photo === value.file?.path ? trouble?.text : "";
  seeker.querySelector(".find").textContent = searching ? words.find_stop : words.find;
  strictness.parentElement.hidden = !known;
  if (known && !pulling && !resting) strictness.value = known.sensitivity;
  const percent = Math.round(100 * strictness.value);
  strictness.setAttribute("aria-valuetext", filled(words.sensitivity_value, { percent }));
  notice.textContent = searching ? words.finding : problem || live || known?.text || "";
  notice.classList.toggle("wrong", !searching && Boolean(problem));
}

strictness.addEventListener("input", () => pull(false));
strictness.addEventListener("change", () => pull(true));
