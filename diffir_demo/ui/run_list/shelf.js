// Where the runs are kept: in this browser's own storage, for this page alone, within limits. It may be full, switched
// off, or written by another window of the same page.

const SHELF = "diffir-runs-1";

function stored() {
  try {
    const found = JSON.parse(localStorage.getItem(SHELF) || "[]");
    return Array.isArray(found) ? found.filter(isRun) : [];
  } catch (problem) {
    return [];
  }
}

const isRun = (run) => run && [run.id, run.task, run.name].every((text) => typeof text === "string") && run.when > 0;

// The oldest make room for the rest.
function keep() {
  runs = runs.slice(0, limits.runs);
  unsaved = false;
  for (;;) {
    const text = JSON.stringify(runs);
    if (text.length <= limits.characters || runs.length <= 1) {
      try {
        localStorage.setItem(SHELF, text);
        return;
      } catch (problem) {
        if (runs.length <= 1) { unsaved = true; return; }
      }
    }
    runs = runs.slice(0, -1);
  }
}

// The list of another window counts, too.
let telling = null;
function add(run) {
  if (run.telling === telling) return;  // heard already, and perhaps removed since
  telling = run.telling;
  runs = [{ ...run, when: Date.now() }, ...stored().filter((each) => each.id !== run.id)];
  keep();
  former = null;
  say(unsaved ? words.unsaved : "");
  render();
}

// Which files are gone is asked once the list can be seen.
async function look() {
  const paths = runs.flatMap((run) => [run.result, run.photo]).filter(Boolean).map((file) => file.path);
  if (!paths.length) return;
  const answers = await server.still_there(paths);
  gone = new Set(paths.filter((_, i) => !answers[i]));
  if (element.isConnected) render();
}

new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && look().catch(() => {})).observe(root);
window.addEventListener("storage", (event) => {
  if (event.key !== SHELF || !element.isConnected) return;
  runs = stored();
  former = null;
  render();
});
watch("value", () => { if (props.value?.run) add(props.value.run); });
runs = stored();
render();
