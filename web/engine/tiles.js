// Which rectangles a photo is painted in where it is too large at once: diffir_demo/tiling.py, for the plain network.

const SURROUNDINGS = 256;            // pixels on each side of a hole that the network should see, at least
const SEEN_WHOLE = 2_000_000;        // pixels; photos up to this size are always seen whole

// manifest: of the network. budget: bytes that one pass may take.
export function plan(height, width, manifest, budget) {
  const multiple = manifest.multiple_of, { bytes_per_pixel: bytes, overlap: least } = manifest.tiles;
  if (Math.max(height, width) <= 4 * multiple || height * width * bytes <= budget) return [{ top: 0, left: 0, height, width }];
  const fitting = Math.floor(Math.sqrt(budget / bytes) / multiple);
  const side = Math.max(Math.min(fitting, Math.floor(Math.max(height, width) / multiple)), 4) * multiple;
  const overlap = Math.ceil(least / multiple) * multiple;
  const rows = cover(height, side, overlap, multiple), columns = cover(width, side, overlap, multiple);
  return rows.flatMap(([top, high]) => columns.map(([left, wide]) => ({ top, left, height: high, width: wide })));
}

// [start, extent] of the fewest equal tiles, at most `side` long, that share at least `overlap`.
function cover(length, longest, overlap, multiple) {
  const side = Math.max(longest, 2 * overlap + multiple);
  if (length <= side) return [[0, length]];
  const count = Math.ceil((length - overlap) / (side - overlap));
  const even = Math.ceil((length + (count - 1) * overlap) / count);
  const extent = Math.min(length, Math.ceil(even / multiple) * multiple), last = length - extent;
  return Array.from({ length: count }, (_, i) => [rounded((last * i) / (count - 1) / multiple) * multiple, extent]);
}

// To the nearest whole number, halves to the even one, as Python rounds.
export function rounded(value) {
  const low = Math.floor(value), rest = value - low;
  return rest === 0.5 ? low + (low % 2) : Math.round(value);
}

// The part of a photo that filling `mask` (Uint8Array) should look at; null where that is all of it.
export function aroundHole(mask, height, width) {
  if (mask.length <= SEEN_WHOLE) return null;
  let top = height, bottom = -1, left = width, right = -1;
  for (let i = 0; i < mask.length; i++) {
    if (!mask[i]) continue;
    const y = Math.floor(i / width), x = i - y * width;
    top = Math.min(top, y); bottom = Math.max(bottom, y);
    left = Math.min(left, x); right = Math.max(right, x);
  }
  if (bottom < 0) return null;
  const longer = Math.max(bottom + 1 - top, right + 1 - left), margin = Math.max(SURROUNDINGS, Math.floor((longer - 1) / 2));
  const part = { top: Math.max(0, top - margin), left: Math.max(0, left - margin) };
  part.height = Math.min(height, bottom + 1 + margin) - part.top;
  part.width = Math.min(width, right + 1 + margin) - part.left;
  return 2 * part.height * part.width <= mask.length ? part : null;
}

// Weights that rise from each end over `ramp` pixels, and are 1 between.
function taper(length, ramp) {
  return Float32Array.from({ length }, (_, i) => Math.min(1, (Math.min(i, length - 1 - i) + 1) / (ramp + 1)));
}

// Gathers painted tiles, weighted so that each fades into its neighbours.
export class Blender {
  constructor(height, width, scale, ramp) {
    Object.assign(this, { height: height * scale, width: width * scale, scale, ramp });
    this.planes = [0, 1, 2].map(() => new Float32Array(this.height * this.width));
    this.weights = new Float32Array(this.height * this.width);
  }

  // data: (3, height, width) of the tile, times scale.
  add(tile, data) {
    const [top, left, height, width] = [tile.top, tile.left, tile.height, tile.width].map((each) => each * this.scale);
    const down = taper(height, this.ramp), across = taper(width, this.ramp), area = height * width;
    for (let y = 0; y < height; y++) {
      for (let x = 0, to = (top + y) * this.width + left, from = y * width; x < width; x++, to++, from++) {
        const weight = down[y] * across[x];
        this.weights[to] += weight;
        for (let c = 0; c < 3; c++) this.planes[c][to] += weight * data[c * area + from];
      }
    }
  }

  picture() {
    for (const plane of this.planes) for (let i = 0; i < plane.length; i++) plane[i] /= Math.max(this.weights[i], 1e-8);
    return this.planes;
  }
}
