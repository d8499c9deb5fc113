// A network in onnxruntime-web: on the graphics card where the browser lends it (WebGPU), else on the processor (WASM with
// SIMD, and with threads where the page is isolated from others).

const GIB = 2 ** 30;
const BUDGETS = { webgpu: GIB / 2, wasm: GIB };  // bytes that one painting may take: cards lend small buffers, WASM has 4 GiB
const MOST_THREADS = 8;

let runtime = null;                  // Promise of { ort, device, threads }
const networks = new Map();          // folder -> Promise of network

// A file that was compressed when the page was built. A server that names the compression has had it undone already.
async function unpacked(url, progress) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: HTTP ${answer.status}`);
  const data = new Uint8Array(await counted(answer, progress));
  if (data[0] !== 0x1f || data[1] !== 0x8b) return data;
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function counted(answer, progress) {
  const reader = answer.body.getReader(), parts = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(parts).arrayBuffer();
    parts.push(value);
    progress(value.length);
  }
}

// wanted: "webgpu", "wasm" or "auto". A software adapter is slower than WASM, so that one has to be asked for.
async function deviceFor(wanted) {
  if (wanted === "wasm" || !navigator.gpu) return "wasm";
  const adapter = await navigator.gpu.requestAdapter().catch(() => null);
  if (!adapter) return "wasm";
  const isSoftware = adapter.isFallbackAdapter ?? adapter.info?.isFallbackAdapter;
  return wanted === "webgpu" || !isSoftware ? "webgpu" : "wasm";
}

async function started({ wanted, threads, files, root }, progress) {
  const device = await deviceFor(wanted), { script, binary } = files[device];
  const [ort, wasm] = await Promise.all([import(new URL(script, root)), unpacked(new URL(binary, root), progress)]);
  const most = self.crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1) : 1;
  ort.env.wasm.numThreads = threads ?? most;
  ort.env.wasm.wasmBinary = wasm.buffer;
  ort.env.logLevel = "error";
  return { ort, device, threads: ort.env.wasm.numThreads };
}

async function opened(ort, device, folder, manifest, progress) {
  const options = { executionProviders: [device], graphOptimizationLevel: "all", logSeverityLevel: 3 };
  const session = async (name) => {
    const data = await unpacked(new URL(manifest.graphs[name].file, folder), progress);
    return ort.InferenceSession.create(data, name === "denoiser" ? { ...options, executionProviders: ["wasm"] } : options);
  };
  const [encoder, denoiser, painter] = [await session("encoder"), await session("denoiser"), await session("painter")];
  const tensor = (data, ...sides) => new ort.Tensor("float32", data, sides);
  const n = manifest.ipr_length;
  const read = async (session, inputs, name) => {
    const outputs = await session.run(inputs, name ? [name] : undefined);
    const found = {};
    for (const [key, value] of Object.entries(outputs)) found[key] = await value.getData(true);
    return name ? found[name] : found;
  };
  return {
    manifest,
    encode: (data, height, width) => read(encoder, { damaged: tensor(data, 1, manifest.config.in_channels, height, width) }, "pooled"),
    denoise: (pooled, noisy, time) => read(denoiser, { pooled: tensor(pooled, 1, n), noisy: tensor(noisy, 1, n), time: tensor(Float32Array.of(time), 1, 1) }),
    paint: (data, height, width, ipr) => {
      const channels = data.length / (height * width);
      return read(painter, { seen: tensor(data, 1, channels, height, width), ipr: tensor(Float32Array.from(ipr), 1, n) }, "picture");
    },
  };
}

// setup: { wanted, threads, files, root }, the same for all networks of a page. progress: takes bytes that have come.
export async function networkOf(folder, setup, progress = () => {}) {
  runtime ??= started(setup, progress).catch((problem) => { runtime = null; throw problem; });
  const { ort, device, threads } = await runtime;
  if (!networks.has(folder)) {
    const loading = fetch(new URL("manifest.json", folder))
      .then((answer) => answer.json())
      .then((manifest) => opened(ort, device, folder, manifest, progress));
    networks.set(folder, loading);
    loading.catch(() => networks.delete(folder));
  }
  return { network: await networks.get(folder), device, threads, budget: BUDGETS[device] };
}
