// A probability map as the page keeps it: hundredths, rounded up, of the part that is not empty, packed.
// "probability > k / 100" is then "level > k" for every whole k: the slider needs no more.

/** From float32 probabilities, height x width. */
export function levelsOf(probability, width, height) {
  let left = width, right = -1, top = height, bottom = -1;
  const all = new Uint8Array(width * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const level = Math.ceil(probability[at] * 100);
      if (level < 2) continue; // no threshold of the slider is lower
      all[at] = level;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  if (right < 0) return { width, height, x: 0, y: 0, w: 0, h: 0, data: new Uint8Array(0) };
  const w = right - left + 1, h = bottom - top + 1;
  const data = new Uint8Array(w * h);
  for (let row = 0; row < h; row++) {
    const from = (top + row) * width + left;
    data.set(all.subarray(from, from + w), row * w);
  }
  return { width, height, x: left, y: top, w, h, data };
}

const through = (blob, stream) => new Response(blob.stream().pipeThrough(stream));

export async function pack({ data, ...rest }) {
  return { ...rest, packed: await through(new Blob([data]), new CompressionStream("gzip")).blob() };
}

export async function unpack({ packed, ...rest }) {
  return { ...rest, data: new Uint8Array(await through(packed, new DecompressionStream("gzip")).arrayBuffer()) };
}

/** The share of the photo above a threshold in hundredths. */
export function coverage(levels, threshold) {
  let count = 0;
  for (const level of levels.data) if (level > threshold) count++;
  return count / (levels.width * levels.height);
}
