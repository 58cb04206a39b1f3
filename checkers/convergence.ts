/**
 * Eventual convergence: after everything is healed and load has stopped, every node gives the same answer for every
 * key; and when that came about. Rounds of final reads are repeated until they agree, so the newest final
 * read of each node counts, and the first moment from which all agree and stay so is `converged-at`.
 */
import type { Budget, Checker, CheckOptions } from './checker.ts';
import { Groups } from './grouping.ts';
import { type History, isWrite, Kind, PHASES } from './history.ts';
import { contentsAt, finalReads, isWhole } from './sightings.ts';
import type { Anomaly, Verdict } from './verdict.ts';
import { indices, keyName, lanes, steps } from './witness.ts';

/** One answer to a final read, reduced to text so that answers can be compared. */
interface FinalAnswer {
  readonly row: number;
  readonly node: number;
  readonly state: string;
}

interface Diverged {
  readonly key: number;
  /** Rows of the newest final reads, one for each group of nodes that agree. */
  readonly groups: readonly { readonly nodes: readonly number[]; readonly row: number }[];
}

function stateOf(
  history: History,
  row: number,
  contents: ReadonlyMap<number, ReadonlySet<number>>,
) {
  if (isWhole(history.kind[row]!)) {
    return [...contents.get(row)!].sort((left, right) => left - right).join(',');
  }
  const { siblings, value } = history;
  if (!siblings) return String(value[row]);
  const ids = [...siblings.data.subarray(siblings.off[row], siblings.off[row + 1])];
  return `${value[row]}|${ids.sort((left, right) => left - right).join(',')}`;
}

function answersOf(
  history: History,
  rows: readonly number[],
  contents: ReadonlyMap<number, ReadonlySet<number>>,
): FinalAnswer[] {
  return rows
    .map((row) => ({
      row,
      node: history.node[row]! >= 0 ? history.node[row]! : -2 - history.session[row]!,
      state: stateOf(history, row, contents),
    }))
    .sort((left, right) => history.complete[left.row]! - history.complete[right.row]!);
}

/** When all of `nodes` agree and stay so, ns; null for never. */
function convergedAt(
  history: History,
  answers: readonly FinalAnswer[],
  nodes: number,
): number | null {
  const now = new Map<number, string>();
  let since: number | null = null;
  for (const { row, node, state } of answers) {
    now.set(node, state);
    const agree = now.size === nodes && [...now.values()].every((each) => each === state);
    if (!agree) since = null;
    else since ??= history.complete[row]!;
  }
  return since;
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const finals = finalReads(history);
  const whole = new Set([...finals.values()].flat().filter((row) => isWhole(history.kind[row]!)));
  const contents = contentsAt(history, whole);
  const nodes = new Set(
    [...finals.values()]
      .flat()
      .map((row) => history.node[row]!)
      .filter((node) => node >= 0),
  );
  const expected = Math.max(history.nodes.length, nodes.size);
  const written = writtenKeys(history);
  const unread: string[] = [];
  const groups = new Groups<Diverged>();
  let last = 0;
  for (const key of written) {
    budget.step();
    const answers = answersOf(history, finals.get(key) ?? [], contents);
    const newest = new Map(answers.map((answer) => [answer.node, answer]));
    const wanted = expected > 0 ? expected : newest.size;
    if (newest.size === 0 || newest.size < wanted) {
      unread.push(history.keys[key]!);
      continue;
    }
    const at = convergedAt(history, answers, newest.size);
    if (at === null) groups.add('diverged', String(key), divergence(key, [...newest.values()]));
    else last = Math.max(last, at);
  }
  return verdict(history, options, groups, unread, written.size, last, expected);
}

function verdict(
  history: History,
  options: CheckOptions,
  groups: Groups<Diverged>,
  unread: readonly string[],
  keys: number,
  lastNs: number,
  nodes: number,
): Verdict {
  const diverged = groups.size;
  const unknown = diverged === 0 && (unread.length > 0 || keys === 0);
  const healNs = healedAt(history);
  const afterHealMs = diverged > 0 || keys === 0 ? null : Math.max(0, lastNs - healNs) / 1e6;
  return {
    checker: 'convergence',
    version: convergence.version,
    valid: diverged > 0 ? false : unknown ? 'unknown' : true,
    ...(unknown ? { reason: 'no-final-read' as const } : {}),
    message:
      diverged > 0
        ? `${diverged} of ${keys} keys never became equal on all ${nodes} nodes`
        : unknown
          ? `no final read of every node for ${unread.slice(0, 3).join(', ') || 'any key'}`
          : `${keys} keys are equal on all ${nodes} nodes`,
    figures: {
      'keys-count': keys,
      'diverged-count': diverged,
      'unread-count': unread.length,
      'nodes-count': nodes,
      'converged-at-ms': diverged > 0 || keys === 0 ? null : lastNs / 1e6,
      'seen-equal-after-heal-ms': afterHealMs,
    },
    anomalies: groups.show(options.maxAnomalies, (each, count) => anomaly(history, each, count)),
    counts: groups.counts(),
  };
}

function writtenKeys(history: History): Set<number> {
  const keys = new Set<number>();
  for (let row = 0; row < history.n; row++) {
    const kind = history.kind[row]!;
    if (isWrite(kind) || kind === Kind.Delete) keys.add(history.key[row]!);
  }
  return keys;
}

/** When the last fault was healed, or load stopped. */
function healedAt(history: History): number {
  let at = 0;
  for (const fault of history.faults) if (Number.isFinite(fault.end)) at = Math.max(at, fault.end);
  const heal = PHASES.indexOf('heal');
  for (let row = 0; row < history.n; row++) {
    if (history.phase[row]! < heal && Number.isFinite(history.complete[row]!)) {
      at = Math.max(at, history.complete[row]!);
    }
  }
  return at;
}

function divergence(key: number, newest: readonly FinalAnswer[]): Diverged {
  const byState = new Map<string, { nodes: number[]; row: number }>();
  for (const { node, row, state } of newest) {
    const group = byState.get(state);
    if (group) group.nodes.push(node);
    else byState.set(state, { nodes: [node], row });
  }
  return { key, groups: [...byState.values()] };
}

function anomaly(history: History, { groups }: Diverged, count: number): Anomaly {
  const rows = groups.map((group) => group.row).sort((left, right) => left - right);
  const names = groups.map((group) =>
    group.nodes.map((node) => (node >= 0 ? history.nodes[node] : `session ${-2 - node}`)).join(' '),
  );
  return {
    pattern: 'diverged',
    violates: ['convergence'],
    key: keyName(history, rows[0]!),
    ops: indices(history, rows),
    summary: `${keyName(history, rows[0]!)} has ${groups.length} different states: ${names.join(' | ')}`,
    steps: steps(history, rows),
    lanes: lanes(history, rows),
    count,
    confirmed: true,
    minimal: rows.length === 2,
  };
}

export const convergence: Checker = {
  name: 'convergence',
  version: '1',
  decides:
    'After the heal all nodes give the same answer for every key, siblings included, and when that came about. ' +
    'Needs a final read of every written key from every node.',
  source: 'strong eventual consistency: Shapiro et al., SSS 2011; final reads after quiescence',
  examples: {
    passes: 'A w x 1 || B w x 2; A r x 2 final; B r x 2 final',
    fails: 'A w x 1 || B w x 2; A r x 1 final; B r x 2 final',
  },
  check,
};
