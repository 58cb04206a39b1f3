/**
 * Reads the chunks of a sealed run one after another, each checked; never more than one of them is in
 * memory. `seal.ts` writes them, `sealed.ts` makes one history of all.
 */
import { crc32 } from 'node:zlib';
import type { RunFile } from '../store/run-file.ts';
import { type Chunk, type SealHeader, unpackChunk } from './chunk.ts';
import { CHUNK_FORMAT, littleEndian } from './chunk-layout.ts';

/**
 * Cheap to make, since it is made anew at every check, and different after nearly every change that the
 * triggers of `seal.ts` did not see. Remainders, so that the sum fits a number of JavaScript.
 */
export function digestRows(file: RunFile): string {
  const row = file.db
    .prepare<[], Record<string, number>>(
      `SELECT (SELECT count(*) FROM op) AS n, (SELECT max(idx) FROM op) AS last,
         (SELECT sum((completed - invoked) & 0xffffffff) FROM op) AS durations`,
    )
    .get();
  return JSON.stringify(row);
}

/**
 * Null: the run is not sealed. Throws RangeError where what is there cannot be used. `digestLater`: the caller
 * compares the digest of the rows, which takes longer than all the rest.
 */
export function readHeader(file: RunFile, digestLater = false): SealHeader | null {
  const seal = file.db
    .prepare<[], { format: number; digest: string; changed: number; crc: number; header: string }>(
      'SELECT format, digest, changed, crc, header FROM seal',
    )
    .get();
  if (seal === undefined) return null;
  if (seal.format !== CHUNK_FORMAT || !littleEndian) {
    throw new RangeError(`their format ${seal.format} is not the one of this version`);
  }
  if (seal.changed !== 0 || (!digestLater && seal.digest !== digestRows(file))) {
    throw new RangeError('table op was changed after the run was sealed');
  }
  if (crc32(seal.header) !== seal.crc) throw new RangeError('their header fails its checksum');
  return JSON.parse(seal.header) as SealHeader;
}

/** In log order. Throws RangeError where one is damaged or missing. */
export function* readChunks(file: RunFile, header: SealHeader): Generator<Chunk> {
  const chunks = file.db
    .prepare<[], { seq: number; n: number; first_row: number; crc: number; cols: Buffer }>(
      'SELECT seq, n, first_row, crc, cols FROM chunk ORDER BY seq',
    )
    .iterate();
  let done = 0;
  for (const { seq, n, first_row, crc, cols } of chunks) {
    if (crc32(cols) !== crc) throw new RangeError(`chunk ${seq} fails its checksum`);
    if (first_row !== done) throw new RangeError(`a chunk before ${seq} is missing`);
    yield unpackChunk(header, n, cols);
    done += n;
  }
  if (done !== header.n) throw new RangeError('the last chunks are missing');
}
