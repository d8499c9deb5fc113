// Buttons, files and keys; the last part, which sets everything going. Runs in the scope of canvas.js and mask.js.

const actions = {
  brush: () => { erasing = false; refresh(); },
  eraser: () => { erasing = true; refresh(); },
  undo, redo,
  clear: () => change({ mask: null, strokes: [] }),
  choose: () => picker.click(),
};
element.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-do]");
  if (chosen) actions[chosen.dataset.do]();
});
picker.addEventListener("change", () => { open(picker.files[0]); picker.value = ""; });
for (const name of ["dragover", "dragleave", "drop"]) {
  pad.addEventListener(name, (event) => {
    event.preventDefault();
    pad.classList.toggle("over", name === "dragover");
    if (name === "drop") open(event.dataTransfer.files[0]);
  });
}

const visible = () => element.isConnected && element.offsetParent !== null;
const typing = () => {
  const focus = document.activeElement;
  return focus && (focus.isContentEditable || focus.matches("textarea, select, input:not([type=range]):not([type=checkbox])"));
};
const near = () => pad.matches(":hover") || pad.contains(document.activeElement);
function press(event) {
  if (!element.isConnected) { document.removeEventListener("keydown", press); return; }
  if (!paintable || !size || !visible() || typing() || event.altKey) return;
  const key = event.key.toLowerCase(), command = event.ctrlKey || event.metaKey;
  if (command && (key === "z" || key === "y")) {
    (key === "y" || event.shiftKey ? redo : undo)();
    event.preventDefault();
  } else if (!command && near() && { b: 1, e: 1, "[": 1, "]": 1 }[key]) {
    if (key === "b") actions.brush();
    else if (key === "e") actions.eraser();
    else { slider.value = Number(slider.value) + (key === "]" ? 4 : -4); refresh(); }
    event.preventDefault();
  }
}
function paste(event) {
  if (!element.isConnected) { document.removeEventListener("paste", paste); return; }
  const file = [...(event.clipboardData?.files || [])].find((item) => item.type.startsWith("image/"));
  if (file && visible() && !typing()) open(file);
}
document.addEventListener("keydown", press);
document.addEventListener("paste", paste);
window.addEventListener("resize", layout);
watch("value", receive);

value = {};
receive();
