/** Judges whatever a person names: a stored run, or a history file of another tool. */
import { existsSync, statSync } from 'node:fs';
import { asRunFile, readForeign } from '../foreign/import.ts';
import { FORMATS } from '../foreign/read-events.ts';
import { findRun } from '../store/find-run.ts';
import { looksLikeSqlite } from '../store/run-file.ts';
import { type Judgement, type JudgeOptions, judgeOpen, judgeRun } from './judge.ts';
import type { SecondThread } from './second-thread.ts';

export interface CheckWhateverOptions extends JudgeOptions {
  /** Format of a history file; guessed where left out. */
  readonly format?: string;
}

/**
 * A file that is no SQLite file is a history of another tool; its verdict is not stored. Throws
 * what reading either kind throws. `early`: as for `judgeRun`.
 */
export function checkWhatever(
  results: string,
  wanted: string,
  options: CheckWhateverOptions = {},
  early: SecondThread | null = null,
): Judgement {
  const { format, ...judging } = options;
  if (!isHistoryFile(wanted)) return judgeRun(findRun(results, wanted), judging, early);
  const imported = readForeign(
    wanted,
    FORMATS.find((each) => each === format),
  );
  const file = asRunFile(imported);
  try {
    return judgeOpen(file, { ...judging, store: false }, imported.notes);
  } finally {
    file.db.close();
  }
}

function isHistoryFile(path: string): boolean {
  if (/\.(edn|jsonl|ndjson|log)$/i.test(path)) return true;
  return existsSync(path) && statSync(path).isFile() && !looksLikeSqlite(path);
}
