/**
 * The bytes of a chunk: columns of up to 65,536 operations in log order, little-endian typed
 * arrays, each aligned to 8 bytes, so that a view of the buffer is the column. `chunk.ts` says what stands in them.
 */
import { ARRAYS, type ArrayKind, type Arrays } from '../../checkers/history/columns.ts';

/** Written into table `seal`; a reader that knows another one uses the rows. */
export const CHUNK_FORMAT = 2;
export const CHUNK_ROWS = 65_536;

/** A history of at least so many operations keeps its columns where a second thread can read them. */
export const SHARED_FROM = 50_000;

/** A machine of the other byte order would misread the views. */
export const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

const aligned = (bytes: number): number => (bytes + 7) & ~7;

/** Lays the parts one after the other. Every part begins at a multiple of 8. */
export function pack(parts: readonly Arrays[ArrayKind][]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + aligned(part.byteLength), 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += aligned(part.byteLength);
  }
  return bytes;
}

/** Takes parts off a packed buffer in order. Throws RangeError when there are fewer bytes. */
export class Unpacker {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    // Buffers of SQLite may begin anywhere; views need the alignment.
    this.#bytes = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  }

  take<Name extends ArrayKind>(array: Name, length: number): Arrays[Name] {
    const View: new (buffer: ArrayBufferLike, at: number, length: number) => Arrays[ArrayKind] =
      ARRAYS[array];
    const byteLength = length * ARRAYS[array].BYTES_PER_ELEMENT;
    if (length < 0 || this.#at + byteLength > this.#bytes.byteLength) {
      throw new RangeError(`a chunk ends ${byteLength} bytes too early`);
    }
    const view = new View(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, length);
    this.#at += aligned(byteLength);
    return view as Arrays[Name];
  }
}
