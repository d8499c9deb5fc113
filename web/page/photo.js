// Photos between files and pixels, as the browser reads and writes them: upright, in sRGB, 8 bits.

export async function pixelsOf(blob) {
  const bitmap = await createImageBitmap(blob, { premultiplyAlpha: "none" });
  const { width, height } = bitmap, brush = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  brush.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { pixels: brush.getImageData(0, 0, width, height).data, width, height };
}

export async function fileOf({ pixels, width, height }, name) {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
  return asFile(await canvas.convertToBlob({ type: "image/png" }), name);
}

// A mask as a picture: opaque where the hole is.
export function maskFile(mask, width, height) {
  const pixels = new Uint8ClampedArray(4 * mask.length);
  mask.forEach((is, i) => { if (is) pixels.fill(255, 4 * i, 4 * i + 4); });
  return fileOf({ pixels, width, height }, "mask.png");
}

// What components take for a file: its address in this page.
export function asFile(blob, name) {
  const url = URL.createObjectURL(blob);
  return { path: url, url, orig_name: name, size: blob.size, mime_type: blob.type };
}

export async function smaller(blob, megapixels) {
  const whole = await createImageBitmap(blob), shrink = Math.sqrt((megapixels * 1e6) / (whole.width * whole.height));
  const canvas = new OffscreenCanvas(Math.floor(whole.width * shrink), Math.floor(whole.height * shrink));
  const brush = canvas.getContext("2d");
  brush.imageSmoothingQuality = "high";
  brush.drawImage(whole, 0, 0, canvas.width, canvas.height);
  whole.close();
  return canvas.convertToBlob({ type: "image/png" });
}

export async function thumbnail(blob, side = 120) {
  const whole = await createImageBitmap(blob), shrink = Math.min(1, side / Math.max(whole.width, whole.height));
  const canvas = new OffscreenCanvas(Math.max(1, whole.width * shrink), Math.max(1, whole.height * shrink));
  canvas.getContext("2d").drawImage(whole, 0, 0, canvas.width, canvas.height);
  whole.close();
  return URL.createObjectURL(await canvas.convertToBlob({ type: "image/webp" }));
}
