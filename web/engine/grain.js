// Grain: the noise of a photo, measured in its flat places, and drawn anew for what a network made. As in diffir_demo/grain.py.

import { arrayOf } from "./arrays.js";
import { gaussianBlur, gaussianKernel, reflected } from "./filters.js";
import { drawNormal, generator } from "./generator.js";
import { rounded } from "./tiles.js";

const SIDE = 8, AREA = SIDE ** 2;    // pixels of the blocks that are looked at
const MOST = 4000, FEWEST = 40;      // blocks that are looked at; below which a photo counts as free of grain
const FLAT = 0.1;                    // share of the blocks that counts as flat
const INVISIBLE = 1, VISIBLE = 2.5;  // levels of 255: grain up to the first is left out, from the second on drawn in full
const FAINT = 3, BRIGHT = 252;
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

// pixels: RGBA; hole: a mask. -> { covariance: 3 rows of 3, squared levels of 255; coarseness: pixels; strength: the share that is
// drawn }, from the median over the flattest blocks; null where too little of the photo is whole blocks.
export function grainOf(pixels, hole, height, width) {
  const blocks = blocksOf(pixels, hole, height, width).map(withoutPlanes);
  if (blocks.length < FEWEST) return null;
  const uneven = blocks.map(unevenness), order = [...blocks.keys()].sort((a, b) => uneven[a] - uneven[b]);
  const flat = order.slice(0, Math.max(FEWEST, rounded(FLAT * blocks.length))).map((i) => blocks[i]);
  const each = flat.map(covarianceOf), traces = each.map(trace).sort((a, b) => a - b), middle = traces.length >> 1;
  const typical = traces.length % 2 ? traces[middle] : (traces[middle - 1] + traces[middle]) / 2;
  const pooled = each[0].map((row, c) => row.map((_, d) => mean(each.map((found) => found[c][d]))));
  const covariance = pooled.map((row) => row.map((value) => value * (typical / Math.max(trace(pooled), 1e-9))));
  const deviation = Math.sqrt(trace(covariance) / 3), strength = (deviation - INVISIBLE) / (VISIBLE - INVISIBLE);
  return { covariance, coarseness: coarsenessOf(flat), strength: Math.min(Math.max(strength, 0), 1) };
}

const trace = (matrix) => matrix[0][0] + matrix[1][1] + matrix[2][2];

// Whole known blocks of a grid, nothing in them cut off: 3 planes in one array each.
function blocksOf(pixels, hole, height, width) {
  const rows = Math.floor(height / SIDE), columns = Math.floor(width / SIDE), places = [];
  const isWhole = (first) => {
    for (let i = 0; i < AREA; i++) if (hole[first + Math.floor(i / SIDE) * width + (i % SIDE)]) return false;
    return true;
  };
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) if (isWhole(SIDE * (y * width + x))) places.push(SIDE * (y * width + x));
  }
  const step = Math.max(1, Math.floor(places.length / MOST));
  return places.filter((_, i) => i % step === 0).map((first) => arrayOf(Float32Array, 3 * AREA, (i) => {
    const c = Math.floor(i / AREA), at = i % AREA;
    return pixels[4 * (first + Math.floor(at / SIDE) * width + (at % SIDE)) + c];
  })).filter((block) => block.every((level) => level >= FAINT && level <= BRIGHT));
}

// Minus the plane that fits each channel best.
function withoutPlanes(block) {
  const middle = (SIDE - 1) / 2, square = arrayOf(Float64Array, SIDE, (i) => (i - middle) ** 2).reduce((sum, value) => sum + value, 0);
  const out = new Float32Array(block.length), slope = (at, axis) => (axis ? at % SIDE : Math.floor(at / SIDE)) - middle;
  for (let c = 0; c < 3; c++) {
    const plane = block.subarray(c * AREA, (c + 1) * AREA), level = mean(plane), rise = [0, 0];
    for (let at = 0; at < AREA; at++) for (let axis = 0; axis < 2; axis++) rise[axis] += (plane[at] * slope(at, axis)) / (SIDE * square);
    for (let at = 0; at < AREA; at++) out[c * AREA + at] = plane[at] - level - rise[0] * slope(at, 0) - rise[1] * slope(at, 1);
  }
  return out;
}

// How far the means of 2 x 2 pixels differ. Noise is mostly left out of them, so that hardly anything is chosen by how little
// noise it has.
function unevenness(block) {
  let total = 0;
  for (let c = 0; c < 3; c++) {
    const cells = arrayOf(Float64Array, AREA / 4, (i) => {
      const first = c * AREA + 2 * SIDE * Math.floor(i / (SIDE / 2)) + 2 * (i % (SIDE / 2));
      return (block[first] + block[first + 1] + block[first + SIDE] + block[first + SIDE + 1]) / 4;
    });
    const middle = mean(cells);
    total += mean(cells.map((cell) => (cell - middle) ** 2));
  }
  return total;
}

// Of the three channels; three numbers of freedom went into each plane.
function covarianceOf(block) {
  const product = (c, d) => {
    let sum = 0;
    for (let at = 0; at < AREA; at++) sum += block[c * AREA + at] * block[d * AREA + at];
    return sum / (AREA - 3);
  };
  return [0, 1, 2].map((c) => [0, 1, 2].map((d) => product(c, d)));
}

// From how alike neighbours are: white noise blurred by s pixels has the correlation exp(-1 / (4 s^2)).
function coarsenessOf(blocks) {
  let down = 0, across = 0, square = 0;
  for (const block of blocks) {
    for (let i = 0; i < block.length; i++) {
      const at = i % AREA;
      square += block[i] ** 2 / AREA;
      if (at >= SIDE) down += (block[i] * block[i - SIDE]) / (AREA - SIDE);
      if (at % SIDE) across += (block[i] * block[i - 1]) / (AREA - SIDE);
    }
  }
  const count = 3 * blocks.length, correlation = (down + across) / 2 / count / Math.max(square / count, 1e-9);
  return correlation < 0.1 ? 0 : Math.sqrt(-1 / (4 * Math.log(Math.min(correlation, 0.9))));
}

// 3 planes in one array, levels of 255: new noise, times its strength and `lack`, numbers in [0, 1] for each pixel. The same seed
// draws the same noise, and numpy's.
export function drawn({ covariance, coarseness, strength }, lack, height, width, seed) {
  const size = height * width, mix = rootOf(covariance), white = drawNormal(generator(seed), new Float32Array(3 * size));
  let planes = [0, 1, 2].map((c) => arrayOf(Float32Array, size, (i) => white[3 * i + c]));
  if (coarseness) {
    const kernel = gaussianKernel(coarseness, rounded(4 * coarseness)), left = kernel.reduce((sum, value) => sum + 2 * value ** 2, -(kernel[0] ** 2));
    planes = planes.map((plane) => gaussianBlur(plane, height, width, coarseness, reflected).map((value) => value / left));
  }
  return arrayOf(Float32Array, 3 * size, (at) => {
    const d = Math.floor(at / size), i = at - d * size;
    return strength * lack[i] * (mix[d][0] * planes[0][i] + mix[d][1] * planes[1][i] + mix[d][2] * planes[2][i]);
  });
}

// Cholesky's: a lower triangle whose product with itself is the matrix.
function rootOf(matrix) {
  const root = matrix.map(() => [0, 0, 0]);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i][j] + (i === j ? 1e-6 : 0);
      for (let k = 0; k < j; k++) rest -= root[i][k] * root[j][k];
      root[i][j] = i === j ? Math.sqrt(rest) : rest / root[j][j];
    }
  }
  return root;
}
