/**
 * A run as a history for other tools: EDN and JSON lines with Jepsen's operation maps (invocation
 * and end apart, keys as `[k v]`), and CSV with one line for each operation.
 */
import type { StoredRow } from '../store/fields.ts';
import { openRunFile, type RunFile, readSummary } from '../store/run-file.ts';
import { columnNames } from '../store/schema.ts';
import { storedRows } from '../store/stored-rows.ts';
import { writeEdn } from './edn.ts';
import type { Convention, HistoryEvent } from './events.ts';
import { sortedEvents } from './import.ts';
import { type Kept, renderEnd, renderInvoke } from './rendering.ts';

export const EXPORT_FORMATS = ['edn', 'jsonl', 'csv'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Lines of the exported history, without their ends. Throws RunFileError. */
export function* exportRun(path: string, format: ExportFormat): Generator<string> {
  const file = openRunFile(path);
  try {
    switch (format) {
      case 'csv':
        yield* csvLines(file);
        return;
      case 'edn':
        for (const event of eventsOf(file, format)) yield ednLine(event);
        return;
      case 'jsonl':
        for (const event of eventsOf(file, format)) yield JSON.stringify(fieldsOf(event));
        return;
      default:
        format satisfies never;
    }
  } finally {
    file.db.close();
  }
}

/** How the run was written where it came from; our own runs have keys and times. */
function conventionOf(file: RunFile, format: 'edn' | 'jsonl'): Convention {
  const { source } = readSummary(file);
  return {
    format,
    tupled: source === null || source.tupled === true,
    timed: source === null || source.timed === true,
    indexed: source === null || source.indexed === true,
  };
}

/** Events in the order in which they happened. */
function* eventsOf(file: RunFile, format: 'edn' | 'jsonl'): Generator<HistoryEvent> {
  const convention = conventionOf(file, format);
  const rows = [...storedRows(file)];
  let index = 0;
  for (const [i, end] of placesOf(rows)) {
    const row = rows[i];
    const kept = row.extra as Kept | undefined;
    const original = end ? kept?.end : kept?.invoke;
    const event = original ?? (end ? renderEnd(row, convention) : renderInvoke(row, convention));
    if (event === null) continue;
    const at = index++;
    yield original === undefined && convention.indexed ? { ...event, index: at } : event;
  }
}

/** By the places in the original file where those are known, else by time. */
function placesOf(rows: readonly StoredRow[]): (readonly [number, boolean])[] {
  const placed = rows.map((row) => (row.extra as Kept | undefined)?.at);
  if (!placed.some((at) => at !== undefined)) return sortedEvents(rows);
  const events = placed.flatMap((at, i) => {
    const [invoke, end] = at ?? [Number.POSITIVE_INFINITY, null];
    const both: [number, readonly [number, boolean]][] = [[invoke, [i, false]]];
    if (end !== null) both.push([end, [i, true]]);
    return both;
  });
  return events.sort((a, b) => a[0] - b[0]).map(([, event]) => event);
}

function fieldsOf(event: HistoryEvent): Record<string, unknown> {
  const { type, process, f, value, time, index, error, more } = event;
  return {
    ...(index === undefined ? {} : { index }),
    type,
    process,
    f,
    value: value ?? null,
    ...(time === undefined ? {} : { time }),
    ...(error === undefined ? {} : { error }),
    ...more,
  };
}

function ednLine(event: HistoryEvent): string {
  const { type, process, f, ...rest } = fieldsOf(event);
  return writeEdn({
    type: { $kw: type },
    process: typeof process === 'string' ? { $kw: process } : process,
    f: { $kw: f },
    ...rest,
  });
}

/** RFC 4180; the columns of table `op`. */
function* csvLines(file: RunFile): Generator<string> {
  const names = columnNames('op');
  yield names.join(',');
  const rows = file.db
    .prepare<[], (string | number | null)[]>(`SELECT ${names.join(', ')} FROM op ORDER BY idx`)
    .raw();
  for (const row of rows.iterate()) yield row.map(csvCell).join(',');
}

function csvCell(value: string | number | null): string {
  if (value === null) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
