/** Which of a day's rows are meant, a bit for each, in the order of the list. */

/** Returns the bits of the places given, and no longer than these need. */
export function bitsOf(places: readonly number[]): Uint8Array {
  const bits = new Uint8Array((Math.max(-1, ...places) >> 3) + 1);
  for (const place of places) bits[place >> 3] = (bits[place >> 3] ?? 0) | (1 << (place & 7));
  return bits;
}

/** Returns the bits of all places from one up to, not including, another. */
export function bitsBetween(from: number, to: number): Uint8Array {
  const bits = new Uint8Array((Math.max(to, 0) + 7) >> 3);
  for (let place = Math.max(from, 0); place < to; place += 1)
    bits[place >> 3] = (bits[place >> 3] ?? 0) | (1 << (place & 7));
  return bits;
}

/** Returns the bits that both have. */
export function both(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.subarray(0, b.length).map((byte, index) => byte & (b[index] ?? 0));
}

/** Returns the bits that one of the two has. */
export function either(a: Uint8Array, b: Uint8Array): Uint8Array {
  const [long, short] = a.length < b.length ? [b, a] : [a, b];
  return long.map((byte, index) => byte | (short[index] ?? 0));
}

/** Returns the places of bits, in order. */
export function placesOf(bits: Uint8Array): readonly number[] {
  const places: number[] = [];
  for (const [index, byte] of bits.entries())
    for (let rest = byte; rest !== 0; rest &= rest - 1)
      places.push(index * 8 + (31 - Math.clz32(rest & -rest)));
  return places;
}

/** Counts bits. */
export function countOf(bits: Uint8Array): number {
  let count = 0;
  for (const byte of bits) for (let rest = byte; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
