// Typed arrays by a rule. What they have of their own goes through iterators, and makes an object of every number.

// Kind: of array. valueAt: takes a place.
export function arrayOf(Kind, length, valueAt) {
  const out = new Kind(length);
  for (let i = 0; i < length; i++) out[i] = valueAt(i);
  return out;
}

export function countOf(mask) {
  let count = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i]) count += 1;
  return count;
}

export const opposite = (mask) => arrayOf(Uint8Array, mask.length, (i) => (mask[i] ? 0 : 1));
