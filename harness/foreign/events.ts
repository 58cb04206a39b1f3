/**
 * Events of a history as other tools write them: Jepsen's operation maps, two for each operation
 * (an invocation and its end). The one form between all file formats and the rows of a run file.
 * Values are JSON values, with EDN's own kinds as `edn.ts` marks them.
 */
import type { Place } from './malformed.ts';

export type EventType = 'invoke' | 'ok' | 'fail' | 'info';
export const EVENT_TYPES: readonly EventType[] = ['invoke', 'ok', 'fail', 'info'];

export interface HistoryEvent {
  readonly type: EventType;
  /** A number, or a name such as `nemesis`. */
  readonly process: number | string;
  readonly f: string;
  /** null also where the file has none. */
  readonly value: unknown;
  /** ns since the start, or since whatever the file counts from where that is exact. */
  readonly time?: number;
  readonly index?: number;
  readonly error?: unknown;
  /** All other fields of the map. */
  readonly more: Readonly<Record<string, unknown>>;
}

/** An event and where it stands. */
export interface PlacedEvent {
  readonly event: HistoryEvent;
  readonly place: Place;
}

/** The four operations on one object that histories of other tools have. */
export type ObjectKind = 'register' | 'set' | 'list';

/** How a whole file is written, found out before its operations are paired. */
export interface Convention {
  readonly format: 'edn' | 'jsonl' | 'log';
  /** Values of operations on data are `[key value]`: Jepsen's independent keys. */
  readonly tupled: boolean;
  /** What is in the tuples is `[version value]`, with versions that the server gives. */
  readonly versioned?: boolean;
  readonly timed: boolean;
  readonly indexed: boolean;
}

/** f of operations on data, as other tools name them. `txn` holds one micro-operation. */
export const DATA_FS: ReadonlySet<string> = new Set([
  'read',
  'write',
  'cas',
  'add',
  'append',
  'delete',
]);

/** Name of the one object of a file without keys. */
export const LONE_KEYS: Readonly<Record<ObjectKind, string>> = {
  register: 'register',
  set: 'set',
  list: 'list',
};

/** Whether two JSON values are the same; the order of keys does not matter. */
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, i) => same(each, b[i]));
  }
  const left = Object.entries(a).filter(([, value]) => value !== undefined);
  const right = b as Record<string, unknown>;
  const size = Object.values(right).filter((value) => value !== undefined).length;
  return left.length === size && left.every(([key, value]) => same(value, right[key]));
}

export function sameEvent(a: HistoryEvent, b: HistoryEvent): boolean {
  return (
    a.type === b.type &&
    a.process === b.process &&
    a.f === b.f &&
    a.time === b.time &&
    a.index === b.index &&
    same(a.value ?? null, b.value ?? null) &&
    same(a.error ?? null, b.error ?? null) &&
    same(a.more, b.more)
  );
}
