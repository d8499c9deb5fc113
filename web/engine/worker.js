// Restores photos beside the page, which stays quick. Takes { id, kind: "load" | "run", folder, setup, request }; answers
// with events that carry the id: { bytes } while files come, those of `run`, and { kind: "done" | "failed" } at the end.
// To cancel a run, end the worker.

import { networkOf } from "./network.js";
import { run } from "./run.js";

let last = Promise.resolve();        // one at a time: runs share memory and threads

self.addEventListener("message", ({ data }) => { last = last.then(() => answer(data)); });

async function answer({ id, kind, folder, setup, request }) {
  const tell = (event, transfer = []) => self.postMessage({ id, ...event }, transfer);
  try {
    const { network, device, threads, budget } = await networkOf(folder, setup, (bytes) => tell({ kind: "bytes", bytes }));
    tell({ kind: "ready", device, threads });
    if (kind === "load") { tell({ kind: "done" }); return; }
    const result = await run(network, { ...request, budget: request.budget ?? budget }, tell);
    tell({ kind: "done", result: { ...result, device, threads } }, [result.pixels.buffer]);
  } catch (problem) {
    tell({ kind: "failed", message: String(problem?.message || problem), device: setup.wanted });
  }
}
