/**
 * Framing of the write-ahead log: length, CRC, payload. Pure: bytes in, bytes out.
 *
 *   u32 length | u32 crc32(payload) | payload        little-endian, repeated
 *
 * A log ends in a torn tail where the last write did not reach the disk as a whole: then nothing
 * after the first bad record is a valid record. If a valid record does follow, the damage is not a
 * torn tail, and cutting there would lose acknowledged writes; that is reported instead.
 */

export const headerBytes = 8;
/** No record may be longer; a longer length field is damage. */
export const maxRecordBytes = 64 * 1024 * 1024;

const table = new Uint32Array(256);
for (let i = 0; i < 256; i++) {
  let value = i;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  table[i] = value >>> 0;
}

/** CRC-32 (ISO 3309), as in gzip. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}

export function frame(payload: Uint8Array): Uint8Array {
  const framed = new Uint8Array(headerBytes + payload.length);
  const view = new DataView(framed.buffer);
  view.setUint32(0, payload.length, true);
  view.setUint32(4, crc32(payload), true);
  framed.set(payload, headerBytes);
  return framed;
}

export type Scan =
  | { readonly type: 'whole'; readonly payloads: readonly Uint8Array[] }
  /** Cut the file to `validBytes`; nothing valid follows. */
  | { readonly type: 'torn'; readonly payloads: readonly Uint8Array[]; readonly validBytes: number }
  /** Valid records follow the damage at `offset`. */
  | { readonly type: 'damaged'; readonly offset: number };

function recordAt(bytes: Uint8Array, view: DataView, offset: number): Uint8Array | null {
  if (offset + headerBytes > bytes.length) return null;
  const length = view.getUint32(offset, true);
  if (length === 0 || length > maxRecordBytes) return null;
  const end = offset + headerBytes + length;
  if (end > bytes.length) return null;
  const payload = bytes.subarray(offset + headerBytes, end);
  return crc32(payload) === view.getUint32(offset + 4, true) ? payload : null;
}

/** Splits the content of a log file into records. */
export function scan(bytes: Uint8Array): Scan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const payloads: Uint8Array[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const payload = recordAt(bytes, view, offset);
    if (payload === null) break;
    payloads.push(payload);
    offset += headerBytes + payload.length;
  }
  if (offset === bytes.length) return { type: 'whole', payloads };
  for (let later = offset + 1; later + headerBytes < bytes.length; later++) {
    if (recordAt(bytes, view, later) !== null) return { type: 'damaged', offset };
  }
  return { type: 'torn', payloads, validBytes: offset };
}
