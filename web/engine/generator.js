// numpy's random numbers, as `numpy.random.default_rng(seed)` draws them: PCG64 behind a SeedSequence, and normal numbers in
// float32 by the ziggurat of Marsaglia and Tsang (2000). The same numbers, bit for bit but for the logarithms of its tail.

const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n, LIMBS = 8, LIMB = 65536, POOL = 4;
const low32 = (value) => value >>> 0, multiplied = (a, b) => low32(Math.imul(a, b));
const scrambled = (value) => low32(value ^ (value >>> 16));

// Words of a seed, 0 to 2^63 - 1, mixed until each decides all: eight numbers of 32 bits.
function seedSequence(seed) {
  const words = [Number(seed & 0xffffffffn), Number(seed >> 32n)], pool = new Uint32Array(POOL);
  let constant = 0x43b0d7e5;
  const hashed = (value) => {
    const before = constant;
    constant = multiplied(constant, 0x931e8875);
    return scrambled(multiplied(low32(value ^ before), constant));
  };
  const mixed = (a, b) => scrambled(low32(multiplied(0xca01f9dd, a) - multiplied(0x4973f715, b)));
  for (let i = 0; i < POOL; i++) pool[i] = hashed(words[i] ?? 0);
  for (let i = 0; i < POOL; i++) for (let k = 0; k < POOL; k++) if (i !== k) pool[k] = mixed(pool[k], hashed(pool[i]));
  let next = 0x8b51f9dd;
  return Uint32Array.from({ length: 2 * POOL }, (_, i) => {
    const value = low32(pool[i % POOL] ^ next);
    next = multiplied(next, 0x58f38ded);
    return scrambled(multiplied(value, next));
  });
}

const limbsOf = (value) => Float64Array.from({ length: LIMBS }, (_, i) => Number((value >> BigInt(16 * i)) & 0xffffn));

// seed: a whole number, 0 to 2^53 - 1. -> a function that draws 32 bits.
export function generator(seed) {
  const words = seedSequence(BigInt(seed)), wide = (i) => (BigInt(words[i + 1]) << 32n) | BigInt(words[i]);
  const increment = BigInt.asUintN(128, (((wide(4) << 64n) | wide(6)) << 1n) | 1n), start = (wide(0) << 64n) | wide(2);
  const state = limbsOf(BigInt.asUintN(128, (increment + start) * MULTIPLIER + increment));
  const factor = limbsOf(MULTIPLIER), added = limbsOf(increment), next = new Float64Array(LIMBS);
  let kept = -1;

  function step() {
    let carry = 0;
    for (let k = 0; k < LIMBS; k++) {
      let sum = carry + added[k];
      for (let i = 0; i <= k; i++) sum += state[i] * factor[k - i];
      carry = Math.floor(sum / LIMB);
      next[k] = sum - carry * LIMB;
    }
    state.set(next);
  }

  return () => {
    if (kept >= 0) {
      const value = kept;
      kept = -1;
      return value;
    }
    step();
    const low = low32((state[0] + state[1] * LIMB) ^ (state[4] + state[5] * LIMB));
    const high = low32((state[2] + state[3] * LIMB) ^ (state[6] + state[7] * LIMB));
    const turn = state[7] >>> 10, [a, b] = turn & 32 ? [high, low] : [low, high], by = turn & 31;
    kept = by ? low32((b >>> by) | (a << (32 - by))) : b;
    return by ? low32((a >>> by) | (b << (32 - by))) : a;
  };
}

// --- normal numbers ---------------------------------------------------------------------------------------------------

const LAYERS = 256, BITS = 2 ** 23, TAIL = 3.6541528853610088, AREA = 0.00492867323399;
const tables = { width: new Float32Array(LAYERS), inside: new Uint32Array(LAYERS), height: new Float32Array(LAYERS) };
{
  const { width, inside, height } = tables, bell = (x) => Math.exp(-0.5 * x * x), first = AREA / bell(TAIL);
  let x = TAIL, last = TAIL;
  [inside[0], width[0], height[0]] = [(TAIL / first) * BITS, first / BITS, 1];
  [width[LAYERS - 1], height[LAYERS - 1]] = [TAIL / BITS, bell(TAIL)];
  for (let i = LAYERS - 2; i > 0; i--) {
    x = Math.sqrt(-2 * Math.log(AREA / x + bell(x)));
    inside[i + 1] = (x / last) * BITS;
    [width[i], height[i], last] = [x / BITS, bell(x), x];
  }
}

// next: as `generator` gives it. Fills `out`, a Float32Array, with numbers of mean 0 and deviation 1.
export function drawNormal(next, out) {
  const { width, inside, height } = tables, { fround } = Math, share = () => (next() >>> 8) / 2 ** 24;
  const beyond = (bits) => {
    for (;;) {
      const x = fround(fround(-1 / TAIL) * fround(Math.log1p(-share()))), y = fround(-Math.log1p(-share()));
      if (2 * y > fround(x * x)) return (bits >>> 8) & 1 ? -fround(fround(TAIL) + x) : fround(fround(TAIL) + x);
    }
  };
  const one = () => {
    for (;;) {
      const drawn = next(), layer = drawn & 255, bits = drawn >>> 9;
      const size = fround(bits * width[layer]), x = (drawn >>> 8) & 1 ? -size : size;
      if (bits < inside[layer]) return x;
      if (layer === 0) return beyond(bits);
      const between = fround(fround(height[layer - 1] - height[layer]) * share());
      if (fround(between + height[layer]) < Math.exp(-0.5 * x * x)) return x;
    }
  };
  for (let i = 0; i < out.length; i++) out[i] = one();
  return out;
}
