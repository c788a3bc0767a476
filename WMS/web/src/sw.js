// Makes the page work offline, and adds the two headers without which a browser gives WebAssembly no threads: GitHub
// Pages cannot send them (https://web.dev/articles/coop-coep). All that it answers comes from the page's own origin.
const CACHE = `wms-page-${BUILD}`;
// Files below the scope. `wms serve` has answers of its own beside them: never the cache's business.
const PAGE = /^((app|style|worker)-\w+\.(js|css)|icon\.svg|model\.onnx|ort-[^/]+\/[^/]+)$/;
const FRESH = /^(index\.html|model\.json|version\.json)?$/; // what a promotion changes: asked first, the cache if offline
const MODEL = /\/model\.onnx$/;

self.addEventListener("install", (event) => {
  event.waitUntil(store().then(() => self.skipWaiting()));
});

async function store() {
  const cache = await caches.open(CACHE);
  const put = async (name) => {
    const response = await fetch(name, { cache: "no-cache" });
    if (!response.ok) throw new Error(`${name}: HTTP ${response.status}`);
    await cache.put(name, isolated(response));
  };
  await Promise.all(SHELL.map(put));
}

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("wms-page-") && name !== CACHE).map((name) => caches.delete(name)));
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const { origin, pathname } = new URL(registration.scope);
  if (event.request.method !== "GET" || url.origin !== origin || !url.pathname.startsWith(pathname)) return;
  const name = url.pathname.slice(pathname.length);
  const fresh = FRESH.test(name);
  if (fresh || PAGE.test(name)) event.respondWith(answer(event.request, url, fresh));
});

async function answer(request, url, fresh) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: request.mode === "navigate" });
  if (kept && !fresh) return kept;
  let response;
  try {
    response = isolated(await fetch(request, fresh ? { cache: "no-cache" } : {}));
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
  if (response.ok) {
    if (MODEL.test(url.pathname)) await forgetModels(cache);
    const key = request.mode === "navigate" ? url.origin + url.pathname : request;
    // A full storage costs the offline use, not the answer. The page promises that use while the model is here.
    await cache.put(key, response.clone()).catch(() => forgetModels(cache));
  }
  return response;
}

// Its address carries its digest, so another model is another address.
async function forgetModels(cache) {
  const requests = await cache.keys();
  await Promise.all(requests.filter((each) => MODEL.test(new URL(each.url).pathname)).map((each) => cache.delete(each)));
}

function isolated(response) {
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
