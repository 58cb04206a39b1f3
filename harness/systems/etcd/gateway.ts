/** etcd's JSON gateway: keys and values in base64, numbers as texts, fields that are zero left out. */
import type { Connection, WorldAnswer } from '../../world/world.ts';
import { jsonBody } from '../../world/world.ts';

export const base64 = (text: string): string => Buffer.from(text).toString('base64');
const fromBase64 = (text: string): string => Buffer.from(text, 'base64').toString();

/** What a node answered with an error. */
export class EtcdError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'EtcdError';
    this.code = code;
  }
}

export type Fields = Readonly<Record<string, unknown>>;

/** Resolves to the fields of the answer. Rejects with EtcdError, or with what broke the connection. */
export async function call(connection: Connection, path: string, body: Fields): Promise<Fields> {
  const answer = await connection.request({
    method: 'POST',
    path: `/v3/${path}`,
    headers: { 'content-type': 'application/json' },
    body: jsonBody(body),
  });
  return understood(answer);
}

function understood({ status, body }: WorldAnswer): Fields {
  const fields = typeof body === 'object' && body !== null ? (body as Fields) : null;
  if (status === 200 && fields !== null && 'header' in fields) return fields;
  const message = fields?.message ?? fields?.error;
  const text = typeof message === 'string' ? message : 'an answer that is not as documented';
  throw new EtcdError(status === 200 ? 'malformed' : `http-${status}`, text);
}

/** Of a range: the first value; null where there is none. */
export function firstValue({ kvs }: Fields): string | null {
  const [first] = Array.isArray(kvs) ? (kvs as readonly { value?: unknown }[]) : [];
  if (first === undefined) return null;
  return typeof first.value === 'string' ? fromBase64(first.value) : '';
}
