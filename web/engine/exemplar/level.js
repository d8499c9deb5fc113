// One scale of the photo around a hole: colours, texture, which patches can be copied and which want a match. As in
// diffir_demo/exemplar/level.py: maps carry a border of `BORDER` pixels on each side, so that a step sideways is +-1, a step
// down +-width, and no step that the search takes leaves the arrays.

import { arrayOf, countOf, opposite } from "../arrays.js";
import { around, boxOf, cutOut } from "../boxes.js";
import { dilated, distances, eroded, reflected, squareMeans } from "../filters.js";
import { rounded } from "../tiles.js";
import { eigen } from "./components.js";

export const REACH = 3, SIDE = 2 * REACH + 1, AREA = SIDE ** 2, BORDER = 8;
export const TEXTURE = 1;            // weight of the two texture features beside colour
export const COMPONENTS = 13, FEATURES = COMPONENTS + 3;  // with two of texture and one of height
const ROWS = 300, ROWS_OF_FEW = 2500;  // weights of height: photos have layers
export const AWAY = 1e6;             // for the features of what cannot be copied: too far from everything to be chosen
export const GUIDE_LOW = 2;          // pixels of each scale
const LOSS = 1.15, LEAST_TRUST = 0.1;
const GUIDED = 0.5, CLOSE = 4, LOST = 20;
const SAMPLES = 3000, TOGETHER = 4, NUMBERS = 3 * AREA, FINE = 2 ** 12;
const { fround } = Math;

// Distance to the nearest known pixel, of a hole with `border` more pixels on each side; the picture's edge is none.
export function depthOf(hole, height, width, border = 0) {
  const more = border + 1, high = height + 2 * more, wide = width + 2 * more, grown = new Uint8Array(high * wide);
  const inside = (at, length) => Math.min(Math.max(at - more, 0), length - 1);
  for (let y = 0, to = 0; y < high; y++) {
    for (let x = 0, row = inside(y, height) * width; x < wide; x++, to++) grown[to] = hole[row + inside(x, width)];
  }
  return cutOut(distances(grown, high, wide).distance, wide, { top: 1, left: 1, height: high - 2, width: wide - 2 });
}

// --- the photo at one scale, before anything is filled ----------------------------------------------------------------
// { height, width, colour: 3 numbers for each pixel, levels of 255, 0 where nothing is known; texture: 2 numbers; known, source:
// masks; guide: 3 numbers, or null; factor: pixels of the photo, either way, that one pixel stands for }

// Mean absolute gradient of the grey picture, across and down, over squares of known pixels.
export function textureOf(pixels, known, height, width, reach) {
  const grey = new Float32Array(height * width), texture = new Float32Array(2 * grey.length);
  for (let i = 0; i < grey.length; i++) grey[i] = (pixels[4 * i] + pixels[4 * i + 1] + pixels[4 * i + 2]) / 3;
  for (const [axis, step] of [[0, 1], [1, width]]) {
    const steps = new Float32Array(grey.length), pairs = new Float32Array(grey.length);
    for (let i = step; i < grey.length; i++) {
      if ((axis === 0 && i % width === 0) || !known[i] || !known[i - step]) continue;
      pairs[i] = 1;
      steps[i] = Math.abs(fround(grey[i] - grey[i - step]));
    }
    const mean = squareMeans(steps, height, width, reach, reflected), share = squareMeans(pairs, height, width, reach, reflected);
    for (let i = 0; i < grey.length; i++) texture[2 * i + axis] = known[i] ? mean[i] / Math.max(share[i], fround(1e-3)) : 0;
  }
  return texture;
}

// Sums over cells of 2 x 2; beyond the last row and column there is nothing.
function cells(plane, height, width, channels) {
  const high = Math.ceil(height / 2), wide = Math.ceil(width / 2), out = new Float32Array(high * wide * channels);
  for (let y = 0, to = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const first = (2 * y * width + 2 * x) * channels, below = 2 * y + 1 < height, beside = 2 * x + 1 < width;
      for (let c = 0; c < channels; c++, to++) {
        const here = first + c, under = here + width * channels;
        const left = plane[here] + (below ? plane[under] : 0);
        const right = beside ? plane[here + channels] + (below ? plane[under + channels] : 0) : 0;
        out[to] = fround(left) + fround(right);
      }
    }
  }
  return out;
}

// Means over 2 x 2 known pixels. Known where half of them are, a source where no pixel is barred.
export function halved({ height, width, colour, texture, known, source, guide, factor }) {
  const count = cells(known, height, width, 1), [high, wide] = [height, width].map((side) => Math.ceil(side / 2));
  const means = (plane, channels, counts) => cells(plane, height, width, channels).map((sum, i) => sum / Math.max(counts[Math.floor(i / channels)], 1));
  const barred = cells(known.map((is, i) => (is && !source[i] ? 1 : 0)), height, width, 1);
  const isKnown = arrayOf(Uint8Array, count.length, (i) => (count[i] >= 2 ? 1 : 0));
  return {
    height: high, width: wide, factor: 2 * factor,
    colour: means(colour, 3, count), texture: means(texture, 2, count),
    known: isKnown, source: isKnown.map((is, i) => (is && !barred[i] ? 1 : 0)),
    guide: guide && means(guide, 3, cells(new Uint8Array(height * width).fill(1), height, width, 1)),
  };
}

// --- a scale that is being filled -------------------------------------------------------------------------------------

// In a map with a border all around, where nothing is but `beyond`.
function bordered(plane, { height, width }, channels, beyond = 0) {
  const wide = width + 2 * BORDER, out = new plane.constructor((height + 2 * BORDER) * wide * channels).fill(beyond);
  for (let y = 0; y < height; y++) {
    out.set(plane.subarray(y * width * channels, (y + 1) * width * channels), ((y + BORDER) * wide + BORDER) * channels);
  }
  return out;
}

const placesOf = (mask) => {
  let count = 0;
  const places = new Int32Array(countOf(mask));
  for (let i = 0; i < mask.length; i++) if (mask[i]) places[count++] = i;
  return places;
};

export class Level {
  // image: 4 numbers for each place, colours and 1; texture: 2. inside, hidden, whole: masks of what belongs to the picture, of
  // the hole, of centres of patches that can be copied. hole, targets, sources: places of the hole, of centres of patches that
  // touch it, of those that can be copied. share, trust: how far a pixel, and the patch around it, is trusted.
  constructor(scale) {
    const height = scale.height + 2 * BORDER, width = scale.width + 2 * BORDER, size = height * width;
    Object.assign(this, { scale, height, width, size, image: new Float32Array(4 * size).fill(1), texture: bordered(scale.texture, scale, 2) });
    const colour = bordered(scale.colour, scale, 3, 1);
    for (let i = 0; i < size; i++) for (let c = 0; c < 3; c++) this.image[4 * i + c] = colour[3 * i + c];
    const unknown = opposite(scale.known);
    this.inside = bordered(new Uint8Array(unknown.length).fill(1), scale, 1);
    this.hidden = bordered(unknown, scale, 1);
    this.whole = eroded(bordered(scale.source, scale, 1), height, width, REACH);
    this.hole = placesOf(this.hidden);
    this.targets = placesOf(this.touching(this.hidden));
    this.sources = placesOf(this.whole);
    this.depth = depthOf(unknown, scale.height, scale.width, BORDER);
    this.share = arrayOf(Float32Array, size, (i) => (this.hidden[i] ? Math.max(LOSS ** -this.depth[i], LEAST_TRUST) : this.inside[i]));
    this.trust = squareMeans(this.share, height, width, REACH);
    this.steps = Int32Array.from({ length: AREA }, (_, i) => (Math.floor(i / SIDE) - REACH) * width + (i % SIDE) - REACH);
    if (this.hole.length) this.listen();
  }

  // The part with the hole, with a pixel more on each side; and how much a guide has to say there: near the rim, `GUIDED`.
  listen() {
    const { scale, height, width } = this;
    this.box = around(boxOf(this.hidden, height, width), 1, height, width);
    if (!scale.guide) return;
    this.guide = cutOut(bordered(scale.guide, scale, 3), width, this.box, 3);
    const depth = cutOut(this.depth, width, this.box), hidden = cutOut(this.hidden, width, this.box);
    this.guidance = depth.map((deep, i) => GUIDED * hidden[i] * Math.min(Math.max((LOST - deep * scale.factor) / (LOST - CLOSE), 0), 1));
  }

  get side() { return Math.max(this.height, this.width); }

  // At the photo's own scale, where nothing is decided any more, height counts as everywhere.
  get rowsOfFew() { return this.scale.factor === 1 ? ROWS : ROWS_OF_FEW; }

  // Centres, in the picture, of patches with a pixel of the mask.
  touching(mask) {
    return dilated(mask, this.height, this.width, REACH).map((is, i) => is & this.inside[i]);
  }

  // The targets whose patches touch these places of the hole.
  targetsOf(places) {
    const mask = new Uint8Array(this.size);
    for (const place of places) mask[place] = 1;
    return placesOf(this.touching(mask));
  }

  // Starts the hole with the level of half the size, enlarged.
  takeOver(coarse) {
    const down = between(this.scale.height, coarse.scale.height), across = between(this.scale.width, coarse.scale.width);
    for (const [mine, theirs, channels] of [[this.image, coarse.image, 4], [this.texture, coarse.texture, 2]]) {
      for (let i = 0; i < this.hole.length; i++) {
        const place = this.hole[i], y = Math.floor(place / this.width) - BORDER, x = (place % this.width) - BORDER;
        const top = down.low[y] * coarse.width, bottom = down.high[y] * coarse.width, v = down.share[y], u = across.share[x];
        for (let c = 0; c < channels; c++) {
          const left = across.low[x] * channels + c, right = across.high[x] * channels + c;
          const upper = fround(theirs[top * channels + left] * (1 - u) + theirs[top * channels + right] * u);
          const lower = fround(theirs[bottom * channels + left] * (1 - u) + theirs[bottom * channels + right] * u);
          mine[place * channels + c] = upper * (1 - v) + lower * v;
        }
      }
    }
    this.mirror();
  }

  // Lets the border repeat the picture, so that patches which leave it look like the picture goes on.
  mirror() {
    const { scale, width, height } = this;
    for (const [plane, channels] of [[this.image, 4], [this.texture, 2]]) {
      for (const place of beyond(scale.height)) {
        const to = (BORDER + place) * width * channels, from = (BORDER + reflected(place, scale.height)) * width * channels;
        plane.copyWithin(to, from, from + width * channels);
      }
      for (const place of beyond(scale.width)) {
        const from = BORDER + reflected(place, scale.width), to = BORDER + place;
        for (let y = 0; y < height; y++) for (let c = 0; c < channels; c++) plane[(y * width + to) * channels + c] = plane[(y * width + from) * channels + c];
      }
    }
  }

  // The principal components of the patches that can be copied: `COMPONENTS` times 147 numbers, rounded, so that they do not
  // depend on the order in which anything was summed.
  get projection() { return (this.found ??= this.learned()); }

  learned() {
    const step = Math.max(1, Math.floor(this.sources.length / SAMPLES)), some = this.sources.filter((_, i) => i % step === 0);
    const patches = Array.from({ length: TOGETHER }, () => new Float64Array(NUMBERS)), [p, q, r, s] = patches;
    const total = new Float64Array(NUMBERS), spread = new Float64Array(NUMBERS ** 2);
    for (let at = 0; at < some.length; at += TOGETHER) {
      patches.forEach((patch, i) => {
        if (at + i < some.length) this.patch(some[at + i], patch);
        else patch.fill(0);
        for (let k = 0; k < NUMBERS; k++) total[k] += patch[k] = rounded(patch[k]);
      });
      for (let i = 0, to = 0; i < NUMBERS; i++, to += NUMBERS) {
        const [a, b, c, d] = [p[i], q[i], r[i], s[i]];
        for (let k = 0; k <= i; k++) spread[to + k] += a * p[k] + b * q[k] + c * r[k] + d * s[k];
      }
    }
    for (let i = 0; i < NUMBERS; i++) {
      for (let k = 0; k <= i; k++) spread[i * NUMBERS + k] = spread[k * NUMBERS + i] = spread[i * NUMBERS + k] - (total[i] * total[k]) / some.length;
    }
    return eigen(spread, NUMBERS).vectors.slice(-COMPONENTS * NUMBERS).map((value) => rounded(value * FINE) / FINE);
  }

  // The colours of the patch around a place, row by row.
  patch(place, out) {
    const { image, steps } = this;
    for (let k = 0, to = 0; k < AREA; k++) {
      const from = 4 * (place + steps[k]);
      out[to++] = image[from];
      out[to++] = image[from + 1];
      out[to++] = image[from + 2];
    }
  }

  // What the search compares of the patch around a place: `FEATURES` numbers, put into `out` from `to` on.
  features(place, out, to) {
    const { projection, texture } = this, patch = (this.seen ??= new Float64Array(NUMBERS));
    this.patch(place, patch);
    for (let n = 0; n < COMPONENTS; n += 2) {  // two at a time keep a processor busy; the last one twice
      const first = n * NUMBERS, second = n + 1 < COMPONENTS ? first + NUMBERS : first;
      let a = 0, b = 0;
      for (let k = 0; k < NUMBERS; k++) {
        a += patch[k] * projection[first + k];
        b += patch[k] * projection[second + k];
      }
      out[to + n] = a;
      out[to + n + 1] = b;
    }
    for (let c = 0; c < 2; c++) out[to + COMPONENTS + c] = texture[2 * place + c] * SIDE * Math.sqrt(TEXTURE);
    out[to + COMPONENTS + 2] = Math.floor(place / this.width) * fround(ROWS / this.side);
  }
}

// Places beyond a side on which patches of the picture may lie.
function beyond(length) {
  const some = [...Array(REACH).keys()];
  return [...some.map((i) => i - REACH), ...some.map((i) => length + i)];
}

// For each place of a side the two of a side half as long, with its border, that it lies between, and how near the second is.
function between(length, half) {
  const at = (i) => Math.max(0, (i + 0.5) / 2 - 0.5), low = Int32Array.from({ length }, (_, i) => Math.floor(at(i)));
  return {
    low: low.map((place) => place + BORDER),
    high: low.map((place) => Math.min(place + 1, half - 1) + BORDER),
    share: Float64Array.from({ length }, (_, i) => at(i) - low[i]),
  };
}
