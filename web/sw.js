// Makes the page work without a network: its own files are kept from the first visit on, runtimes and networks once they have
// been loaded. Answers carry the headers that isolate the page, which WASM needs for threads, whatever the server sends.

const SHELL = "diffir-shell-{{version}}", STORE = "diffir-files";
const FILES = {{shell}};             // loaded at once
const LARGE = new Set({{large}});    // kept when they are asked for; named by their content, so they never change
const ISOLATED = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp", "Cross-Origin-Resource-Policy": "same-origin" };

const address = (name) => new URL(name, self.registration.scope).href;

async function install() {
  const cache = await caches.open(SHELL);
  await cache.addAll(FILES.map((name) => new Request(address(name), { cache: "reload" })));
  await self.skipWaiting();
}

async function activate() {
  for (const name of await caches.keys()) if (name.startsWith("diffir-shell-") && name !== SHELL) await caches.delete(name);
  const store = await caches.open(STORE), current = new Set([...LARGE].map(address));
  for (const request of await store.keys()) if (!current.has(request.url)) await store.delete(request);
  await self.clients.claim();
}

function isolated(answer) {
  if (answer.type === "opaque" || answer.status === 0) return answer;
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(ISOLATED)) headers.set(name, value);
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
}

async function answer(request) {
  const url = new URL(request.url), plain = url.origin + url.pathname;
  const asked = request.mode === "navigate" ? address("index.html") : plain;
  const known = await caches.match(asked);
  if (known) return isolated(known);
  const fresh = await fetch(request), isLarge = [...LARGE].some((name) => address(name) === plain);
  if (isLarge && fresh.ok) await (await caches.open(STORE)).put(plain, fresh.clone());
  return isolated(fresh);
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && url.startsWith(self.registration.scope)) event.respondWith(answer(event.request));
});
