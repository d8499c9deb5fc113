// What of the page lies in this browser already, and how the rest gets there.

import { megabytes } from "./figures.js";
import { filled } from "./host.js";

const STORE = "diffir-files";        // as sw.js names it

const sizeOf = (files) => files.reduce((sum, { bytes }) => sum + bytes, 0);

export class Offline {
  // facts: of the page. button, note: elements.
  constructor(facts, button, note, words) {
    Object.assign(this, { facts, button, note, words });
    button.addEventListener("click", () => this.keepAll());
    this.refresh();
  }

  async known() {
    if (!("caches" in self)) return new Set();
    const store = await caches.open(STORE), requests = await store.keys();
    return new Set(requests.map(({ url }) => url));
  }

  runtime() { return this.facts.runtime[this.device ?? "wasm"].files; }

  // Those of the files that are not here yet, the runtime's among them.
  async missing(files = this.facts.tasks.flatMap(({ presets }) => presets.flatMap((preset) => preset.files))) {
    const known = await this.known(), all = new Map([...this.runtime(), ...files].map((file) => [file.url, file]));
    return [...all.values()].filter(({ url }) => !known.has(new URL(url, document.baseURI).href));
  }

  // Bytes that the next run of a preset loads.
  async toLoad(preset) { return sizeOf(await this.missing(preset.files)); }

  async refresh() {
    const isPossible = "caches" in self && navigator.serviceWorker?.controller, missing = await this.missing();
    this.button.hidden = !isPossible || !missing.length;
    this.button.textContent = filled(this.words.keep, { size: megabytes(sizeOf(missing)) });
    this.note.textContent = isPossible && !missing.length ? this.words.kept : "";
  }

  async keepAll() {
    this.button.disabled = true;
    const missing = await this.missing(), size = megabytes(sizeOf(missing));
    let done = 0;
    try {
      for (const { url, bytes } of missing) {
        const answer = await fetch(url);
        await answer.arrayBuffer();
        done += bytes;
        this.note.textContent = filled(this.words.keeping, { done: megabytes(done), size });
      }
    } finally {
      this.button.disabled = false;
      await this.refresh();
    }
  }
}
