// A run's diffusion as the timeline shows it: diffir_demo/ui/timeline/record.py.

import { inSeconds } from "./figures.js";
import { filled } from "./host.js";
import { python, readingOf } from "./reading.js";

const UNKNOWN = "–", HARDLY = 1, DIGITS = { softness: 1 };
const norm = (vector) => Math.hypot(...vector);
const likeness = (a, b) => a.reduce((sum, value, n) => sum + value * b[n], 0) / (norm(a) * norm(b));

// run: { noise, steps: [{ x0, ipr, seconds }], of, seconds, finished, pictures: Map of number -> { url, difference } }
export function timelineValue(run, directions, { timeline: words, adjust }) {
  const vectors = [run.noise, ...run.steps.map(({ ipr }) => ipr)], isWhole = run.steps.length === run.of;
  const final = isWhole ? vectors.at(-1) : null;
  return {
    sentence: sentence(run, words),
    details: [],
    total: run.of + 1,
    bound: Math.max(...vectors.map((vector) => vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0))) || 1,
    finished: Boolean(run.finished),
    busy: run.busy ?? "",
    rows: vectors.map((vector, number) => rowOf(run, vector, vectors[number - 1], number, final, words)),
    readings: directions && run.steps.length ? lines(run, directions, adjust, words) : [],
  };
}

function sentence(run, words) {
  const length = run.noise.length;
  if (!run.finished) return filled(words.running, { length });
  const steps = run.of === 1 ? "1 step" : `${run.of} steps`, time = (value) => inSeconds(value).replace(" ", "\u00a0");
  return filled(run.moved ? words.moved : words.done, { steps, length, denoise: time(run.seconds.denoise), paint: time(run.seconds.paint) });
}

function rowOf(run, vector, before, number, final, words) {
  const title = number ? filled(words.step, { number }) : words.noise, picture = run.pictures?.get(number);
  const known = {
    norm: norm(vector).toFixed(2),
    change: before ? norm(vector.map((value, n) => value - before[n])).toFixed(2) : UNKNOWN,
    cosine: final ? cosineText(likeness(vector, final)) : UNKNOWN,
    time: number ? inSeconds(run.steps[number - 1].seconds) : UNKNOWN,
    difference: picture ? filled(words.of_255, { value: levels(picture.difference, words) }) : UNKNOWN,
  };
  const facts = Object.entries(known).map(([name, value]) => [words[name], value]);
  return {
    title,
    facts,
    short: [filled(words.short_norm, { value: known.norm }), filled(words.short_change, { value: known.change }), filled(words.short_cosine, { value: known.cosine })],
    label: [title, ...facts.filter(([, value]) => value !== UNKNOWN).map(([name, value]) => `${name}: ${value}`)].join(". "),
    numbers: [...vector].map((value) => Math.round(1e4 * value) / 1e4),
    picture: picture ? { url: picture.url } : null,
    distance: distance(picture, number === run.of, run, words),
  };
}

function cosineText(value) {
  return value.toFixed(value >= 0.9995 && value < 1 - 5e-5 ? 4 : 3).replace("-", "−");
}

function levels(difference, words) {
  if (!difference) return "0";
  return difference >= 0.01 ? difference.toFixed(2) : filled(words.less, { value: 0.01 });
}

function distance(picture, isLast, run, words) {
  if (!picture) return "";
  if (isLast) return words.is_result;
  if (!picture.difference) return words.same_result;
  const text = filled(words.apart_sentence, { value: levels(picture.difference, words), where: run.hasHole ? words.in_hole : "" });
  return picture.difference <= HARDLY ? text + words.hardly : text;
}

// One line for each kind of damage, step by step; JPEG's quality is what people know of its damage. What the steps agree on
// to within the error does not move.
function lines(run, directions, adjust, words) {
  const found = run.steps.map(({ x0 }) => readingOf(directions, x0));
  return directions.names.map((name, k) => {
    const inverted = name === "compression", error = directions.error[k], inside = found.map((reading) => reading[k].inside);
    const values = found.map((reading) => (inverted ? Math.max(1, 100 - reading[k].value) : reading[k].value));
    const unit = (value) => python(adjust.units[name], value, DIGITS[name] ?? 0), known = values.filter((_, i) => inside[i]);
    const moves = values.length === 1 || known.length < values.length || Math.max(...known) - Math.min(...known) > error;
    const end = filled(words.read, { value: unit(values.at(-1)), error: error.toFixed(DIGITS[name] ?? 0) });
    const texts = values.map((value, i) => (inside[i] ? unit(value) : UNKNOWN));
    return { title: adjust.titles[name] ?? name, values, texts, inside, error, top: inverted ? 100 : null, moves, end: inside.at(-1) ? end : UNKNOWN };
  });
}

// float32 numbers, a row per step, row 0 the noise: what numpy reads.
export function npyOf(run) {
  const rows = [run.noise, ...run.steps.map(({ ipr }) => ipr)];
  let head = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows.length}, ${rows[0].length}), }`;
  head += " ".repeat(63 - ((10 + head.length) % 64)) + "\n";
  const bytes = [0x93, ..."NUMPY".split("").map((letter) => letter.charCodeAt(0)), 1, 0, head.length & 255, head.length >> 8];
  return new Blob([Uint8Array.from(bytes), head, ...rows.map((row) => Float32Array.from(row))]);
}
