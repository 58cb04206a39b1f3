/**
 * What a unary gRPC call looks like on an HTTP/2 stream: headers, one length-prefixed message each way,
 * and a status in the trailers. From "gRPC over HTTP2" (grpc/doc/PROTOCOL-HTTP2.md). No compression,
 * which no peer is obliged to offer; embeddings do not compress anyway.
 */
import type { IncomingHttpHeaders } from 'node:http2';
import { fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';

export const callPath = '/engram.v1.Peer/Call';
export const contentType = 'application/grpc';
const prefixBytes = 5;
export const messageBytesMax = 64 * 1024 * 1024;

/** The status codes that a node gives or looks at; all others are the network's. */
export const status = {
  ok: 0,
  cancelled: 1,
  /** The handler threw. */
  unknown: 2,
  resourceExhausted: 8,
  /** The node is starting and has not looked at the request. */
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
  /** The caller is nobody of the cluster, or speaks to a former life of the node. */
  unauthenticated: 16,
} as const;

export interface Status {
  readonly code: number;
  readonly message: string;
}

/** A message with its prefix, in one piece. */
export function frame<T extends Message>(schema: GenMessage<T>, message: T): Uint8Array {
  const bytes = toBinary(schema, message);
  const framed = Buffer.allocUnsafe(prefixBytes + bytes.length);
  framed[0] = 0;
  framed.writeUInt32BE(bytes.length, 1);
  framed.set(bytes, prefixBytes);
  return framed;
}

/** Null where the chunks are anything but one whole, uncompressed message. */
export function unframe<T extends Message>(
  schema: GenMessage<T>,
  chunks: readonly Buffer[],
): T | null {
  const bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  if (bytes.length < prefixBytes || bytes[0] !== 0) return null;
  if (bytes.readUInt32BE(1) !== bytes.length - prefixBytes) return null;
  try {
    return fromBinary(schema, bytes.subarray(prefixBytes));
  } catch {
    return null;
  }
}

export function statusHeaders({ code, message }: Status): Record<string, string> {
  const headers: Record<string, string> = { 'grpc-status': String(code) };
  if (message !== '') headers['grpc-message'] = encodeURIComponent(message.slice(0, 500));
  return headers;
}

/** From trailers, or from the headers of an answer that is nothing but a status. Null: not there. */
export function statusOf(headers: IncomingHttpHeaders): Status | null {
  const code = headers['grpc-status'];
  if (code === undefined) return null;
  const message = String(headers['grpc-message'] ?? '');
  try {
    return { code: Number(code), message: decodeURIComponent(message) };
  } catch {
    return { code: Number(code), message };
  }
}
