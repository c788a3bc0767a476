const WAIT_MS = 4000;

/**
 * Puts the page under its service worker, so that it works offline, and isolates it, so that it gets threads.
 * The first visit reloads once for that, before anything large is loaded. Where none can be had (HTTP on another
 * machine, a private window) the page works without.
 */
export async function goOffline() {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return false;
  try {
    await serviceWorker.register("sw.js");
    await serviceWorker.ready;
  } catch {
    return false;
  }
  if (!serviceWorker.controller) {
    await Promise.race([
      new Promise((resolve) => serviceWorker.addEventListener("controllerchange", resolve, { once: true })),
      new Promise((resolve) => setTimeout(resolve, WAIT_MS)),
    ]);
  }
  if (!serviceWorker.controller) return false;
  if (!self.crossOriginIsolated && !sessionStorage.getItem("reloaded")) {
    sessionStorage.setItem("reloaded", "1");
    location.reload();
    await new Promise(() => {});
  }
  return true;
}
