// The hole filled as a soap film would span it: `harmonic_fill` of diffir_demo/model/base.py, step by step.

const SWEEPS = 8;

// planes: 3 Float32Array of height x width in [0, 1]; known: Uint8Array, 1 where known -> 3 new planes.
export function harmonicFill(planes, known, height, width) {
  if (Math.min(height, width) === 1) return meanFill(planes, known);
  const box = aroundUnknown(known, height, width);
  if (!box) return planes.map((plane) => plane.slice());
  const coarse = halved(planes, known, height, width);
  const smaller = harmonicFill(coarse.planes, coarse.known, coarse.height, coarse.width);
  return planes.map((plane, i) => {
    const filled = enlarged(smaller[i], coarse.height, coarse.width, height, width);
    for (let at = 0; at < plane.length; at++) if (known[at]) filled[at] = plane[at];
    return swept(filled, known, height, width, box);
  });
}

function meanFill(planes, known) {
  let count = 0;
  for (const is of known) count += is;
  return planes.map((plane) => {
    let sum = 0;
    for (let i = 0; i < plane.length; i++) sum += known[i] ? plane[i] : 0;
    const mean = count ? sum / count : 0.5;
    return plane.map((value, i) => (known[i] ? value : mean));
  });
}

// [top, bottom, left, right) of what is unknown.
function aroundUnknown(known, height, width) {
  let top = height, bottom = -1, left = width, right = -1;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (known[at]) continue;
      if (y < top) top = y;
      if (x < left) left = x;
      if (x > right) right = x;
      bottom = y;
    }
  }
  return bottom < 0 ? null : { top, bottom: bottom + 1, left, right: right + 1 };
}

function halved(planes, known, height, width) {
  const rows = Math.ceil(height / 2), columns = Math.ceil(width / 2), size = rows * columns;
  const result = { planes: planes.map(() => new Float32Array(size)), known: new Uint8Array(size), height: rows, width: columns };
  for (let y = 0, to = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++, to++) {
      let count = 0, area = 0;
      const sums = [0, 0, 0];
      for (let dy = 0; dy < 2 && 2 * y + dy < height; dy++) {
        for (let dx = 0; dx < 2 && 2 * x + dx < width; dx++) {
          const at = (2 * y + dy) * width + 2 * x + dx;
          area += 1;
          if (!known[at]) continue;
          count += 1;
          for (let c = 0; c < 3; c++) sums[c] += planes[c][at];
        }
      }
      result.known[to] = count ? 1 : 0;
      for (let c = 0; c < 3; c++) result.planes[c][to] = sums[c] / area / Math.max(count / area, 1e-6);
    }
  }
  return result;
}

// Bilinear, as torch does it without aligned corners.
function places(from, to) {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.max(0, ((i + 0.5) * from) / to - 0.5), low = Math.floor(at);
    return { low, high: Math.min(low + 1, from - 1), share: at - low };
  });
}

function enlarged(plane, height, width, rows, columns) {
  const down = places(height, rows), across = places(width, columns), out = new Float32Array(rows * columns);
  for (let y = 0, to = 0; y < rows; y++) {
    const above = down[y].low * width, below = down[y].high * width, v = down[y].share;
    for (let x = 0; x < columns; x++, to++) {
      const { low, high, share } = across[x];
      const upper = plane[above + low] * (1 - share) + plane[above + high] * share;
      const lower = plane[below + low] * (1 - share) + plane[below + high] * share;
      out[to] = upper * (1 - v) + lower * v;
    }
  }
  return out;
}

// Every unknown pixel becomes the mean of its four neighbours; beyond the border lies what lies at it.
function swept(plane, known, height, width, { top, bottom, left, right }) {
  let now = plane, next = plane.slice();
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (let y = top; y < bottom; y++) {
      const row = y * width, above = Math.max(y - 1, 0) * width, below = Math.min(y + 1, height - 1) * width;
      for (let x = left; x < right; x++) {
        if (known[row + x]) continue;
        const before = now[row + Math.max(x - 1, 0)], after = now[row + Math.min(x + 1, width - 1)];
        next[row + x] = (now[above + x] + now[below + x] + before + after) / 4;
      }
    }
    [now, next] = [next, now];
  }
  return now;
}
