// Where the runs are kept: in this browser's own storage, for this page alone, within limits. It may be full, switched
// off, or written by another window of the same page.

// The oldest make room for the rest.
function keep() {
  runs = runs.slice(0, limits.runs);
  unsaved = false;
  for (;;) {
    const text = JSON.stringify(runs);
    if (text.length <= limits.characters || runs.length <= 1) {
      try {
        localStorage.setItem(STORAGE_KEY, text);
        return;
      } catch (problem) {
        if (runs.length <= 1) { unsaved = true; return; }
      }
    }
    runs = runs.slice(0, -1);
  }
}

// The list of another window counts, too.
let message = null;
function add(run) {
  if (run.message === message) return;  // received already, and perhaps removed since
  message = run.message;
  runs = [{ ...run, when: Date.now() }, ...storedRuns().filter((each) => each.id !== run.id)];
  keep();
  former = null;
  say(unsaved ? words.unsaved : "");
  render();
  document.dispatchEvent(new CustomEvent("run-kept", { detail: run }));
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
  if (event.key !== STORAGE_KEY || !element.isConnected) return;
  runs = storedRuns();
  former = null;
  render();
});
watch("value", () => { if (props.value?.run) add(props.value.run); });
runs = storedRuns();
render();
