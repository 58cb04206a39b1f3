/**
 * Seals a saved run: the history is written once more as chunks of columns (`chunk-layout.ts`),
 * which a checker loads at the speed of memory. The rows stay the record. Chunks are used only if
 * their checksums hold and the rows were not touched since: a digest of the table is kept, and
 * triggers note every later change made through SQLite.
 */
import { crc32 } from 'node:zlib';
import { HistoryError } from '../../checkers/history/build.ts';
import type { History, Ragged, Versions } from '../../checkers/history/history.ts';
import { DOT_NUMBERS, firstDot } from '../../checkers/history/versions.ts';
import { Digest, keepDigest, packRows } from '../store/digest.ts';
import { writeFailure } from '../store/errors.ts';
import type { StoredRow } from '../store/op-writer.ts';
import { checksumOf, keepRowChecks, onChange, TRIGGERS_OF_CHECKS } from '../store/row-checks.ts';
import { openRunFile, type RunFile, readSummary } from '../store/run-file.ts';
import { INDEX_SQL } from '../store/views.ts';
import { CHUNK_FORMAT, CHUNK_ROWS, littleEndian, type Numbers, pack } from './chunk-layout.ts';
import { digestRows, type SealHeader } from './chunks.ts';
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
    if (written === null) return readHistory(file, summary);
    return historyOf(file, collectRows(written, summary.nodes));
  } catch (error) {
    if (error instanceof HistoryError) return null;
    throw error;
  }
}

function writeChunks(file: RunFile, history: History): void {
  const put = file.db.prepare(
    'INSERT INTO chunk (seq, n, first_row, t_min, t_max, crc, cols) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  let contextFrom = 0;
  let duplicateFrom = 0;
  let dotFrom = 0;
  for (let seq = 0, from = 0; from < history.n; seq++, from += CHUNK_ROWS) {
    const to = Math.min(history.n, from + CHUNK_ROWS);
    const contextTo = lastContext(history.versions, from, to, contextFrom);
    const dotTo = firstDot(history.versions?.dots ?? new Int32Array(), contextTo) / DOT_NUMBERS;
    const duplicateTo = duplicatesBefore(history.duplicates, to, duplicateFrom);
    const cols = pack([
      Int32Array.of(contextFrom, contextTo, duplicateFrom, duplicateTo, dotFrom, dotTo),
      ...fixedParts(history, from, to),
      ...raggedParts(history.delta, from, to),
      ...raggedParts(history.siblings, from, to),
      ...(history.duplicates === null
        ? []
        : [history.duplicates.subarray(2 * duplicateFrom, 2 * duplicateTo)]),
      ...versionParts(history.versions, from, to, contextFrom, contextTo),
      ...(history.versions === null
        ? []
        : [history.versions.dots.subarray(dotFrom * DOT_NUMBERS, dotTo * DOT_NUMBERS)]),
    ]);
    const [tMin, tMax] = span(history, from, to);
    put.run(seq, to - from, from, tMin, tMax, crc32(cols), cols);
    contextFrom = contextTo;
    dotFrom = dotTo;
    duplicateFrom = duplicateTo;
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
    has: {
      expected: history.expected !== null,
      confidence: history.confidence !== null,
      hops: history.hops !== null,
      server: history.server !== null,
      error: history.error !== null,
      late: history.late !== null,
    },
    unattempted,
  };
}

/** Columns of one number for each operation, in the order of `takeFixed`. */
function fixedParts(history: History, from: number, to: number): Numbers[] {
  const columns: (Numbers | null)[] = [
    history.index,
    history.kind,
    history.status,
    history.flags,
    history.phase,
    history.f,
    history.session,
    history.process,
    history.key,
    history.value,
    history.node,
    history.invoke,
    history.complete,
    history.expected,
    history.confidence,
    history.hops,
    history.server,
    history.error,
    history.late,
  ];
  return columns.flatMap((column) => (column === null ? [] : [column.subarray(from, to)]));
}

function raggedParts(ragged: Ragged | null, from: number, to: number): Numbers[] {
  if (ragged === null) return [];
  const off = ragged.off.subarray(from, to + 1);
  return [off, ragged.data.subarray(off[0], off[off.length - 1])];
}

function versionParts(
  versions: Versions | null,
  from: number,
  to: number,
  contextFrom: number,
  contextTo: number,
): Numbers[] {
  if (versions === null) return [];
  const width = versions.actors.length;
  return [
    versions.dotActor.subarray(from, to),
    versions.dotCounter.subarray(from, to),
    versions.context.subarray(from, to),
    versions.contexts.subarray(contextFrom * width, contextTo * width),
  ];
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
