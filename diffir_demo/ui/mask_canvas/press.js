// A run is of the photo that is seen: while one is being opened, and until the server has heard of it, a press of
// Restore waits. Sent at once, it would run on the former photo; or on the new one, and be ended as the former one's run.
// Runs in the scope of canvas.js.

let unheard = false;             // a photo is being opened, or the server has not answered that it knows
let pressed = null;              // the button that waits

function opening() {
  unheard = true;
  pressed = null;
}

// well: the photo is there.
function heard(well) {
  unheard = false;
  const waiting = pressed;
  pressed = null;
  if (well) waiting?.click();
}

listen(document, "click", (event) => {
  const there = unheard && event.target.closest?.(`[id="${props.run}"]`);
  if (!there) return;
  event.stopImmediatePropagation();
  pressed = there;
  if (pad.classList.contains("busy")) say(words.opening_to_run);
}, true);
pad.addEventListener("heard", () => {
  if (pad.classList.contains("busy")) return;  // yet another one is being opened
  if (fallback) setTimeout(() => { if (fallback) heard(false); }, 1000);  // `receive` will tell, unless nothing came
  else heard(true);
});
