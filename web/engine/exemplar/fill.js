// A photo's hole filled with copies from elsewhere in it, part by part: diffir_demo/exemplar/fill.py. Long holes are not cut in
// pieces here, as pages take no photos that are large enough for that.

import { arrayOf, countOf, opposite } from "../arrays.js";
import { around, boxOf, cutOut } from "../boxes.js";
import { harmonicFill } from "../fill.js";
import { twister } from "../noise.js";
import { Stages } from "../tick.js";
import { filled } from "./pyramid.js";

const CONTEXT = 256;                 // pixels around a hole that are copied from; at the edge of a photo, fewer
const GAP = 64;                      // pixels between two holes from which on each is filled by itself
const PART_SECONDS = 0.18, HOLE_SECONDS = 12e-6, CROP_SECONDS = 0.5e-6;  // of the app

// pixels: RGBA; hole: a mask; seed: the same gives the same picture; guide: RGBA, a picture of the whole whose low frequencies the
// copies shall have near the rim, or null. -> { pixels, copied: a mask of what was put together from copies, lack: "all" or "part"
// where so much of the hole had too little to copy from and is smooth, or null }
export function fill(pixels, hole, height, width, seed, guide, tick) {
  const result = pixels.slice(), left = hole.slice(), copied = new Uint8Array(hole.length), random = twister(seed);
  const todo = partsOf(hole, height, width), stages = new Stages(tick, todo.reduce((sum, part) => sum + seconds(part), 0));
  for (const part of todo) {
    const { window } = part, mine = { height: window.height, width: window.width };
    const all = cutOut(hole, width, window), known = opposite(part.hole), source = opposite(all);
    const seen = seenIn(result, left, part, width), shown = guide && cutOut(guide, width, window, 4);
    const found = filled({ pixels: seen, known, source, guide: shown, ...mine }, random, stages.stage(seconds(part)));
    if (!found) continue;
    laidIn(result, width, window, found);
    eachPlace(window, width, (to, i) => {
      if (!part.hole[i]) return;
      left[to] = 0;
      copied[to] = 1;
    });
  }
  const isLacking = left.includes(1), lack = isLacking ? (copied.includes(1) ? "part" : "all") : null;
  tick(1);
  return { pixels: isLacking ? smoothed(result, left, height, width) : result, copied, lack };
}

const seconds = ({ hole }) => PART_SECONDS + HOLE_SECONDS * countOf(hole) + CROP_SECONDS * hole.length;

function eachPlace({ top, left, height, width }, wide, act) {
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) act((top + y) * wide + left + x, i);
}

// What lies in a part's window, other holes that wait there filled smoothly.
function seenIn(result, left, { window, hole }, width) {
  const seen = cutOut(result, width, window, 4), missing = cutOut(left, width, window);
  if (!missing.some((is, i) => is && !hole[i])) return seen;
  const smooth = smoothed(seen, missing, window.height, window.width);
  for (let i = 0; i < hole.length; i++) if (missing[i] && !hole[i]) seen.set(smooth.subarray(4 * i, 4 * i + 4), 4 * i);
  return seen;
}

function laidIn(result, width, window, { colours, hidden, box }) {
  const size = box.height * box.width;
  eachPlace(box, width, (to, i) => {
    if (!hidden[i]) return;
    const at = 4 * (to + window.top * width + window.left);
    for (let c = 0; c < 3; c++) result[at + c] = colours[c * size + i];
  });
}

function smoothed(pixels, hole, height, width) {
  const known = opposite(hole), out = pixels.slice();
  const planes = [0, 1, 2].map((c) => arrayOf(Float32Array, known.length, (i) => known[i] * (pixels[4 * i + c] / 255)));
  harmonicFill(planes, known, height, width).forEach((plane, c) => plane.forEach((value, i) => { if (hole[i]) out[4 * i + c] = 255 * value; }));
  return out;
}

// [{ window: a box of the photo, hole: what is filled of it }]: the mask cut where at least `GAP` pixels are known between. Other
// parts of the hole may lie in the window, too.
export function partsOf(hole, height, width) {
  const high = Math.ceil(height / GAP), wide = Math.ceil(width / GAP), cells = new Uint8Array(high * wide);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0, row = Math.floor(y / GAP) * wide; x < width; x++, i++) if (hole[i]) cells[row + Math.floor(x / GAP)] = 1;
  }
  const { labels, count } = components(cells, high, wide);
  return Array.from({ length: count }, (_, label) => {
    const isMine = arrayOf(Uint8Array, labels.length, (i) => (labels[i] === label ? 1 : 0)), group = boxOf(isMine, high, wide);
    const [top, left] = [GAP * group.top, GAP * group.left];
    const region = { top, left, height: Math.min(GAP * group.height, height - top), width: Math.min(GAP * group.width, width - left) };
    const mine = cutOut(hole, width, region);
    eachPlace(region, width, (to, i) => {
      if (mine[i] && !isMine[Math.floor(Math.floor(to / width) / GAP) * wide + Math.floor((to % width) / GAP)]) mine[i] = 0;
    });
    return partOf(mine, region, height, width);
  });
}

function partOf(mine, region, height, width) {
  const inner = boxOf(mine, region.height, region.width), box = { ...inner, top: region.top + inner.top, left: region.left + inner.left };
  const window = around(box, CONTEXT, height, width), hole = new Uint8Array(window.height * window.width);
  const inWindow = { ...inner, top: box.top - window.top, left: box.left - window.left }, own = cutOut(mine, region.width, inner);
  eachPlace(inWindow, window.width, (to, i) => { hole[to] = own[i]; });
  return { window, hole };
}

// Cells that touch each other, corners included, get one label; -1 where there is none. Labels rise in the order in which squares
// of 2 x 2 cells, row by row, meet them, as OpenCV's do: random numbers are drawn in that order.
export function components(cells, height, width) {
  const labels = new Int32Array(cells.length).fill(-1), stack = [];
  let count = 0;
  const flood = (start) => {
    labels[start] = count;
    stack.push(start);
    while (stack.length) {
      const at = stack.pop(), y = Math.floor(at / width), x = at % width;
      for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, height - 1); row++) {
        for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, width - 1); column++) {
          const next = row * width + column;
          if (!cells[next] || labels[next] >= 0) continue;
          labels[next] = count;
          stack.push(next);
        }
      }
    }
    count += 1;
  };
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      for (const [row, column] of [[y, x], [y, x + 1], [y + 1, x], [y + 1, x + 1]]) {
        const at = row * width + column;
        if (row < height && column < width && cells[at] && labels[at] < 0) flood(at);
      }
    }
  }
  return { labels, count };
}
