/**
 * The filter box: `key:set-1 f:read t:info p:3 n:n2 s:n1 after:30s before:40s fault:2 bad text !text`. Words that belong
 * together must all hold; `!` turns one around. Pure: a text in, a test of rows out, or what is wrong with it.
 */
import { OUTCOMES } from '../columns.ts';
import { Rank, type World } from './world.ts';

type Test = (row: number) => boolean;

export interface Filter {
  readonly test: Test | null;
  /** What is wrong with the text, for the person who typed it. */
  readonly problem: string | null;
}

const HELP =
  'known are key: f: t: p: n: s: error: phase: after: before: fault: bad, a word, and ! before any of them';

/** us of `30`, `30s`, `250ms`. */
function timeOf(text: string): number | null {
  const found = /^(\d+(?:\.\d+)?)(s|ms|us)?$/.exec(text);
  if (found === null) return null;
  const unit = found[2] ?? 's';
  return Number(found[1]) * (unit === 's' ? 1e6 : unit === 'ms' ? 1e3 : 1);
}

function matching(names: readonly string[], text: string): ReadonlySet<number> {
  const exact = names.indexOf(text);
  if (exact >= 0) return new Set([exact]);
  const wanted = text.toLowerCase();
  return new Set(names.flatMap((name, i) => (name.toLowerCase().includes(wanted) ? [i] : [])));
}

function termOf(word: string, world: World): Test | string {
  const { columns, data, rank } = world;
  const colon = word.indexOf(':');
  const name = colon < 0 ? '' : word.slice(0, colon);
  const value = word.slice(colon + 1);
  const ofClass = (test: (kind: number) => boolean): Test => {
    const holds = columns.classes.map((_, kind) => test(kind));
    return (row) => holds[columns.kind[row]];
  };
  switch (name) {
    case 'key': {
      const keys = matching(data.keys, value);
      return (row) => keys.has(columns.key[row]);
    }
    case 'f':
      return ofClass((kind) => columns.classes[kind].f === value);
    case 't': {
      const outcome = OUTCOMES.findIndex((each) => each === value);
      if (outcome < 0) return `t:${value} is no outcome; there are ${OUTCOMES.join(', ')}`;
      return (row) => columns.outcome[row] === outcome;
    }
    case 'p':
      return (row) => columns.process[row] === Number(value);
    case 'n':
    case 's': {
      const nodes = matching(data.nodes, value);
      if (nodes.size === 0) return `there is no node ${value}; there are ${data.nodes.join(', ')}`;
      const column = name === 'n' ? columns.node : columns.server;
      return (row) => nodes.has(column[row]);
    }
    case 'error': {
      const errors = matching(data.errors, value);
      return (row) => errors.has(columns.error[row]);
    }
    case 'phase':
      return ofClass((kind) => columns.classes[kind].phase === value);
    case 'after':
    case 'before': {
      const us = timeOf(value);
      if (us === null) return `${word} has no time; say ${name}:30s or ${name}:250ms`;
      return name === 'after'
        ? (row) => columns.invoke[row] >= us
        : (row) => columns.invoke[row] < us;
    }
    case 'fault': {
      const fault = data.faults.find((each) => String(each.id) === value);
      if (fault === undefined) return `there is no fault ${value}`;
      const [from, to] = [fault.start / 1e3, fault.end === null ? Infinity : fault.end / 1e3];
      return (row) => columns.invoke[row] >= from && columns.invoke[row] <= to;
    }
    case '':
      return word === 'bad' ? (row) => rank[row] === Rank.violating : wordTest(word, world);
    default:
      return `${name}: means nothing here; ${HELP}`;
  }
}

/** A word is looked for in keys, errors, names of operations, and in the values that the page knows. */
function wordTest(word: string, world: World): Test {
  const { columns, data, known } = world;
  const keys = matching(data.keys, word);
  const errors = matching(data.errors, word);
  const fs = columns.classes.map(({ f }) => f.includes(word));
  const values = new Set<number>();
  for (const { idx, value, message } of known.values()) {
    if (value?.includes(word) || message?.includes(word)) values.add(idx);
  }
  return (row) =>
    keys.has(columns.key[row]) ||
    errors.has(columns.error[row]) ||
    fs[columns.kind[row]] ||
    values.has(columns.idx[row]);
}

export function parseFilter(text: string, world: World): Filter {
  const words = text.split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) return { test: null, problem: null };
  const tests: Test[] = [];
  for (const word of words) {
    const isNot = word.startsWith('!') && word.length > 1;
    const term = termOf(isNot ? word.slice(1) : word, world);
    if (typeof term === 'string') return { test: null, problem: term };
    tests.push(isNot ? (row) => !term(row) : term);
  }
  return { test: (row) => tests.every((test) => test(row)), problem: null };
}
