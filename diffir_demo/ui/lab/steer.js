// The value is `SteerLabValue`. sliders.js makes the sliders; crops.js asks for what they paint, and shows it.

const root = element.querySelector(".steer-lab");
const one = (selector) => element.querySelector(selector);
