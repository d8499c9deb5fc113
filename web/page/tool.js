// One tool of the page: its stage with photo and result, the bar under it, and what lies folded below; built of the app's
// components.

import { grown, rasterise } from "../engine/mask.js";
import { aroundHole } from "../engine/tiles.js";
import { Board } from "./board.js";
import { inSeconds, megabytes } from "./figures.js";
import { filled, place } from "./host.js";
import { Inside } from "./inside.js";
import { asFile, fileOf, maskFile, pixelsOf, smaller, thumbnail } from "./photo.js";
import { Cancelled } from "./restorer.js";
import { Status } from "./status.js";

const MOST = 2;                      // megapixels that are restored at once
const make = (kind, facts = {}) => Object.assign(document.createElement(kind), facts);

export class Tool {
  // host: an empty element. task: of the page's facts. page: { facts, parts, words, restorer(), offline, hasFallenBack }.
  constructor(host, task, page) {
    Object.assign(this, { host, task, page, words: page.words, preset: task.presets[0], last: null, going: false });
    host.innerHTML = page.template.replaceAll("{key}", task.key);
    this.one = (selector) => host.querySelector(selector);
    const facts = { task: task.key, paintable: task.mask, run: `${task.key}-run`, cancel: `${task.key}-cancel` };
    this.canvas = place(this.one(".canvas-host"), "canvas", page.parts.canvas, facts, {
      on: { opened: () => this.opened(), unreadable: () => this.unreadable() },
      upload: async (file) => asFile(file, file.name),
      server: { exact_mask: () => this.exactMask() },
    });
    this.board = new Board(this, this.one(".board-host"));
    place(this.one(".bar-host"), "bar", page.parts.bar, { task: task.key, tools: page.tools });
    this.inside = new Inside(this, this.one(".timeline-host"));
    this.status = new Status(this.one(".status-host"), this.words);
    this.listen();
    this.showPresets();
    this.showExamples();
    this.sayReady();
  }

  get pad() { return this.one(".pad"); }

  listen() {
    this.one(".run").addEventListener("click", () => this.run());
    this.one(".stop").addEventListener("click", () => { this.isCancelled = true; this.page.restorer().cancel(); });
    this.one(".shrink").addEventListener("click", () => this.shrink());
    this.pad.addEventListener("changed", () => { this.one(".shrink").hidden = true; });
  }

  // --- what is chosen ------------------------------------------------------------------------------------------------

  showPresets() {
    const { presets, key } = this.task, group = this.one(".choices");
    presets.forEach((preset, i) => {
      const label = make("label"), input = make("input", { type: "radio", name: `${key}-preset`, checked: i === 0 });
      input.addEventListener("change", () => this.choose(preset));
      label.append(input, make("span", { textContent: preset.title }));
      group.append(label);
    });
    group.hidden = presets.length < 2;
    this.choose(this.preset);
  }

  choose(preset) {
    this.preset = preset;
    this.one(".preset-summary").textContent = preset.summary;
    if (this.status && !this.going) this.sayReady();
  }

  showExamples() {
    const strip = this.one(".examples");
    for (const example of this.task.examples) {
      const button = make("button", { type: "button", title: example.title });
      button.append(make("img", { src: example.thumbnail, alt: example.title, loading: "lazy" }));
      button.addEventListener("click", () => this.take(example).catch((problem) => this.failed(problem)));
      strip.append(button);
    }
    strip.hidden = !this.task.examples.length;
  }

  async take({ photo, strokes, name }) {
    const answer = await fetch(photo);
    this.pad.dispatchEvent(new CustomEvent("bring", { detail: new File([await answer.blob()], name, { type: "image/jpeg" }) }));
    if (strokes.length) this.pad.addEventListener("brought", () => {
      this.canvas.value = { ...this.canvas.value, strokes: strokes.map((stroke) => ({ k: "line", r: 0, e: 0, ...stroke })) };
    }, { once: true });
  }

  opened() {
    this.sayReady();
    setTimeout(() => this.pad.dispatchEvent(new CustomEvent("answered", { detail: "file" })));
  }

  unreadable() {
    this.canvas.value = {};
    this.status.say(this.words.unreadable, "bad");
    setTimeout(() => this.pad.dispatchEvent(new CustomEvent("answered", { detail: "file" })));
  }

  sayReady() {
    this.page.offline.toLoad(this.preset).then((bytes) => {
      if (!this.going) this.status.say(bytes ? filled(this.words.first, { size: megabytes(bytes) }) : this.words.ready);
    });
  }

  // --- photo and mask ------------------------------------------------------------------------------------------------

  maskOf({ strokes = [], feather = 0 }, { width, height }) {
    const drawn = rasterise(strokes, height, width), pixels = Math.round(feather * width);
    return { mask: grown(drawn, height, width, pixels), feather: pixels };
  }

  async exactMask() {
    const photo = await this.photo(), { mask } = this.maskOf(this.canvas.value, photo);
    if (!mask.includes(1)) return { problem: this.words.no_mask };
    const percent = Number(((100 * mask.reduce((sum, is) => sum + is, 0)) / mask.length).toPrecision(2));
    return { picture: (await maskFile(mask, photo.width, photo.height)).url, text: filled(this.words.in_use, { ...photo, percent }) };
  }

  async photo() {
    const answer = await fetch(this.canvas.value.file.url);
    return pixelsOf(await answer.blob());
  }

  async shrink() {
    const { file } = this.canvas.value, answer = await fetch(file.url), blob = await smaller(await answer.blob(), 0.999 * MOST);
    this.pad.dispatchEvent(new CustomEvent("bring", { detail: new File([blob], file.orig_name, { type: blob.type }) }));
  }

  // The request, or null where there is nothing to run; then the status line says why.
  async request() {
    const value = this.canvas.value;
    if (!value?.file) { this.status.say(this.words.no_photo, "bad"); return null; }
    const photo = await this.photo(), { mask, feather } = this.task.mask ? this.maskOf(value, photo) : { mask: null, feather: 0 };
    if (mask && !mask.includes(1)) { this.status.say(this.words.no_mask, "bad"); return null; }
    const part = mask && aroundHole(mask, photo.height, photo.width), { width, height } = part ?? photo;
    if (width * height > MOST * 1e6) {
      const megapixels = ((width * height) / 1e6).toFixed(1), text = part ? this.words.too_wide : this.words.too_large;
      this.status.say(filled(text, { megapixels, most: MOST }), "bad");
      this.one(".shrink").hidden = false;
      return null;
    }
    const { seed, steps } = this.page.options();
    return { ...photo, mask, feather, seed, steps, ipr: null, budget: this.page.budget };
  }

  // --- runs ----------------------------------------------------------------------------------------------------------

  async run() {
    if (this.going) return;
    this.busy(true);
    try {
      const request = await this.request();
      if (!request) return;
      this.board.clear();
      this.inside.begin(request);
      const file = this.canvas.value.file, began = performance.now(), preset = this.preset;
      const result = await this.restored(preset, request, (event) => this.inside.happened(event));
      const seconds = (performance.now() - began) / 1000;
      this.last = { request, result, preset, file, amounts: {}, seconds };
      await this.show(result);
      this.inside.finished(result);
      this.sayDone(result, seconds);
    } catch (problem) {
      this.failed(problem);
    } finally {
      this.busy(false);
    }
  }

  // One run of the network, shown in the status line. Where the graphics card fails, again on the processor.
  async restored(preset, request, listen = () => {}, text = this.words.painting) {
    const asked = { fill: preset.fill, ...request }, copying = request.mask && asked.fill !== "network" ? this.page.facts.texture.copying : null;
    this.status.begin(preset, text, await this.page.offline.toLoad(preset), copying);
    if (this.isCancelled) throw new Cancelled();  // before the worker had anything to do
    let device = null;
    const follow = (event) => {
      if (event.kind === "ready") ({ device } = event);
      this.status.happened(event);
      listen(event);
    };
    try {
      const result = await this.page.restorer().ask("run", preset.folder, asked, follow);
      this.status.learn(preset, result, request);
      return result;
    } catch (problem) {
      if (problem instanceof Cancelled || device !== "webgpu") throw problem;
      this.page.useProcessor();
      this.status.say(this.words.fallback, "busy");
      return this.restored(preset, request, listen, text);
    }
  }

  // A result becomes the board's, the download's and a version of the photo.
  async show(result) {
    const name = this.last.file.orig_name.replace(/\.\w+$/, ""), file = await fileOf(result, `${name}-${this.task.verb}.png`);
    this.last.made = file;
    await this.board.show(this.last);
    const link = this.one(".download");
    Object.assign(link, { href: file.url, download: file.orig_name, hidden: false });
    const [before, after] = await Promise.all([this.last.file, file].map(async ({ url }) => thumbnail(await (await fetch(url)).blob())));
    document.dispatchEvent(new CustomEvent("run-kept", { detail: { task: this.task.key, result: file, photo: this.last.file, before, after } }));
  }

  sayDone({ device, threads, tiles }, seconds) {
    const words = this.words, on = device === "webgpu" ? words.device_webgpu : threads > 1 ? filled(words.device_wasm_many, { threads }) : words.device_wasm_one;
    const text = filled(words.done, { time: inSeconds(seconds), device: on });
    this.status.say(tiles > 1 ? `${text} ${filled(words.tiled, { tiles })}` : text, "good");
  }

  failed(problem) {
    if (problem instanceof Cancelled) this.status.say(this.words.cancelled);
    else this.status.say(filled(this.words.failed, { message: problem.message || problem }), "bad");
    this.inside.stopped();
  }

  // Restore and Cancel stand in one place.
  busy(is) {
    this.going = is;
    if (is) this.isCancelled = false;
    this.one(".run").disabled = is;
    this.one(".stop").disabled = !is;
    if (!is) this.page.offline.refresh();
  }
}
