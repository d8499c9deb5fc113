// The page: tabs, what its tools share, and the service worker that makes it work offline.

import * as bar from "../parts/bar.js";
import * as board from "../parts/board.js";
import * as canvas from "../parts/canvas.js";
import * as timeline from "../parts/timeline.js";
import { Offline } from "./offline.js";
import { Restorer } from "./restorer.js";
import { Tool } from "./tool.js";

const facts = JSON.parse(document.getElementById("facts").textContent), asked = new URLSearchParams(location.search);
const root = document.baseURI, worker = new URL("engine/worker.js", root), { words } = facts;
const one = (selector) => document.querySelector(selector);
const tools = new Map();
let restorer = null, isOnProcessor = false;

for (const { presets } of facts.tasks) for (const preset of presets) preset.folder = new URL(preset.folder, root).href;

// Which device: chosen on the page, or named in its address (?device=wasm, ?threads=1), as measuring does.
function setup() {
  const wanted = isOnProcessor ? "wasm" : asked.get("device") || one("#device").value, threads = asked.get("threads");
  const files = Object.fromEntries(Object.entries(facts.runtime).map(([name, { script, binary }]) => [name, { script, binary }]));
  return { wanted, threads: threads ? Number(threads) : undefined, files, root };
}

const page = {
  facts, words,
  parts: { bar, board, canvas, timeline },
  template: one("#tool").innerHTML,
  tools: Object.fromEntries(facts.tasks.map((task) => [task.key, task.do])),
  budget: asked.has("budget") ? Number(asked.get("budget")) : undefined,
  restorer: () => (restorer ??= new Restorer(worker, setup())),
  options: () => ({ seed: Number(one("#seed").value) || 0, steps: Number(one("#steps").value) || null }),
  useProcessor() { isOnProcessor = true; another(); },
};
page.offline = new Offline(facts, one("#keep"), one("#kept"), words);

function another() {
  restorer?.cancel();
  restorer = null;
}
one("#device").addEventListener("change", another);

function open(key) {
  for (const { key: each } of facts.tasks) {
    one(`#tab-${each}-button`).setAttribute("aria-selected", String(each === key));
    one(`#tab-${each}-button`).tabIndex = each === key ? 0 : -1;
    one(`#tab-${each}`).hidden = each !== key;
  }
  one("#intro").textContent = facts.tasks.find((task) => task.key === key).intro;
  if (!tools.has(key)) tools.set(key, new Tool(one(`#tab-${key}`), facts.tasks.find((task) => task.key === key), page));
  history.replaceState(null, "", `${location.search}#${key}`);
}

for (const { key } of facts.tasks) one(`#tab-${key}-button`).addEventListener("click", () => open(key));
one("#tabs").addEventListener("keydown", ({ key, target }) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[key], all = [...one("#tabs").children];
  if (!step) return;
  const next = all[(all.indexOf(target) + step + all.length) % all.length];
  next.focus();
  next.click();
});

// Gradio's class says which colours are in use; the components look for it.
const dark = matchMedia("(prefers-color-scheme: dark)");
const showColours = () => document.body.classList.toggle("dark", dark.matches);
dark.addEventListener("change", showColours);
showColours();

// A page whose server does not isolate it gets no threads; its service worker adds the headers, from the next load on.
async function workOffline() {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register(new URL("sw.js", root));
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) await new Promise((done) => navigator.serviceWorker.addEventListener("controllerchange", done, { once: true }));
  if (!self.crossOriginIsolated && !sessionStorage.getItem("isolated")) {
    sessionStorage.setItem("isolated", "tried");
    location.reload();
    return;
  }
  page.offline.refresh();
  document.body.dataset.offline = "ready";
}

const wanted = location.hash.slice(1);
open(facts.tasks.some(({ key }) => key === wanted) ? wanted : facts.tasks[0].key);
workOffline().catch((problem) => console.warn("no offline use:", problem));
