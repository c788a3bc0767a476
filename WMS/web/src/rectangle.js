// The register window as a rotated rectangle around the largest connected part of the mask.

/**
 * `{centre: [x, y], width, height, degrees}` in pixels of the photo, width >= height; null if the mask is empty.
 * Its direction is the part's principal axis: a bump at one end of a mask would turn the smallest rectangle.
 */
export function windowOf(levels, threshold) {
  const { x: left, y: top, w } = levels;
  const part = largestPart(levels, threshold);
  if (!part.length) return null;
  const column = (at) => left + (at % w) + 0.5;
  const row = (at) => top + Math.floor(at / w) + 0.5;
  let [x, y, xx, yy, xy] = [0, 0, 0, 0, 0];
  for (const at of part) (x += column(at) / part.length), (y += row(at) / part.length);
  for (const at of part) {
    const [dx, dy] = [column(at) - x, row(at) - y];
    (xx += dx * dx), (yy += dy * dy), (xy += dx * dy);
  }
  const angle = Math.atan2(2 * xy, xx - yy) / 2; // -90 to 90 degrees: the digits' top is where the photo's is
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  let [along0, along1, across0, across1] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const at of part) {
    const along = column(at) * cos + row(at) * sin;
    const across = row(at) * cos - column(at) * sin;
    (along0 = Math.min(along0, along)), (along1 = Math.max(along1, along));
    (across0 = Math.min(across0, across)), (across1 = Math.max(across1, across));
  }
  const [u, v] = [(along0 + along1) / 2, (across0 + across1) / 2];
  return {
    centre: [u * cos - v * sin, u * sin + v * cos],
    width: along1 - along0 + 1,
    height: across1 - across0 + 1,
    degrees: (angle * 180) / Math.PI,
  };
}

/** Where the pixels of the largest 4-connected part above the threshold are in `data`. */
function largestPart({ w, data }, threshold) {
  const seen = new Uint8Array(data.length);
  const found = new Int32Array(data.length); // the parts one after the other: each grows as it is looked through
  let end = 0, best = [0, 0];
  const visit = (at) => {
    if (seen[at] || data[at] <= threshold) return;
    seen[at] = 1;
    found[end++] = at;
  };
  for (let start = 0; start < data.length; start++) {
    const first = end;
    visit(start);
    for (let next = first; next < end; next++) {
      const at = found[next], x = at % w;
      if (x > 0) visit(at - 1);
      if (x < w - 1) visit(at + 1);
      if (at >= w) visit(at - w);
      if (at < data.length - w) visit(at + w);
    }
    if (end - first > best[1] - best[0]) best = [first, end];
  }
  return found.subarray(...best);
}
