// @ts-check
/**
 * Codes to scan (QR, ISO/IEC 18004), for a link on one screen and a phone before it: bytes, the lowest
 * level of correction, since a screen is never dirty, and the smallest version that fits. Pure.
 */

/** Of each version from 1 on: codewords for correction in a block, and blocks, at level L (table 9). */
const CORRECTION = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28];
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8];

/** @param {number} x @param {number} y in the field of 256 elements, polynomial 0x11d */
function times(x, y) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d);
    product ^= ((y >>> bit) & 1) * x;
  }
  return product;
}

/** @param {number} degree @returns {number[]} of the polynomial that all corrections are divided by */
function divisorOf(degree) {
  const divisor = /** @type {number[]} */ (Array(degree).fill(0));
  divisor[degree - 1] = 1;
  for (let i = 0, root = 1; i < degree; i += 1, root = times(root, 2)) {
    for (let j = 0; j < degree; j += 1) divisor[j] = times(divisor[j] ?? 0, root) ^ (divisor[j + 1] ?? 0);
  }
  return divisor;
}

/** @param {number[]} data @param {number[]} divisor */
function remainderOf(data, divisor) {
  const rest = /** @type {number[]} */ (divisor.map(() => 0));
  for (const byte of data) {
    const factor = byte ^ (rest.shift() ?? 0);
    rest.push(0);
    for (const [i, each] of divisor.entries()) rest[i] = (rest[i] ?? 0) ^ times(each, factor);
  }
  return rest;
}

/** Modules that carry data or correction. @param {number} version */
function room(version) {
  const align = version > 1 ? Math.floor(version / 7) + 2 : 0;
  const patterns = align ? (25 * align - 10) * align - 55 : 0;
  return (16 * version + 128) * version + 64 - patterns - (version >= 7 ? 36 : 0);
}

/** @param {number} version @returns {{correction: number, blocks: number, whole: number, data: number}} in codewords */
function sizes(version) {
  const correction = CORRECTION[version - 1] ?? 0;
  const blocks = BLOCKS[version - 1] ?? 0;
  const whole = room(version) >> 3;
  return { correction, blocks, whole, data: whole - correction * blocks };
}

/** @param {Uint8Array} bytes @param {number} version @returns {number[]} data codewords, padded */
function codewords(bytes, version) {
  const bits = /** @type {number[]} */ ([]);
  const put = (/** @type {number} */ value, /** @type {number} */ length) => {
    for (let i = length - 1; i >= 0; i -= 1) bits.push((value >>> i) & 1);
  };
  put(4, 4); // bytes
  put(bytes.length, version < 10 ? 8 : 16);
  for (const byte of bytes) put(byte, 8);
  const { data } = sizes(version);
  put(0, Math.min(4, data * 8 - bits.length));
  put(0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0xec; bits.length < data * 8; pad ^= 0xec ^ 0x11) put(pad, 8);
  return Array.from({ length: data }, (_, i) => bits.slice(i * 8, i * 8 + 8).reduce((byte, bit) => byte * 2 + bit, 0));
}

/** In blocks, each with its correction, and these taken in turns. @param {number[]} data @param {number} version */
function interleaved(data, version) {
  const { correction, blocks, whole } = sizes(version);
  const divisor = divisorOf(correction);
  const short = blocks - (whole % blocks);
  const length = Math.floor(whole / blocks) - correction;
  const parts = [];
  for (let block = 0, at = 0; block < blocks; block += 1) {
    const part = data.slice(at, (at += length + (block < short ? 0 : 1)));
    parts.push({ part, rest: remainderOf(part, divisor) });
  }
  const column = (/** @type {"part" | "rest"} */ of, /** @type {number} */ i) => parts.flatMap((each) => each[of][i] ?? []);
  const found = [];
  for (let i = 0; i <= length; i += 1) found.push(...column("part", i));
  for (let i = 0; i < correction; i += 1) found.push(...column("rest", i));
  return found;
}

/** @typedef {{size: number, dark: boolean[][], fixed: boolean[][]}} Grid */

/** Centres of the small squares. @param {number} version */
function alignment(version) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const size = version * 4 + 17;
  const step = Math.ceil((size - 13) / (count * 2 - 2)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, i) => size - 7 - step * (count - 2 - i))];
}

/** Everything that is the same in all codes of a version. @param {number} version @returns {Grid} */
function framework(version) {
  const size = version * 4 + 17;
  const grid = { size, dark: blank(size), fixed: blank(size) };
  for (let i = 0; i < size; i += 1) set(grid, 6, i, i % 2 === 0), set(grid, i, 6, i % 2 === 0);
  for (const [x, y] of /** @type {[number, number][]} */ ([[3, 3], [size - 4, 3], [3, size - 4]])) square(grid, x, y, 4);
  const centres = alignment(version);
  const last = centres.length - 1;
  for (const [i, y] of centres.entries()) {
    for (const [j, x] of centres.entries()) {
      if (!((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0))) square(grid, x, y, 2);
    }
  }
  if (version >= 7) stampVersion(grid, version);
  stampFormat(grid, 0);
  return grid;
}

/** @param {number} size @returns {boolean[][]} */
const blank = (size) => Array.from({ length: size }, () => Array(size).fill(false));

/** @param {Grid} grid @param {number} x @param {number} y @param {boolean} dark */
function set({ size, dark: cells, fixed }, x, y, dark) {
  const row = cells[y];
  const held = fixed[y];
  if (!row || !held || x < 0 || x >= size) return;
  row[x] = dark;
  held[x] = true;
}

/** Rings around a centre, light at distance 2 and 4. @param {Grid} grid @param {number} x @param {number} y @param {number} reach */
function square(grid, x, y, reach) {
  for (let dy = -reach; dy <= reach; dy += 1) {
    for (let dx = -reach; dx <= reach; dx += 1) {
      const distance = Math.max(Math.abs(dx), Math.abs(dy));
      set(grid, x + dx, y + dy, reach === 4 ? distance !== 2 && distance !== 4 : distance !== 1);
    }
  }
}

/** @param {number} value @param {number} generator @param {number} length of the remainder in bits */
function protectedBits(value, generator, length) {
  let rest = value;
  for (let i = 0; i < length; i += 1) rest = (rest << 1) ^ ((rest >>> (length - 1)) * generator);
  return (value << length) | rest;
}

/** @param {Grid} grid @param {number} version */
function stampVersion(grid, version) {
  const bits = protectedBits(version, 0x1f25, 12);
  for (let i = 0; i < 18; i += 1) {
    const dark = ((bits >>> i) & 1) === 1;
    const [far, near] = [grid.size - 11 + (i % 3), Math.floor(i / 3)];
    set(grid, far, near, dark);
    set(grid, near, far, dark);
  }
}

/** Twice: around one corner, and along the two others. @param {Grid} grid @param {number} mask */
function stampFormat(grid, mask) {
  const bits = protectedBits((1 << 3) | mask, 0x537, 10) ^ 0x5412; // level L is 1
  const { size } = grid;
  for (let i = 0; i < 15; i += 1) {
    const dark = ((bits >>> i) & 1) === 1;
    const near = i < 6 ? i : i < 8 ? i + 1 : 14 - i + (i === 8 ? 1 : 0);
    if (i < 8) set(grid, 8, near, dark), set(grid, size - 1 - i, 8, dark);
    else set(grid, near, 8, dark), set(grid, 8, size - 15 + i, dark);
  }
  set(grid, 8, size - 8, true);
}

/** In pairs of columns from the right, up and down in turns. @param {Grid} grid @param {number[]} words */
function fill({ size, dark, fixed }, words) {
  let bit = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size * 2; step += 1) {
      const x = right - (step % 2);
      const y = ((right + 1) & 2) === 0 ? size - 1 - (step >> 1) : step >> 1;
      const row = dark[y];
      if (!row || fixed[y]?.[x] || bit >= words.length * 8) continue;
      row[x] = (((words[bit >> 3] ?? 0) >>> (7 - (bit & 7))) & 1) === 1;
      bit += 1;
    }
  }
}

/** @type {((x: number, y: number) => number)[]} */
const MASKS = [
  (x, y) => (x + y) % 2, (_, y) => y % 2, (x) => x % 3, (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2, (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];

/** Any mask is read; a fixed one would leave large fields of one colour in an unlucky code. @param {Grid} grid @param {number} mask */
function masked({ size, dark, fixed }, mask) {
  const flips = /** @type {(x: number, y: number) => number} */ (MASKS[mask]);
  return { size, fixed, dark: dark.map((row, y) => row.map((cell, x) => (fixed[y]?.[x] ? cell : cell !== (flips(x, y) === 0)))) };
}

/** How hard a code is to read, by runs of one colour and squares of four. @param {Grid} grid */
function penalty({ size, dark }) {
  let sum = 0;
  const at = (/** @type {number} */ x, /** @type {number} */ y) => dark[y]?.[x] ?? false;
  for (let y = 0; y < size; y += 1) {
    for (const look of [at, (/** @type {number} */ x, /** @type {number} */ line) => at(line, x)]) {
      for (let x = 1, run = 1; x < size; x += 1) {
        run = look(x, y) === look(x - 1, y) ? run + 1 : 1;
        if (run >= 5) sum += run === 5 ? 3 : 1;
      }
    }
    for (let x = 1; x < size && y > 0; x += 1) {
      if (at(x, y) === at(x - 1, y) && at(x, y) === at(x, y - 1) && at(x, y) === at(x - 1, y - 1)) sum += 3;
    }
  }
  return sum;
}

/**
 * @param {string} text
 * @param {number} [mask] the most readable one if it is not said
 * @returns {boolean[][] | null} rows of dark modules; null for a text that is too long
 */
export function qrCode(text, mask) {
  const bytes = new TextEncoder().encode(text);
  const version = BLOCKS.findIndex((_, i) => bytes.length <= sizes(i + 1).data - (i < 9 ? 2 : 3)) + 1;
  if (version === 0) return null;
  const grid = framework(version);
  fill(grid, interleaved(codewords(bytes, version), version));
  const tried = (mask === undefined ? MASKS.map((_, i) => i) : [mask]).map((each) => {
    const one = masked(grid, each);
    stampFormat(one, each);
    return one;
  });
  return tried.reduce((best, one) => (penalty(one) < penalty(best) ? one : best)).dark;
}
