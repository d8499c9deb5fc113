// Browsers that keep nothing (private windows, blocked storage) show it at each visit, and let it be closed for this one.
const DISMISSED = "diffir-first-steps";
const box = element.querySelector(".steps");

function known() {
  try { return localStorage.getItem(DISMISSED) !== null; } catch { return false; }
}

box.hidden = known();
box.querySelector("button").addEventListener("click", () => {
  box.hidden = true;
  try { localStorage.setItem(DISMISSED, "1"); } catch { /* for this visit, then */ }
  document.querySelector("button[role=tab][aria-selected=true]")?.focus({ preventScroll: true });
});
