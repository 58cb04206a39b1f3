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

export function framedBytes(records: readonly Uint8Array[]): number {
  let bytes = headerBytes;
  for (const record of records) bytes += 4 + record.length;
  return bytes;
}

/** One frame with all `records`, to be written at `offset` of `segment`. */
export function frame(records: readonly Uint8Array[], segment: number, offset: number): Uint8Array {
  // Every byte of it is written below. A buffer of its own: a disk in memory keeps it for long.
  const framed = Buffer.allocUnsafeSlow(framedBytes(records));
  let at = headerBytes;
  for (const record of records) {
    framed.writeUInt32LE(record.length, at);
    framed.set(record, at + 4);
    at += 4 + record.length;
  }
  framed.writeUInt32LE(framed.length - headerBytes, 0);
  framed.writeUInt32LE(crc32(framed.subarray(headerBytes), placeSeed(segment, offset)), 4);
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
  return crc32(body, placeSeed(segment, offset)) === view.getUint32(offset + 4, true) ? body : null;
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

/** Splits the content of a segment into records. */
export function scan(bytes: Uint8Array, segment: number): Scan {
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
  for (let later = offset + 1; later + headerBytes < bytes.length; later++) {
    if (bodyAt(bytes, view, segment, later) !== null) return { type: 'damaged', offset };
  }
  return { type: 'torn', records, validBytes: offset };
}
