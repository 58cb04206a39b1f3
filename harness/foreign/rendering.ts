/**
 * From rows to events: how an operation of a run file looks in the histories of other tools. Import
 * renders every row that it has made and keeps the original beside it where the two differ, so that
 * export gives back what was read.
 */
import { EVENT_FIELDS, type Field, type StoredRow } from '../store/fields.ts';
import {
  type Convention,
  DATA_FS,
  type EventType,
  type HistoryEvent,
  LONE_KEYS,
} from './events.ts';

/** What import keeps in column `extra`. */
export interface Kept {
  /** The events as they were, where rendering gives something else. */
  readonly invoke?: HistoryEvent;
  readonly end?: HistoryEvent;
  /** Positions of the two in the file, where times do not tell. */
  readonly at?: readonly [number, number | null];
}

/** The f that other tools use, and ours. */
const THEIR_F: Readonly<Record<string, string>> = { 'read-all': 'read', 'read-list': 'read' };

function theirF(f: string): string {
  return THEIR_F[f] ?? f;
}

/** A key as it stands in a tuple: whole numbers as numbers. */
function renderKey(key: string): unknown {
  return /^(0|-?[1-9]\d{0,14})$/.test(key) ? Number(key) : key;
}

function renderValue(row: StoredRow, value: unknown, convention: Convention): unknown {
  const plain = value ?? null;
  const set = row.f === 'read-all' && convention.format !== 'jsonl' && Array.isArray(plain);
  const shown = set ? { $set: plain } : plain;
  const data = DATA_FS.has(theirF(row.f)) && row.key !== null;
  return data && convention.tupled ? [renderKey(row.key!), shown] : shown;
}

function renderError(error: string, convention: Convention): unknown {
  return convention.format === 'jsonl' ? error : { $kw: error };
}

function pick(row: StoredRow, known: Field['known']): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const { name, event } of EVENT_FIELDS[known]) {
    const value = row[name];
    if (value !== undefined && value !== null) picked[event!] = value;
  }
  return picked;
}

/** Fields of an invocation that say something: what is as import would assume is left out. */
function ownInvokeFields(row: StoredRow, convention: Convention): Record<string, unknown> {
  const fields = pick(row, 'invocation');
  if (row.thread < 0) delete fields.thread;
  if (row.phase === 'chaos') delete fields.phase;
  if (row.scheduled === row.invoked) delete fields.scheduled;
  if (row.f !== theirF(row.f)) fields.operation = row.f;
  const lone = row.key === null || Object.values(LONE_KEYS).includes(row.key);
  const inTuple = DATA_FS.has(theirF(row.f)) && convention.tupled;
  if (row.key !== null && !inTuple && !lone) fields.key = row.key;
  return fields;
}

/** How the row's invocation looks. Reads have no value yet. */
export function renderInvoke(row: StoredRow, convention: Convention): HistoryEvent {
  const reads = theirF(row.f) === 'read' || row.f === 'delete';
  return {
    type: row.process === 'nemesis' ? 'info' : 'invoke',
    process: row.process,
    f: theirF(row.f),
    value: renderValue(row, reads ? null : row.value, convention),
    ...(convention.timed ? { time: row.invoked } : {}),
    more: ownInvokeFields(row, convention),
  };
}

/** How its end looks; null while in flight. */
export function renderEnd(row: StoredRow, convention: Convention): HistoryEvent | null {
  if (row.outcome === undefined || row.completed === undefined) return null;
  return {
    type: row.outcome satisfies EventType,
    process: row.process,
    f: theirF(row.f),
    value: renderValue(row, row.value, convention),
    ...(convention.timed ? { time: row.completed } : {}),
    ...(row.error === undefined ? {} : { error: renderError(row.error, convention) }),
    more: pick(row, 'end'),
  };
}
