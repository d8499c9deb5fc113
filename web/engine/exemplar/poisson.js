// Seams between copies are spread out: a picture with the copies' gradients that meets the rim (Perez et al., 2003), by conjugate
// gradients behind a multigrid cycle. As in diffir_demo/exemplar/poisson.py; three colours lie one after the other in an array.

const DAMPING = 0.7, STEPS = 40, GOOD = 0.02, LARGE = 10_000, SMALLEST = 4, LAST_SWEEPS = 8;

// A grid of springs: `across` to the next cell on the right, `down` to the one below, `total` all that hold a cell, those to the
// rim too, 0 for cells that are none of the hole's; with the buffers that a cycle needs on it.
function gridOf(height, width, across, down, total) {
  const size = height * width, buffer = () => new Float32Array(3 * size);
  const inverse = total.map((springs) => (springs > 0 ? DAMPING / Math.max(springs, 1e-6) : 0));
  return { height, width, size, across, down, total, inverse, force: buffer(), u: buffer(), pulled: buffer(), kept: buffer() };
}

// One spring from each pixel of the hole to each of its four neighbours that the picture has.
function finest(hole, inside, height, width) {
  const [across, down, total] = [0, 1, 2].map(() => new Float32Array(height * width));
  const connect = (i, next, springs) => {
    if (!inside[i] || !inside[next]) return;
    if (hole[i]) total[i] += 1;
    if (hole[next]) total[next] += 1;
    if (hole[i] && hole[next]) springs[i] = 1;
  };
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (x + 1 < width) connect(i, i + 1, across);
      if (y + 1 < height) connect(i, i + width, down);
    }
  }
  return gridOf(height, width, across, down, total);
}

// 2 x 2 cells as one: springs between them add up, those inside are gone.
function coarser({ height, width, across, down, total }) {
  const high = Math.ceil(height / 2), wide = Math.ceil(width / 2), made = [0, 1, 2].map(() => new Float32Array(high * wide));
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const to = (y >> 1) * wide + (x >> 1);
      made[2][to] += total[i] - 2 * ((x % 2 ? 0 : across[i]) + (y % 2 ? 0 : down[i]));
      if (x % 2) made[0][to] += across[i];
      if (y % 2) made[1][to] += down[i];
    }
  }
  return gridOf(high, wide, ...made);
}

// The forces that displacements bring about.
function pull({ height, width, size, across, down, total }, u, out) {
  for (let c = 0, j = 0; c < 3; c++) {
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++, j++) {
        if (!total[i]) { out[j] = 0; continue; }
        let force = u[j] * total[i];
        if (x + 1 < width) force -= across[i] * u[j + 1];
        if (x) force -= across[i - 1] * u[j - 1];
        if (y + 1 < height) force -= down[i] * u[j + width];
        if (y) force -= down[i - width] * u[j - width];
        out[j] = force;
      }
    }
  }
}

// u += inverse * (force - what u pulls at)
function sweep(grid, force) {
  const { u, pulled, inverse, size } = grid;
  pull(grid, u, pulled);
  for (let c = 0, j = 0; c < 3; c++) for (let i = 0; i < size; i++, j++) u[j] += inverse[i] * (force[j] - pulled[j]);
}

// One multigrid cycle from nothing, symmetric: a sweep, what the coarser grid says of the rest, a sweep. Its result is in `u`.
function cycle(grids, at, force) {
  const grid = grids[at], next = grids[at + 1], { u, pulled, inverse, size } = grid;
  for (let c = 0, j = 0; c < 3; c++) for (let i = 0; i < size; i++, j++) u[j] = inverse[i] * force[j];
  if (!next) {
    for (let i = 0; i < LAST_SWEEPS; i++) sweep(grid, force);
    return;
  }
  pull(grid, u, pulled);
  gather(grid, force, next);
  cycle(grids, at + 1, next.force);
  if (next.force.length > LARGE) again(grids, at + 1);
  spread(grid, next);
  sweep(grid, force);
}

// A second visit, for what the first one has left.
function again(grids, at) {
  const grid = grids[at], { force, u, kept, pulled } = grid;
  kept.set(u);
  pull(grid, kept, pulled);
  for (let j = 0; j < force.length; j++) force[j] -= pulled[j];
  cycle(grids, at, force);
  for (let j = 0; j < u.length; j++) u[j] += kept[j];
}

// What is left of the force, as the coarser grid's.
function gather({ height, width, pulled }, force, { width: wide, size, force: out }) {
  out.fill(0);
  for (let c = 0, j = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0, to = c * size + (y >> 1) * wide; x < width; x++, j++) out[to + (x >> 1)] += force[j] - pulled[j];
    }
  }
}

function spread({ height, width, total, u }, { width: wide, size, u: found }) {
  for (let c = 0, j = 0; c < 3; c++) {
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0, from = c * size + (y >> 1) * wide; x < width; x++, i++, j++) if (total[i]) u[j] += found[from + (x >> 1)];
    }
  }
}

// copy: 3 planes of height x width; across, down: the wanted steps to the next pixel, as `differences` gives them; hole, inside:
// masks. -> the picture: `copy` outside the hole, least squares inside. What is not inside the photo counts for nothing.
export function blend(copy, across, down, hole, inside, height, width, tick) {
  const size = height * width, force = new Float32Array(3 * size);
  for (let c = 0, j = 0; c < 3; c++) {
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++, j++) {
        if (x + 1 < width && inside[i] && inside[i + 1]) seam(force, j, j + 1, across[j] - (copy[j + 1] - copy[j]));
        if (y + 1 < height && inside[i] && inside[i + width]) seam(force, j, j + width, down[j] - (copy[j + width] - copy[j]));
      }
    }
  }
  for (let j = 0; j < force.length; j++) if (!hole[j % size]) force[j] = 0;
  const correction = solve(finest(hole, inside, height, width), force, tick);
  return copy.map((value, j) => value + correction[j]);
}

function seam(force, i, next, by) {
  force[next] += by;
  force[i] -= by;
}

// Forces -> displacements, by preconditioned conjugate gradients for each colour.
function solve(grid, force, tick) {
  const grids = [grid];
  while (Math.max(grids.at(-1).height, grids.at(-1).width) > SMALLEST) grids.push(coarser(grids.at(-1)));
  const u = new Float32Array(force.length), along = new Float32Array(force.length), pulled = new Float32Array(force.length);
  const cells = 3 * Math.max(grid.total.reduce((sum, springs) => sum + (springs > 0 ? 1 : 0), 0), 1);
  let last = [0, 0, 0];
  for (let number = 0; number < STEPS; number++) {
    cycle(grids, 0, force);
    const better = grid.u;
    if (better.reduce((sum, value) => sum + value * value, 0) < cells * GOOD ** 2) break;
    const gain = products(force, better);
    combine(along, ratio(gain, last), along, better);
    pull(grid, along, pulled);
    const step = ratio(gain, products(along, pulled));
    combine(u, step, along, u);
    combine(force, step.map((value) => -value), pulled, force);
    last = gain;
    tick((number + 1) / STEPS);
  }
  return u;
}

// out = factor * a + b, colour by colour
function combine(out, factor, a, b) {
  for (let c = 0, j = 0, size = out.length / 3; c < 3; c++) for (let i = 0; i < size; i++, j++) out[j] = factor[c] * a[j] + b[j];
}

// Scalar products, one for each colour.
function products(a, b) {
  const size = a.length / 3;
  return [0, 1, 2].map((c) => {
    let sum = 0;
    for (let j = c * size; j < (c + 1) * size; j++) sum += a[j] * b[j];
    return sum;
  });
}

// 0 for a colour that has nothing left to solve.
const ratio = (a, b) => a.map((value, c) => (b[c] > 1e-20 ? Math.fround(value / b[c]) : 0));
