const MOST_MS = 8000;

async function registered({ serviceWorker }) {
  await serviceWorker.register("sw.js");
  await serviceWorker.ready;
  if (serviceWorker.controller) return;
  await new Promise((resolve) => serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
}

/**
 * Puts the page under its service worker, so that it works offline, and isolates it, so that it gets threads.
 * The first visit reloads once for that, before anything large is loaded. Where none can be had (HTTP on another
 * machine, a private window, a worker that does not install) the page works without.
 */
export async function goOffline() {
  if (!navigator.serviceWorker) return false;
  const tooLong = new Promise((resolve) => setTimeout(resolve, MOST_MS));
  await Promise.race([registered(navigator).catch(() => {}), tooLong]);
  if (!navigator.serviceWorker.controller) return false;
  if (!self.crossOriginIsolated && !sessionStorage.getItem("reloaded")) {
    sessionStorage.setItem("reloaded", "1");
    location.reload();
    await new Promise(() => {});
  }
  return true;
}
