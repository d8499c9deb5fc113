// Boxes { top, left, height, width } of a picture: diffir_demo/imaging/boxes.py.

// The smallest one with all that is set in a mask; null where nothing is.
export function boxOf(mask, height, width) {
  let top = height, bottom = -1, left = width, right = -1;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (!mask[at]) continue;
      if (y < top) top = y;
      if (x < left) left = x;
      if (x > right) right = x;
      bottom = y;
    }
  }
  return bottom < 0 ? null : { top, left, height: bottom + 1 - top, width: right + 1 - left };
}

// With `margin` pixels on each side, as far as the picture goes.
export function around({ top, left, height, width }, margin, high, wide) {
  const first = Math.max(top - margin, 0), side = Math.max(left - margin, 0);
  return { top: first, left: side, height: Math.min(top + height + margin, high) - first, width: Math.min(left + width + margin, wide) - side };
}

// The box of a plane with `channels` numbers per pixel, as one of the same kind.
export function cutOut(plane, width, box, channels = 1) {
  const out = new plane.constructor(box.height * box.width * channels);
  for (let y = 0; y < box.height; y++) {
    const from = ((box.top + y) * width + box.left) * channels;
    out.set(plane.subarray(from, from + box.width * channels), y * box.width * channels);
  }
  return out;
}
