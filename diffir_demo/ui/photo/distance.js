// How far every pixel is from the mask's edge, finer than a pixel: what growing, shrinking and the soft edge need.

// Index of the nearest of the pixels that `is` marks, for every pixel; -1 where there are none. Exact: the squared
// distance is a sum over rows and columns, and along each line it is the lower envelope of parabolas.
function nearest(is, width, height) {
  const found = new Int32Array(width * height).fill(-1);
  const longest = Math.max(width, height);
  const row = new Float64Array(longest), from = new Int32Array(longest);
  const vertex = new Int32Array(longest), border = new Float64Array(longest + 1);
  for (let x = 0; x < width; x++) {      // down a column only the next one above and below counts
    let last = -1;
    for (let y = 0; y < height; y++) { if (is[y * width + x]) last = y; found[y * width + x] = last; }
    last = -1;
    for (let y = height - 1; y >= 0; y--) {
      if (is[y * width + x]) last = y;
      const above = found[y * width + x];
      if (last >= 0 && (above < 0 || last - y < y - above)) found[y * width + x] = last;
    }
  }
  for (let y = 0; y < height; y++) {
    let count = 0;
    for (let x = 0; x < width; x++) {
      from[x] = found[y * width + x];
      if (from[x] < 0) continue;
      row[x] = (from[x] - y) ** 2;
      let meets = -Infinity;
      while (count) {
        const before = vertex[count - 1];
        meets = (row[x] + x * x - row[before] - before * before) / (2 * (x - before));
        if (meets > border[count - 1]) break;
        count--;
        meets = -Infinity;
      }
      vertex[count] = x;
      border[count++] = meets;
    }
    for (let x = 0, k = 0; x < width; x++) {
      while (k + 1 < count && border[k + 1] < x) k++;
      found[y * width + x] = count ? from[vertex[k]] * width + vertex[k] : -1;
    }
  }
  return found;
}

// (pixels) -> signed distance of every centre to the edge of the mask: below zero inside. `opacity`: 0 .. 255, smooth at
// the edge, where it gives what share of a pixel the mask covers. `inside`, `outside`: which half is wanted.
function distances(opacity, width, height, inside, outside) {
  const result = new Float32Array(width * height);
  const far = width + height;
  for (const half of [inside && "in", outside && "out"]) {
    if (!half) continue;
    const into = half === "in";
    const marked = opacity.map((a) => (a >= 128 ? !into : into) ? 1 : 0);
    const site = nearest(marked, width, height);
    for (let i = 0; i < result.length; i++) {
      if (marked[i]) continue;
      const a = opacity[i] / 255, other = site[i];
      if (a > 0 && a < 1) { result[i] = 0.5 - a; continue; }
      const away = other < 0 ? far : Math.hypot((i % width) - (other % width),
        Math.floor(i / width) - Math.floor(other / width)) + (into ? -1 : 1) * (0.5 - opacity[other] / 255);
      result[i] = into ? -away : away;
    }
    if (!(inside && outside)) {            // the half that was not asked for lies beyond any radius
      for (let i = 0; i < result.length; i++) if (marked[i]) result[i] = into ? far : -far;
    }
  }
  return result;
}

function opacityOf(canvas) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const opacity = new Uint8ClampedArray(data.length / 4);
  for (let i = 0; i < opacity.length; i++) opacity[i] = data[4 * i + 3];
  return opacity;
}

// Fills a canvas with the mask's colour in that opacity; `of(i)` gives it in 0 .. 1.
function fillWith(canvas, of) {
  const brush = canvas.getContext("2d"), image = brush.createImageData(canvas.width, canvas.height);
  const [red, green, blue] = PAINT.match(/\w\w/g).map((hex) => parseInt(hex, 16));
  for (let i = 0; i < image.data.length; i += 4) {
    image.data[i] = red; image.data[i + 1] = green; image.data[i + 2] = blue;
    image.data[i + 3] = 255 * between(0, of(i / 4), 1);
  }
  brush.putImageData(image, 0, 0);
}
