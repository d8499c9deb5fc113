// Two fingers and the wheel, alike on every picture that can be zoomed. Runs in the scope of the component.

// How far two points [x, y] lie from each other, and what lies between them.
function twoFingers([a, b]) {
  return { spread: Math.hypot(a[0] - b[0], a[1] - b[1]), middle: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] };
}

// By how much the wheel, or a pinch on a touchpad, zooms.
function wheelFactor({ deltaY, deltaMode, ctrlKey }) {
  const pixels = deltaY * [1, 33, 400][deltaMode];
  return Math.exp(-Math.min(300, Math.max(-300, pixels)) * (ctrlKey ? 0.01 : 0.002));
}
