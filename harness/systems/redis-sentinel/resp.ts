/**
 * Redis' protocol, RESP2: commands as arrays of bulk strings, replies cut off a stream of bytes. Pure; the
 * connection is that of harness/world/tcp.ts.
 */

/** What the server refused, in its own words: "READONLY You can't write against a read only replica." */
export interface Refusal {
  readonly refused: string;
}
export type Reply = string | number | null | Refusal | readonly Reply[];

export function isRefusal(reply: Reply): reply is Refusal {
  return typeof reply === 'object' && reply !== null && 'refused' in reply;
}

export function command(...words: readonly (string | number)[]): string {
  const parts = words.map((word) => {
    const text = String(word);
    return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
  });
  return `*${parts.length}\r\n${parts.join('')}`;
}

interface Cut {
  readonly message: Reply;
  /** Index of the first byte behind it. */
  readonly length: number;
}

/** Null: more must arrive. Throws where it is no RESP. */
export function cutReply(bytes: Buffer, from = 0): Cut | null {
  const end = bytes.indexOf('\r\n', from);
  if (end < 0) return null;
  const line = bytes.toString('utf8', from + 1, end);
  const next = end + 2;
  switch (String.fromCharCode(bytes[from])) {
    case '+':
      return { message: line, length: next };
    case '-':
      return { message: { refused: line }, length: next };
    case ':':
      return { message: Number(line), length: next };
    case '$':
      return cutBulk(bytes, Number(line), next);
    case '*':
      return cutArray(bytes, Number(line), next);
    default:
      throw new Error(`no RESP: ${JSON.stringify(bytes.toString('utf8', from, from + 20))}`);
  }
}

function cutBulk(bytes: Buffer, size: number, from: number): Cut | null {
  if (size < 0) return { message: null, length: from };
  if (bytes.length < from + size + 2) return null;
  return { message: bytes.toString('utf8', from, from + size), length: from + size + 2 };
}

function cutArray(bytes: Buffer, count: number, from: number): Cut | null {
  if (count < 0) return { message: null, length: from };
  const replies: Reply[] = [];
  let at = from;
  for (let i = 0; i < count; i++) {
    const found = cutReply(bytes, at);
    if (found === null) return null;
    replies.push(found.message);
    at = found.length;
  }
  return { message: replies, length: at };
}
