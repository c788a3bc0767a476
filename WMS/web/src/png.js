// A mask as an 8-bit greyscale PNG, 0 and 255, as `wms predict` writes it. A canvas would write four channels.

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function chunk(name, data) {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = name.charCodeAt(i);
  bytes.set(data, 8);
  let crc = 0xffffffff;
  for (const byte of bytes.subarray(4, 8 + data.length)) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  view.setUint32(8 + data.length, ~crc >>> 0);
  return bytes;
}

/** The mask of levels above a threshold in hundredths, at the photo's size. */
export async function maskPng(levels, threshold) {
  const { width, height, x, y, w, h, data } = levels;
  const rows = new Uint8Array((width + 1) * height); // each row begins with its filter: none
  for (let row = 0; row < h; row++) {
    const to = (y + row) * (width + 1) + 1 + x;
    for (let column = 0; column < w; column++) if (data[row * w + column] > threshold) rows[to + column] = 255;
  }
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header[8] = 8;
  const packed = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
  const body = new Uint8Array(await new Response(packed).arrayBuffer());
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10);
  return new Blob([signature, chunk("IHDR", header), chunk("IDAT", body), chunk("IEND", new Uint8Array(0))], { type: "image/png" });
}
