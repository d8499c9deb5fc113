// The value is { files, rows: [{ name, state, note, share, thumbnail, result }], line, tone, share }. `files` goes to Python once
// they are uploaded; all the rest comes from there.

const root = element.querySelector(".batch");
const list = element.querySelector(".rows");
const line = element.querySelector(".line");
const track = element.querySelector(".track");
const picker = element.querySelector("input.file");
const words = props.words, states = props.states, limits = props.limits;
const ABREAST = 3;               // uploads at a time
const CROSS = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="m4 4 8 8m0-8-8 8"/></svg>';

let shown = props.value || {};
let uploading = false;

const going = () => uploading || shown.tone === "busy";

function say(text, tone = "idle", share = null) {
  line.textContent = text;
  line.className = `line ${tone}`;
  track.hidden = share === null;
  track.setAttribute("aria-valuenow", String(Math.round(100 * (share || 0))));
  track.firstElementChild.style.width = `${100 * (share || 0)}%`;
}

function lock() {
  root.dataset.busy = String(going());
  element.querySelectorAll("[data-do]").forEach((button) => (button.disabled = going()));
}

// --- the rows ------------------------------------------------------------------------------------------------------

function node(kind, name) {
  const made = document.createElement(kind);
  made.className = name;
  return made;
}

function blankRow(index) {
  const row = document.createElement("li");
  const remove = node("button", "remove");
  remove.type = "button";
  remove.innerHTML = CROSS;
  remove.addEventListener("click", () => takeOut(index));
  const look = node("button", "look");
  Object.assign(look, { type: "button", textContent: words.look });
  look.addEventListener("click", () => trigger("opened", { result: shown.rows[index].result }));
  row.append(node("span", "blank"), node("span", "name"), node("span", "state"), look, remove, node("span", "note"));
  return row;
}

// Once something was done, the other rows keep what they say; before that, Python counts anew.
function takeOut(index) {
  if (going()) return;
  const kept = shown.rows.some((row) => row.state !== "waiting");
  if (kept) {
    shown = { ...shown, rows: shown.rows.filter((_, i) => i !== index) };
    render();
  }
  trigger("removed", { index, kept });
  (list.children[Math.min(index, list.children.length - 1)]?.querySelector(".remove") || picker).focus();
}

function fill(row, data) {
  row.dataset.state = data.state;
  row.querySelector(".name").textContent = row.querySelector(".name").title = data.name;
  row.querySelector(".remove").setAttribute("aria-label", filled(words.remove, data));
  const look = row.querySelector(".look");
  look.hidden = !data.result;
  look.setAttribute("aria-label", filled(words.look_long, data));
  row.querySelector(".state").textContent =
    data.state === "working" && data.share > 0 ? `${Math.round(100 * data.share)} %` : states[data.state];
  row.querySelector(".note").textContent = data.note;
  const picture = row.querySelector("img");
  if (!data.thumbnail) picture?.replaceWith(node("span", "blank"));
  else if (picture?.getAttribute("src") !== data.thumbnail) {
    const made = new Image(48, 44);
    made.alt = "";
    made.src = data.thumbnail.startsWith("data:image/jpeg;base64,") ? data.thumbnail : "";
    row.firstElementChild.replaceWith(made);
  }
}

// Only this list scrolls, never the page, and only when the work moves on to another row.
function follow(row) {
  if (!row) return;
  const above = row.offsetTop - list.offsetTop - list.scrollTop, below = above + row.offsetHeight - list.clientHeight;
  if (above < 0 || below > 0) list.scrollTop += above < 0 ? above : below;
}

function render() {
  const rows = shown.rows || [], before = list.querySelector('[data-state="working"]');
  while (list.children.length > rows.length) list.lastElementChild.remove();
  while (list.children.length < rows.length) list.append(blankRow(list.children.length));
  rows.forEach((data, i) => fill(list.children[i], data));
  root.dataset.state = rows.length ? "full" : "empty";
  say(shown.line || "", shown.tone, shown.share);
  const working = list.querySelector('[data-state="working"]');
  if (working !== before) follow(working);
  lock();
}

// --- new files -----------------------------------------------------------------------------------------------------

function accepted(files) {
  const most = limits.megabytes * 1e6, large = files.find((file) => file.size > most);
  const complaint = large ? filled(words.too_large, { name: large.name, ...limits }) : "";
  return [files.filter((file) => file.size <= most), complaint];
}

async function send(files) {
  const sent = [], waiting = [...files.entries()];
  let complaint = "", number = 0;
  const worker = async () => {
    while (waiting.length) {
      const [place, file] = waiting.shift();
      say(filled(words.uploading, { number: ++number, total: files.length }), "busy", number / files.length);
      try {
        const { path, url } = await upload(file);
        sent[place] = { path, url, orig_name: file.name, size: file.size, mime_type: file.type,
          meta: { _type: "gradio.FileData" } };
      } catch (problem) {
        complaint = filled(words.not_uploaded, { name: file.name });
      }
    }
  };
  await Promise.all(Array.from({ length: ABREAST }, worker));
  return [sent.filter(Boolean), complaint];
}

async function take(files) {
  if (going() || !files.length) return;
  if (files.length > limits.files) {
    say(filled(words.too_many, { count: files.length, most: limits.files }), "bad");
    return;
  }
  uploading = true;
  lock();
  const [fitting, tooLarge] = accepted(files);
  const [sent, failed] = await send(fitting);
  uploading = false;
  lock();
  const complaint = failed || tooLarge;
  if (sent.length) {
    props.value = { files: sent, rows: [], line: complaint, tone: complaint ? "bad" : "idle", share: null };
    trigger("added");
  } else say(complaint, "bad");
}

element.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-do]");
  if (!pressed || going()) return;
  if (pressed.dataset.do === "choose") picker.click();
  else trigger("cleared");
});
picker.addEventListener("change", () => { take([...picker.files]); picker.value = ""; });
root.addEventListener("dragover", (event) => { event.preventDefault(); root.classList.toggle("over", !going()); });
root.addEventListener("dragleave", (event) => { if (!root.contains(event.relatedTarget)) root.classList.remove("over"); });
root.addEventListener("drop", (event) => {
  event.preventDefault();
  root.classList.remove("over");
  take([...event.dataTransfer.files]);
});

watch("value", () => {
  if ((props.value?.files || []).length) return;   // what we sent ourselves
  shown = props.value || {};
  render();
});
render();
