// The value is { run, snippets: [{ key, title, note, code }], recipe, photo }; the code speaks of a server by a stand-in
// for this page's own address. The snippets of a run are asked for once they can be seen.

const panel = element.querySelector(".copy");
const tabs = element.querySelector(".tabs");
const pane = element.querySelector(".pane");
const code = element.querySelector("code");
const note = element.querySelector(".note");
const notice = element.querySelector(".notice");
const copier = element.querySelector(".do");
const links = { recipe: element.querySelector("a.recipe"), photo: element.querySelector("a.photo") };
const words = props.words;
const here = new URL(".", location.href).href;
const prefix = `copy-${Math.random().toString(36).slice(2)}`;

let chosen = "cli";
let silence = 0;
let run = "";                    // the last that the server spoke of

const snippets = () => (props.value && props.value.snippets) || [];
const text = (snippet) => snippet.code.replaceAll(props.stand_in, here).replaceAll(props.stand_in.slice(0, -1), here.slice(0, -1));
const current = () => snippets().find(({ key }) => key === chosen) || snippets()[0];

function choose(key, focus) {
  chosen = key;
  const snippet = current();
  for (const button of tabs.children) {
    const on = button.dataset.key === snippet.key;
    button.setAttribute("aria-selected", String(on));
    button.tabIndex = on ? 0 : -1;
    if (on && focus) button.focus();
    if (on) pane.setAttribute("aria-labelledby", button.id);
  }
  code.textContent = text(snippet);
  note.textContent = snippet.note;
  copier.hidden = !snippet.code;
  links.recipe.hidden = snippet.key !== "json";
  notice.textContent = "";
}

function show() {
  const found = snippets(), of = props.value?.run || "";
  if (!found.length) run = of;
  if (!found.length || of !== run) {        // not there yet, or those of a former run, which come late
    panel.hidden = !run;
    demand();
    return;
  }
  panel.hidden = false;
  tabs.replaceChildren(...found.map(({ key, title }) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: title, id: `${prefix}-${key}` });
    button.setAttribute("role", "tab");
    button.dataset.key = key;
    return button;
  }));
  links.photo.hidden = !props.value.photo;
  for (const [name, link] of Object.entries(links)) {
    const file = props.value[name];
    if (file) Object.assign(link, { href: file.url, download: file.orig_name });
  }
  choose(chosen);
}

function say(sentence) {
  notice.textContent = sentence;
  clearTimeout(silence);
  silence = setTimeout(() => { notice.textContent = ""; }, 4000);
}

function select() {
  const range = document.createRange();
  range.selectNodeContents(code);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

// Browsers hand the clipboard to secure pages only; a server in a local network has none of that, hence the older one.
async function copy() {
  let done = false;
  try { await navigator.clipboard.writeText(code.textContent); done = true; }
  catch { select(); done = document.execCommand("copy"); }
  say(done ? words.copied : words.failed);
}

element.addEventListener("click", (event) => {
  const tab = event.target.closest("[data-key]");
  if (tab) choose(tab.dataset.key);
  else if (event.target.closest(".do")) copy();
});
tabs.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const keys = snippets().map(({ key }) => key);
  choose(keys[(keys.indexOf(current().key) + step + keys.length) % keys.length], true);
  event.preventDefault();
});
function demand() {
  if (panel.open && !panel.hidden && (!snippets().length || (props.value.run || "") !== run)) trigger("open");
}

panel.addEventListener("toggle", demand);
watch("value", show);
show();
