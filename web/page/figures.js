// Numbers as people read them: diffir_demo/figures.py.

export function inSeconds(value) {
  if (value < 0.9995) return value < 0.00995 ? `${(1000 * value).toFixed(1)} ms` : `${Math.round(1000 * value)} ms`;
  return value < 20 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`;
}

export const timeLeft = (seconds) => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`);
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 9.95e6 ? 1 : 0)} MB`;
