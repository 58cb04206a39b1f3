/** Text of a file in pieces, so that a history larger than a string can be is read as well. */
import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { codeOf, RunFileError } from '../store/errors.ts';
import { malformed } from './malformed.ts';

const PIECE_BYTES = 1 << 20;

/** Pieces of the text of a UTF-8 file, one after the other. Throws RunFileError. */
export function* readPieces(path: string): Generator<string> {
  let handle: number;
  try {
    handle = openSync(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const decoder = new StringDecoder('utf8');
    const piece = Buffer.alloc(PIECE_BYTES);
    let isFirst = true;
    for (;;) {
      const length = readSync(handle, piece, 0, PIECE_BYTES, null);
      if (length === 0) break;
      const from = isFirst ? beginning(path, piece.subarray(0, length)) : 0;
      isFirst = false;
      yield decoder.write(piece.subarray(from, length));
    }
    const rest = decoder.end();
    if (rest !== '') yield rest;
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    closeSync(handle);
  }
}

/** Where the text begins, behind a byte order mark. Throws MalformedHistoryError for what is no UTF-8. */
function beginning(path: string, bytes: Buffer): number {
  const refuse = (what: string, how: string): Error =>
    malformed({ file: path, line: 1, column: 1 }, `this is ${what}; ${how}`);
  const [a, b, c] = bytes;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    throw refuse('UTF-16', 'UTF-8 is expected: iconv -f utf-16 -t utf-8');
  }
  if (a === 0x1f && b === 0x8b) throw refuse('compressed by gzip', 'unpack it first: gunzip');
  return a === 0xef && b === 0xbb && c === 0xbf ? 3 : 0;
}

function unreadable(path: string, error: unknown): Error {
  if (codeOf(error) === '' || error instanceof RunFileError) return error as Error;
  const text = error instanceof Error ? error.message : String(error);
  const missing = codeOf(error) === 'ENOENT';
  return new RunFileError(
    missing ? 'run-file-missing' : 'run-file-denied',
    path,
    missing
      ? `there is no ${path}: give a run (\`amnesia list\`) or the path of a history file`
      : `${path} cannot be read: ${text}`,
    error,
  );
}

/** Lines of a text that comes in pieces, without their ends. */
export function* readLines(pieces: Iterable<string>): Generator<string> {
  let rest = '';
  for (const piece of pieces) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  if (rest !== '') yield rest;
}
