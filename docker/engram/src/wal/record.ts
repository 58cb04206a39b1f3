/**
 * Framing of the write-ahead log. Pure: bytes in, bytes out.
 *
 *   frame   = u32 length | u32 crc | body              little-endian, repeated
 *   body    = (u32 length | record), repeated
 *
 * A frame is what was written and synced together. The next frame is written only after that sync, so
 * a bad frame with a valid one after it had once been durable: that is damage. A bad frame with
 * nothing valid after it is a torn tail: it was never acknowledged, not even in part, and is cut.
 *
 * The checksum starts from the frame's place (segment and offset), so that neither an old block that
 * turns up elsewhere nor the content of a record that looks like a frame is taken for one.
 */
import { crc32 } from 'node:zlib';

export const headerBytes = 8;
/** No frame may be longer; a longer length field is damage. */
export const frameBytesMax = 64 * 1024 * 1024;

const place = Buffer.alloc(8);

function placeSeed(segment: number, offset: number): number {
  place.writeUInt32LE(segment, 0);
  place.writeUInt32LE(offset, 4);
  return crc32(place);
}

/** A record as the pieces that it was made of, one after the other. Nobody changes them afterwards. */
export type Pieces = readonly Uint8Array[];

export function bytesIn(record: Pieces): number {
  let bytes = 0;
  for (const piece of record) bytes += piece.length;
  return bytes;
}

export function framedBytes(records: readonly Pieces[]): number {
  let bytes = headerBytes;
  for (const record of records) bytes += 4 + bytesIn(record);
  return bytes;
}

/** Shorter pieces are copied: a checksum and a write of its own for each would cost more. */
const pieceBytesMin = 1024;

/** The first pieces of a record that are copied together; the first is in any case. */
function joinedPieces(record: Pieces): Pieces {
  let joined = 1;
  while (joined < record.length && record[joined].length < pieceBytesMin) joined++;
  return joined === record.length ? record : record.slice(0, joined);
}

/**
 * One frame with all `records`, to be written at `offset` of `segment`. In pieces as well: an embedding is
 * most of a record, and is written from where it is.
 */
export function frame(records: readonly Pieces[], segment: number, offset: number): Pieces {
  const framed: Uint8Array[] = [];
  let bytes = 0;
  let crc = placeSeed(segment, offset);
  for (const record of records) {
    const before = framed.length === 0 ? headerBytes : 0;
    const joined = joinedPieces(record);
    const head = Buffer.allocUnsafe(before + 4 + bytesIn(joined));
    const length = bytesIn(record);
    head.writeUInt32LE(length, before);
    let at = before + 4;
    for (const piece of joined) {
      head.set(piece, at);
      at += piece.length;
    }
    crc = crc32(before === 0 ? head : head.subarray(before), crc);
    framed.push(head);
    for (let i = joined.length; i < record.length; i++) {
      crc = crc32(record[i], crc);
      framed.push(record[i]);
    }
    bytes += 4 + length;
  }
  const head = framed[0] as Buffer;
  head.writeUInt32LE(bytes, 0);
  head.writeUInt32LE(crc, 4);
  return framed;
}

export type Scan =
  | { readonly type: 'whole'; readonly records: readonly Uint8Array[] }
  /** Cut the file to `validBytes`; nothing valid follows. */
  | { readonly type: 'torn'; readonly records: readonly Uint8Array[]; readonly validBytes: number }
  /** What had been durable at `offset` is not readable any more. */
  | { readonly type: 'damaged'; readonly offset: number };

/** The body of a valid frame at `offset`, or null. */
function bodyAt(
  bytes: Uint8Array,
  view: DataView,
  segment: number,
  offset: number,
): Uint8Array | null {
  if (offset + headerBytes > bytes.length) return null;
  const length = view.getUint32(offset, true);
  if (length === 0 || length > frameBytesMax) return null;
  const end = offset + headerBytes + length;
  if (end > bytes.length) return null;
  const body = bytes.subarray(offset + headerBytes, end);
  // Looked at first, since a checksum of anything that might be a frame takes seconds over a damaged file.
  if (!isFilled(view, offset + headerBytes, end)) return null;
  return crc32(body, placeSeed(segment, offset)) === view.getUint32(offset + 4, true) ? body : null;
}

/** Whether records, one after the other, end exactly where the body does. */
function isFilled(view: DataView, from: number, end: number): boolean {
  let at = from;
  while (at + 4 <= end) at += 4 + view.getUint32(at, true);
  return at === end;
}

function recordsOf(body: Uint8Array): Uint8Array[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const records: Uint8Array[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 4 + view.getUint32(at, true);
    records.push(body.subarray(at + 4, end));
    at = end;
  }
  return records;
}

/**
 * Splits the content of a segment into records. `whole`: the file counts only if all of it is valid, so that it does
 * not matter what kind of damage there is, and nobody looks for it.
 */
export function scan(bytes: Uint8Array, segment: number, whole = false): Scan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: Uint8Array[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const body = bodyAt(bytes, view, segment, offset);
    if (body === null) break;
    for (const record of recordsOf(body)) records.push(record);
    offset += headerBytes + body.length;
  }
  if (offset === bytes.length) return { type: 'whole', records };
  if (whole) return { type: 'torn', records, validBytes: offset };
  for (let later = offset + 1; later + headerBytes < bytes.length; later++) {
    if (bodyAt(bytes, view, segment, later) !== null) return { type: 'damaged', offset };
  }
  return { type: 'torn', records, validBytes: offset };
}
