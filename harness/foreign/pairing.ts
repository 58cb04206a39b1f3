/**
 * From events to rows: an invocation and the next event of its process are one operation. What is
 * an invocation without an end stays in flight; an end without an invocation, or a second
 * invocation of a busy process, is refused.
 */
import { EVENT_FIELDS, type Field, fits, type StoredRow } from '../store/fields.ts';
import { keywordOf, tagged } from './edn.ts';
import {
  type Convention,
  DATA_FS,
  type HistoryEvent,
  LONE_KEYS,
  type ObjectKind,
  type PlacedEvent,
} from './events.ts';
import { malformed } from './malformed.ts';

/** An operation as its two events, and their positions in the file. */
export interface Pair {
  readonly invoke: PlacedEvent;
  readonly invokeAt: number;
  end: PlacedEvent | null;
  endAt: number | null;
}

const isNemesis = (process: number | string): boolean => process === 'nemesis';

/** Pairs in order of invocation. Throws MalformedHistoryError. */
export function pairEvents(events: readonly PlacedEvent[]): Pair[] {
  const pairs: Pair[] = [];
  const open = new Map<number | string, Pair>();
  /** What each process ended last. */
  const last = new Map<number | string, Pair>();
  events.forEach((placed, at) => {
    const { type, process, f } = placed.event;
    // The nemesis says `info` at the beginning and at the end of what it does.
    const who = isNemesis(process) ? `nemesis ${f}` : process;
    const busy = open.get(who);
    const begins = isNemesis(process) ? busy === undefined : type === 'invoke';
    if (begins) {
      if (busy !== undefined) {
        throw malformed(
          placed.place,
          `process ${process} invokes ${f} while its operation of line ${busy.invoke.place.line} is ` +
            'in flight; an operation ends as ok, fail or info before the next begins',
        );
      }
      const pair: Pair = { invoke: placed, invokeAt: at, end: null, endAt: null };
      pairs.push(pair);
      open.set(who, pair);
      return;
    }
    if (busy === undefined) {
      const over = last.get(who);
      const twice =
        over?.end && `its ${over.invoke.event.f} twice: line ${over.end.place.line} had ended it`;
      const what = twice ?? 'an operation that it never invoked';
      throw malformed(placed.place, `process ${process} ends ${what}`);
    }
    if (busy.invoke.event.f !== f) {
      const began = `${busy.invoke.event.f} in line ${busy.invoke.place.line}`;
      throw malformed(placed.place, `process ${process} ends ${f}, but it began ${began}`);
    }
    busy.end = placed;
    busy.endAt = at;
    open.delete(who);
    last.set(who, busy);
  });
  return pairs;
}

/** How the values of all operations on data are written. */
type Shape = Pick<Convention, 'tupled' | 'versioned'>;

/** Whether they are `[key value]`, and whether those values are `[version value]`. */
export function shapeOf(pairs: readonly Pair[]): Shape {
  let some = false;
  let versioned = true;
  let filledReads = false;
  for (const { invoke, end } of pairs) {
    const { process, f, value } = invoke.event;
    if (isNemesis(process) || !DATA_FS.has(f)) continue;
    const tuple = unwrapTuple(value);
    if (tuple === null) return { tupled: false };
    const [, inner] = tuple;
    if (f === 'cas' && !isPair(inner)) return { tupled: false };
    filledReads ||= f === 'read' && inner !== null;
    versioned &&= asksForVersion(f, inner) && (end?.event.type !== 'ok' || isGiven(end.event));
    some = true;
  }
  const tupled = some && (versioned || !filledReads);
  return tupled && versioned ? { tupled, versioned } : { tupled };
}

function isPair(value: unknown): value is readonly [unknown, unknown] {
  return Array.isArray(value) && value.length === 2;
}

/** `[nil value]`: nobody knows the version before the server has answered. */
function asksForVersion(f: string, inner: unknown): boolean {
  if (!isPair(inner) || inner[0] !== null) return false;
  return f === 'cas' ? isPair(inner[1]) : f !== 'read' || inner[1] === null;
}

/** `[key [version value]]`, with a version. */
function isGiven({ value }: HistoryEvent): boolean {
  const inner = unwrapTuple(value)?.[1];
  return isPair(inner) && typeof inner[0] === 'number';
}

/** `[key value]`, also as the record that Jepsen makes of it. */
function unwrapTuple(value: unknown): readonly [unknown, unknown] | null {
  const record = tagged(value, '$tag');
  const inner = Array.isArray(record) ? record[1] : value;
  return Array.isArray(inner) && inner.length === 2 ? [inner[0], inner[1]] : null;
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  return keywordOf(key) ?? JSON.stringify(key);
}

/**
 * The operation on data that an event asks for: key, f and value, out of tuples and transactions.
 */
interface Asked {
  readonly f: string;
  readonly key: string | null;
  readonly value: unknown;
}

const MICRO: Readonly<Record<string, string>> = { r: 'read', w: 'write', append: 'append' };

function askedBy(placed: PlacedEvent, { tupled, versioned }: Shape): Asked {
  const { f, value, more } = placed.event;
  const key = typeof more.key === 'string' ? more.key : null;
  if (f === 'txn') return microOperation(placed);
  // In a file of tuples those of unknown names are on a key, too, which is then out of sight.
  const tuple = tupled && !isNemesis(placed.event.process) ? unwrapTuple(value) : null;
  if (tuple === null) return { f, key, value };
  const [own, inner] = tuple;
  // An end that lost its version has the value alone.
  return { f, key: keyText(own), value: versioned && isPair(inner) ? inner[1] : inner };
}

/** `[[:append k v]]`: a transaction of one operation. */
function microOperation(placed: PlacedEvent): Asked {
  const { value } = placed.event;
  const only = Array.isArray(value) && value.length === 1 ? value[0] : null;
  const [f, key, each] = Array.isArray(only) && only.length === 3 ? only : [];
  const known = MICRO[keywordOf(f) ?? String(f)];
  if (known === undefined) {
    throw malformed(
      placed.place,
      'a transaction of exactly one [:r k v], [:w k v] or [:append k v] is expected; histories of ' +
        'larger transactions cannot be judged here',
    );
  }
  return { f: known, key: keyText(key), value: each ?? null };
}

/** What kind of object each key is, from what is written to it. */
export function objectKinds(pairs: readonly Pair[], shape: Shape): Map<string, ObjectKind> {
  const kinds = new Map<string, ObjectKind>();
  const lists = new Map<string, ObjectKind>();
  /** Keys of which some read returned a number. */
  const numbers = new Set<string>();
  for (const { invoke, end } of pairs) {
    const asked = askedBy(invoke, shape);
    const key = asked.key ?? '';
    if (asked.f === 'add') kinds.set(key, 'set');
    else if (asked.f === 'append') kinds.set(key, 'list');
    else if (asked.f === 'write' || asked.f === 'cas') kinds.set(key, 'register');
    else if (asked.f === 'read' && end !== null) {
      const { value } = askedBy(end, shape);
      if (end.event.type === 'ok' && typeof value === 'number') numbers.add(key);
      if (Array.isArray(value) || tagged(value, '$set')) {
        lists.set(key, invoke.event.f === 'txn' ? 'list' : 'set');
      }
    }
  }
  for (const [key, kind] of lists) if (!kinds.has(key)) kinds.set(key, kind);
  // What is added to and read as a number is a counter; its reads are those of a register.
  for (const key of numbers) if (!lists.has(key)) kinds.set(key, 'register');
  return kinds;
}

/** Elements of a set or list that was read; null where it is neither. */
function elementsOf(value: unknown): unknown[] | null {
  const set = tagged(value, '$set') ?? tagged(value, '$list') ?? value;
  return Array.isArray(set) ? set : null;
}

function errorText(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  return typeof error === 'string' ? error : (keywordOf(error) ?? JSON.stringify(error));
}

const READS: Readonly<Record<ObjectKind, string>> = {
  register: 'read',
  set: 'read-all',
  list: 'read-list',
};

/** The row of a pair, as far as our columns go. `times`: of invocation and end, ns. */
export function rowOf(
  pair: Pair,
  idx: number,
  times: readonly [number, number | null],
  convention: Convention,
  kinds: ReadonlyMap<string, ObjectKind>,
): StoredRow {
  const invoke = pair.invoke.event;
  const asked = askedBy(pair.invoke, convention);
  const kind = kinds.get(asked.key ?? '') ?? 'register';
  const named = typeof invoke.more.operation === 'string' ? invoke.more.operation : null;
  const f = named ?? (asked.f === 'read' ? READS[kind] : asked.f);
  const end = pair.end?.event ?? null;
  const outcome = end === null ? undefined : end.type === 'invoke' ? 'info' : end.type;
  return {
    idx,
    // Other tools may name their processes; the table takes any name.
    process: invoke.process as StoredRow['process'],
    thread: -1,
    phase: 'chaos',
    workload: null,
    f,
    // What is done without a key is done to the one object that there is, known by name or not.
    key: asked.key ?? (isNemesis(invoke.process) ? null : LONE_KEYS[kind]),
    value: rowValue(pair, asked, f, convention),
    node: null,
    scheduled: times[0],
    invoked: times[0],
    ...(times[1] === null ? {} : { completed: times[1] }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(errorText(end?.error) === undefined ? {} : { error: errorText(end?.error) }),
    ...ownFields(invoke, 'invocation'),
    ...(end === null ? {} : ownFields(end, 'end')),
  };
}

/** What was read by an ok read; what was to be written otherwise. */
function rowValue(pair: Pair, asked: Asked, f: string, convention: Convention): unknown {
  if (pair.end === null) return asked.value;
  const ended = askedBy(pair.end, convention).value;
  if (!f.startsWith('read') && f !== 'delete') {
    const known = DATA_FS.has(asked.f) || asked.value !== null;
    return known ? asked.value : ended;
  }
  if (pair.end.event.type !== 'ok') return null;
  if (f !== 'read-all' && f !== 'read-list') return ended;
  const elements = elementsOf(ended);
  if (elements === null && ended !== null) {
    throw malformed(pair.end.place, 'a read of a set or list returns a vector, list or set');
  }
  return elements ?? [];
}

/** Fields of our own rows, where they are of the right kind. */
function ownFields({ more }: HistoryEvent, known: Field['known']): Partial<StoredRow> {
  const found = EVENT_FIELDS[known].flatMap(({ name, event, holds }) => {
    const value = more[event!];
    return value !== undefined && fits(value, holds) ? [[name, value]] : [];
  });
  return Object.fromEntries(found) as Partial<StoredRow>;
}
