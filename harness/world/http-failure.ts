/** What an exception of a connection by HTTP means: did the request leave, and how did it end? */

const neverConnected = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const timedOut = new Set(['operation-timeout', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const closed = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'UND_ERR_CLOSED']);
/** Not HTTP, or longer than any answer may be. */
const garbled = new Set(['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'UND_ERR_HEADERS_OVERFLOW']);

export type HttpFailure = 'refused' | 'timeout' | 'reset' | 'malformed' | 'unlisted';

/** `refused`: no byte of the request left. After every other failure nobody knows what became of it. */
export function httpFailure(error: unknown): HttpFailure {
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (typeof code === 'string' && neverConnected.has(code)) return 'refused';
  if (typeof code === 'string' && timedOut.has(code)) return 'timeout';
  if (typeof code === 'string' && closed.has(code)) return 'reset';
  if (name === 'HTTPParserError' || (typeof code === 'string' && garbled.has(code))) {
    return 'malformed';
  }
  return 'unlisted';
}
