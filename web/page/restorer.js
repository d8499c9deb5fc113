// The worker, from the page's side: one run at a time, which can be cancelled at once, since the worker ends with it.

let number = 0;

export class Restorer {
  // setup: as engine/network.js takes it. script: of the worker.
  constructor(script, setup) {
    Object.assign(this, { script, setup, worker: null, going: new Map() });
  }

  // kind: "load" or "run". -> the result; rejects with what went wrong, and with a `Cancelled`.
  ask(kind, folder, request, listen = () => {}) {
    const id = ++number;
    this.worker ??= this.begun();
    return new Promise((done, fail) => {
      this.going.set(id, { done, fail, listen });
      this.worker.postMessage({ id, kind, folder, setup: this.setup, request });
    });
  }

  begun() {
    const worker = new Worker(this.script, { type: "module" });
    worker.addEventListener("message", ({ data }) => {
      const asked = this.going.get(data.id);
      if (!asked) return;
      if (data.kind === "done") { this.going.delete(data.id); asked.done(data.result); }
      else if (data.kind === "failed") { this.going.delete(data.id); asked.fail(new Error(data.message)); }
      else asked.listen(data);
    });
    worker.addEventListener("error", (event) => this.end(new Error(event.message || "the worker could not be started")));
    return worker;
  }

  cancel() { this.end(new Cancelled()); }

  end(problem) {
    this.worker?.terminate();
    this.worker = null;
    const all = [...this.going.values()];
    this.going.clear();
    for (const { fail } of all) fail(problem);
  }
}

export class Cancelled extends Error {}
