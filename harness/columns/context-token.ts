/**
 * What a context token of Engram means: base64url of JSON
 * `{"v":{actor:counter},"d":{actor:[counter]},"t":[ms,counter]}`.
 */
import type { DecodedContext } from '../../checkers/history/context-table.ts';

/** Null for what is no token. */
export function decodeToken(token: string): DecodedContext | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null || !('v' in parsed)) return null;
  const { v, d } = parsed as { v: unknown; d?: unknown };
  return isObject(v) ? { v, d: isObject(d) ? d : null } : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
