/** Output of containers: the engine sends frames of standard output and error in one stream. */
import { PassThrough } from 'node:stream';

const headerBytes = 8;

export interface Collected {
  readonly stream: PassThrough;
  text(): string;
}

/** Gathers a stream into text; characters that are split between chunks stay whole. */
export function collect(): Collected {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}

/** Drops the eight bytes (stream, length) before each frame; a frame that is cut off is kept. */
export function withoutFraming(raw: Buffer): string {
  const parts: Buffer[] = [];
  let offset = 0;
  while (offset + headerBytes <= raw.length) {
    const start = offset + headerBytes;
    const end = start + raw.readUInt32BE(offset + 4);
    parts.push(raw.subarray(start, end));
    offset = end;
  }
  return Buffer.concat(parts).toString('utf8');
}
