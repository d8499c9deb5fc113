// Browsers turn JPEG, PNG and AVIF upright as the server does, but no WebP that says how to turn it in EXIF (cwebp leaves
// it so). Such a photo is shown as the server sees it. Runs in the scope of canvas.js.

const ORIENTATION = 0x112, SHORT = 3;

// Whether that file is a WebP that EXIF turns or mirrors.
async function isTurnedWebp(blob) {
  const head = new Uint8Array(await blob.slice(0, 21).arrayBuffer());
  const tag = (at) => String.fromCharCode(...head.slice(at, at + 4));
  if (tag(0) !== "RIFF" || tag(8) !== "WEBP" || tag(12) !== "VP8X" || !(head[20] & 8)) return false;
  for (let at = 12; at + 8 < blob.size;) {
    const chunk = new DataView(await blob.slice(at, at + 8).arrayBuffer()), length = chunk.getUint32(4, true);
    if (chunk.getUint32(0) === 0x45584946) {  // "EXIF"
      return orientationIn(new DataView(await blob.slice(at + 8, at + 8 + length).arrayBuffer())) > 1;
    }
    at += 8 + length + length % 2;
  }
  return false;
}

// 1 to 8, as the block says in its main directory; 1 where it does not, or is none.
function orientationIn(block) {
  try {
    const start = block.getUint32(0) === 0x45786966 ? 6 : 0;  // "Exif", two zeros
    const little = block.getUint16(start) === 0x4949, first = start + block.getUint32(start + 4, little);
    for (let entry = 0; entry < block.getUint16(first, little); entry++) {
      const at = first + 2 + 12 * entry;
      if (block.getUint16(at, little) !== ORIENTATION || block.getUint16(at + 2, little) !== SHORT) continue;
      const value = block.getUint16(at + 8, little);
      return value >= 1 && value <= 8 ? value : 1;
    }
  } catch { /* cut off: the server takes it as upright, too */ }
  return 1;
}
