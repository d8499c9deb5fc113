// Holes filled with texture: copies from elsewhere in the photo, matched to their surroundings by the network. As in
// diffir_demo/texture.py, which says why the numbers are what they are.

import { arrayOf } from "./arrays.js";
import { depthOf } from "./exemplar/level.js";
import { fill as copiedInto } from "./exemplar/fill.js";
import { distances, gaussianBlur, reflected, squareMost } from "./filters.js";
import { drawn, grainOf } from "./grain.js";
import { Stages } from "./tick.js";

const NEAR = 4, DEEP = 20;           // pixels from the rim: low frequencies are the network's up to the first
const LOW = 4;                       // pixels: the Gaussian that separates low from high frequencies
const SMOOTH = 0.5, ROUGH = 1.5;     // levels of 255: around what is smooth "auto" leaves a hole to the network
const THIN = 4, WIDE = 7, SHARE_OF_THIN = 0.15;
const FINE = 2, NEARBY = 12;         // pixels: what brightness, and then roughness, is averaged over
const DOUBT = 30, DISBELIEF = 60;    // levels of 255 by which copies and network differ
const REACH = 8;                     // pixels in which the deepest place says how wide a stroke is
const MARGIN = 64, AT_ONCE = 1_000_000;
const FILLING = 0.8;                 // share of the time that copying takes, about
const within = (value) => Math.min(Math.max(value, 0), 1);

// pixels: RGBA with a hole, a mask; decoded: RGBA by the network; fill: "texture", or "auto", which takes copies by the `shareOf`
// each pixel. -> { pixels, copied: a mask of what is copies for the most part, lack: as the exemplar fill says it }
export function textured(pixels, hole, decoded, height, width, fill, seed, tick) {
  const todo = bandsOf(hole, height, width), part = fill === "texture" ? Float32Array.from(hole) : shareOf(pixels, hole, height, width);
  const wanted = arrayOf(Uint8Array, hole.length, (i) => (part[i] > 0 ? 1 : 0)), grain = grainOf(pixels, hole, height, width);
  const result = decoded.slice(), copied = new Uint8Array(hole.length);
  let copies = decoded, lack = null;
  if (wanted.includes(1)) {
    const known = chosen(pixels, decoded, (i) => hole[i] && !wanted[i]), guide = chosen(pixels, decoded, (i) => hole[i]);
    const found = copiedInto(known, wanted, height, width, seed, guide, new Stages(tick, 1).stage(FILLING));
    ({ pixels: copies, lack } = found);
    for (let i = 0; i < part.length; i++) part[i] *= found.copied[i];
  }
  todo.forEach((band, number) => {
    const seen = (plane, channels = 1) => plane.subarray(band.first * width * channels, band.last * width * channels);
    const from = (band.top - band.first) * width, high = band.bottom - band.top, at = band.top * width;
    const { planes, weight } = mixed(seen(copies, 4), seen(decoded, 4), seen(part), band.last - band.first, width, fill);
    let noise = null;
    if (grain?.strength) {  // copies carry the photo's noise already; of two independent halves, less is left than of either
      const little = arrayOf(Float32Array, high * width, (i) => hole[at + i] * Math.sqrt(1 - weight[from + i] ** 2));
      noise = drawn(grain, little, high, width, seed + band.top);
    }
    for (let i = 0; i < high * width; i++) {
      if (!hole[at + i]) continue;
      for (let c = 0; c < 3; c++) result[4 * (at + i) + c] = planes[c][from + i] + (noise ? noise[c * high * width + i] : 0);
      copied[at + i] = weight[from + i] >= 0.5 ? 1 : 0;
    }
    tick(FILLING + ((1 - FILLING) * (number + 1)) / todo.length);
  });
  return { pixels: result, copied, lack };
}

// One picture, and another one where a place is chosen.
function chosen(pixels, other, isOther) {
  const out = pixels.slice();
  for (let i = 0; i < out.length / 4; i++) if (isOther(i)) out.set(other.subarray(4 * i, 4 * i + 4), 4 * i);
  return out;
}

// The rows of a hole in portions [top, bottom), those without a part of it left out; with `first` and `last` of the rows around
// that have a say in them.
export function bandsOf(hole, height, width) {
  const step = Math.max(Math.floor(AT_ONCE / width) - 2 * MARGIN, MARGIN), found = [];
  const touched = arrayOf(Uint8Array, height, (y) => (hole.subarray(y * width, (y + 1) * width).includes(1) ? 1 : 0)), end = touched.lastIndexOf(1) + 1;
  for (let top = touched.indexOf(1); top >= 0;) {
    const bottom = Math.min(top + step, end);
    found.push({ top, bottom, first: Math.max(top - MARGIN, 0), last: Math.min(bottom + MARGIN, height) });
    top = touched.indexOf(1, bottom);
  }
  return found;
}

// 3 planes, levels of 255, and the share of copies in them.
function mixed(copies, decoded, part, height, width, fill) {
  const size = height * width, depth = depthOf(part.map((share) => (share > 0 ? 1 : 0)), height, width);
  const near = arrayOf(Float32Array, size, (i) => within((DEEP - depth[i]) / (DEEP - NEAR)));
  const low = [0, 1, 2].map((c) => lowDifference(copies, decoded, part, c, height, width));
  const weight = fill !== "auto" ? part : arrayOf(Float32Array, size, (i) => {
    const difference = (Math.abs(low[0][i]) + Math.abs(low[1][i]) + Math.abs(low[2][i])) / 3;
    return part[i] * (1 - near[i] * within((difference - DOUBT) / (DISBELIEF - DOUBT)));
  });
  const fit = new Uint8ClampedArray(size);
  const planes = low.map((lower, c) => {
    for (let i = 0; i < size; i++) fit[i] = copies[4 * i + c] - near[i] * lower[i];
    return arrayOf(Float32Array, size, (i) => decoded[4 * i + c] + weight[i] * (fit[i] - decoded[4 * i + c]));
  });
  return { planes, weight };
}

// The low frequencies of copies minus network, levels of 255, of one channel.
function lowDifference(copies, decoded, part, c, height, width) {
  const difference = arrayOf(Float32Array, part.length, (i) => (part[i] > 0 ? copies[4 * i + c] - decoded[4 * i + c] : 0));
  return gaussianBlur(difference, height, width, LOW, reflected);
}

// How much of each pixel "auto" takes from copies, in [0, 1]; the rest is the network's. All where a hole is wide and its
// surroundings are rough, nothing where they are smooth. What is hidden has no say.
export function shareOf(pixels, hole, height, width) {
  const todo = bandsOf(hole, height, width), rough = new Float32Array(hole.length), part = new Float32Array(hole.length);
  for (const { top, bottom, first, last } of todo) {  // with a row more on each side, where the nearest known pixel may lie
    const from = Math.max(top - 1, 0), end = Math.min(bottom + 1, height);
    const seen = roughness(pixels.subarray(4 * first * width, 4 * last * width), hole.subarray(first * width, last * width), last - first, width);
    rough.set(seen.subarray((from - first) * width, (end - first) * width), from * width);
  }
  if (hole.includes(0)) {  // each place is judged as the rim next to it
    const { nearest } = distances(hole, height, width), known = rough.slice();
    for (let i = 0; i < hole.length; i++) if (hole[i]) rough[i] = known[nearest[i]];
  } else {
    rough.fill(0);
  }
  for (const { top, bottom, first, last } of todo) {
    const depth = depthOf(hole.subarray(first * width, last * width), last - first, width);
    const halfWidth = squareMost(depth, last - first, width, REACH), from = first * width;
    for (let i = top * width; i < bottom * width; i++) {
      const wide = within((halfWidth[i - from] - THIN) / (WIDE - THIN));
      part[i] = hole[i] * within((rough[i] - SMOOTH) / (ROUGH - SMOOTH)) * (1 - SHARE_OF_THIN * (1 - wide));
    }
  }
  return part;
}

// How far brightness is from its mean nearby, levels of 255, averaged over what is around.
function roughness(pixels, hole, height, width) {
  const grey = arrayOf(Float32Array, hole.length, (i) => (pixels[4 * i] + pixels[4 * i + 1] + pixels[4 * i + 2]) / 3);
  const smooth = smoothed(grey, hole, height, width, FINE);
  return smoothed(arrayOf(Float32Array, hole.length, (i) => Math.abs(grey[i] - smooth[i])), hole, height, width, NEARBY);
}

// The Gaussian mean of what is known; near 0 where nothing known is in reach.
function smoothed(values, hole, height, width, sigma) {
  const known = arrayOf(Float32Array, hole.length, (i) => 1 - hole[i]);
  const mean = gaussianBlur(arrayOf(Float32Array, hole.length, (i) => known[i] * values[i]), height, width, sigma);
  const weight = gaussianBlur(known, height, width, sigma);
  return arrayOf(Float32Array, hole.length, (i) => mean[i] / Math.max(weight[i], 1e-3));
}
