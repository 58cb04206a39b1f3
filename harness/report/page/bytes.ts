/**
 * Numbers as bytes that compress well: small ones short (LEB128), signed ones folded (zigzag), durations on
 * a scale of ratios, wide ones as two planes. No I/O; the page in the browser reads with the same file.
 */

/** Bytes that grow. */
export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  byte(value: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = value;
  }

  /** A whole number from 0 to 2^53. */
  varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.byte((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  signed(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** Reads what `ByteWriter` wrote. Beyond the end there are zeros: a page that was cut shows less, and lives. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.#at < this.#bytes.length ? this.#bytes[this.#at++] : 0;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128 || scale > 2 ** 46) return value;
    }
  }

  signed(): number {
    const folded = this.varint();
    return folded % 2 === 1 ? -(folded + 1) / 2 : folded / 2;
  }
}

/** Steps of a duration code for each doubling: 16 are 4.4 % apart, so what is read is within 2.2 %. */
const STEPS = 16;

/** Code of a duration in us: 0 stands for none. */
export function durationCode(us: number): number {
  if (!Number.isFinite(us) || us < 0) return 0;
  return 1 + Math.round(Math.log2(us + 1) * STEPS);
}

/** us, within 2.2 %; Infinity for code 0. */
export function durationOf(code: number): number {
  return code === 0 ? Number.POSITIVE_INFINITY : 2 ** ((code - 1) / STEPS) - 1;
}

/** Codes that durations can have: enough for 2^40 us, which are twelve days. */
export const DURATION_CODES = 2 + 40 * STEPS;
