// The value is { stale: another one every time } once the content is that of a former run, or { filled } in answer to what
// was asked for; nothing where nothing is to be filled. Stale content is asked for once it can be seen, and hidden until
// then. A fold that has a name stays as this browser left it.
const KEPT = "diffir-folds";
const button = element.querySelector(".fold");
const column = element.closest(".foldable");
let wanted = 0;                  // how often it became stale; an answer that comes late may be for an earlier time

function kept() {
  try { return JSON.parse(localStorage.getItem(KEPT)) || {}; } catch { return {}; }
}

function show(isOpen) {
  column?.classList.toggle("folded", !isOpen);
  button.setAttribute("aria-expanded", String(isOpen));
}

function fill() {
  const isStale = wanted > (props.value?.filled ?? 0);
  column.classList.toggle("stale", isStale);
  if (isStale && !column.classList.contains("folded")) trigger("open", { wanted });
}

button.addEventListener("click", () => {
  const isOpen = column.classList.contains("folded");
  show(isOpen);
  if (props.name) {
    try { localStorage.setItem(KEPT, JSON.stringify({ ...kept(), [props.name]: isOpen })); } catch { /* for this visit, then */ }
  }
  fill();
});
show(Boolean(props.name && kept()[props.name]));
watch("value", () => {
  if (props.value?.stale) wanted += 1;
  fill();
});
