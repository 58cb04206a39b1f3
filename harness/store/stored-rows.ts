/** Rows of table `op` as they were recorded, every column, one after the other. */
import type { Phase } from '../../checkers/history/history.ts';
import type { Outcome } from '../generator/operation.ts';
import { cellJson, damagedAt } from './errors.ts';
import type { StoredRow } from './op-writer.ts';
import type { RunFile } from './run-file.ts';

interface Raw {
  readonly idx: number;
  readonly process: number | 'nemesis';
  readonly f: string;
  readonly outcome: Outcome | null;
  readonly invoked: number;
  readonly completed: number | null;
  readonly thread: number;
  readonly node: string | null;
  readonly key: string | null;
  readonly value: string | null;
  readonly phase: Phase;
  readonly workload: string | null;
  readonly final: number | null;
  readonly error: string | null;
  readonly message: string | null;
  readonly scheduled: number;
  readonly confidence: number | null;
  readonly warnings: number | null;
  readonly stale: number | null;
  readonly server: string | null;
  readonly hops: number | null;
  readonly version: string | null;
  readonly siblings: string | null;
  readonly sent_context: string | null;
  readonly context: string | null;
  readonly extra: string | null;
}

/** In order of `idx`. Throws RunFileError for a damaged row; what SQLite throws goes to the caller, too. */
export function* storedRows(file: RunFile): Generator<StoredRow> {
  for (const raw of file.db.prepare<[], Raw>('SELECT * FROM op ORDER BY idx').iterate()) {
    if (!isOperation(raw)) {
      throw damagedAt(file.path, `operation ${raw.idx}`, 'its columns are not what was written');
    }
    yield rowOf(raw, file.path);
  }
}

/** A row of a damaged page may have anything anywhere, mostly nothing. */
function isOperation({ process, f, thread, phase, scheduled, invoked }: Raw): boolean {
  return (
    (typeof process === 'number' || typeof process === 'string') &&
    typeof f === 'string' &&
    typeof phase === 'string' &&
    typeof thread === 'number' &&
    typeof scheduled === 'number' &&
    typeof invoked === 'number'
  );
}

function rowOf(raw: Raw, path: string): StoredRow {
  const given = <Value>(value: Value | null): Value | undefined => value ?? undefined;
  const bit = (value: number | null): boolean | undefined =>
    value === null ? undefined : value === 1;
  const json = <Value>(text: string): Value => cellJson(path, `operation ${raw.idx}`, text);
  return {
    idx: raw.idx,
    process: raw.process,
    thread: raw.thread,
    phase: raw.phase,
    workload: raw.workload,
    f: raw.f,
    key: raw.key,
    value: raw.value === null ? null : json(raw.value),
    node: raw.node,
    scheduled: raw.scheduled,
    invoked: raw.invoked,
    completed: given(raw.completed),
    outcome: given(raw.outcome),
    final: bit(raw.final),
    error: given(raw.error),
    message: given(raw.message),
    confidence: given(raw.confidence),
    warnings: given(raw.warnings),
    stale: bit(raw.stale),
    server: given(raw.server),
    hops: given(raw.hops),
    version: given(raw.version),
    siblings: raw.siblings === null ? undefined : json<unknown[]>(raw.siblings),
    sentContext: given(raw.sent_context),
    context: given(raw.context),
    extra: raw.extra === null ? undefined : json(raw.extra),
  };
}
