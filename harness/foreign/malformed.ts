/**
 * A history file of another tool that cannot be read, with the place where it stops making sense.
 */
import { AmnesiaError } from '../world/exit-codes.ts';

export class MalformedHistoryError extends AmnesiaError {
  readonly code = 'malformed-history';
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  constructor(file: string, line: number, column: number, what: string) {
    super(`${file}, line ${line}, column ${column}: ${what}`);
    this.name = 'MalformedHistoryError';
    this.line = line;
    this.column = column;
  }
}

/** Where something stands in a file. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export function malformed(place: Place, what: string): MalformedHistoryError {
  return new MalformedHistoryError(place.file, place.line, place.column, what);
}
