// The runs that this browser keeps, as the list and the versions of a photo read them; written by storage.js alone.

const STORAGE_KEY = "diffir-runs-1";

function storedRuns() {
  try {
    const found = JSON.parse(localStorage.getItem(STORAGE_KEY) || "[]");
    return Array.isArray(found) ? found.filter(isRun) : [];
  } catch (problem) {
    return [];
  }
}

const isRun = (run) => run && [run.id, run.task, run.name].every((text) => typeof text === "string") && run.when > 0;
