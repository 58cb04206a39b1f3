/**
 * Reads the three formats into events: EDN (operation maps one after the other, or in one vector or
 * list), JSON lines, and the log form `INFO jepsen.util - 3 :invoke :write 4`. What is no event is
 * refused with its line and column; lines of a log that are not of an operation are passed over.
 */
import { EdnError, EdnReader, keywordOf, tagged } from './edn.ts';
import { EVENT_TYPES, type EventType, type HistoryEvent, type PlacedEvent } from './events.ts';
import { findJsonError } from './json-error.ts';
import { malformed, type Place } from './malformed.ts';
import { readLines, readPieces } from './source.ts';
import { TimeOrigin, withExactTime } from './time-origin.ts';

export const FORMATS = ['edn', 'jsonl', 'log'] as const;
export type Format = (typeof FORMATS)[number];

/** The format of a file, from its name, else from how it begins. */
export function guessFormat(path: string): Format {
  if (/\.edn$/i.test(path)) return 'edn';
  if (/\.(jsonl|ndjson|json)$/i.test(path)) return 'jsonl';
  const { value: head = '' } = readPieces(path).next();
  const beginning = (head as string).slice(0, 65_536);
  if (/^\s*\{\s*"/.test(beginning)) return 'jsonl';
  if (/^\s*[[({#;]/.test(beginning)) return 'edn';
  return 'log';
}

/** Events in the order of the file. Throws MalformedHistoryError and RunFileError. */
export function readEvents(
  path: string,
  format: Format,
  origin: TimeOrigin = new TimeOrigin(),
): Generator<PlacedEvent> {
  const pieces = readPieces(path);
  switch (format) {
    case 'edn':
      return ednEvents(path, pieces, origin);
    case 'jsonl':
      return jsonEvents(path, readLines(pieces), origin);
    case 'log':
      return logEvents(path, readLines(pieces));
    default:
      return format satisfies never;
  }
}

/** A text that comes in pieces, and how far it was read. */
class EdnWindow {
  readonly #file: string;
  readonly #source: Iterator<string>;
  text = '';
  /** What stands before was read. */
  from = 0;
  /** No more text will follow. */
  ended = false;
  #line = 1;
  #column = 1;

  constructor(file: string, pieces: Iterable<string>) {
    this.#file = file;
    this.#source = pieces[Symbol.iterator]();
  }

  /** Line and column of a position that is not read yet. */
  place(at: number): Place {
    let line = this.#line;
    let last = -1;
    for (;;) {
      const next = this.text.indexOf('\n', last === -1 ? this.from : last + 1);
      if (next === -1 || next >= at) break;
      line++;
      last = next;
    }
    const column = last === -1 ? this.#column + at - this.from : at - last;
    return { file: this.#file, line, column };
  }

  advance(to: number): void {
    ({ line: this.#line, column: this.#column } = this.place(to));
    this.from = to;
  }

  /** Brings the next piece. False when there is none. */
  more(): boolean {
    const next = this.#source.next();
    this.ended = next.done === true;
    if (next.done !== true) {
      this.text = this.text.slice(this.from) + next.value;
      this.from = 0;
    }
    return !this.ended;
  }
}

/** Exported for tests, which cut the text where it hurts. */
export function* ednEvents(
  file: string,
  pieces: Iterable<string>,
  origin: TimeOrigin = new TimeOrigin(),
): Generator<PlacedEvent> {
  const window = new EdnWindow(file, pieces);
  let close = '';
  for (;;) {
    const reader = new EdnReader(window.text, window.from);
    try {
      reader.skip();
      // At the end of a piece anything may go on in the next one.
      if (reader.done && !window.ended) {
        window.more();
        continue;
      }
      window.advance(reader.at);
      if (reader.done) {
        if (close === '') return;
        throw new EdnError(reader.at, `the ${close} at the end is missing`);
      }
      if (close === '' && (reader.next === '[' || reader.next === '(')) {
        close = reader.next === '[' ? ']' : ')';
        window.advance(reader.at + 1);
        continue;
      }
      if (close !== '' && reader.next === close) {
        close = '';
        window.advance(reader.at + 1);
        continue;
      }
      const form = reader.form();
      const place = window.place(window.from);
      window.advance(reader.at);
      yield { event: eventOf(form, place, origin), place };
    } catch (error) {
      if (!(error instanceof EdnError)) throw error;
      if (!error.ended || window.ended) throw malformed(window.place(error.at), error.message);
      window.more();
    }
  }
}

/** A line of an array with an element on each line, without what joins them. */
function elementOf(line: string): string {
  const element = line.replace(/^\[\s*(?=\{|$)/, '').replace(/,\s*$/, '');
  return element.replace(/(^|\})\s*\]$/, '$1');
}

function* jsonEvents(
  file: string,
  lines: Iterable<string>,
  origin: TimeOrigin,
): Generator<PlacedEvent> {
  let line = 0;
  /** The whole file is one array. */
  let isArray: boolean | null = null;
  for (const text of lines) {
    line++;
    let trimmed = text.trim();
    if (trimmed === '') continue;
    isArray ??= trimmed.startsWith('[');
    if (isArray) trimmed = elementOf(trimmed);
    if (trimmed === '') continue;
    const column = text.indexOf(trimmed[0]) + 1;
    let parsed: unknown;
    try {
      parsed = JSON.parse(trimmed);
    } catch {
      const wrong = findJsonError(trimmed);
      throw malformed(
        { file, line, column: column + (wrong?.at ?? 0) },
        `this is no JSON: ${wrong?.what ?? 'a value is expected'}`,
      );
    }
    const place = { file, line, column };
    yield { event: eventOf(withExactTime(parsed, trimmed), place, origin), place };
  }
}

/** `jepsen.util - 3 :invoke`, `jepsen worker 3 - jepsen.util 3 :invoke`, or the same without anything before it. */
const LOG_LINE = /(?:jepsen\.util\s+(?:-\s+)?|^\s*)(?=(\d+|:nemesis)\s+:(?:invoke|ok|fail|info)\b)/;

function* logEvents(file: string, lines: Iterable<string>): Generator<PlacedEvent> {
  let line = 0;
  let seen = 0;
  for (const text of lines) {
    line++;
    const match = LOG_LINE.exec(text);
    if (match === null) continue;
    const from = match.index + match[0].length;
    const place = { file, line, column: from + 1 };
    try {
      yield { event: logEvent(text, from, place), place };
      seen++;
    } catch (error) {
      if (!(error instanceof EdnError)) throw error;
      throw malformed({ file, line, column: error.at + 1 }, error.message);
    }
  }
  if (seen === 0) {
    throw malformed(
      { file, line: 1, column: 1 },
      'no operation was found; lines such as `INFO jepsen.util - 3 :invoke :write 4` are expected ' +
        '(--format edn or jsonl for the other formats)',
    );
  }
}

/** `3 :invoke :write 4`, then perhaps an error. */
function logEvent(text: string, from: number, place: Place): HistoryEvent {
  const reader = new EdnReader(text, from);
  const parts: unknown[] = [];
  for (reader.skip(); !reader.done; reader.skip()) parts.push(reader.form());
  const [process, type, f, ...rest] = parts;
  const more: Record<string, unknown> = {};
  if (rest.length > 2) more.rest = rest.slice(2);
  const fields = { process, type, f, value: rest[0] ?? null };
  // An operation that failed may have its error in the place of the value.
  const [value, error] = rest;
  const ending = type !== undefined && keywordOf(type) !== 'invoke' && keywordOf(type) !== 'ok';
  if (ending && error === undefined && keywordOf(value) !== null && process !== 'nemesis') {
    return eventOf({ ...fields, value: null, error: value, ...more }, place);
  }
  return eventOf({ ...fields, ...(error === undefined ? {} : { error }), ...more }, place);
}

/** A word: a keyword of EDN, a symbol or a string. */
function wordOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  const symbol = tagged(value, '$sym');
  return keywordOf(value) ?? (typeof symbol === 'string' ? symbol : null);
}

/** Micro-operations, `[[f key value] ...]`: some tools leave out that they are a transaction. */
function isTransaction(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((each) => Array.isArray(each) && each.length === 3)
  );
}

/** Nothing, or a number that is exact. */
function isWhole(number: unknown): boolean {
  return number === undefined || number === null || Number.isSafeInteger(number);
}

/** Checks that a form is an operation map. */
function eventOf(form: unknown, place: Place, origin = new TimeOrigin()): HistoryEvent {
  const record = tagged(form, '$tag');
  const map = Array.isArray(record) ? record[1] : form;
  if (typeof map !== 'object' || map === null || Array.isArray(map) || tagged(map, '$kw')) {
    throw malformed(place, 'an operation map is expected here, such as {:type :invoke ...}');
  }
  const { type, process, f, value, time, index, error, ...more } = map as Record<string, unknown>;
  if (type === undefined && 'Call' in map && 'Return' in map) {
    throw malformed(
      place,
      'this is an operation as Porcupine keeps it (ClientId, Call, Return); two events with type, process, f ' +
        'and value are expected, one for its beginning and one for its end',
    );
  }
  const kind = wordOf(type);
  if (kind === null || !EVENT_TYPES.includes(kind as EventType)) {
    throw malformed(
      place,
      `type is ${JSON.stringify(type)}; it is one of ${EVENT_TYPES.join(', ')}`,
    );
  }
  const who = typeof process === 'number' && Number.isInteger(process) ? process : wordOf(process);
  if (who === null) throw malformed(place, `process is ${JSON.stringify(process)}; it is a number`);
  const what = wordOf(f) ?? (f === undefined && isTransaction(value) ? 'txn' : null);
  if (what === null) throw malformed(place, `f is ${JSON.stringify(f)}; it is a name`);
  const at = time === undefined || time === null ? undefined : origin.since(time);
  const wrong = at === null ? { time } : isWhole(index) ? {} : { index };
  for (const [name, number] of Object.entries(wrong)) {
    const shown = tagged(number, '$num') ?? JSON.stringify(number);
    throw malformed(place, `${name} is ${shown}; it is a whole number`);
  }
  return {
    type: kind as EventType,
    process: who,
    f: what,
    value: value ?? null,
    ...(typeof at === 'number' ? { time: at } : {}),
    ...(typeof index === 'number' ? { index } : {}),
    ...(error === undefined || error === null ? {} : { error }),
    more,
  };
}
