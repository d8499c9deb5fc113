// The buttons around the photo, files that are brought, and what the buttons show. Runs in the scope of canvas.js.

const edge = part("edge");
const by = element.querySelector("input.by");
const feather = element.querySelector("input.feather");
const keys = element.querySelector("dialog");

const actions = {
  brush: () => take("line"),
  eraser: () => take("line", true),
  box: () => take("box"),
  lasso: () => take("lasso"),
  subtract: () => take(shape, !erasing),
  undo, redo, invert,
  grow: () => grow(wholeNumber(by)),
  shrink: () => grow(-wholeNumber(by)),
  clear: () => change({ mask: null, strokes: [] }),
  edge: () => unfold(edge.hidden),
  bare: () => showBare(!bare),
  inUse: showInUse,
  scratches: findScratches,
  closer: () => zoom(1.5),
  farther: () => zoom(1 / 1.5),
  fit,
  more: () => button("more").setAttribute("aria-expanded", String(part("tools").classList.toggle("all"))),
  keys: () => { if (!keys.open) keys.showModal(); },
  closeKeys: () => keys.close(),
  choose: () => picker.click(),
};

function refresh() {
  const { mask: uploaded, strokes } = now();
  const pressed = { brush: shape === "line" && !erasing, eraser: shape === "line" && erasing, box: shape === "box",
    lasso: shape === "lasso", subtract: erasing, bare, inUse: Boolean(inUse) };
  for (const [name, is] of Object.entries(pressed)) button(name).setAttribute("aria-pressed", String(is));
  button("undo").disabled = !past.length;
  button("redo").disabled = !future.length;
  button("clear").disabled = !uploaded && !strokes.length;
  element.querySelector(".size output").textContent = `${diameter()} px`;
  slider.disabled = shape !== "line";
  stage.tabIndex = size ? 0 : -1;
  if (size) {
    feather.max = Math.floor(limits.feather * size[0]);
    feather.value = Math.round(now().feather * size[0]);
    part("feathered").textContent = `${feather.value} px`;
    pad.dataset.soft = String(Number(feather.value) > 0);
  }
  if (paintable) refreshScratches();
}

const wholeNumber = (field) => between(Number(field.min), Math.round(Number(field.value) || 1), Number(field.max));

function unfold(open) {
  edge.hidden = !open;
  button("edge").setAttribute("aria-expanded", String(open));
}

function showBare(is) {
  bare = is;
  pad.dataset.bare = String(is);
  refresh();
}

element.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-do]");
  if (chosen) actions[chosen.dataset.do]();
  if (event.target === keys) keys.close();   // beside the list
});
document.addEventListener("pointerdown", (event) => {
  if (!edge.hidden && !edge.contains(event.target) && !button("edge").contains(event.target)) unfold(false);
}, true);
feather.addEventListener("input", () => (part("feathered").textContent = `${feather.value} px`));
feather.addEventListener("change", () => {
  change({ feather: Math.min(limits.feather, Math.round((1e6 * feather.value) / size[0]) / 1e6) });
});

picker.addEventListener("change", () => { open(picker.files[0]); picker.value = ""; });
pad.addEventListener("take", ({ detail: photo }) => takeOver(photo));
pad.addEventListener("bring", ({ detail: file }) => open(file));
