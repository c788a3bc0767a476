// The model and what runs it: ONNX Runtime Web, in WebAssembly.

async function digestOf(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function fetched(url, sha256) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The model cannot be loaded (HTTP ${response.status}). Reload the page.`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  // Browsers offer digests to HTTPS and localhost alone.
  if (crypto.subtle && (await digestOf(bytes)) !== sha256) {
    throw new Error("The model is not the one that its card names: it was changed or only half loaded. Reload the page.");
  }
  return bytes;
}

/** `{run(rgb, width, height), threads}`; run answers float32 probabilities, height x width. */
export async function loadModel(url, sha256) {
  const [bytes, ort] = await Promise.all([fetched(url, sha256), import(new URL(`${RUNTIME}ort.wasm.min.mjs`, location.href))]);
  const threads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  const session = await ort.InferenceSession.create(bytes);
  const run = async (rgb, width, height) => {
    const { probability } = await session.run({ image: new ort.Tensor("uint8", rgb, [height, width, 3]) });
    return probability.data;
  };
  await run(new Uint8Array(64 * 64 * 3), 64, 64); // the first run prepares kernels
  return { run, threads };
}
