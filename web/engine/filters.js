// OpenCV's filters, as far as textures need them, on planes of height x width: sums and means over squares, Gaussians, and
// distances. Sums are in float64, so that results agree with OpenCV's to rounding of float32.

import { arrayOf } from "./arrays.js";

// Where a place beyond a side of `length` is taken from: .. 1, 0, 0, 1 .. and .. 2, 1, 0, 1 .. A side of one has only that.
export function reflected(at, length) {
  const place = ((at % (2 * length)) + 2 * length) % (2 * length);
  return Math.min(place, 2 * length - 1 - place);
}

export function mirrored(at, length) {
  const period = Math.max(2 * length - 2, 1), place = ((at % period) + period) % period;
  return Math.min(place, period - place);
}

export const nothing = () => -1;     // zeros

const placesAround = (length, reach, border) =>
  Int32Array.from({ length: length + 2 * reach }, (_, i) => (i < reach || i >= reach + length ? border(i - reach, length) : i - reach));

// Float64Array of sums over squares of 2 reach + 1 pixels.
export function squareSums(plane, height, width, reach, border = nothing) {
  const side = 2 * reach + 1, rows = new Float64Array(height * width), out = new Float64Array(height * width);
  const across = placesAround(width, reach, border), down = placesAround(height, reach, border);
  for (let y = 0; y < height; y++) {
    const row = y * width, at = (i) => (across[i] < 0 ? 0 : plane[row + across[i]]);
    let sum = 0;
    for (let i = 0; i < side - 1; i++) sum += at(i);
    for (let x = 0; x < width; x++) {
      sum += at(x + side - 1);
      rows[row + x] = sum;
      sum -= at(x);
    }
  }
  const sums = new Float64Array(width);
  const add = (i, sign) => {
    if (down[i] < 0) return;
    for (let x = 0, from = down[i] * width; x < width; x++, from++) sums[x] += sign * rows[from];
  };
  for (let i = 0; i < side - 1; i++) add(i, 1);
  for (let y = 0; y < height; y++) {
    add(y + side - 1, 1);
    out.set(sums, y * width);
    add(y, -1);
  }
  return out;
}

// Float32Array of means; what `border` leaves out counts as 0.
export function squareMeans(plane, height, width, reach, border) {
  const scale = 1 / (2 * reach + 1) ** 2, sums = squareSums(plane, height, width, reach, border);
  return arrayOf(Float32Array, sums.length, (i) => sums[i] * scale);
}

// Masks: wherever a square of 2 reach + 1 pixels touches what is set, or lies in it wholly.
export const dilated = (mask, height, width, reach) => least(1, mask, height, width, reach);
export const eroded = (mask, height, width, reach) => least((2 * reach + 1) ** 2, mask, height, width, reach);

function least(count, mask, height, width, reach) {
  const sums = squareSums(mask, height, width, reach);
  return arrayOf(Uint8Array, sums.length, (i) => (sums[i] >= count ? 1 : 0));
}

// The largest number of every square.
export function squareMost(plane, height, width, reach) {
  const along = (from, to, lines, length, step, stride) => {
    for (let line = 0; line < lines; line++) {
      for (let i = 0; i < length; i++) {
        let most = -Infinity;
        for (let k = Math.max(i - reach, 0), end = Math.min(i + reach, length - 1); k <= end; k++) {
          most = Math.max(most, from[line * step + k * stride]);
        }
        to[line * step + i * stride] = most;
      }
    }
    return to;
  };
  const rows = along(plane, new Float32Array(plane.length), height, width, width, 1);
  return along(rows, new Float32Array(plane.length), width, height, 1, width);
}

// Half of it, from the middle on: sums to 1 with both halves.
export function gaussianKernel(sigma, reach = Math.floor(Math.round(8 * sigma + 1) / 2)) {
  const kernel = Float64Array.from({ length: reach + 1 }, (_, i) => Math.exp(-0.5 * (i / sigma) ** 2));
  const total = kernel.reduce((sum, value) => sum + 2 * value, -kernel[0]);
  return kernel.map((value) => value / total);
}

// A new Float32Array. OpenCV's own size of the kernel.
export function gaussianBlur(plane, height, width, sigma, border = mirrored) {
  const kernel = gaussianKernel(sigma), reach = kernel.length - 1;
  const across = placesAround(width, reach, border), down = placesAround(height, reach, border);
  const line = new Float64Array(width + 2 * reach), sums = new Float64Array(width);
  const rows = new Float32Array(height * width), out = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < line.length; i++) line[i] = plane[y * width + across[i]];
    for (let x = 0; x < width; x++) {
      let sum = kernel[0] * line[x + reach];
      for (let k = 1; k <= reach; k++) sum += kernel[k] * (line[x + reach - k] + line[x + reach + k]);
      rows[y * width + x] = sum;
    }
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0, at = y * width; x < width; x++, at++) sums[x] = kernel[0] * rows[at];
    for (let k = 1; k <= reach; k++) {
      const weight = kernel[k];
      for (let x = 0, a = down[y + reach - k] * width, b = down[y + reach + k] * width; x < width; x++, a++, b++) sums[x] += weight * (rows[a] + rows[b]);
    }
    out.set(sums, y * width);
  }
  return out;
}

// The distance of every pixel of a hole to the nearest known one, by steps of 1, 1.4 and 2.1969 pixels (Borgefors, 1986).
const ONE = 65536, AND_DIAGONAL = 91750, AND_KNIGHTS = 143976, FAR = 2 ** 30 - 1, EDGE = 2;

// -> { distance: Float32Array, nearest: Int32Array, the place of the known pixel, -1 without any }.
export function distances(hole, height, width) {
  const wide = width + 2 * EDGE, steps = new Int32Array(wide * (height + 2 * EDGE)).fill(FAR), from = new Int32Array(steps.length).fill(-1);
  const moves = [[-2, -1], [-2, 1], [-1, -2], [-1, -1], [-1, 0], [-1, 1], [-1, 2], [0, -1]];
  const aways = Int32Array.from(moves, ([y, x]) => y * wide + x);
  const costs = Int32Array.from(moves, ([y, x]) => (Math.abs(y * x) === 2 ? AND_KNIGHTS : y && x ? AND_DIAGONAL : ONE));
  const at = (y, x) => (y + EDGE) * wide + x + EDGE;
  const look = (here, sign) => {
    for (let k = 0; k < aways.length; k++) {
      const there = here + sign * aways[k], cost = steps[there] + costs[k];
      if (cost < steps[here]) { steps[here] = cost; from[here] = from[there]; }
    }
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const here = at(y, x);
      if (hole[y * width + x]) look(here, 1);
      else { steps[here] = 0; from[here] = y * width + x; }
    }
  }
  const distance = new Float32Array(height * width), nearest = new Int32Array(height * width);
  for (let y = height - 1; y >= 0; y--) {
    for (let x = width - 1; x >= 0; x--) {
      const here = at(y, x);
      if (steps[here] > ONE) look(here, -1);
      distance[y * width + x] = steps[here] / ONE;
      nearest[y * width + x] = from[here];
    }
  }
  return { distance, nearest };
}
