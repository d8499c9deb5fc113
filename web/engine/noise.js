// x_T as the app draws it: torch's Mersenne Twister and its Box-Muller transform on 24 bits, so that a seed means the same
// start here. Numbers agree to rounding of float32.

const SIZE = 624, MIDDLE = 397;
const GROUP = 16;                    // numbers that torch transforms together, half with half

// torch's generator on a processor: a function that draws 32 bits.
export function twister(seed) {
  const state = new Uint32Array(SIZE);
  state[0] = Number(BigInt.asUintN(32, BigInt(seed)));
  for (let i = 1; i < SIZE; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
  let at = SIZE;
  return () => {
    if (at === SIZE) { renew(state); at = 0; }
    let y = state[at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

function renew(state) {
  for (let i = 0; i < SIZE; i++) {
    const y = (state[i] & 0x80000000) | (state[(i + 1) % SIZE] & 0x7fffffff);
    state[i] = state[(i + MIDDLE) % SIZE] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}

// length: a multiple of 16, as every network's is that ships. seed: a whole number, 0 to 2^53 - 1.
export function seededNoise(length, seed) {
  if (length % GROUP) throw new Error(`noise of ${length} numbers is not drawn here: no multiple of ${GROUP}`);
  const next = twister(seed);
  const uniform = Float64Array.from({ length }, () => (next() & 0xffffff) / 2 ** 24);
  const noise = new Float32Array(length);
  for (let start = 0; start < length; start += GROUP) {
    for (let i = start; i < start + GROUP / 2; i++) {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform[i])), angle = 2 * Math.PI * uniform[i + GROUP / 2];
      noise[i] = radius * Math.cos(angle);
      noise[i + GROUP / 2] = radius * Math.sin(angle);
    }
  }
  return noise;
}
