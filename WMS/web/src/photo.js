// From a file to pixels. What is refused is refused before a pixel is decoded, in one sentence.

export const MOST_MEGAPIXELS = 50;
export const MOST_MEGABYTES = 100;
const BAND_ROWS = 512;

/** A photo that cannot be used; its message is for the visitor. */
export class Refused extends Error {}

/** Width and height from the header of a whole JPEG, PNG or HEIC file; throws `Refused` for anything else. */
export function inspect(bytes) {
  if (bytes.length === 0) throw new Refused("The file is empty (0 bytes). Choose the photo again.");
  const kind = kindOf(bytes);
  const read = { JPEG: readJpeg, PNG: readPng, HEIC: readHeic }[kind];
  if (!read) throw new Refused(`This is ${kind}, not a photo. Choose a JPEG or PNG.`);
  const size = read(bytes);
  if (!size?.width || !size.height) throw new Refused(`The ${kind} is cut off or damaged. Copy it again from its source.`);
  const megapixels = (size.width * size.height) / 1e6;
  if (megapixels > MOST_MEGAPIXELS) {
    throw new Refused(
      `The photo has ${Math.round(megapixels)} megapixels (${size.width} × ${size.height}); at most ${MOST_MEGAPIXELS} are decoded. Save it smaller.`,
    );
  }
  return { kind, ...size };
}

const text = (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to));

function kindOf(bytes) {
  const head = text(bytes, 0, 12);
  if (head.startsWith("\xff\xd8\xff")) return "JPEG";
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "PNG";
  if (head.slice(4, 8) === "ftyp") return /^(hei[cx]|hev[cx]|mif1|msf1)/.test(head.slice(8)) ? "HEIC" : "an AVIF image or a video";
  if (/^RIFF.{4}WEBP/s.test(head)) return "a WebP image";
  if (head.startsWith("GIF8")) return "a GIF image";
  if (head.startsWith("BM")) return "a BMP image";
  if (/^(II\*\0|MM\0\*)/.test(head)) return "a TIFF image";
  if (head.startsWith("PK")) return "a ZIP archive";
  if (head.startsWith("%PDF")) return "a PDF document";
  return /^[\t\n\r\x20-\x7e]*$/.test(text(bytes, 0, 512)) ? "text" : "a file of no known type";
}

/** Walks the segments to the end marker, because browsers show half a JPEG without a word (ITU T.81, B.1). */
function readJpeg(bytes) {
  const word = (at) => (bytes[at] << 8) | bytes[at + 1];
  let size;
  for (let at = bytes.indexOf(0xff, 2); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(0xff, at)) {
    const marker = bytes[at + 1];
    if (marker === 0xd9) return size;
    if (marker === 0xff) at += 1;
    else if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2; // stuffed byte, restart: no length
    else {
      const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
      if (isFrame && at + 8 < bytes.length) size ??= { height: word(at + 5), width: word(at + 7) };
      at += 2 + word(at + 2);
    }
  }
  return undefined;
}

/** Walks the chunks to IEND (PNG 3, 5.3). */
function readPng(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33) return undefined;
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (text(bytes, at + 4, at + 8) === "IEND") return { width: view.getUint32(16), height: view.getUint32(20) };
  }
  // Its size counts even so: a huge one is refused for that.
  const size = { width: view.getUint32(16), height: view.getUint32(20) };
  return size.width * size.height > MOST_MEGAPIXELS * 1e6 ? size : undefined;
}

/** The largest `ispe` box (ISO 23008-12, 6.5.3): tiles and thumbnails have one each, too. */
function readHeic(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let best = { width: 0, height: 0 };
  for (let at = bytes.indexOf(0x69); at >= 0 && at + 16 <= Math.min(bytes.length, 1 << 20); at = bytes.indexOf(0x69, at + 1)) {
    if (text(bytes, at, at + 4) !== "ispe") continue;
    const found = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    if (found.width * found.height > best.width * best.height) best = found;
  }
  return best;
}

/** The photo as an upright bitmap; profiles are left out, as wms does. */
export async function decode(file) {
  if (file.size > MOST_MEGABYTES * 2 ** 20) {
    throw new Refused(`The file has ${Math.round(file.size / 2 ** 20)} MB; at most ${MOST_MEGABYTES} are read. Save it as a JPEG.`);
  }
  let bytes;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new Refused("The file cannot be read any more. Choose it again.");
  }
  const { kind } = inspect(bytes);
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: "none", premultiplyAlpha: "premultiply" });
  } catch {
    if (kind === "HEIC") {
      throw new Refused("This browser cannot decode HEIC. Save the photo as JPEG (iPhone: Settings, Camera, Formats, Most Compatible), or use Safari.");
    }
    throw new Refused(`The ${kind} is damaged: the browser cannot decode it. Copy it again from its source.`);
  }
}

/** RGB bytes, height x width x 3, on white; read by bands, because phones refuse a canvas of a whole large photo. */
export function rgbOf(bitmap) {
  const { width, height } = bitmap;
  const rgb = new Uint8Array(width * height * 3);
  const canvas = new OffscreenCanvas(width, Math.min(BAND_ROWS, height));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let to = 0;
  for (let top = 0; top < height; top += BAND_ROWS) {
    const rows = Math.min(BAND_ROWS, height - top);
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, top, width, rows, 0, 0, width, rows);
    const { data } = context.getImageData(0, 0, width, rows);
    for (let from = 0; from < data.length; from += 4) {
      rgb[to] = data[from];
      rgb[to + 1] = data[from + 1];
      rgb[to + 2] = data[from + 2];
      to += 3;
    }
  }
  return rgb;
}

/** A canvas with a smaller copy; its longer side has at most `side` pixels. */
export function smaller(picture, side) {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale)));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "medium";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}
