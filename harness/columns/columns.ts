/**
 * From a run file to the columns that checkers take. Sealed chunks are loaded when they are there
 * and agree with the rows; otherwise the rows are read, since they are the record.
 *
 * A history that no checker could make sense of (two writes of one value, an operation that ended
 * before it began) is refused with `HistoryError`, never guessed at.
 */

import { HistoryError } from '../../checkers/history/build.ts';
import type { BuildOptions, HistoryBuilder } from '../../checkers/history/builder.ts';
import { DATA_TYPES } from '../../checkers/history/data-type.ts';
import type { History } from '../../checkers/history/history.ts';
import { damagedAt } from '../store/errors.ts';
import { openRunFile, type RunFile, type RunSummary, readSummary } from '../store/run-file.ts';
import { decodeToken } from './context-token.ts';
import { readRows } from './rows.ts';
import { loadSealed } from './sealed.ts';
import { readSurroundings } from './surroundings.ts';

export interface LoadOptions {
  /** Read the rows also when there are chunks. */
  readonly rowsOnly?: boolean;
  /** JSON text of the value that stands for "nothing was written yet", beside null. */
  readonly initial?: string;
  /** Whether the rows are those of which the chunks were made is for the caller to find out (`isSealed`). */
  readonly digestLater?: boolean;
}

export interface LoadedRun {
  readonly summary: RunSummary;
  readonly history: History;
  readonly from: 'chunks' | 'rows';
  /** Of sealed columns: texts of the values that nobody attempted. */
  readonly unattempted?: readonly string[];
  /** What is wrong with the file, or was found on the way; a sentence each. */
  readonly notes: readonly string[];
  /** Operations are missing because the file is damaged. */
  readonly damaged: boolean;
}

/** Opens a run file, reads everything and closes it. Throws RunFileError and HistoryError. */
export function loadRun(path: string, options: LoadOptions = {}): LoadedRun {
  const file = openRunFile(path);
  try {
    return loadOpen(file, options);
  } finally {
    file.db.close();
  }
}

/** The same for a file that is open. */
export function loadOpen(file: RunFile, options: LoadOptions = {}): LoadedRun {
  const notes: string[] = file.damage === null ? [] : [file.damage];
  let damaged = file.damage !== null;
  const note = (text: string): void => {
    damaged = true;
    notes.push(text);
  };
  const summary = readSummary(file);
  if (options.rowsOnly !== true && options.initial === undefined && !damaged) {
    const sealed = loadSealed(file, options.digestLater);
    if (sealed !== null && 'history' in sealed) {
      return { summary, ...sealed, from: 'chunks', notes, damaged };
    }
    if (sealed !== null) notes.push(sealed.refused);
  }
  const history = readHistory(file, summary, options.initial, note);
  return { summary, history, from: 'rows', notes, damaged };
}

/** The history from table `op`, whatever chunks there are. */
export function readHistory(
  file: RunFile,
  summary: RunSummary,
  initial?: string,
  note: (text: string) => void = () => {},
): History {
  return historyOf(file, readRows(file, summary.nodes, note), initial, note);
}

/** The same from operations that were read, or never had to be. The surroundings are the file's. */
export function historyOf(
  file: RunFile,
  operations: HistoryBuilder,
  initial?: string,
  note: (text: string) => void = () => {},
): History {
  const around = readSurroundings(file, (name) => operations.nodes.id(name), note);
  try {
    return operations.build({ ...around, ...typesOf(file), initial, decodeContext: decodeToken });
  } catch (error) {
    if (!(error instanceof HistoryError) || error.code !== 'unreadable-value') throw error;
    throw damagedAt(file.path, `operation ${error.ops[0]}`, error.cause);
  }
}

/** How the types of keys are found: our own runs have operations of other kinds, and foreign ones may state a type. */
function typesOf(file: RunFile): Pick<BuildOptions, 'recognised' | 'typeOf'> {
  const { source } = readSummary(file);
  if (source === null) return { recognised: 'own' };
  const stated = DATA_TYPES.find((type) => type === source.type);
  return { recognised: 'all', typeOf: () => stated };
}
