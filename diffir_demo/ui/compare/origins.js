// What of the hole was copied from elsewhere in the photo, and what the network painted: a layer over the result. The two
// colours are of the palette of Okabe and Ito, which colour-blind people can distinguish; what was copied is hatched as well.

const COPIED = "#e69f00", HATCH = "#3d2a00", PAINTED = "#56b4e9";
const VEIL = 0.62;                   // opacity
const layer = document.createElement("canvas");
const showsOrigins = one(".origins");

function hatched(pen) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 12;
  const brush = tile.getContext("2d");
  brush.fillStyle = COPIED;
  brush.fillRect(0, 0, 12, 12);
  brush.strokeStyle = HATCH;
  brush.lineWidth = 2.5;
  for (const at of [-12, 0, 12]) { brush.beginPath(); brush.moveTo(at, 12); brush.lineTo(at + 12, 0); brush.stroke(); }
  return pen.createPattern(tile, "repeat");
}

// place: where the whole picture lies.
function paintOrigins(brush, place) {
  const hole = value.mask && bitmap(value.mask.url), copied = value.origins && bitmap(value.origins.copied.url);
  if (!showsOrigins.checked || !hole || !copied) return;
  const put = (pen, shape, how) => {
    pen.globalCompositeOperation = how;
    pen.drawImage(shape, place.left, place.top, place.width, place.height);
  };
  for (const isCopied of [false, true]) {
    layer.width = canvas.width;
    layer.height = canvas.height;
    const pen = layer.getContext("2d"), ratio = density();
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.imageSmoothingEnabled = place.width / hole.width <= SHARP;
    put(pen, isCopied ? copied : hole, "source-over");
    if (!isCopied) put(pen, copied, "destination-out");
    pen.globalCompositeOperation = "source-in";
    pen.fillStyle = isCopied ? hatched(pen) : PAINTED;
    pen.fillRect(0, 0, layer.width, layer.height);
    brush.save();
    brush.globalAlpha = VEIL;
    brush.drawImage(layer, 0, 0, layer.width / ratio, layer.height / ratio);
    brush.restore();
  }
}

function receiveOrigins() {
  const { origins } = value;
  one(".of-origins").hidden = !origins;
  one(".copied-text").textContent = origins?.copied_text || "";
  one(".painted-text").textContent = origins?.painted_text || "";
  showLegend();
}

function showLegend() {
  one(".legend").hidden = !(value.origins && showsOrigins.checked);
  draw();
}
showsOrigins.addEventListener("change", showLegend);
