/** Text of a file in pieces, so that a history larger than a string can be is read as well. */
import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { codeOf, RunFileError } from '../store/errors.ts';

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
    for (;;) {
      const length = readSync(handle, piece, 0, PIECE_BYTES, null);
      if (length === 0) break;
      yield decoder.write(piece.subarray(0, length));
    }
    const rest = decoder.end();
    if (rest !== '') yield rest;
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    closeSync(handle);
  }
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
