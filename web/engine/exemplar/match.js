// The search: for every patch that touches the hole, one that looks alike among those that are wholly known. As in
// diffir_demo/exemplar/match.py, with the same random numbers in the same order: blocks of targets take each step at once, and
// see one another's matches only once the block is through.

import { AREA, AWAY, BORDER, FEATURES, REACH, TEXTURE } from "./level.js";

const JUMPS = [1, 4, 2, 8];          // pixels between neighbours that try each other's matches
const BLOCK = 16384, EXACT_BLOCK = 2048;
const { fround } = Math;

// random: draws 32 bits. -> a whole number, low to high - 1, as torch.randint draws it.
export const between = (random, low, high) => low + (random() % (high - low));

// Where each target's match is, as maps of a level: `centre`, the place of the source, and `distance`, squared.
export class Matches {
  // Any source for each target.
  constructor(level, random) {
    this.centre = new Int32Array(level.size).fill(level.sources[0]);
    this.distance = new Float32Array(level.size).fill(Infinity);
    for (const target of level.targets) this.centre[target] = level.sources[between(random, 0, level.sources.length)];
  }

  // The matches for the level twice as large, and those of its targets that found theirs here. The others get any source.
  finer(coarse, level, random) {
    const matches = new Matches(level, random), good = [];
    const doubled = (coarser, own, most) => Math.min(2 * (coarser - BORDER) + (own % 2) + BORDER, most - 1);
    for (const target of level.targets) {
      const y = Math.floor(target / level.width) - BORDER, x = (target % level.width) - BORDER;
      const place = ((y >> 1) + BORDER) * coarse.width + (x >> 1) + BORDER, centre = this.centre[place];
      const row = doubled(Math.floor(centre / coarse.width), y, level.height), column = doubled(centre % coarse.width, x, level.width);
      const twice = row * level.width + column;
      if (!level.whole[twice] || !Number.isFinite(this.distance[place])) continue;
      matches.centre[target] = twice;
      good.push(target);
    }
    return { matches, good: Int32Array.from(good) };
  }
}

// Distances between projected patches: a tenth of the work of whole ones. Sources stay as they are, and are projected when they are
// first looked at: the photo's own scale looks at a part of them only.
export class Features {
  constructor(level) {
    Object.assign(this, { level, targets: level.targets, block: BLOCK, waiting: level.whole.slice() });
    this.sources = new Float32Array(FEATURES * level.size).fill(AWAY);
    this.wanted = new Float32Array(FEATURES * level.targets.length);
  }

  // The targets as they are now.
  look(tick) {
    for (let i = 0; i < this.targets.length; i++) {
      this.level.features(this.targets[i], this.wanted, FEATURES * i);
      if (i % BLOCK === 0) tick(i / this.targets.length);
    }
  }

  // Squared distance of target number `i` to the source at a place; or any number that is not below `limit` where it is not.
  distance(i, place, limit) {
    const { sources, wanted, waiting } = this;
    let at = FEATURES * place, to = FEATURES * i, sum = 0;
    if (waiting[place]) {
      waiting[place] = 0;
      this.level.features(place, sources, at);
    }
    for (let part = 0; part < FEATURES; part += 4, at += 4, to += 4) {
      const a = sources[at] - wanted[to], b = sources[at + 1] - wanted[to + 1];
      const c = sources[at + 2] - wanted[to + 2], d = sources[at + 3] - wanted[to + 3];
      sum += a * a + b * b + c * c + d * d;
      if (sum >= limit) return sum;
    }
    return fround(sum);
  }
}

// Distances between whole patches, with a weight for every pixel: exact, and five to ten times the work.
export class Whole {
  constructor(level, weight, targets) {
    Object.assign(this, { level, weight, targets, block: EXACT_BLOCK });
    this.total = Float32Array.from(targets, (target) => level.steps.reduce((sum, step) => sum + weight[target + step], 0));
  }

  distance(i, place) {
    const { weight, total, level: { image, texture, steps, whole, width, side, rowsOfFew } } = this, target = this.targets[i];
    let colour = 0;
    for (let k = 0; k < AREA; k++) {
      const counts = weight[target + steps[k]];
      if (!counts) continue;
      const a = 4 * (place + steps[k]), b = 4 * (target + steps[k]);
      const red = image[a] - image[b], green = image[a + 1] - image[b + 1], blue = image[a + 2] - image[b + 2];
      colour += counts * (red * red + green * green + blue * blue);
    }
    const across = texture[2 * place] - texture[2 * target], down = texture[2 * place + 1] - texture[2 * target + 1];
    const rough = (across * across + down * down) * total[i] * TEXTURE;
    const rows = Math.floor(place / width) - Math.floor(target / width), apart = (rows * fround(rowsOfFew / side)) ** 2;
    return fround((colour + rough) * (AREA / Math.max(total[i], 1e-3)) + apart + (whole[place] ? 0 : AWAY ** 2));
  }
}

// Improves the matches of the measure's targets, in place. reach: pixels around the best match so far in which one place is
// tried; then in half of that, and so on to one.
export function search(level, matches, measure, { rounds, reach, random, tick }) {
  const { targets, block } = measure, { centre, distance } = matches, { width } = level;
  const margin = REACH * width + REACH, last = level.size - 1 - margin, most = Math.min(block, targets.length);
  const radii = [];
  for (let radius = reach; radius; radius >>= 1) radii.push(radius);
  const away = new Int32Array(radii.length * most), bests = new Int32Array(most), leasts = new Float32Array(most);
  for (let round = 0; round < rounds; round++) {
    const jump = JUMPS[round % JUMPS.length], jumps = [jump, -jump, jump * width, -jump * width];
    for (let start = 0; start < targets.length; start += block) {
      const count = Math.min(block, targets.length - start);
      draw(away, radii, count, width, random);
      for (let i = 0; i < count; i++) {
        const number = start + i, target = targets[number];
        let best = centre[target], least = round ? distance[target] : measure.distance(number, best, Infinity);
        for (let k = 0; k < jumps.length + radii.length; k++) {
          const offer = k < jumps.length ? centre[target - jumps[k]] + jumps[k] : best + away[(k - jumps.length) * count + i];
          const place = Math.min(Math.max(offer, margin), last), found = measure.distance(number, place, least);
          if (found < least) { best = place; least = found; }
        }
        bests[i] = best;
        leasts[i] = least;
      }
      for (let i = 0; i < count; i++) {
        centre[targets[start + i]] = bests[i];
        distance[targets[start + i]] = leasts[i];
      }
      tick((round + (start + count) / targets.length) / rounds);
    }
  }
}

// For one radius after the other a step for each target of a block: down for all, then to the right for all.
function draw(away, radii, count, width, random) {
  let to = 0;
  for (const radius of radii) {
    for (let i = 0; i < count; i++) away[to + i] = width * between(random, -radius, radius + 1);
    for (let i = 0; i < count; i++) away[to + i] += between(random, -radius, radius + 1);
    to += count;
  }
}
