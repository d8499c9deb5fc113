// The compare board of one tool: what stands on it after a run, and what is asked of it: other presets, and a moved IPR.

import { inSeconds } from "./figures.js";
import { filled, place } from "./host.js";
import { fileOf, maskFile } from "./photo.js";
import { boardReading, steered } from "./reading.js";
import { Cancelled } from "./restorer.js";

const RIM = 24;                      // pixels around a piece that the network sees, too
const SIDES = [96, 320];             // of a piece, pixels of the photo
const QUICK = 0.3;                   // seconds that a piece should take

export class Board {
  constructor(tool, host) {
    Object.assign(this, { tool, page: tool.page, words: tool.words, extra: new Map(), files: null, looking: false });
    const refuse = (act) => (data) => act.call(this, data).catch((problem) => tool.failed(problem));
    this.part = place(host, "board", tool.page.parts.board, { task: tool.task.key, task_key: tool.task.key, value: { methods: [] } }, {
      on: { ask: refuse(this.ask), look: refuse(this.look), steer: refuse(this.steer) },
      server: { region: async () => null },
    });
  }

  clear() {
    this.extra.clear();
    this.files = null;
    this.part.value = { methods: [] };
  }

  async show({ request, result, made }) {
    const { task } = this.tool, { width, height } = result;
    this.files ??= {
      input: task.key === "sr" ? await enlarged(request, width, height) : await fileOf(request, "photo.png"),
      mask: request.mask && await maskFile(request.mask, width, height),
    };
    if (result.base) this.extra.set("harmonic", { file: await fileOf({ ...result, pixels: result.base }, "harmonic.png") });
    this.files.result = made;
    this.files.copied = result.copied?.includes(1) ? await maskFile(result.copied, width, height) : null;
    this.refresh();
  }

  refresh(more = {}) {
    const { task, last, preset } = this.tool, { result, seconds } = last;
    const view = (file) => file && { file, width: result.width, token: null };
    const method = (key, title, kind, file, time = "", note = "") => ({ key, title, kind, note, time, scores: [], view: view(file) });
    const others = task.presets.filter(({ id, scale }) => id !== last.preset.id && scale === last.preset.scale);
    const methods = [
      method("input", task.key === "sr" ? this.words.enlarged : task.input, "given", this.files.input),
      method("result", task.presets.length > 1 ? `DiffIR, ${last.preset.title}` : "DiffIR", "network", this.files.result, inSeconds(seconds)),
      ...others.map((each) => method(each.id, `DiffIR, ${each.title}`, "network", this.extra.get(each.id)?.file, this.extra.get(each.id)?.time, this.words.network_note)),
      ...(result.base ? [method("harmonic", this.words.harmonic, "classical", this.extra.get("harmonic").file, "", this.words.harmonic_note)] : []),
    ];
    this.part.value = {
      size: [result.width, result.height], line: 50, methods, columns: [], notes: this.notes(), over: 0,
      mask: this.files.mask, origins: this.origins(), path: null, patch: null, reading: this.reading(), ...more,
    };
  }

  // What of the hole was copied from elsewhere in the photo; null where nothing was.
  origins() {
    const { request: { mask }, result } = this.tool.last, { texture } = this.page.facts;
    if (!this.files.copied) return null;
    const share = count(result.copied) / count(mask), percent = share < 1 ? Math.min(99, Math.max(1, Math.round(100 * share))) : 100;
    const text = (words, value) => filled(words, { percent: value });
    return { copied: this.files.copied, copied_text: text(texture.copied, percent), painted_text: text(texture.painted, 100 - percent) };
  }

  notes() {
    const { request: { mask }, result } = this.tool.last, { texture } = this.page.facts;
    return [...(mask && !this.files.copied ? [texture.all_painted] : []), ...(result.lack ? [texture.lack[result.lack]] : [])];
  }

  reading() {
    const { last } = this.tool, { directions } = last.preset;
    if (!directions) return null;
    return boardReading(directions, last.result.estimate ?? last.result.ipr, last.amounts, this.words, this.page.facts.adjust);
  }

  // Another preset is to be seen beside the result.
  async ask({ key, number }) {
    const { tool } = this, preset = tool.task.presets.find(({ id }) => id === key);
    if (!preset || tool.going) { this.refresh({ over: number }); return; }
    tool.busy(true);
    try {
      const began = performance.now(), text = filled(this.words.comparing, { name: preset.title });
      const result = await tool.restored(preset, { ...tool.last.request, ipr: null }, () => {}, text), time = inSeconds((performance.now() - began) / 1000);
      this.extra.set(key, { file: await fileOf(result, "compared.png"), time });
      tool.sayDone(result, (performance.now() - began) / 1000);
    } catch (problem) {
      tool.failed(problem);
    } finally {
      tool.busy(false);
      this.refresh({ over: number });
    }
  }

  // --- the IPR moved by hand -----------------------------------------------------------------------------------------

  moved(amounts) {
    const { result, preset } = this.tool.last;
    return steered(preset.directions, result.estimate ?? result.ipr, amounts);
  }

  // A piece around the middle of what is seen, while a slider is pulled. box: shares of the result's sides.
  async look({ number, amounts, box }) {
    const { request, result, preset } = this.tool.last, pace = result.seconds.paint / (request.width * request.height);
    const side = Math.round(Math.min(SIDES[1], Math.max(SIDES[0], Math.sqrt(QUICK / pace))) / 8) * 8;
    const span = (low, high, length) => {
      const wide = Math.min(length, side), start = Math.round(((low + high) / 2) * length - wide / 2);
      return [Math.min(length - wide, Math.max(0, start)), wide];
    };
    const [left, width] = span(box[0], box[2], request.width), [top, height] = span(box[1], box[3], request.height);
    const seen = around({ top, left, width, height }, request), piece = cropOf(request, seen);
    const painted = await this.page.restorer().ask("run", preset.folder, { ...piece, mask: null, feather: 0, seed: 0, ipr: this.moved(amounts) })
      .catch((problem) => { if (problem instanceof Cancelled) return null; throw problem; });
    const patch = { number, url: "", box: null };
    if (painted) {
      const { scale } = preset, inner = { top: (top - seen.top) * scale, left: (left - seen.left) * scale, width: width * scale, height: height * scale };
      patch.url = (await fileOf(cropOf(painted, inner), "piece.png")).url;
      patch.box = [left / request.width, top / request.height, (left + width) / request.width, (top + height) / request.height];
    }
    this.refresh({ patch });
  }

  // All of it, once the slider is let go.
  async steer({ number, amounts }) {
    const { tool } = this, { last } = tool;
    if (tool.going) { this.refresh({ over: number }); return; }
    tool.busy(true);
    try {
      const began = performance.now(), estimate = last.result.estimate ?? last.result.ipr;
      const result = await tool.restored(last.preset, { ...last.request, ipr: this.moved(amounts) });
      Object.assign(last, { result: { ...last.result, ...result, estimate, noise: last.result.noise, steps: last.result.steps }, amounts });
      await tool.show(last.result);
      tool.sayDone(result, (performance.now() - began) / 1000);
    } finally {
      tool.busy(false);
      this.refresh({ over: number });
    }
  }
}

const count = (mask) => mask.reduce((sum, is) => sum + is, 0);

function around({ top, left, width, height }, whole) {
  const high = Math.max(0, top - RIM), far = Math.max(0, left - RIM);
  return { top: high, left: far, width: Math.min(whole.width, left + width + RIM) - far, height: Math.min(whole.height, top + height + RIM) - high };
}

function cropOf({ pixels, width: wide }, { top, left, width, height }) {
  const out = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++) {
    const from = 4 * ((top + y) * wide + left);
    out.set(pixels.subarray(from, from + 4 * width), 4 * y * width);
  }
  return { pixels: out, width, height };
}

// The photo as browsers enlarge it: what it is compared with.
async function enlarged(photo, width, height) {
  const { url } = await fileOf(photo, "small.png"), bitmap = await createImageBitmap(await (await fetch(url)).blob());
  const canvas = new OffscreenCanvas(width, height), brush = canvas.getContext("2d", { willReadFrequently: true });
  brush.imageSmoothingQuality = "high";
  brush.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return fileOf({ pixels: brush.getImageData(0, 0, width, height).data, width, height }, "enlarged.png");
}
