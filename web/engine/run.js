// One run, from a photo to its result: diffir_demo/run.py with graphs in place of torch. The network comes as
// { manifest, encode(data, height, width), denoise(pooled, noisy, time), paint(data, height, width, ipr) }, all of which
// take and give Float32Arrays.

import { harmonicFill } from "./fill.js";
import { blended, softMask } from "./mask.js";
import { seededNoise } from "./noise.js";
import { alphaOf, cropped, croppedMask, cut, firstBlocks, isGrey, makeGrey, padded, toPixels } from "./pixels.js";
import { textured } from "./texture.js";
import { paced } from "./tick.js";
import { aroundHole, Blender, plan } from "./tiles.js";

const BLOCK = 8;

// request: { pixels (RGBA), width, height, mask or null, feather, fill, seed, steps or null, ipr or null, budget }, where an IPR
// that is given is painted with as it is, and `fill` is a preset's: "network", "texture" or "auto".
// emit: takes { kind: "encoding" | "step" | "painting" | "copying", ... }.
// -> { pixels, width, height, ipr, noise, steps: [{ x0, ipr, seconds }], seconds, tiles, base: pixels or null,
//      copied: a mask of what was copied from elsewhere in the photo, or null; lack: as `textured` says it }
export async function run(network, request, emit) {
  const { manifest } = network, { config, scale, multiple_of: multiple } = manifest, clock = stopwatch();
  const part = request.mask && aroundHole(request.mask, request.height, request.width);
  const photo = visible(cropped(request, part)), mask = request.mask && croppedMask(request.mask, request.width, part);
  const before = config.shrinkage ? firstBlocks(photo).map((at) => (BLOCK - at) % BLOCK) : [0, 0];
  const input = padded(photo, mask, multiple, before), tiles = plan(input.height, input.width, manifest, request.budget);
  const planes = mask ? [...input.planes, Float32Array.from(input.hole)] : input.planes;

  const estimate = request.ipr ? { ipr: request.ipr, noise: null, steps: [] } : await estimated();
  const worth = tiles.filter((tile) => !mask || cut([input.hole], input.width, tile).some((is) => is));
  const painted = await paint();
  clock.lap("paint");
  const decoded = coloured(painted.planes), filled = mask && request.fill !== "network" ? copies() : { pixels: decoded, copied: null, lack: null };
  clock.lap("copy");
  const whole = finished(filled.pixels), base = painted.base && finished(coloured(painted.base)).pixels;
  clock.lap("finish");
  return { ...whole, ...estimate, seconds: clock.laps, tiles: worth.length, base, copied: filled.copied, lack: filled.lack };

  async function estimated() {
    const pooled = new Float32Array(manifest.ipr_length), area = input.height * input.width;
    let seen = 0;
    for (const [i, tile] of tiles.entries()) {
      emit({ kind: "encoding", share: i / tiles.length });
      const features = await network.encode(cut(planes.slice(0, config.in_channels), input.width, tile), tile.height, tile.width);
      const pixels = tile.height * tile.width;
      features.forEach((value, n) => { pooled[n] += pixels * value; });
      seen += pixels;
    }
    pooled.forEach((value, n) => { pooled[n] = value / seen; });
    clock.lap("encode");
    const found = await diffused(pooled);
    emit({ kind: "painting", share: 0, seconds: clock.laps, area });
    return found;
  }

  async function diffused(pooled) {
    const noise = seededNoise(manifest.ipr_length, request.seed), steps = [];
    const schedule = manifest.schedules[request.steps ?? manifest.steps] ?? [];
    let noisy = noise;
    emit({ kind: "noise", numbers: noise, of: schedule.length });
    for (const { time, x0: estimateWeight, xt: noisyWeight } of schedule) {
      const began = performance.now(), { x0 } = await network.denoise(pooled, noisy, time);
      const from = noisy;
      noisy = x0.map((value, n) => estimateWeight * value + noisyWeight * from[n]);
      steps.push({ x0, ipr: noisy, seconds: (performance.now() - began) / 1000 });
      emit({ kind: "step", ...steps.at(-1), number: steps.length, of: schedule.length });
    }
    clock.lap("denoise");
    const ipr = schedule.length ? noisy : (await network.denoise(pooled, noise, 0)).condition;
    return { ipr, noise, steps };
  }

  async function paint() {
    const blender = tiles.length > 1 && new Blender(input.height, input.width, scale, manifest.tiles.overlap);
    const bases = config.base === "fill" && tiles.length > 1 && new Blender(input.height, input.width, 1, manifest.tiles.overlap);
    let planesOut = null, base = null;
    for (const [i, tile] of worth.entries()) {
      emit({ kind: "painting", share: i / worth.length, part: 1 / worth.length });
      const data = cut(planes, input.width, tile), area = tile.height * tile.width, three = (all) => [0, 1, 2].map((c) => all.subarray(c * area, (c + 1) * area));
      if (config.base === "fill") {
        const known = Uint8Array.from(data.subarray(3 * area), (is) => (is ? 0 : 1));
        base = harmonicFill(three(data), known, tile.height, tile.width);
        base.forEach((plane, c) => data.set(plane, c * area));
        if (bases) bases.add(tile, data);
      }
      const picture = await network.paint(data, tile.height, tile.width, estimate.ipr);
      if (blender) blender.add(tile, picture);
      else planesOut = [0, 1, 2].map((c) => picture.subarray(c * picture.length / 3, (c + 1) * picture.length / 3));
    }
    return { planes: blender ? blender.picture() : planesOut, base: bases ? bases.picture() : base };
  }

  // What the network painted, with copies from elsewhere in the photo where its fill takes them.
  function copies() {
    const tick = paced((share) => emit({ kind: "copying", share }));
    const found = textured(photo.pixels, mask, decoded, photo.height, photo.width, request.fill, request.seed, tick);
    if (isGrey(request.pixels, request.mask)) makeGrey(found.pixels);
    return part ? { ...found, copied: maskLaidIn(found.copied, part, request) } : found;
  }

  // Planes of what was seen as pixels, without the colour that the network gave to a photo that has none.
  function coloured(all) {
    const pixels = toPixels(all, input, photo, scale);
    if (isGrey(request.pixels, request.mask)) makeGrey(pixels);
    return pixels;
  }

  // Pixels of what was seen -> the photo's, with all that is not new as it was.
  function finished(pixels) {
    const size = { width: request.width * scale, height: request.height * scale };
    if (mask) {
      const restored = part ? laidIn(pixels, part, request) : pixels;
      return { pixels: blended(restored, request.pixels, softMask(request.mask, request.height, request.width, request.feather)), ...size };
    }
    const alpha = alphaOf(request.pixels);
    if (alpha) putAlpha(pixels, alpha, request.width, scale);
    return { pixels, ...size };
  }
}

function stopwatch() {
  const laps = { encode: 0, denoise: 0, paint: 0, copy: 0, finish: 0 };
  let last = performance.now();
  return {
    laps,
    lap(name) {
      const now = performance.now();
      laps[name] += (now - last) / 1000;
      last = now;
    },
  };
}

// Below full transparency anything may lie: the colours around go on there, so that it is not drawn into what is seen.
function visible(photo) {
  const alpha = alphaOf(photo.pixels);
  if (!alpha || !alpha.includes(0)) return photo;
  const known = alpha.map((level) => (level ? 1 : 0)), { width, height } = photo, pixels = photo.pixels.slice();
  const planes = [0, 1, 2].map((c) => Float32Array.from(known, (_, i) => photo.pixels[4 * i + c]));
  harmonicFill(planes, known, height, width).forEach((plane, c) => plane.forEach((value, i) => { pixels[4 * i + c] = value; }));
  return { pixels, width, height };
}

function laidIn(pixels, part, { pixels: whole, width }) {
  const out = whole.slice();
  for (let y = 0; y < part.height; y++) {
    out.set(pixels.subarray(4 * y * part.width, 4 * (y + 1) * part.width), 4 * ((part.top + y) * width + part.left));
  }
  return out;
}

function maskLaidIn(mask, part, { width, height }) {
  const out = new Uint8Array(width * height);
  for (let y = 0; y < part.height; y++) out.set(mask.subarray(y * part.width, (y + 1) * part.width), (part.top + y) * width + part.left);
  return out;
}

function putAlpha(pixels, alpha, width, scale) {
  const wide = width * scale;
  for (let i = 0; i < pixels.length / 4; i++) {
    const y = Math.floor(i / wide), x = i - y * wide;
    pixels[4 * i + 3] = alpha[Math.floor(y / scale) * width + Math.floor(x / scale)];
  }
}
