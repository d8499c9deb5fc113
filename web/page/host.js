// Gradio's part in the life of the app's components: their template on the page, their script set going with what Gradio
// would give it, and a value that the page and the component share.

// host: an element. part: a module of parts/. facts: what `props` holds beside the words. hooks: { on: { event: (data) => {} },
// upload(file), server: { name: (question) => answer } }. -> the component, whose `value` the page reads and sets.
export function place(host, name, part, facts, { on = {}, upload, server = {} } = {}) {
  const watchers = [];
  let value = facts.value ?? null;
  const props = { ...part.facts, ...facts };
  Object.defineProperty(props, "value", { get: () => value, set: (next) => { value = next; }, enumerable: true });
  host.dataset.part = name;
  host.innerHTML = part.templates[facts.paintable === false ? 0 : 1].replaceAll("{task_key}", facts.task ?? "");
  const trigger = (event, data) => on[event]?.(data);
  const watch = (key, act) => { if (key === "value") watchers.push(act); };
  part.start(host, props, trigger, upload, server, watch);
  return {
    host,
    get value() { return value; },
    set value(next) {
      value = next;
      for (const act of watchers) act();
    },
  };
}

// "{count} photos" and { count: 3 } -> "3 photos"
export const filled = (text, facts) => text.replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);
