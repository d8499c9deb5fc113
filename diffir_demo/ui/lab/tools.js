// Buttons, fields and keys; the last part, which sets everything going. Runs in the scope of lab.js and bars.js.

function render(pulling = false) {
  if (!pulling) bound = reach();
  root.dataset.state = numbers.length ? "numbers" : "empty";
  const index = last, number = numbers[index] ?? 0, changed = numbers.filter((value, i) => value !== own[i]).length;
  const many = chosen().length, text = many > 1 ? words.chosen_many : words.of;
  field("index").value = numbers.length ? index + 1 : "";
  field("index").max = numbers.length;
  field("of").textContent = text.replace("{count}", many).replace("{total}", numbers.length);
  for (const [name, value] of [["min", -bound], ["max", bound], ["value", number]]) field("level")[name] = value;
  field("exact").value = Number(number.toFixed(4));
  field("was").textContent = number === own[index] ? "" : words.was.replace("{value}", short(own[index] ?? 0));
  field("facts").textContent = changed ? facts(changed) : words.unchanged;
  element.querySelector('[data-do="undo"]').disabled = !past.length;
  element.querySelector('[data-do="resetAll"]').disabled = !changed;
  const said = words.spoken.replace("{number}", index + 1).replace("{total}", numbers.length);
  for (const [name, value] of Object.entries({
    valuemin: -LARGEST, valuemax: LARGEST, valuenow: number.toFixed(3), valuetext: said.replace("{value}", short(number)),
  })) bars.setAttribute(`aria-${name}`, value);
  draw();
}

function facts(changed) {
  const away = length(numbers.map((number, i) => number - own[i])), before = length(own);
  const percent = (100 * away) / before;
  const share = before ? `${decimals(percent, percent < 1 ? 3 : 1)} %` : "–";
  return words.changed.replace("{changed}", changed).replace("{total}", numbers.length).replace("{share}", share);
}

const all = () => numbers.map((_, i) => i);
const actions = {
  zero: () => change(chosen(), () => 0),
  reset: () => change(chosen(), (_, i) => own[i]),
  zeroAll: () => change(all(), () => 0),
  resetAll: () => change(all(), (_, i) => own[i]),
  scale: () => { const factor = Number(field("factor").value); if (Number.isFinite(factor)) change(all(), (n) => n * factor); },
  undo: () => { if (past.length) { numbers = past.pop(); publish(); } },
};
element.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-do]");
  if (pressed) actions[pressed.dataset.do]();
});

field("index").addEventListener("change", () => {
  first = last = Math.max(0, Math.min(numbers.length - 1, Math.round(Number(field("index").value) || 1) - 1));
  render();
});
field("exact").addEventListener("change", () => change([last], () => Number(field("exact").value)));
let sliding = false;             // one pull of the slider is one step to undo
field("level").addEventListener("input", () => {
  if (!sliding) { remember(); numbers = numbers.slice(); }
  sliding = true;
  numbers[last] = bounded(Number(field("level").value));
  render(true);
});
field("level").addEventListener("change", () => { sliding = false; publish(); });

bars.addEventListener("keydown", (event) => {
  const step = (bound / 50) * (event.shiftKey ? 5 : 1), move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") actions.undo();
  else if (event.ctrlKey || event.metaKey || event.altKey || !numbers.length) return;
  else if (move || event.key === "Home" || event.key === "End") {
    last = move ? Math.max(0, Math.min(numbers.length - 1, last + move)) : event.key === "Home" ? 0 : numbers.length - 1;
    if (!event.shiftKey) first = last;
    render();
  }
  else if (event.key === "ArrowUp") change(chosen(), (number) => number + step);
  else if (event.key === "ArrowDown") change(chosen(), (number) => number - step);
  else if (event.key === "0") actions.zero();
  else if (event.key === "Backspace" || event.key === "Delete") actions.reset();
  else return;
  event.preventDefault();
  event.stopPropagation();
});

new ResizeObserver(draw).observe(root);
new MutationObserver(draw).observe(document.body, { attributes: true, attributeFilter: ["class"] });
watch("value", receive);
receive();
