// The strokes of the canvas as a mask, and what becomes of its edge: diffir_demo/imaging/strokes.py and mask.py, whose
// rules decide which pixels are in. A mask is a Uint8Array of height x width, 1 = hole.

const ROUNDING = 1e-3;               // pixels; a radius comes as a fraction of the width
const FAR = 1e20;

// strokes: [{ k, r, e, p }] as the canvas has them. base: a mask beneath them, or null.
export function rasterise(strokes, height, width, base = null) {
  let mask = base ? base.slice() : new Uint8Array(height * width);
  for (const { k, r, e, p } of strokes) {
    const points = p.map(([x, y]) => [x * width, y * height]), value = e ? 0 : 1;
    if (k === "line") fillCapsules(mask, height, width, points, r * width, value);
    else if (k === "box") fillPolygon(mask, height, width, boxOf(points), value);
    else if (k === "lasso") fillPolygon(mask, height, width, points, value);
    else if (k === "invert") mask = mask.map((is) => 1 - is);
    else if (k === "grow") mask = grown(mask, height, width, r * width);
  }
  return mask;
}

function boxOf([[x0, y0], [x1, y1]]) {
  const [left, right] = [Math.min(x0, x1), Math.max(x0, x1)], [top, bottom] = [Math.min(y0, y1), Math.max(y0, y1)];
  return [[left, top], [right, top], [right, bottom], [left, bottom]];
}

const rowsBetween = (low, high, height) => [low, high].map((y) => Math.min(height, Math.max(0, Math.ceil(y - 0.5))));
const crossing = (y, [ax, ay], [bx, by]) => ax + ((y - ay) / (by === ay ? 1 : by - ay)) * (bx - ax);

function fillRun(mask, width, row, left, right, value) {
  const [from, to] = [left, right].map((x) => Math.min(width, Math.max(0, Math.ceil(x - 0.5))));
  if (to > from) mask.fill(value, row * width + from, row * width + to);
}

// Everything within `radius` of a polyline; its ends take the pixels that they lie in, however thin it is.
function fillCapsules(mask, height, width, points, radius, value) {
  points.forEach((b, i) => {
    const a = points[Math.max(0, i - 1)];
    const [first, end] = rowsBetween(Math.min(a[1], b[1]) - radius, Math.max(a[1], b[1]) + radius, height);
    for (let row = first; row < end; row++) {
      const [left, right] = extent(row + 0.5, a, b, radius);
      if (right >= left) fillRun(mask, width, row, left, right, value);
    }
  });
  for (const [x, y] of [points[0], points.at(-1)].map((point) => point.map(Math.floor))) {
    if (x >= 0 && x < width && y >= 0 && y < height) mask[y * width + x] = value;
  }
}

// [leftmost, rightmost] at height y of what lies within `radius` of the piece from a to b.
function extent(y, a, b, radius) {
  const along = [b[0] - a[0], b[1] - a[1]], length = Math.max(Math.hypot(...along), 1e-9);
  const aside = [(radius * -along[1]) / length, (radius * along[0]) / length];
  let left = Infinity, right = -Infinity;
  for (const [x, row] of [a, b]) {
    const squared = radius ** 2 - (y - row) ** 2;
    if (squared < 0) continue;
    left = Math.min(left, x - Math.sqrt(squared));
    right = Math.max(right, x + Math.sqrt(squared));
  }
  for (const sign of [1, -1]) {
    const [c, d] = [a, b].map(([x, row]) => [x + sign * aside[0], row + sign * aside[1]]);
    if (c[1] === d[1] || y < Math.min(c[1], d[1]) || y > Math.max(c[1], d[1])) continue;
    const x = crossing(y, c, d);
    left = Math.min(left, x);
    right = Math.max(right, x);
  }
  return [left, right];
}

// Everything that the closed outline goes around, in loops of loops, too.
function fillPolygon(mask, height, width, points, value) {
  const rows = new Map();
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length];
    const [first, end] = rowsBetween(Math.min(a[1], b[1]), Math.max(a[1], b[1]), height);
    for (let row = first; row < end; row++) {
      if (!rows.has(row)) rows.set(row, []);
      rows.get(row).push([crossing(row + 0.5, a, b), b[1] > a[1] ? 1 : -1]);
    }
  });
  for (const [row, crossings] of rows) {
    crossings.sort(([x], [other]) => x - other);
    let depth = 0, start = 0;
    for (const [x, turn] of crossings) {
      if (depth === 0) start = x;
      depth += turn;
      if (depth === 0) fillRun(mask, width, row, start, x, value);
    }
  }
}

// Squared distance of every pixel's centre to the nearest one of the region, exactly: Felzenszwalb and Huttenlocher,
// "Distance transforms of sampled functions" (2012), columns first, then rows.
function squaredDistances(inside, height, width) {
  const out = new Float64Array(height * width);
  for (let i = 0; i < out.length; i++) out[i] = inside(i) ? 0 : FAR;
  const longest = Math.max(height, width), values = new Float64Array(longest);
  const centres = new Int32Array(longest), borders = new Float64Array(longest + 1);
  const along = (start, stride, length) => {
    for (let i = 0; i < length; i++) values[i] = out[start + i * stride];
    let k = 0;
    centres[0] = 0;
    [borders[0], borders[1]] = [-Infinity, Infinity];
    for (let q = 1; q < length; q++) {
      const meet = () => (values[q] + q * q - values[centres[k]] - centres[k] ** 2) / (2 * (q - centres[k]));
      while (meet() <= borders[k]) k -= 1;
      const at = meet();
      k += 1;
      centres[k] = q;
      [borders[k], borders[k + 1]] = [at, Infinity];
    }
    k = 0;
    for (let q = 0; q < length; q++) {
      while (borders[k + 1] < q) k += 1;
      out[start + q * stride] = (q - centres[k]) ** 2 + values[centres[k]];
    }
  };
  for (let x = 0; x < width; x++) along(x, width, height);
  for (let y = 0; y < height; y++) along(y * width, 1, width);
  return out;
}

// Wider by `pixels` all around, or narrower where negative. It does not shrink away from the photo's border.
export function grown(mask, height, width, pixels) {
  if (!pixels || !mask.includes(1)) return mask.slice();
  const reach = Math.abs(pixels) + ROUNDING, grows = pixels > 0;
  const away = squaredDistances((i) => mask[i] === (grows ? 1 : 0), height, width);
  return mask.map((is, i) => (Math.sqrt(away[i]) <= reach ? Number(grows) : is));
}

// How much of each pixel is new, 0 to 1: in the outer `feather` pixels of the hole it falls in even steps.
export function softMask(mask, height, width, feather) {
  if (!feather || !mask.includes(1)) return Float32Array.from(mask);
  const depth = squaredDistances((i) => !mask[i], height, width);
  return Float32Array.from(mask, (is, i) => {
    const deep = Math.sqrt(depth[i]);
    return deep <= feather ? deep / (feather + 1) : is;
  });
}

// What was restored where its share is 1, the photo bit for bit where it is 0; both RGBA. The photo keeps its alpha.
export function blended(restored, original, share) {
  const out = original.slice();
  for (let i = 0, at = 0; i < share.length; i++, at += 4) {
    if (!share[i]) continue;
    for (let c = at; c < at + 3; c++) out[c] = original[c] + share[i] * (restored[c] - original[c]);
    out[at + 3] = Math.max(original[at + 3], share[i] * 255);
  }
  return out;
}
