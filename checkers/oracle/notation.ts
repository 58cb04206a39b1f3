/**
 * A small notation for histories, so that tests and the reference state them literally:
 *
 *   A w x 1; B r x 1 || C w y 2; B readall s {1 2} final
 *
 * Steps are separated by `;` and follow one another in real time; operations of one step, separated by
 * `||` or `‖`, overlap. An operation is `<session> <verb> [<key>] <argument> <mark>...`:
 *
 *   w x 1         write                    r x 0            read; 0 is the initial value
 *   cas x 1 2     compare and set 1 by 2   del x            delete
 *   add [s] 1     add to a set             readall [s] {1 2}  read of a whole set
 *   append [l] 1  append to a list         readlist [l] [1,2] read of a whole list
 *
 *   enqueue 1, dequeue 1, dequeue, drain [1]         a queue      generate 7            a source of ids
 *   acquire 3, release                               a lock, with or without a token
 *   increment c 1, decrement c 1, r c 0              a counter
 *   transfer {0 1 5}, readbank {5 15}                accounts
 *   put k "a", append k "b", get k "ab"              a key with a text
 *
 * Marks: `ok` (where none is given), `fail`, `info`; `final`, `stale`, `warned`; `@2-4` spans steps 2 to
 * 4; `t[0,10]` and `t[0,info]` give the times in ms; `on n2` names the node; `error refused`,
 * `hops 2` and `confidence 0.9` say what the answer said. A session talks to a node
 * of its own (A to n1, B to n2 ...) unless told otherwise. The key may be left out for sets and lists.
 */
import { buildHistory, type PlainOperation } from '../history/build.ts';
import type { History } from '../history/history.ts';

const nsPerMs = 1e6;
/** A step lasts this long, and a tenth of it passes until the next. */
const stepNs = 10 * nsPerMs;

const verbs: Readonly<Record<string, string>> = {
  w: 'write',
  write: 'write',
  r: 'read',
  read: 'read',
  cas: 'cas',
  del: 'delete',
  delete: 'delete',
  add: 'add',
  readall: 'read-all',
  append: 'append',
  readlist: 'read-list',
  readbank: 'read',
  ...Object.fromEntries(
    ['increment', 'decrement', 'put', 'get', 'enqueue', 'dequeue', 'drain'].map((f) => [f, f]),
  ),
  ...Object.fromEntries(['transfer', 'acquire', 'release', 'generate'].map((f) => [f, f])),
};

/** Keys of objects of which there is one. */
const objectKeys: Readonly<Record<string, string>> = {
  ...{ enqueue: 'queue', dequeue: 'queue', drain: 'queue' },
  ...{ acquire: 'lock', release: 'lock', generate: 'ids', transfer: 'bank' },
};

interface Draft {
  process: string;
  f: string;
  key: string;
  value: unknown;
  expected?: unknown;
  status: 'ok' | 'fail' | 'info';
  invoke: number;
  complete: number | null;
  node: string;
  final?: boolean;
  stale?: boolean;
  warned?: boolean;
  error?: string;
  hops?: number;
  confidence?: number;
}

/** A token is a bracketed list or a word. */
function tokens(text: string): string[] {
  return text.match(/t\[[^\]]*\]|\{[^}]*\}|\[[^\]]*\]|\S+/g) ?? [];
}

function scalar(token: string): unknown {
  return /^-?\d+(\.\d+)?$/.test(token) ? Number(token) : token;
}

function list(token: string): unknown[] {
  return token
    .slice(1, -1)
    .split(/[\s,]+/)
    .filter((each) => each !== '')
    .map(scalar);
}

/** A number, a text in quotes, or a list in brackets or braces. */
const isArgument = (token: string): boolean => /^(-?\d|"|\[|\{)/.test(token);

function argument(token: string): unknown {
  if (/^[{[]/.test(token)) return list(token);
  return token.startsWith('"') ? JSON.parse(token) : scalar(token);
}

const initialIsNull = (value: unknown): unknown => (value === 0 || value === '-' ? null : value);

/** Takes key and argument off `rest`. */
function argue(draft: Draft, rest: string[], text: string): void {
  const take = (): string => {
    const token = rest.shift();
    if (token === undefined) throw new SyntaxError(`"${text}" ends too early`);
    return token;
  };
  switch (draft.f) {
    case 'enqueue':
    case 'dequeue':
    case 'drain':
    case 'acquire':
    case 'release':
    case 'generate':
    case 'transfer':
      draft.key = objectKeys[draft.f];
      if (rest.length > 0 && isArgument(rest[0])) draft.value = argument(take());
      return;
    case 'increment':
    case 'decrement':
    case 'put':
    case 'get':
      draft.key = take();
      if (rest.length > 0 && isArgument(rest[0])) draft.value = argument(take());
      return;
    case 'write':
      draft.key = take();
      draft.value = scalar(take());
      return;
    case 'read':
      if (rest[0]?.startsWith('{')) {
        draft.key = 'bank';
        draft.value = argument(take());
        return;
      }
      draft.key = take();
      if (draft.status === 'ok') draft.value = initialIsNull(scalar(take()));
      return;
    case 'cas':
      draft.key = take();
      draft.expected = initialIsNull(scalar(take()));
      draft.value = scalar(take());
      return;
    case 'delete':
      draft.key = take();
      draft.value = rest.length > 0 && /^-?\d/.test(rest[0]) ? scalar(take()) : null;
      return;
    case 'add':
    case 'append': {
      const first = take();
      const keyed = rest.length > 0 && /^(-?\d|")/.test(rest[0]);
      draft.key = keyed ? first : 's';
      draft.value = argument(keyed ? take() : first);
      return;
    }
    default: {
      const first = draft.status === 'ok' || rest.length > 0 ? take() : 's';
      const bare = /^[{[]/.test(first);
      draft.key = bare ? 's' : first;
      if (draft.status === 'ok') draft.value = list(bare ? first : take());
    }
  }
}

function mark(draft: Draft, token: string, rest: string[], text: string): void {
  const span = /^@(\d+)-(\d+)$/.exec(token);
  const times = /^t\[(\d+),\s*(\d+|info)\]$/.exec(token);
  if (span) {
    draft.invoke = (Number(span[1]) - 1) * stepNs;
    draft.complete = Number(span[2]) * stepNs - nsPerMs;
  } else if (times) {
    draft.invoke = Number(times[1]) * nsPerMs;
    if (times[2] === 'info') draft.status = 'info';
    draft.complete = times[2] === 'info' ? null : Number(times[2]) * nsPerMs;
  } else if (token === 'final' || token === 'stale' || token === 'warned') {
    draft[token] = true;
  } else if ((token === 'on' || token === 'error') && rest.length > 0) {
    draft[token === 'on' ? 'node' : 'error'] = rest.shift()!;
  } else if ((token === 'hops' || token === 'confidence') && rest.length > 0) {
    draft[token] = Number(rest.shift());
  } else if (token !== 'ok' && token !== 'fail' && token !== 'info') {
    throw new SyntaxError(`"${token}" in "${text}" means nothing; see the notation's head comment`);
  }
}

function operation(text: string, step: number): Draft {
  const rest = tokens(text);
  const process = rest.shift();
  const verb = rest.shift();
  if (process === undefined || verb === undefined || !(verb in verbs)) {
    throw new SyntaxError(`"${text}" is not "<session> <verb> ..."`);
  }
  const draft: Draft = {
    process,
    f: verbs[verb],
    key: 's',
    value: null,
    status: rest.includes('info') ? 'info' : rest.includes('fail') ? 'fail' : 'ok',
    invoke: step * stepNs,
    complete: (step + 1) * stepNs - nsPerMs,
    node: '',
  };
  argue(draft, rest, text);
  while (rest.length > 0) mark(draft, rest.shift()!, rest, text);
  if (draft.status === 'info') draft.complete = null;
  return draft;
}

/** Throws SyntaxError where the text is not in the notation. */
export function parseOperations(text: string): PlainOperation[] {
  const drafts: Draft[] = [];
  const steps = text.split(';').filter((step) => step.trim() !== '');
  steps.forEach((step, i) => {
    for (const each of step.split(/\|\||‖/)) drafts.push(operation(each.trim(), i));
  });
  const names = [...new Set(drafts.map((draft) => draft.process))].sort();
  return drafts.map((draft) => ({
    ...draft,
    process: names.indexOf(draft.process),
    node: draft.node || `n${names.indexOf(draft.process) + 1}`,
    session: draft.process,
    phase: draft.final ? 'final' : 'chaos',
  }));
}

/** The history that a text in the notation describes. Throws SyntaxError and HistoryError. */
export function parseHistory(text: string): History {
  return buildHistory(parseOperations(text));
}
