/**
 * Seals a saved run: the history is written once more as chunks of columns (`chunk-layout.ts`),
 * which a checker loads at the speed of memory. The rows stay the record. Chunks are used only if
 * their checksums hold and the rows were not touched since: a digest of the table is kept, and
 * triggers note every later change made through SQLite.
 */
import { crc32 } from 'node:zlib';
import { HistoryError } from '../../checkers/history/build.ts';
import { OPTIONAL_NAMES } from '../../checkers/history/columns.ts';
import type { History, Versions } from '../../checkers/history/history.ts';
import { DOT_NUMBERS, firstDot } from '../../checkers/history/versions.ts';
import { Digest, keepDigest, packRows } from '../store/digest.ts';
import { writeFailure } from '../store/errors.ts';
import type { StoredRow } from '../store/fields.ts';
import { checksumOf, keepRowChecks, onChange, TRIGGERS_OF_CHECKS } from '../store/row-checks.ts';
import { openRunFile, type RunFile, readSummary } from '../store/run-file.ts';
import { INDEX_SQL } from '../store/views.ts';
import { packChunk, type Ranges, type SealHeader } from './chunk.ts';
import { CHUNK_FORMAT, CHUNK_ROWS, littleEndian } from './chunk-layout.ts';
import { digestRows } from './chunks.ts';
import { historyOf, readHistory } from './columns.ts';
import { collectRows } from './rows.ts';
import { isSealed } from './sealed.ts';

const TRIGGERS = onChange('op', 'UPDATE seal SET changed = 1');

const NO_TRIGGERS = ['insert', 'update', 'delete']
  .map((event) => `DROP TRIGGER IF EXISTS op_changed_by_${event};`)
  .join('\n');

/**
 * Makes the indexes and the chunks of a run, unless it has current ones. A history that cannot be
 * judged (duplicate values, say) gets no chunks: its rows are all there is. `written`: all operations, from
 * whoever has just written them and still has them; else they are read. `reproducible`: the digest of the history is
 * kept, too, and nothing is synced. Throws RunFileError when the file cannot be written.
 */
export function sealRun(
  path: string,
  written: readonly StoredRow[] | null = null,
  reproducible = false,
): void {
  const file = openRunFile(path, { write: true });
  try {
    if (reproducible) file.db.pragma('synchronous = OFF');
    if (isSealed(file)) return;
    const history = judgeable(file, written);
    file.db.transaction(() => {
      file.db.exec(NO_TRIGGERS);
      file.db.exec('DELETE FROM chunk; DELETE FROM seal;');
      file.db.exec(INDEX_SQL);
      keepSums(file, written, reproducible);
      if (littleEndian && history !== null) writeChunks(file, history);
      file.db.exec(TRIGGERS + TRIGGERS_OF_CHECKS);
    })();
  } catch (error) {
    throw writeFailure(path, error);
  } finally {
    file.db.close();
  }
}

/** In one pass over the rows. */
function keepSums(file: RunFile, written: readonly StoredRow[] | null, withDigest: boolean): void {
  const digest = withDigest ? new Digest() : null;
  const checksums: number[] = [];
  for (const block of packRows(file.db, written)) {
    checksums.push(checksumOf(block));
    digest?.add(block);
  }
  keepRowChecks(file.db, checksums);
  if (digest !== null) keepDigest(file.db, digest.hex());
}

function judgeable(file: RunFile, written: readonly StoredRow[] | null): History | null {
  try {
    const summary = readSummary(file);
    const history =
      written === null
        ? readHistory(file, summary)
        : historyOf(file, collectRows(written, summary.nodes));
    // Chunks hold columns only; what stays JSON, or comes again, is read from the rows.
    return history.objects === null ? history : null;
  } catch (error) {
    if (error instanceof HistoryError) return null;
    throw error;
  }
}

function writeChunks(file: RunFile, history: History): void {
  const put = file.db.prepare(
    'INSERT INTO chunk (seq, n, first_row, t_min, t_max, crc, cols) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  let before: Ranges = { contexts: [0, 0], duplicates: [0, 0], dots: [0, 0] };
  for (let seq = 0, from = 0; from < history.n; seq++, from += CHUNK_ROWS) {
    const to = Math.min(history.n, from + CHUNK_ROWS);
    const ranges = rangesOf(history, from, to, before);
    const cols = packChunk(history, from, to, ranges);
    const [tMin, tMax] = span(history, from, to);
    put.run(seq, to - from, from, tMin, tMax, crc32(cols), cols);
    before = ranges;
  }
  const text = JSON.stringify(headerOf(history));
  file.db
    .prepare('INSERT INTO seal (id, format, n, digest, crc, header) VALUES (1, ?, ?, ?, ?, ?)')
    .run(CHUNK_FORMAT, history.n, digestRows(file), crc32(text), text);
}

function headerOf(history: History): SealHeader {
  const { n, sessions, writes, values, keys, nodes, errors, fs, versions } = history;
  const width = versions?.actors.length ?? 0;
  const unattempted: string[] = [];
  for (let id = writes + 1; id <= values; id++) unattempted.push(history.valueText(id));
  return {
    ...{ n, sessions, writes, values, keys, nodes, errors, fs },
    actors: versions?.actors ?? null,
    contexts: versions === null || width === 0 ? 0 : versions.contexts.length / width,
    dots: (versions?.dots.length ?? 0) / DOT_NUMBERS,
    delta: history.delta?.data.length ?? null,
    siblings: history.siblings?.data.length ?? null,
    duplicates: history.duplicates === null ? null : history.duplicates.length / 2,
    has: Object.fromEntries(OPTIONAL_NAMES.map((name) => [name, history[name] !== null])),
    unattempted,
  };
}

/** What the chunk of these operations brings, after those before it. */
function rangesOf(history: History, from: number, to: number, before: Ranges): Ranges {
  const [contextFrom, duplicateFrom, dotFrom] = [
    before.contexts[1],
    before.duplicates[1],
    before.dots[1],
  ];
  const contextTo = lastContext(history.versions, from, to, contextFrom);
  const dots = history.versions?.dots ?? new Int32Array();
  return {
    contexts: [contextFrom, contextTo],
    duplicates: [duplicateFrom, duplicatesBefore(history.duplicates, to, duplicateFrom)],
    dots: [dotFrom, firstDot(dots, contextTo) / DOT_NUMBERS],
  };
}

/** Contexts are numbered by first use in log order, so each chunk brings the next ones. */
function lastContext(versions: Versions | null, from: number, to: number, known: number): number {
  let end = known;
  if (versions === null) return end;
  for (let i = from; i < to; i++) end = Math.max(end, versions.context[i] + 1);
  return end;
}

function duplicatesBefore(duplicates: Int32Array | null, to: number, from: number): number {
  let end = from;
  if (duplicates === null) return end;
  while (2 * end < duplicates.length && duplicates[2 * end] < to) end++;
  return end;
}

/** Earliest invocation and latest known completion, ns. */
function span(history: History, from: number, to: number): [number, number] {
  let min = Number.POSITIVE_INFINITY;
  let max = 0;
  for (let i = from; i < to; i++) {
    const invoke = history.invoke[i];
    const complete = history.complete[i];
    if (invoke < min) min = invoke;
    if (invoke > max) max = invoke;
    if (complete !== Number.POSITIVE_INFINITY && complete > max) max = complete;
  }
  return [min, max];
}
