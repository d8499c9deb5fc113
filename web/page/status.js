// The line that says what goes on, how far it is and how long it will take. Within one painting onnxruntime says nothing, so
// its progress is foreseen: from runs before, else from how long encoding took and what each of both multiplies.

import { megabytes, timeLeft } from "./figures.js";
import { filled } from "./host.js";

const EVERY = 200;                   // milliseconds
const BEGUN = 0.02, LOADED = 0.05, ENCODED = 0.08, NEARLY = 0.97;
const PAINTED = 0.4;                 // where texture is copied afterwards
const SURE = 0.1;                    // share of the copying from which on it says how long the rest will take
const WORTH_SHOWING = 2;             // seconds; what takes less is over before one has read it
const PACES = "diffir-paces";        // per network and device, seconds per pixel of the input

function paces() {
  try { return JSON.parse(localStorage.getItem(PACES)) || {}; } catch { return {}; }
}

export class Status {
  constructor(host, words) {
    Object.assign(this, { host, words, timer: 0, device: "wasm", loaded: 0, reached: 0 });
    host.innerHTML = '<div class="status"><div class="line"><span role="status"></span><span class="left"></span></div>'
      + '<div class="track" role="progressbar" aria-label="Progress" aria-valuemin="0" aria-valuemax="100" aria-valuenow="0"><div class="fill"></div></div></div>';
  }

  say(text, tone = "", share = 0, left = null) {
    if (tone !== "busy") clearInterval(this.timer);
    else share = this.reached = Math.max(this.reached, share);  // it does not fall where less was foreseen than there is
    const line = this.host.firstChild;
    line.className = `status ${tone}`;
    line.querySelector(".line span").textContent = text;
    line.querySelector(".left").textContent = left > WORTH_SHOWING ? filled(this.words.left, { time: timeLeft(left) }) : "";
    line.querySelector(".fill").style.width = `${100 * share}%`;
    line.querySelector(".track").setAttribute("aria-valuenow", String(Math.round(100 * share)));
  }

  // text: with {percent}; what is said while the network paints.
  // toLoad: bytes. copying: with {percent}; what is said while texture is copied, when the network has painted; null where it is not.
  begin(preset, text, toLoad, copying = null) {
    clearInterval(this.timer);
    Object.assign(this, { preset, text, toLoad, copying, loaded: 0, reached: 0, painting: null, since: null, painted: copying ? PAINTED : 1 });
    this.say(this.words.starting, "busy", BEGUN);
  }

  happened(event) {
    if (event.kind === "bytes") this.loading(event.bytes);
    else if (event.kind === "ready") this.device = event.device;
    else if (event.kind === "encoding") this.say(this.words.encoding, "busy", LOADED + event.share * (ENCODED - LOADED));
    else if (event.kind === "painting") this.paints(event);
    else if (event.kind === "copying") this.copies(event);
  }

  loading(bytes) {
    this.loaded += bytes;
    const size = Math.max(this.toLoad, this.loaded), share = BEGUN + (LOADED - BEGUN) * (this.loaded / size);
    if (this.toLoad) this.say(filled(this.words.loading, { done: megabytes(this.loaded), size: megabytes(size) }), "busy", share);
  }

  paints({ share, part = 1, seconds, area }) {
    if (area) {
      const pace = paces()[this.key], { encoder, painter } = this.preset.work;
      this.expected = pace ? pace * area : Math.max(0.05, (seconds.encode * painter) / encoder);
    }
    this.expected ??= 1;
    this.painting = { share, part, began: performance.now() };
    clearInterval(this.timer);
    this.timer = setInterval(() => this.tick(), EVERY);
    this.tick();
  }

  tick() {
    const { share, part, began } = this.painting, expected = this.expected * part, gone = (performance.now() - began) / 1000;
    const here = Math.min(NEARLY, gone / expected), whole = share + part * here;
    const text = filled(this.text, { percent: Math.round(100 * whole) });
    const left = this.painted < 1 ? null : this.expected * (1 - whole);
    this.say(text, "busy", ENCODED + (this.painted - ENCODED) * whole, left);
  }

  copies({ share }) {
    clearInterval(this.timer);
    this.since ??= performance.now();
    const gone = (performance.now() - this.since) / 1000, text = this.text === this.words.painting ? this.copying : this.text;
    const left = share < SURE ? null : (gone / share) * (1 - share);
    this.say(filled(text, { percent: Math.round(100 * share) }), "busy", this.painted + (1 - this.painted) * share, left);
  }

  get key() { return `${this.preset.folder.split("/networks/").at(-1)} ${this.device}`; }

  // What the next run of this network is foreseen from.
  learn(preset, result, { width, height }) {
    clearInterval(this.timer);
    try { localStorage.setItem(PACES, JSON.stringify({ ...paces(), [this.key]: result.seconds.paint / (width * height) })); } catch { /* not foreseen, then */ }
  }
}
