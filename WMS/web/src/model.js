// The model and what runs it: WebGPU where the browser has one, WebAssembly otherwise.

const MOST_GPU_MS = 15_000;

/** A graphics driver can also hang, or compute in software. */
function tooSlow() {
  return new Promise((_, reject) => setTimeout(() => reject(new Error("it is too slow")), MOST_GPU_MS));
}

/** Whether ONNX Runtime's build for WebGPU can run here: it also needs JavaScript promise integration. */
async function hasGpu(wish) {
  if (wish === "wasm" || !navigator.gpu || !("Suspending" in WebAssembly)) return false;
  const adapter = await navigator.gpu.requestAdapter().catch(() => null);
  if (!adapter) return false;
  return wish === "webgpu" || !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter);
}

async function digestOf(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function open(kind, bytes) {
  const ort = await import(new URL(`${RUNTIME}ort.${kind === "webgpu" ? "jspi" : "wasm"}.min.mjs`, location.href));
  const threads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  const session = await ort.InferenceSession.create(bytes, { executionProviders: kind === "webgpu" ? ["webgpu", "wasm"] : ["wasm"] });
  const run = async (rgb, width, height) => {
    const { probability } = await session.run({ image: new ort.Tensor("uint8", rgb, [height, width, 3]) });
    return probability.data;
  };
  await run(new Uint8Array(64 * 64 * 3), 64, 64); // the first run prepares kernels; an unsupported one shows here
  return { run, backend: kind, threads: kind === "webgpu" ? 0 : threads };
}

/**
 * `{run(rgb, width, height), backend, threads}`; run answers float32 probabilities, height x width. A wish of
 * `wasm` or `webgpu` (the page's `?backend=`) goes before what would be chosen.
 */
export async function loadModel(url, sha256, wish) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The model cannot be loaded (HTTP ${response.status}). Reload the page.`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  // Browsers offer digests to HTTPS and localhost alone.
  if (crypto.subtle && (await digestOf(bytes)) !== sha256) {
    throw new Error("The model is not the one that its card names: it was changed or only half loaded. Reload the page.");
  }
  if (await hasGpu(wish)) {
    try {
      return await Promise.race([open("webgpu", bytes), tooSlow()]);
    } catch (error) {
      console.warn("WebGPU refused the model; WebAssembly takes it", error);
    }
  }
  return open("wasm", bytes);
}
