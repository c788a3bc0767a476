// The chosen photo with its mask, and the window cut out below it.
import { coverage, unpack } from "./levels.js";
import { ask } from "./tasks.js";

const $ = (id) => document.getElementById(id);
const MARK = [255, 196, 0]; // as in the overlays of `wms predict`
const SETTLED_MS = 250;
let shown = null; // {photo, levels, threshold}
let settled = 0;
const urls = {};

/** A blob in an image; the one before is let go. */
function fill(id, blob) {
  if (urls[id]) URL.revokeObjectURL(urls[id]);
  urls[id] = blob ? URL.createObjectURL(blob) : null;
  if (blob) $(id).src = urls[id];
  else $(id).removeAttribute("src");
  return blob ? $(id).decode().catch(() => {}) : undefined;
}

export function clearStage() {
  shown = null;
  clearTimeout(settled);
  fill("photo", null);
  $("overlay").width = 0;
  $("cut").hidden = true;
  result("");
}

function result(text, refused = false) {
  $("result").textContent = text;
  $("result").classList.toggle("refused", refused);
}

/** Put a photo on the stage, whatever its state. The threshold is asked for when it is drawn: it may move before. */
export async function show(photo, threshold) {
  clearStage();
  $("name").textContent = photo.file.name;
  $("frame").hidden = photo.state === "refused";
  if (photo.state !== "done") {
    result(photo.state === "refused" ? photo.reason : "Waiting for its turn…", photo.state === "refused");
    return;
  }
  const mine = (shown = { photo, levels: null });
  const levels = await unpack(photo.levels);
  if (shown !== mine) return;
  await fill("photo", photo.shown);
  if (shown !== mine) return;
  $("photo").alt = `Photo ${photo.file.name}`;
  mine.levels = levels;
  redraw(threshold());
}

/** Mark what is above a threshold in hundredths; the cut-out follows when the slider rests. */
export function redraw(threshold) {
  if (!shown?.levels) return;
  const mine = shown, { levels } = mine;
  mine.threshold = threshold;
  draw(levels, threshold);
  const share = coverage(levels, threshold);
  const text = share ? `The window covers ${(100 * share).toFixed(share < 0.001 ? 3 : 1)} % of the photo.` : "No window found at this threshold.";
  $("overlay").setAttribute("aria-label", text);
  result(text);
  clearTimeout(settled);
  if (share) settled = setTimeout(() => cut(mine), SETTLED_MS);
  else $("cut").hidden = true;
}

function draw({ width, height, x, y, w, h, data }, threshold) {
  const overlay = $("overlay"), photo = $("photo");
  const scale = Math.min(1, photo.naturalWidth / width);
  overlay.width = Math.max(1, Math.round(width * scale));
  overlay.height = Math.max(1, Math.round(height * scale));
  if (!w || !h) return;
  const pixels = new ImageData(w, h);
  const words = new Uint32Array(pixels.data.buffer);
  const colour = new Uint32Array(Uint8Array.of(...MARK, 255).buffer)[0];
  for (let at = 0; at < data.length; at++) if (data[at] > threshold) words[at] = colour;
  const part = new OffscreenCanvas(w, h);
  part.getContext("2d").putImageData(pixels, 0, 0);
  overlay.getContext("2d").drawImage(part, x * scale, y * scale, w * scale, h * scale);
  place();
}

/** The overlay lies on the photo, wherever the layout puts that. */
function place() {
  const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = $("photo");
  Object.assign($("overlay").style, {
    left: `${offsetLeft}px`, top: `${offsetTop}px`, width: `${offsetWidth}px`, height: `${offsetHeight}px`,
    opacity: $("opacity").value / 100,
  });
}
new ResizeObserver(place).observe($("photo"));

async function cut(mine) {
  const { photo, threshold } = mine;
  const moved = () => shown !== mine || mine.threshold !== threshold;
  const found = await ask("cut", { file: photo.file, levels: photo.levels, threshold }).catch(() => null);
  if (moved() || !found) return;
  await fill("cut-image", found.image);
  if (moved()) return;
  $("cut").hidden = false;
  $("cut-text").textContent = `The window straightened: ${Math.round(found.width)} × ${Math.round(found.height)} pixels, turned by ${Math.round(found.degrees)}°.`.replace("-", "\u2212");
}
