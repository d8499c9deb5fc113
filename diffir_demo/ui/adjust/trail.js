// A camera's path as a trail of light: white-hot on black, enlarged. Kernels are { side, levels: 0 .. 255 row by row }.

const HEAT = [[0, 0, 0], [70, 6, 4], [170, 36, 6], [244, 122, 24], [255, 212, 112], [255, 255, 255]];
const GLOW = 0.55;                   // exponent that lifts faint light, as screens do
const HALO = "#e0601890";            // around the light, as in a photo of a lamp
const BARS = [1, 2, 5, 10, 20, 50];  // pixels of the photo that the scale may be long
const WALK = 256;                    // positions along a line that is drawn, as the server has them

function heat(share) {
  const place = share ** GLOW * (HEAT.length - 1), first = Math.min(HEAT.length - 2, Math.floor(place)), part = place - first;
  return HEAT[first].map((value, i) => value + part * (HEAT[first + 1][i] - value));
}

// As a picture that canvases can draw, one pixel each.
function glowing({ side, levels }) {
  const sheet = document.createElement("canvas"), image = new ImageData(side, side);
  levels.forEach((level, i) => image.data.set([...heat(level / 255), Math.min(255, 4 * level)], 4 * i));
  sheet.width = sheet.height = side;
  sheet.getContext("2d").putImageData(image, 0, 0);
  return sheet;
}

// Where its light is: the middle, the direction of its longest extent (radians), and how far it reaches along that.
function shapeOf({ side, levels }) {
  let total = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  const each = (work) => levels.forEach((level, i) => { if (level) work(level, i % side, Math.floor(i / side)); });
  each((level, column, row) => { total += level; x += level * column; y += level * row; });
  x /= total; y /= total;
  each((level, column, row) => {
    xx += level * (column - x) ** 2; yy += level * (row - y) ** 2; xy += level * (column - x) * (row - y);
  });
  const angle = 0.5 * Math.atan2(2 * xy, xx - yy), [right, down] = [Math.cos(angle), Math.sin(angle)];
  let reach = 0, around = 0, first = 0, last = 0;
  each((level, column, row) => {
    if (level < 25) return;          // a tenth of the brightest, as the server measures lengths
    const along = (column - x) * right + (row - y) * down;
    [first, last] = [Math.min(first, along), Math.max(last, along)];
    reach = Math.max(reach, along);
    around = Math.max(around, Math.hypot(column - x, row - y));
  });
  return { x, y, angle, reach, around, length: last - first };
}

// A line walked at a constant speed, each position shared between its four neighbours; (x, y) in pixels.
function kernelOf(line) {
  const steps = [0];
  for (let i = 1; i < line.length; i++) steps.push(steps[i - 1] + Math.hypot(line[i][0] - line[i - 1][0], line[i][1] - line[i - 1][1]));
  const radius = Math.ceil(Math.max(...line.flat().map(Math.abs))) + 1, side = 2 * radius + 1, light = new Float64Array(side * side);
  for (let i = 0, piece = 1; i < WALK; i++) {
    const place = (steps.at(-1) * i) / (WALK - 1);
    while (piece < line.length - 1 && steps[piece] < place) piece += 1;
    const from = line[piece - 1] || line[0], to = line[piece] || from, length = steps[piece] - steps[piece - 1] || 1;
    const part = line.length > 1 ? (place - steps[piece - 1]) / length : 0;
    const x = from[0] + part * (to[0] - from[0]) + radius, y = from[1] + part * (to[1] - from[1]) + radius;
    const column = Math.floor(x), row = Math.floor(y);
    for (const dx of [0, 1]) for (const dy of [0, 1])
      light[(row + dy) * side + column + dx] += Math.abs(1 - dx - (x - column)) * Math.abs(1 - dy - (y - row));
  }
  const most = Math.max(...light);
  return { side, levels: Array.from(light, (value) => Math.round((255 * value) / most)) };
}

// A pen on a black canvas that counts in the photo's pixels, (0, 0) in the middle; field: how many it is wide.
function darkroom(canvas, field) {
  const size = canvas.clientWidth || 1, ratio = density(), brush = canvas.getContext("2d");
  canvas.width = canvas.height = Math.round(size * ratio);
  brush.fillStyle = "#000";
  brush.fillRect(0, 0, canvas.width, canvas.height);
  const zoom = canvas.width / field;
  brush.setTransform(zoom, 0, 0, zoom, canvas.width / 2, canvas.height / 2);
  return brush;
}

function paintTrail(canvas, sheet, shape, field, { turn = 0, length = 100, smooth = true } = {}) {
  const brush = darkroom(canvas, field);
  brush.imageSmoothingEnabled = smooth;
  brush.imageSmoothingQuality = "high";
  if (smooth) Object.assign(brush, { shadowColor: HALO, shadowBlur: canvas.width / 16 });
  brush.rotate((turn * Math.PI) / 180);
  brush.scale(length / 100, length / 100);
  brush.drawImage(sheet, -shape.x - 0.5, -shape.y - 0.5);
  return brush;
}

function paintScale(canvas, field, text) {
  const brush = canvas.getContext("2d"), ratio = density(), size = canvas.width / ratio;
  const long = BARS.filter((bar) => bar <= 0.3 * field).at(-1) || 1, width = (long * size) / field;
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  brush.fillStyle = "#fff";
  brush.fillRect(10, size - 12, width, 2);
  brush.fillRect(10, size - 15, 1, 8);
  brush.fillRect(9 + width, size - 15, 1, 8);
  brush.font = "12px system-ui, sans-serif";
  brush.fillText(filled(text, { amount: long }), 10, size - 19);
}
