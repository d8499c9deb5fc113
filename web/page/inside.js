// The diffusion of one tool's run on the timeline, and the pictures that its steps lead to.

import { filled, place } from "./host.js";
import { fileOf } from "./photo.js";
import { npyOf, timelineValue } from "./record.js";
import { Cancelled } from "./restorer.js";

export class Inside {
  constructor(tool, host) {
    Object.assign(this, { tool, run: null });
    const { facts, parts } = tool.page;
    this.words = { timeline: facts.timeline, adjust: facts.adjust };
    this.part = place(host, "timeline", parts.timeline, { usual: tool.preset.steps + 1, value: null }, {
      on: { paint: (asked) => this.paint(asked), halt: () => tool.page.restorer().cancel(), save: (asked) => this.save(asked) },
    });
  }

  show() {
    this.part.value = this.run?.noise ? timelineValue(this.run, this.tool.preset.directions, this.words) : null;
  }

  begin({ mask }) {
    this.run = { noise: null, steps: [], of: 0, finished: false, hasHole: Boolean(mask), pictures: new Map() };
    this.show();
  }

  happened(event) {
    if (event.kind === "noise") Object.assign(this.run, { noise: event.numbers, of: event.of, steps: [] });
    else if (event.kind === "step") this.run.steps.push(event);
    else return;
    this.show();
  }

  finished(result) {
    const { made } = this.tool.last;
    Object.assign(this.run, { finished: true, seconds: result.seconds });
    if (this.run.of) this.run.pictures.set(this.run.of, { url: made.url, difference: 0 });
    this.show();
  }

  stopped() {
    if (!this.run) return;
    this.run.busy = "";
    if (this.run.finished) this.show();
  }

  // number: of one step; null: all that have no picture, and with `noise` what pure noise would paint.
  async paint({ number, noise }) {
    const { tool, run } = this;
    if (tool.going || !run?.finished) return;
    const missing = [...Array(run.of + 1).keys()].filter((each) => !run.pictures.has(each) && (each || noise));
    tool.busy(true);
    try {
      for (const each of number === null ? missing : [number]) {
        const title = each ? filled(this.words.timeline.step, { number: each }) : this.words.timeline.noise;
        run.busy = filled(tool.words.painting_step, { title });
        this.show();
        await this.paintOne(each, run.busy);
      }
      tool.status.say(tool.words.ready);
    } catch (problem) {
      if (!(problem instanceof Cancelled)) throw problem;
      tool.status.say(tool.words.cancelled);
    } finally {
      run.busy = "";
      tool.busy(false);
      this.show();
    }
  }

  async paintOne(number, text) {
    const { last } = this.tool, ipr = number ? this.run.steps[number - 1].ipr : this.run.noise;
    const made = await this.tool.restored(last.preset, { ...last.request, ipr }, () => {}, text);
    const file = await fileOf(made, `step-${number}.png`);
    this.run.pictures.set(number, { url: file.url, difference: meanDifference(made.pixels, await this.resultPixels(), last.request.mask) });
  }

  async resultPixels() {
    const { made, result } = this.tool.last, bitmap = await createImageBitmap(await (await fetch(made.url)).blob());
    const brush = new OffscreenCanvas(result.width, result.height).getContext("2d");
    brush.drawImage(bitmap, 0, 0);
    bitmap.close();
    return brush.getImageData(0, 0, result.width, result.height).data;
  }

  save({ suffix }) {
    if (suffix !== ".npy" || !this.run?.finished) return;
    const url = URL.createObjectURL(npyOf(this.run));
    Object.assign(document.createElement("a"), { href: url, download: "diffusion.npy" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1e4);
  }
}

// In levels of 255; inside the hole where there is one.
function meanDifference(a, b, mask) {
  let total = 0, count = 0;
  for (let i = 0, at = 0; at < a.length; i++, at += 4) {
    if (mask && !mask[i]) continue;
    for (let c = at; c < at + 3; c++) total += Math.abs(a[c] - b[c]);
    count += 3;
  }
  return count ? total / count : 0;
}
