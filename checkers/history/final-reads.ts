/**
 * Final reads: what each node answered after everything was healed and load had stopped.
 *
 * A *reader* is a node that clients talked to; where a history knows no nodes, each session is the reader
 * of what it read. Every key that somebody may have written needs an answer from every reader,
 * else nothing can be said about the state of the missing one. Which nodes must answer is up to the
 * checker: all that clients talked to, or those that were asked at all. The run repeats rounds of final reads until
 * they agree; the i-th attempt at a key through a reader is round i.
 *
 * Answers that the server marked stale are no answers here: nobody promised that they are current.
 */
import { Flag, type History, Status } from './history.ts';
import { isRead } from './kinds.ts';
import { survey } from './survey.ts';

/** The last final answers about one key. */
export interface KeyFinals {
  readonly key: number;
  /** By reader: rows of the attempts, in order of rounds. */
  readonly attempts: ReadonlyMap<number, readonly number[]>;
  /** Rows of the last answer of each reader that answered. */
  readonly last: readonly number[];
  /** Readers without any answer. */
  readonly missing: readonly number[];
}

export interface FinalReads {
  /** True where at least one read is marked as final. */
  readonly any: boolean;
  /** By key, for keys that were written or finally read; null for the others. */
  readonly byKey: readonly (KeyFinals | null)[];
  /** Name of a reader. */
  readerName(reader: number): string;
}

/** A read that was answered, and not marked stale by the server. */
export function isJudgedRead(history: History, row: number): boolean {
  return (
    history.status[row] === Status.Ok &&
    (history.flags[row] & Flag.Stale) === 0 &&
    isRead(history.kind[row])
  );
}

/** Who answered: the node, or the session where no node is known. */
export function readerOf(history: History, row: number): number {
  const node = history.node[row];
  return node >= 0 ? node : history.nodes.length + history.session[row];
}

/**
 * `who` must answer: `all` nodes that clients talked to, or those that were `asked`, which is right for
 * histories in which one client reads finally for all.
 */
export function collectFinalReads(history: History, who: 'all' | 'asked'): FinalReads {
  const { nodes: talks } = survey(history);
  const nodes = [...talks.keys()].filter((node) => talks[node] >= (who === 'all' ? 1 : 2));
  let made = known.get(history);
  if (!made) known.set(history, (made = new Map()));
  const name = nodes.join();
  let finals = made.get(name);
  if (!finals) made.set(name, (finals = collect(history, nodes)));
  return finals;
}

/** Several checkers ask, mostly for the same nodes. */
const known = new WeakMap<History, Map<string, FinalReads>>();

function collect(history: History, nodes: readonly number[]): FinalReads {
  const { written, finals } = survey(history);
  const attempts: (Map<number, number[]> | undefined)[] = new Array(history.keys.length);
  for (const row of finals) {
    const readers = (attempts[history.key[row]] ??= new Map<number, number[]>());
    const reader = readerOf(history, row);
    const rows = readers.get(reader);
    if (rows) rows.push(row);
    else readers.set(reader, [row]);
  }
  const byKey = history.keys.map((_, k) => {
    const readers = attempts[k];
    if (!readers && !written[k]) return null;
    return keyFinals(history, k, readers ?? new Map(), nodes);
  });
  const readerName = (reader: number): string =>
    reader < history.nodes.length
      ? history.nodes[reader]
      : `session ${reader - history.nodes.length}`;
  return { any: finals.length > 0, byKey, readerName };
}

function keyFinals(
  history: History,
  key: number,
  attempts: ReadonlyMap<number, readonly number[]>,
  nodes: readonly number[],
): KeyFinals {
  const last: number[] = [];
  const silent: number[] = [];
  for (const [reader, rows] of attempts) {
    let at = rows.length - 1;
    while (at >= 0 && !isJudgedRead(history, rows[at])) at--;
    if (at >= 0) last.push(rows[at]);
    else silent.push(reader);
  }
  const missing =
    nodes.length > 0
      ? nodes.filter((node) => !attempts.has(node) || silent.includes(node))
      : silent;
  return { key, attempts, last: last.sort((a, b) => a - b), missing };
}

/** "n2, n4 (keys a, b and 3 more)", or null where nothing is missing. */
export function missingText(history: History, finals: FinalReads): string | null {
  const readers = new Set<number>();
  const keys: string[] = [];
  for (const each of finals.byKey) {
    if (each === null || (each.missing.length === 0 && each.attempts.size > 0)) continue;
    for (const reader of each.missing) readers.add(reader);
    keys.push(history.keys[each.key]);
  }
  if (keys.length === 0) return null;
  const who = [...readers].sort((a, b) => a - b).map((reader) => finals.readerName(reader));
  return `${who.length > 0 ? who.join(', ') : 'nobody'} (${listed(keys, 'key')})`;
}

/** "key a" or "keys a, b and 3 more". */
export function listed(names: readonly string[], noun: string, shownMax = 4): string {
  const shown = names.slice(0, shownMax).join(', ');
  const more = names.length > shownMax ? ` and ${names.length - shownMax} more` : '';
  return `${noun}${names.length === 1 ? '' : 's'} ${shown}${more}`;
}
