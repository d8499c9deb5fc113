// From matches to pixels: the mean of what all patches over a pixel say, or a copy of what the best one says. As in
// diffir_demo/exemplar/vote.py.

import { arrayOf } from "../arrays.js";
import { cutOut } from "../boxes.js";
import { gaussianBlur, reflected } from "../filters.js";
import { AREA, GUIDE_LOW, REACH, SIDE } from "./level.js";

const TYPICAL = 0.75;                // share of the patches that are nearer than what the weights fall off by
const SORTED = 100_000;
const OFF_CENTRE = 0.03;
const AT_ONCE = 16384;               // pixels between two ticks
const { fround } = Math;

// What each target's word counts, as a map; 0 elsewhere.
export function weights(level, { distance }, targets) {
  const step = Math.max(1, Math.floor(targets.length / SORTED));
  const some = arrayOf(Float32Array, Math.ceil(targets.length / step), (i) => distance[targets[i * step]]).sort();
  const place = TYPICAL * (some.length - 1), low = Math.floor(place), next = some[Math.min(low + 1, some.length - 1)];
  const typical = Math.max(some[low] + (place - low) * (next - some[low]), AREA);
  const weight = new Float32Array(level.size);
  for (const target of targets) weight[target] = level.trust[target] * fround(Math.exp(-distance[target] / typical)) + 1e-9;
  return weight;
}

// Sets the places `hole` of the level with weighted means; where no patch has a say they stay. -> by how much they changed,
// mean levels of 255. Sources lie outside the hole, so that nothing is read that was set here.
export function vote(level, matches, weight, hole, tick) {
  const { image, steps } = level, { centre } = matches;
  let change = 0;
  for (let i = 0; i < hole.length; i++) {
    const here = hole[i];
    let red = 0, green = 0, blue = 0, counted = 0;
    for (let k = 0; k < AREA; k++) {
      const step = steps[k], says = weight[here + step];
      if (!says) continue;
      const from = 4 * (centre[here + step] - step);
      red += says * image[from];
      green += says * image[from + 1];
      blue += says * image[from + 2];
      counted += says;
    }
    if (counted) {
      const to = 4 * here;
      [red, green, blue] = [fround(red / counted), fround(green / counted), fround(blue / counted)];
      change += Math.abs(red - image[to]) + Math.abs(green - image[to + 1]) + Math.abs(blue - image[to + 2]);
      image[to] = red;
      image[to + 1] = green;
      image[to + 2] = blue;
    }
    if (i % AT_ONCE === 0) tick(i / hole.length);
  }
  if (level.guide) follow(level, hole);
  roughen(level, matches, weight, hole);
  level.mirror();
  tick(1);
  return change / 3 / hole.length;
}

// Moves the low frequencies of these places of the hole towards the guide's, as far as its `guidance` goes. What the next
// search looks for is alike in its colours then, too, and not only in its texture.
function follow({ image, box, guide, guidance, size, width }, places) {
  const mask = new Uint8Array(size);
  for (const place of places) mask[place] = 1;
  const here = cutOut(mask, width, box), at = (i) => 4 * ((box.top + Math.floor(i / box.width)) * width + box.left + (i % box.width));
  for (let c = 0; c < 3; c++) {
    const lack = gaussianBlur(arrayOf(Float32Array, here.length, (i) => (here[i] ? guide[3 * i + c] - image[at(i) + c] : 0)), box.height, box.width, GUIDE_LOW, reflected);
    for (let i = 0; i < here.length; i++) if (here[i]) image[at(i) + c] += guidance[i] * lack[i];
  }
}

// Texture features are smooth: those at the matches' centres, averaged over a patch, stand in for votes.
function roughen(level, { centre }, weight, hole) {
  const { texture, steps } = level, counted = hole.filter((place) => weight[place] > 0), smooth = new Float32Array(2 * counted.length);
  for (const place of counted) {
    texture[2 * place] = texture[2 * centre[place]];
    texture[2 * place + 1] = texture[2 * centre[place] + 1];
  }
  level.mirror();
  counted.forEach((place, i) => {
    let across = 0, down = 0;
    for (let k = 0; k < AREA; k++) {
      across += texture[2 * (place + steps[k])];
      down += texture[2 * (place + steps[k]) + 1];
    }
    smooth[2 * i] = across / AREA;
    smooth[2 * i + 1] = down / AREA;
  });
  counted.forEach((place, i) => {
    texture[2 * place] = smooth[2 * i];
    texture[2 * place + 1] = smooth[2 * i + 1];
  });
}

// The place that each pixel is copied from, as a map. For those outside the hole, their own.
export function copies(level, { centre, distance }, tick) {
  const { hole, steps } = level, origin = arrayOf(Int32Array, level.size, (i) => i);
  const factors = Float32Array.from(steps, (_, k) => 1 + OFF_CENTRE * ((Math.floor(k / SIDE) - REACH) ** 2 + ((k % SIDE) - REACH) ** 2));
  for (let i = 0; i < hole.length; i++) {
    const here = hole[i];
    let least = Infinity, best = centre[here];
    for (let k = 0; k < AREA; k++) {
      const found = fround(distance[here + steps[k]] * factors[k]);
      if (found < least) { best = centre[here + steps[k]] - steps[k]; least = found; }
    }
    origin[here] = best;
    if (i % AT_ONCE === 0) tick(i / hole.length);
  }
  return origin;
}

// In the level's box: the copies, 3 planes in one array, and what they say of each step to the next pixel, across and down; 0 in
// the last column, and row. Of two copies beside each other, each says what came after it, or before it, where it was; the mean
// counts. What lies beyond the photo's edge, and known pixels beside the hole, say nothing.
export function differences(level, origin) {
  const { image, inside, box, width } = level, size = box.height * box.width, places = cutOut(origin, width, box), hole = cutOut(level.hidden, width, box);
  const [copy, across, down] = [0, 1, 2].map(() => new Float32Array(3 * size));
  const say = (out, i, next, step) => {
    const first = places[i], second = places[next], forward = hole[i] && inside[first + step], backward = hole[next] && inside[second - step];
    if (!forward && !backward) return;
    for (let c = 0; c < 3; c++) {
      const after = forward ? fround(image[4 * (first + step) + c] - image[4 * first + c]) : 0;
      const before = backward ? fround(image[4 * second + c] - image[4 * (second - step) + c]) : 0;
      out[c * size + i] = (after + before) / (forward && backward ? 2 : 1);
    }
  };
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) copy[c * size + i] = image[4 * places[i] + c];
    if (i % box.width < box.width - 1) say(across, i, i + 1, 1);
    if (i + box.width < size) say(down, i, i + box.width, width);
  }
  return { copy, across, down };
}
