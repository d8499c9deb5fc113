// One painting at a time; of what was asked in the meantime, only the last counts.

const PATIENT = 20000;               // milliseconds after which a painting is taken for lost
const sliders = makeSliders(one(".sliders"), props.words.sliders, { moving, settled: () => {} });
let next = null;                     // the amounts that are to be painted next
let looking = 0, looks = 0;          // the number of the painting that is on its way; how many there were
let run = null;                      // whose numbers these are

function moving(amounts) {
  next = amounts;
  look();
}

function look() {
  if (looking || !next) return;
  looking = ++looks;
  const mine = looking, amounts = next;
  next = null;
  trigger("look", { number: mine, amounts });
  setTimeout(() => { if (looking === mine) { looking = 0; look(); } }, PATIENT);
}

function show(selector, url, caption) {
  const image = one(selector);
  image.hidden = !url;
  if (url) image.src = url;
  image.alt = caption;
}

function receive() {
  const value = props.value || {};
  root.hidden = !value.sliders?.length;
  if (root.hidden) { run = null; return; }
  one(".says").textContent = value.says;
  one(".caption").textContent = value.caption;
  show(".own", value.own, props.words.own);
  show(".other", value.other, value.caption);
  const isOther = value.run !== run;
  if (isOther) { run = value.run; next = null; looking = 0; }
  if (value.number === looking) looking = 0;
  if (isOther || !value.number) sliders.show(value.sliders, value.furthest);
  look();
}

for (const [kind, text] of Object.entries(props.kinds)) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  button.dataset.kind = kind;
  button.addEventListener("click", () => {
    next = null;                     // what the sliders said last is no longer what is shown
    sliders.clear();
    trigger("paint_as", { kind });
  });
  one(".paint-as").append(button);
}
watch("value", receive);
receive();
