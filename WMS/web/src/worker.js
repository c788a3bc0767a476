// Everything slow, away from the page's own thread. One request at a time; the page queues.
import { cutOut } from "./cutout.js";
import { levelsOf, pack, unpack } from "./levels.js";
import { loadModel } from "./model.js";
import { decode, Refused, rgbOf, smaller } from "./photo.js";
import { maskPng } from "./png.js";
import { windowOf } from "./rectangle.js";

const JPEG = { type: "image/jpeg", quality: 0.85 };
const PREVIEW_SIDE = 1280, THUMB_SIDE = 112;
let model;

const tasks = {
  async load({ url, sha256 }) {
    model = await loadModel(url, sha256);
    return { threads: model.threads };
  },
  async segment({ file }) {
    const bitmap = await decode(file);
    try {
      const { width, height } = bitmap;
      const levels = levelsOf(await model.run(rgbOf(bitmap), width, height), width, height);
      const large = smaller(bitmap, PREVIEW_SIDE);
      const small = smaller(large, THUMB_SIDE);
      const [packed, shown, thumb] = await Promise.all([pack(levels), large.convertToBlob(JPEG), small.convertToBlob(JPEG)]);
      return { levels: packed, shown, thumb };
    } finally {
      bitmap.close();
    }
  },
  async cut({ file, levels, threshold }) {
    const found = windowOf(await unpack(levels), threshold);
    if (!found) return null;
    const bitmap = await decode(file);
    try {
      return { ...found, image: await cutOut(bitmap, found) };
    } finally {
      bitmap.close();
    }
  },
  async mask({ levels, threshold }) {
    return maskPng(await unpack(levels), threshold);
  },
};

self.onmessage = async ({ data: { id, task, ...values } }) => {
  try {
    self.postMessage({ id, answer: await tasks[task](values) });
  } catch (error) {
    const reason = error instanceof Refused || task === "load" ? error.message : `This photo cannot be processed here: ${error.message ?? error}.`;
    self.postMessage({ id, error: reason });
  }
};
