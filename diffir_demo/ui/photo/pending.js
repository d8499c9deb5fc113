// A run is of the photo that was asked for last: while one is being opened or made, and until the server has answered,
// a press of Restore waits. Sent at once, it would run on the former photo; or on the new one, and be ended as the former
// one's run. Runs in the scope of canvas.js.

const LONGEST_WAIT = 20000;      // milliseconds
const FILE = "file";             // one that was chosen, dropped or pasted
const unanswered = new Set();       // what the server has not answered yet: FILE, or the id of the button that was pressed
let pressed = null;              // the button that waits

function opening(what) {
  unanswered.add(what);
  pressed = null;
}

// well: the photo is there.
function answered(what, well) {
  unanswered.delete(what);
  if (!well) pressed = null;
  if (unanswered.size) return;
  const waiting = pressed;
  pressed = null;
  waiting?.click();
}

const busy = () => pad.classList.contains("busy");  // a file is being read and sent

on(document, "click", (event) => {
  const button = event.target.closest?.("button"), within = (id) => button?.closest(`[id="${id}"]`);
  const maker = props.makers.find(within);
  if (maker) opening(maker);
  if (!unanswered.size || !within(props.run)) return;
  event.stopImmediatePropagation();
  pressed = button;
  if (busy()) say(words.opening_to_run);
  // An answer that fails does not come. Then the press has waited long enough.
  setTimeout(() => {
    if (pressed !== button || busy()) return;
    unanswered.clear();
    answered(FILE, true);
  }, LONGEST_WAIT);
}, true);
pad.addEventListener("answered", ({ detail: what }) => {
  if (what !== FILE) answered(what, true);
  else if (busy()) return;       // yet another one is being opened
  else if (fallback) setTimeout(() => { if (fallback) answered(FILE, false); }, 1000);  // `receive` knows whether anything came
  else answered(FILE, true);
});
