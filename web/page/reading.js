// What an IPR says is wrong with a photo, and how it is moved: diffir_demo/weights/directions.py.

import { filled } from "./host.js";

const REACH = 3, FAINT_JPEG = 3;

const along = (weights, ipr, bias) => weights.reduce((sum, weight, n) => sum + weight * ipr[n], bias);

// directions: of a manifest, or null; a line, and a hidden layer that older files lack. -> [{ name, value, error, inside }]
export function readingOf({ hidden = [], out = [], ...directions }, ipr) {
  const units = hidden.map((weights, h) => Math.max(0, along(weights, ipr, directions.hidden_bias[h])));
  return directions.names.map((name, k) => {
    const found = along(out[k] ?? [], units, along(directions.weight[k], ipr, directions.bias[k])), error = directions.error[k];
    return { name, value: Math.max(0, found), error, inside: found >= -REACH * error && found <= directions.most[k] + REACH * error };
  });
}

export function steered(directions, ipr, amounts) {
  const moved = Float32Array.from(ipr);
  for (const [name, amount] of Object.entries(amounts)) {
    const by = Math.max(-directions.furthest, Math.min(directions.furthest, amount)), move = directions.move[directions.names.indexOf(name)];
    for (let n = 0; n < moved.length; n++) moved[n] += by * move[n];
  }
  return moved;
}

function said({ name, value, error, inside }, words) {
  const [thing, nothing] = words.things[name];
  if (!inside) return filled(words.unlike, { thing });
  if (value < (name === "compression" ? Math.max(error, FAINT_JPEG) : error)) return nothing;
  if (name === "noise") return filled(words.said_noise, { value: Math.round(Math.max(value, 1)) });
  if (name === "softness") return filled(words.said_softness, { value: value.toFixed(1) });
  return filled(words.said_compression, { value: Math.max(5, 5 * Math.round((100 - value) / 5)) });
}

// For the board: what is read, and sliders that stand at `amounts`.
export function boardReading(directions, ipr, amounts, words, adjust) {
  const found = readingOf(directions, ipr), digits = { softness: 1 };
  const errors = found.map(({ name, error }) => `±${python(adjust.error[name], error, digits[name] ?? 0)}`).join(", ");
  const moves = Object.entries(amounts).map(([name, amount]) => `${adjust.short[name] ?? name} ${amount > 0 ? "+" : "−"}${Math.abs(amount).toFixed(1)}`);
  return {
    says: `${found.map((each) => said(each, words)).join(", ")}.`,
    errors: filled(adjust.errors, { errors }),
    moved: moves.length ? filled(adjust.moved, { moves: moves.join(", ") }) : "",
    sliders: directions.names.map((name) => ({ name, label: adjust.names[name] ?? name, amount: amounts[name] ?? 0 })),
    furthest: directions.furthest,
  };
}

// "{value:.1f} px" and 0.34 -> "0.3 px": the app's words are written for Python.
export const python = (text, value, digits) => text.replace(/\{(?:value)?:[^}]*\}/, value.toFixed(digits));
