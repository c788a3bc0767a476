const MARGIN = 0.06; // of the window's height, on every side: the frame of the digits stays in sight

/** The window straightened and cut out of a photo, as a JPEG. */
export async function cutOut(bitmap, { centre, width, height, degrees }) {
  const margin = height * MARGIN;
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width + 2 * margin)), Math.max(1, Math.round(height + 2 * margin)));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.translate(canvas.width / 2, canvas.height / 2);
  context.rotate((-degrees * Math.PI) / 180);
  context.drawImage(bitmap, -centre[0], -centre[1]);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
}
