/**
 * Reads a history file of another tool into rows, and rows into a run file. Nothing of the file is
 * lost: what has no column is kept in `extra`, and `export-run.ts` gives it back.
 */

import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { saveRun } from '../columns/save.ts';
import { RunFileError } from '../store/errors.ts';
import type { StoredRow } from '../store/fields.ts';
import { inMemoryRunFile } from '../store/new-run-file.ts';
import { openRun } from '../store/recorder.ts';
import type { RunHeader } from '../store/records.ts';
import { runDirectory } from '../store/results.ts';
import type { RunFile } from '../store/run-file.ts';
import type { Convention, HistoryEvent, PlacedEvent } from './events.ts';
import { sameEvent } from './events.ts';
import { objectKinds, type Pair, pairEvents, rowOf, shapeOf } from './pairing.ts';
import { type Format, guessFormat, readEvents } from './read-events.ts';
import { type Kept, renderEnd, renderInvoke } from './rendering.ts';
import { TimeOrigin } from './time-origin.ts';

export interface ImportedHistory {
  readonly file: string;
  readonly rows: readonly StoredRow[];
  readonly convention: Convention;
  /** Names of nodes that the operations carry. */
  readonly nodes: readonly string[];
  /** What was odd, a sentence each. */
  readonly notes: readonly string[];
}

/** Throws MalformedHistoryError and RunFileError. */
export function readForeign(path: string, format: Format = guessFormat(path)): ImportedHistory {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new RunFileError(
      'run-file-missing',
      path,
      `there is no file ${path}: give the path of a history (.edn, .jsonl, .log)`,
    );
  }
  const events: PlacedEvent[] = [];
  const origin = new TimeOrigin();
  for (const placed of readEvents(path, format, origin)) events.push(placed);
  const read = rowsOf(events, format);
  if (origin.away === null) return { file: path, ...read };
  const counted = `times of this history are counted from its first one, ${origin.away} ns`;
  return { file: path, ...read, notes: [...read.notes, counted] };
}

/** The same for events that are there already. */
function rowsOf(events: readonly PlacedEvent[], format: Format): Omit<ImportedHistory, 'file'> {
  const notes: string[] = [];
  const pairs = pairEvents(events);
  const convention: Convention = {
    format,
    ...shapeOf(pairs),
    timed: events.length > 0 && events.every(({ event }) => event.time !== undefined),
    indexed: events.length > 0 && events.every(({ event }, at) => event.index === at),
  };
  const times = timesOf(events, convention.timed, notes);
  const kinds = objectKinds(pairs, convention);
  const rows = pairs.map((pair, idx) => {
    const own = [times[pair.invokeAt], pair.endAt === null ? null : times[pair.endAt]] as const;
    return rowOf(pair, idx, own, convention, kinds);
  });
  const marked = markFinal(rows);
  const keepPlaces = !timesTell(pairs, times);
  const kept = marked.map((row, i) => withKept(row, pairs[i], convention, keepPlaces));
  const nodes = [...new Set(kept.flatMap((row) => [row.node, row.server]))];
  return {
    rows: kept,
    convention,
    nodes: nodes.filter((node) => node !== null && node !== undefined).sort(),
    notes,
  };
}

/** Times by position: those of the file, made monotonic; else the positions themselves. */
function timesOf(events: readonly PlacedEvent[], timed: boolean, notes: string[]): Float64Array {
  const times = new Float64Array(events.length);
  let latest = Number.NEGATIVE_INFINITY;
  let backwards = 0;
  events.forEach(({ event }, at) => {
    const time = timed ? event.time! : at;
    if (time < latest) backwards++;
    latest = Math.max(latest, time);
    times[at] = latest;
  });
  if (backwards > 0) {
    notes.push(
      `the clock of this history runs backwards at ${backwards} places; the order of its lines counts`,
    );
  }
  return times;
}

/** Whether sorting by time and idx gives the order of the file back. */
function timesTell(pairs: readonly Pair[], times: Float64Array): boolean {
  const order = sortedEvents(
    pairs.map((pair) => ({
      invoked: times[pair.invokeAt],
      completed: pair.endAt === null ? null : times[pair.endAt],
    })),
  );
  return order.every(([idx, end], at) => {
    const pair = pairs[idx];
    return (end ? pair.endAt : pair.invokeAt) === at;
  });
}

/** Invocations and ends in order of time; at one time those of the earlier operation first. */
export function sortedEvents(
  rows: readonly { readonly invoked: number; readonly completed?: number | null }[],
): (readonly [idx: number, end: boolean])[] {
  const events: [number, boolean][] = [];
  rows.forEach((row, i) => {
    events.push([i, false]);
    if (row.completed !== undefined && row.completed !== null) events.push([i, true]);
  });
  const time = ([i, end]: readonly [number, boolean]): number =>
    end ? rows[i].completed! : rows[i].invoked;
  return events.sort((a, b) => time(a) - time(b) || a[0] - b[0] || Number(a[1]) - Number(b[1]));
}

/**
 * A read of a key that began after everything written to it had ended is a final read. A file that
 * says itself which ones are final is believed.
 */
function markFinal(rows: readonly StoredRow[]): StoredRow[] {
  if (rows.some((row) => row.final !== undefined)) return [...rows];
  const settled = new Map<string, number>();
  for (const row of rows) {
    if (row.key === null || row.f.startsWith('read')) continue;
    const until = Math.max(row.invoked, row.completed ?? row.invoked);
    settled.set(row.key, Math.max(settled.get(row.key) ?? 0, until));
  }
  return rows.map((row) => {
    const reads = row.f.startsWith('read') && row.key !== null && row.process !== 'nemesis';
    const after = reads ? settled.get(row.key!) : undefined;
    return after !== undefined && row.invoked > after ? { ...row, final: true } : row;
  });
}

/** Keeps the events themselves where the row does not give them back. */
function withKept(
  row: StoredRow,
  pair: Pair,
  convention: Convention,
  keepPlaces: boolean,
): StoredRow {
  const indexed = (event: HistoryEvent, at: number): HistoryEvent =>
    convention.indexed ? { ...event, index: at } : event;
  const invoke = pair.invoke.event;
  const end = pair.end?.event ?? null;
  const kept: { -readonly [Name in keyof Kept]: Kept[Name] } = {};
  if (!sameEvent(invoke, indexed(renderInvoke(row, convention), pair.invokeAt))) {
    kept.invoke = invoke;
  }
  const rendered = renderEnd(row, convention);
  if (end !== null && (!rendered || !sameEvent(end, indexed(rendered, pair.endAt!)))) {
    kept.end = end;
  }
  if (keepPlaces) kept.at = [pair.invokeAt, pair.endAt];
  return Object.keys(kept).length === 0
    ? row
    : { ...row, extra: kept as Readonly<Record<string, unknown>> };
}

function headerOf(history: ImportedHistory, name: string): RunHeader {
  return {
    runId: `import-${Date.now().toString(36)}-${process.pid.toString(36)}`,
    name,
    seed: null,
    startedAt: new Date().toISOString(),
    nodes: history.nodes,
    config: {},
    versions: { node: process.versions.node },
    environment: {},
    replay: '',
    source: { file: basename(history.file), ...history.convention, notes: history.notes },
  };
}

/** Makes a run file of a history; returns its folder. Throws RunFileError. */
export function storeImported(history: ImportedHistory, results: string, name: string): string {
  const header = headerOf(history, name);
  const dir = runDirectory(results, header);
  const recorder = openRun(dir, header);
  let last = 0;
  for (const row of history.rows) {
    recorder.invoke(row);
    last = Math.max(last, row.completed ?? row.invoked);
  }
  recorder.state('done');
  saveRun(recorder, last);
  return dir;
}

/** The same in memory, for judging a file without keeping it. */
export function asRunFile(history: ImportedHistory): RunFile {
  const db = inMemoryRunFile(headerOf(history, basename(history.file)), history.rows);
  return { path: history.file, db, damage: null };
}
