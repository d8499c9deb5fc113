// One hole, from a small picture of it to the photo itself: multi-scale patch-based inpainting (Wexler, Shechtman and Irani, 2007;
// Newson et al., 2014 and 2017), as in diffir_demo/exemplar/pyramid.py. At each scale every patch that touches the hole looks for
// its like among the known ones, and every pixel becomes the mean of what the patches over it say; again and again, then at twice
// the size. Last, pixels are copied instead of averaged, and the seams between the copies are spread out.

import { arrayOf, countOf, opposite } from "../arrays.js";
import { cutOut } from "../boxes.js";
import { Stages } from "../tick.js";
import { BORDER, depthOf, halved, Level, REACH, textureOf } from "./level.js";
import { Features, Matches, search, Whole } from "./match.js";
import { blend } from "./poisson.js";
import { copies, differences, vote, weights } from "./vote.js";

const SWEEPS = 8, LAST_SWEEPS = 3, ROUNDS = 2, FIRST_ROUNDS = 6;
const SETTLED = 0.3;                 // levels of 255: a sweep that changes the hole by less is the last of its scale
const FEW = 1000;                    // targets up to which whole patches are compared, trusted pixels first
const NEAR = 16;                     // pixels around a match that the photo's own scale looks at
const LEAST_SIDE = 8 * REACH, LEAST_SOURCES = 30;
const MOST_SEARCHED = 2_500_000;     // pixels; finer pictures take over what was found at half their size
const LOOK = 1, VOTE = 1, COPY = 0.7, BLEND = 3, SEARCH = 1, START = 12;  // shares of the time per pixel of the hole, about

// pixels: RGBA; known, source: masks, where not known it is filled, sources may be copied; random: draws 32 bits; guide: RGBA that
// is right in its low frequencies near the rim, or null. -> { box, a part of the picture with all of the hole; colours, its 3 planes
// in one array, levels of 255; hidden, its mask }; null where there is too little to copy from.
export function filled({ pixels, known, source, guide, height, width }, random, tick) {
  const pyramid = scalesOf(pixels, known, source, guide, height, width), finest = pyramid.at(-1);
  const costs = pyramid.map((scale) => costOf(scale, scale === finest)), total = (some) => some.reduce((sum, cost) => sum + cost, 0);
  const stages = new Stages(tick, total(costs));
  let coarse = null, matches = null;
  pyramid.forEach((scale, number) => {
    stages.report();
    const level = new Level(scale), isLast = scale === finest;
    if (level.sources.length < LEAST_SOURCES) {
      coarse = matches = null;
    } else {
      matches = coarse ? continued(coarse, matches, level, random, stages) : begun(level, random, stages);
      const searched = Math.floor(known.length / 4 ** (pyramid.length - 1 - number));
      if (searched <= MOST_SEARCHED) settled(level, matches, isLast, random, stages);
      coarse = level;
    }
    stages.done = total(costs.slice(0, number + 1)) - (isLast ? (COPY + BLEND) * level.hole.length : 0);
  });
  return coarse && pasted(coarse, matches, stages);
}

// The pyramid, smallest first: there the hole is about as deep as a patch reaches.
export function scalesOf(pixels, known, source, guide, height, width) {
  const depth = depthOf(opposite(known), height, width).reduce((most, value) => Math.max(most, value), 1);
  let halvings = Math.max(0, Math.ceil(Math.log2(depth / REACH)));
  while (halvings && Math.min(height, width) >> halvings < LEAST_SIDE) halvings -= 1;
  const texture = textureOf(pixels, known, height, width, 2 ** Math.max(halvings - 1, 1));
  const three = (from) => arrayOf(Float32Array, 3 * known.length, (i) => from[4 * Math.floor(i / 3) + (i % 3)]);
  const colour = three(pixels).map((value, i) => (known[Math.floor(i / 3)] ? value : 0));
  const found = [{ height, width, colour, texture, known, source, guide: guide && three(guide), factor: 1 }];
  while (found.length <= halvings) found.push(halved(found.at(-1)));
  return found.reverse();
}

// What a scale takes at most, in microseconds, about.
function costOf({ known }, isLast) {
  const hole = known.length - countOf(known);
  const sweep = LOOK * hole + (VOTE + SEARCH * ROUNDS) * hole;
  return sweep * (isLast ? LAST_SWEEPS : SWEEPS) + (isLast ? (COPY + BLEND) * hole : 0);
}

// The coarsest scale, filled in layers from the rim inwards; only what is known by then is compared.
function begun(level, random, stages) {
  const matches = new Matches(level, random), known = level.share.slice();
  level.mirror();
  for (const place of level.hole) known[place] = 0;
  let left = level.hole;
  for (let layer = 1; left.length; layer++) {
    const isOuter = (place) => level.depth[place] <= layer * REACH, now = left.filter(isOuter);
    left = left.filter((place) => !isOuter(place));
    if (!now.length) continue;
    const some = level.targetsOf(now), tick = stages.stage(START * now.length);
    search(level, matches, new Whole(level, known, some), { rounds: FIRST_ROUNDS, reach: level.side, random, tick });
    vote(level, matches, weights(level, matches, some), now, stages.stage(VOTE * now.length));
    for (const place of now) known[place] = level.share[place];
  }
  return matches;
}

// The next scale, as the matches of the one before say. Where those are lost, it is the same picture, larger.
function continued(coarse, before, level, random, stages) {
  level.takeOver(coarse);
  const { matches, good } = before.finer(coarse, level, random), weight = new Float32Array(level.size);
  for (const place of good) {
    matches.distance[place] = 0;
    weight[place] = level.trust[place];
  }
  vote(level, matches, weight, level.hole, stages.stage(0));
  return matches;
}

// Search and vote in turns until little changes. Past the last vote, matches are looked for once more.
function settled(level, matches, isLast, random, stages) {
  const hole = level.hole.length, isProjected = level.targets.length > FEW;
  const measure = isProjected ? new Features(level) : new Whole(level, level.share, level.targets);
  const reach = isLast ? NEAR : level.side;
  for (let left = isLast ? LAST_SWEEPS : SWEEPS; ; left--) {
    if (isProjected) measure.look(stages.stage(LOOK * hole));
    search(level, matches, measure, { rounds: ROUNDS, reach, random, tick: stages.stage(SEARCH * ROUNDS * hole) });
    if (!left) return;
    const change = vote(level, matches, weights(level, matches, level.targets), level.hole, stages.stage(VOTE * hole));
    if (change < SETTLED && !isLast) return;
  }
}

// Copies instead of means, and the seams between them spread out.
function pasted(level, matches, stages) {
  const { box, width, hole } = level, origin = copies(level, matches, stages.stage(COPY * hole.length));
  const { copy, across, down } = differences(level, origin);
  stages.report();
  const [hidden, inside] = [level.hidden, level.inside].map((mask) => cutOut(mask, width, box));
  const colours = blend(copy, across, down, hidden, inside, box.height, box.width, stages.stage(BLEND * hole.length));
  return { colours, hidden, box: { ...box, top: box.top - BORDER, left: box.left - BORDER } };
}
