// Between the pixels of a photo (RGBA, 0 to 255) and what networks take (planes of float32 in [0, 1]); and the place of a
// JPEG's blocks. As in diffir_demo/model/pixels.py and diffir_demo/imaging.

const BLOCK = 8, SEEN = 1024, FAINT = 3, SURE = 3, STANDS_OUT = 0.2;

export function cropped({ pixels, width, height }, part) {
  if (!part) return { pixels, width, height };
  const out = new Uint8ClampedArray(4 * part.width * part.height);
  for (let y = 0; y < part.height; y++) {
    const from = 4 * ((part.top + y) * width + part.left);
    out.set(pixels.subarray(from, from + 4 * part.width), 4 * y * part.width);
  }
  return { pixels: out, width: part.width, height: part.height };
}

export function croppedMask(mask, width, part) {
  if (!part) return mask;
  const out = new Uint8Array(part.width * part.height);
  for (let y = 0; y < part.height; y++) {
    const from = (part.top + y) * width + part.left;
    out.set(mask.subarray(from, from + part.width), y * part.width);
  }
  return out;
}

// .. 1, 0, 0, 1 .. side-1, side-1 ..: where each place of a padded side is taken from.
function mirrored(start, side, length) {
  return Int32Array.from({ length }, (_, i) => {
    const at = (((i - start) % (2 * side)) + 2 * side) % (2 * side);
    return Math.min(at, 2 * side - 1 - at);
  });
}

// The photo as planes, mirrored to multiples; before: [rows, columns] that are mirrored above and left of it.
export function padded({ pixels, width, height }, mask, multiple, [top, left]) {
  const high = Math.ceil((top + height) / multiple) * multiple, wide = Math.ceil((left + width) / multiple) * multiple;
  const rows = mirrored(top, height, high), columns = mirrored(left, width, wide);
  const planes = [0, 1, 2].map(() => new Float32Array(high * wide)), hole = mask && new Uint8Array(high * wide);
  for (let y = 0, to = 0; y < high; y++) {
    for (let x = 0; x < wide; x++, to++) {
      const from = rows[y] * width + columns[x];
      if (mask) hole[to] = mask[from];
      if (mask?.[from]) continue;    // a network never sees what lies in its hole
      for (let c = 0; c < 3; c++) planes[c][to] = pixels[4 * from + c] / 255;
    }
  }
  return { planes, hole, height: high, width: wide, top, left };
}

// A tile of planes as one tensor's data, with what else the network sees.
export function cut(planes, width, tile) {
  const area = tile.height * tile.width, data = new Float32Array(planes.length * area);
  planes.forEach((plane, c) => {
    for (let y = 0; y < tile.height; y++) {
      const from = (tile.top + y) * width + tile.left;
      data.set(plane.subarray(from, from + tile.width), c * area + y * tile.width);
    }
  });
  return data;
}

// Planes of the padded result -> RGBA of the photo's own size, times scale; alpha 255.
export function toPixels(planes, fit, { width, height }, scale) {
  const wide = width * scale, high = height * scale, stride = fit.width * scale;
  const out = new Uint8ClampedArray(4 * wide * high);  // clamps, and rounds as numpy does
  for (let y = 0, to = 0; y < high; y++) {
    for (let x = 0, from = (fit.top * scale + y) * stride + fit.left * scale; x < wide; x++, from++, to += 4) {
      for (let c = 0; c < 3; c++) out[to + c] = planes[c][from] * 255;
      out[to + 3] = 255;
    }
  }
  return out;
}

// Alpha of the photo, or null where all of it is opaque.
export function alphaOf(pixels) {
  const alpha = new Uint8Array(pixels.length / 4);
  let least = 255;
  for (let i = 0; i < alpha.length; i++) { alpha[i] = pixels[4 * i + 3]; least = Math.min(least, alpha[i]); }
  return least < 255 ? alpha : null;
}

// Whether all that is seen is grey; what a mask covers is not seen.
export function isGrey(pixels, mask) {
  for (let i = 0, at = 0; at < pixels.length; i++, at += 4) {
    if (!mask?.[i] && pixels[at + 3] && (pixels[at] !== pixels[at + 1] || pixels[at + 1] !== pixels[at + 2])) return false;
  }
  return true;
}

const brightness = (pixels, at) => (9798 * pixels[at] + 19235 * pixels[at + 1] + 3735 * pixels[at + 2] + 16384) >> 15;

// Without the colour that a network gave to a photo that has none.
export function makeGrey(pixels) {
  for (let at = 0; at < pixels.length; at += 4) {
    pixels[at] = pixels[at + 1] = pixels[at + 2] = brightness(pixels, at);
  }
}

// [row, column], 0 to 7, where the first whole block of a JPEG begins; 0 where none is seen.
export function firstBlocks({ pixels, width, height }) {
  const [top, left] = [height, width].map((side) => Math.max(0, Math.floor(Math.floor((side - SEEN) / 2) / BLOCK) * BLOCK));
  const rows = Math.min(SEEN, height - top), columns = Math.min(SEEN, width - left);
  const grey = (y, x) => brightness(pixels, 4 * ((top + y) * width + left + x));
  return [first(columns, rows, (line, at) => grey(at, line)), first(rows, columns, grey)];
}

// Of `count` lines, along each of them. A step counts by how far it exceeds its two neighbours.
function first(lines, length, grey) {
  if (length < 3 * BLOCK) return 0;
  const excess = new Float64Array(length - 3);
  for (let line = 0; line < lines; line++) {
    let before = Math.abs(grey(line, 1) - grey(line, 0)), here = Math.abs(grey(line, 2) - grey(line, 1));
    for (let i = 0; i < excess.length; i++) {
      const after = Math.abs(grey(line, i + 3) - grey(line, i + 2));
      excess[i] += Math.min(FAINT, Math.max(-FAINT, here - (before + after) / 2)) / lines;
      [before, here] = [here, after];
    }
  }
  const groups = Array.from({ length: BLOCK }, () => []);
  excess.forEach((value, i) => groups[(i + 2) % BLOCK].push(value));
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = (values) => mean(values.map((value) => (value - mean(values)) ** 2)) / values.length;
  const means = groups.map(mean), found = means.indexOf(Math.max(...means));
  const apart = (place) => Math.abs(((((place - found + BLOCK / 2) % BLOCK) + BLOCK) % BLOCK) - BLOCK / 2);
  const elsewhere = groups.flatMap((values, place) => (apart(place) > 1 ? values : []));
  const error = Math.sqrt(spread(groups[found]) + spread(elsewhere)), order = [...means].sort((a, b) => a - b);
  const stands = order[7] - order[6] > STANDS_OUT * (order[6] - order[0]);
  return means[found] - mean(elsewhere) > SURE * Math.max(error, 1e-6) && stands ? found : 0;
}
