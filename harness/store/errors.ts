/**
 * Why a run file could not be written or read. Each message is one sentence that says what is wrong
 * and what to do about it, ready for the terminal.
 */
import { AmnesiaError } from '../world/exit-codes.ts';

export type RunFileErrorCode =
  /** No such file or directory. */
  | 'run-file-missing'
  /** Not an SQLite file, or SQLite of somebody else. */
  | 'run-file-foreign'
  /** Written by a later version of this program. */
  | 'run-file-newer'
  /** Cut off or overwritten. */
  | 'run-file-damaged'
  /** No right to read or write. */
  | 'run-file-denied'
  /** There is one already. */
  | 'run-file-exists'
  /** Somebody else keeps it locked. */
  | 'run-file-busy'
  /** No space left on the device. */
  | 'disk-full'
  /** The recorder was used in a way that would make a wrong history. */
  | 'recorder-misuse';

export class RunFileError extends AmnesiaError {
  readonly code: RunFileErrorCode;
  readonly path: string;
  constructor(code: RunFileErrorCode, path: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'RunFileError';
    this.code = code;
    this.path = path;
  }
}

/** `where`, the part of a run file that cannot be what was written, and how that was noticed. */
export function damagedAt(path: string, where: string, cause: unknown): RunFileError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const message = `${path} is damaged: ${where} cannot be read (${text}); restore it from a copy`;
  return new RunFileError('run-file-damaged', path, message, cause);
}

/** JSON of a cell. Throws RunFileError where it is none. */
export function cellJson<Value>(path: string, where: string, text: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch (error) {
    throw damagedAt(path, where, error);
  }
}

/** The code of an error of SQLite or the file system, '' where it has none. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** Turns what SQLite or the file system threw while writing into one of our sentences. */
export function writeFailure(path: string, error: unknown): RunFileError {
  if (error instanceof RunFileError) return error;
  const code = codeOf(error);
  const text = error instanceof Error ? error.message : String(error);
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') {
    return new RunFileError(
      'disk-full',
      path,
      `no space left for ${path}: what was recorded so far is kept; free some space, then ` +
        '`amnesia check` judges it as aborted',
      error,
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'SQLITE_READONLY') {
    return new RunFileError(
      'run-file-denied',
      path,
      `no right to write ${path}: choose another place with --results`,
      error,
    );
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new RunFileError(
      'run-file-busy',
      path,
      `${path} is locked by another program: close it and try again`,
      error,
    );
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return new RunFileError('run-file-damaged', path, `${path} is damaged (${text})`, error);
  }
  return new RunFileError(
    'run-file-denied',
    path,
    `cannot write ${path}: ${text}; see that its folder exists and the disk is healthy`,
    error,
  );
}
