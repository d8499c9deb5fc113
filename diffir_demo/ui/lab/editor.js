// The value is { own: [...], numbers: [...] }. This part holds what is on the page and sends it;
// bars.js draws and pulls, tools.js has the buttons, fields and keys.

const words = props.words, LARGEST = props.largest, REMEMBERED = 100;
const root = element.querySelector(".lab");
const bars = element.querySelector(".bars");
const field = (name) => element.querySelector(`.${name}`);

let own = [], numbers = [];
let first = 0, last = 0;         // what is chosen: from the one number to the other, in either order
let past = [];                   // earlier numbers, for undo
let sent = null;                 // the value that this page made; anything else comes from the server

const bounded = (number) => Math.max(-LARGEST, Math.min(LARGEST, Number.isFinite(number) ? number : 0));
const chosen = () => {
  const [from, to] = first < last ? [first, last] : [last, first];
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
};
const length = (vector) => Math.hypot(...vector);
const short = (number) => decimals(number, Math.abs(number) >= 100 ? 0 : 2).replace("-", "−");

function remember() {
  past.push([...numbers]);
  if (past.length > REMEMBERED) past.shift();
}

function publish() {
  sent = { own, numbers };
  props.value = sent;
  render();
}

// One change that can be undone: `make` gives the new number for an old one and its place.
function change(places, make) {
  if (!places.length) return;
  remember();
  numbers = numbers.slice();
  for (const i of places) numbers[i] = bounded(make(numbers[i], i));
  publish();
}

function receive() {
  const value = props.value || {};
  if (value === sent) return;
  const others = (value.own || []).length !== own.length || own.some((number, i) => number !== value.own[i]);
  if (others) { past = []; first = last = 0; } else if (numbers.length) remember();
  own = value.own || [];
  numbers = (value.numbers || []).slice();
  sent = value;
  first = Math.min(first, Math.max(0, own.length - 1));
  last = Math.min(last, Math.max(0, own.length - 1));
  render();
}
