/**
 * What the checkers of queues, counters, accounts, locks and ids have in common: each key is judged by itself by
 * a function of its operations, and a finding is proved by handing the same function fewer of them.
 */
import type { DataType } from '../history/data-type.ts';
import type { History } from '../history/history.ts';
import { type ObjectOperation, objectsOf } from '../history/objects.ts';
import { type Budget, STEP_MASK } from './checker.ts';
import { Groups } from './grouping.ts';
import type { Anomaly, Figure, UnknownReason, Verdict } from './verdict.ts';

export interface ObjectFinding {
  readonly pattern: string;
  readonly violates: string;
  /** Those that prove it. */
  readonly ops: readonly ObjectOperation[];
  readonly summary: string;
}

export interface ObjectJudgement {
  readonly findings: readonly ObjectFinding[];
  /** Operations that were understood and looked at. */
  readonly judged: number;
  readonly figures: Readonly<Record<string, number>>;
  /** Why a part of the question stays open, and what part. */
  readonly open?: { readonly reason: UnknownReason; readonly message: string };
  /** Names of operations that the type does not know, with their number. */
  readonly strange?: Readonly<Record<string, number>>;
}

export type JudgeObject = (ops: readonly ObjectOperation[], budget: Budget) => ObjectJudgement;

interface Asked {
  readonly name: string;
  readonly version: string;
  readonly type: DataType;
  readonly maxAnomalies: number;
  readonly judge: JudgeObject;
  /** What is to be said where nothing is wrong. */
  readonly fine: string;
}

export function judgeObjects(
  history: History,
  { name, version, type, maxAnomalies, judge, fine }: Asked,
  budget: Budget,
): Verdict {
  const groups = new Groups<{ key: number; finding: ObjectFinding; judge: JudgeObject }>();
  const figures: Record<string, Figure> = { 'judged-count': 0 };
  const strange = new Map<string, number>();
  let judged = 0;
  let open: ObjectJudgement['open'];
  for (const [key, ops] of objectsOf(history, type)) {
    budget.step();
    const found = judge(ops, budget);
    judged += found.judged;
    open ??= found.open && {
      ...found.open,
      message: `${history.keys[key]}: ${found.open.message}`,
    };
    for (const [figure, count] of Object.entries(found.figures)) {
      figures[figure] = Number(figures[figure] ?? 0) + count;
    }
    for (const [f, count] of Object.entries(found.strange ?? {})) {
      strange.set(f, (strange.get(f) ?? 0) + count);
    }
    for (const finding of found.findings) {
      groups.add(finding.pattern, String(key), { key, finding, judge });
    }
  }
  const counts = groups.counts();
  const total = Object.values(counts).reduce((sum, each) => sum + each, 0);
  const unjudged = [...strange].map(([f, count]) => `${f} (${count})`).join(', ');
  const verdict = {
    checker: name,
    version,
    figures: {
      ...figures,
      'judged-count': judged,
      ...(unjudged === '' ? {} : { 'not-understood': unjudged }),
    },
    anomalies: groups.show(maxAnomalies, ({ key, finding }, count) =>
      explain(history, key, finding, judge, count),
    ),
    counts,
  };
  if (total > 0) {
    const kinds = Object.entries(counts).map(([pattern, count]) => `${count} ${pattern}`);
    return { ...verdict, valid: false, message: kinds.join(', ') };
  }
  if (judged === 0) {
    const message =
      unjudged === ''
        ? `the history has no operation on a ${type}`
        : `no operation was judged; a ${type} does not know ${unjudged}`;
    return { ...verdict, valid: 'unknown', reason: 'not-judged', message };
  }
  if (unjudged !== '') {
    const message = `a ${type} does not know ${unjudged}: what may depend on them is not judged`;
    return { ...verdict, valid: 'unknown', reason: 'not-judged', message };
  }
  return open === undefined
    ? { ...verdict, valid: true, message: fine }
    : { ...verdict, valid: 'unknown', ...open };
}

const unbounded: Budget = { step() {} };

function explain(
  history: History,
  key: number,
  finding: ObjectFinding,
  judge: JudgeObject,
  count: number,
): Anomaly {
  const fails = (ops: readonly ObjectOperation[]): boolean =>
    judge(ops, unbounded).findings.some(({ pattern }) => pattern === finding.pattern);
  let ops = [...finding.ops].sort((a, b) => a.row - b.row);
  const confirmed = fails(ops);
  for (let at = 0; confirmed && at < ops.length; ) {
    const without = ops.toSpliced(at, 1);
    if (without.length > 0 && fails(without)) ops = without;
    else at++;
  }
  return {
    pattern: finding.pattern,
    violates: [finding.violates],
    key: history.keys[key],
    ops: ops.map(({ row }) => history.index[row]),
    summary: finding.summary,
    steps: ops.map((op) => sentence(history, op)),
    lanes: lanesOf(history, ops),
    count,
    confirmed,
    minimal: confirmed,
  };
}

const seconds = (ns: number): string => `${(ns / 1e9).toFixed(3)} s`;

function who(history: History, { row }: ObjectOperation): string {
  const process = history.process[row];
  return process < 0 ? `session ${history.session[row]}` : `process ${process}`;
}

/** One operation as a sentence. */
function sentence(history: History, op: ObjectOperation): string {
  const value = op.value === null ? '' : ` ${JSON.stringify(op.value)}`;
  const key = history.keys[history.key[op.row]];
  const ended =
    op.complete === Number.POSITIVE_INFINITY
      ? ', and nobody knows whether it took effect'
      : ` to ${seconds(op.complete)}`;
  const failed =
    op.status === 1 ? `, which failed${op.error === null ? '' : ` (${op.error})`}` : '';
  return `${who(history, op)}: ${op.f}${value} on ${key}, ${seconds(op.invoke)}${ended}${failed}`;
}

function lanesOf(history: History, ops: readonly ObjectOperation[]): string[] {
  const cells = ops.map(({ f, value, complete }) => {
    const mark = complete === Number.POSITIVE_INFINITY ? '?' : '';
    return `${f}${value === null ? '' : ` ${JSON.stringify(value)}`}${mark}`;
  });
  const owners = [...new Set(ops.map(({ session }) => session))];
  const names = owners.map((session) =>
    who(history, ops.find((op) => op.session === session) ?? ops[0]),
  );
  const width = Math.max(0, ...names.map((name) => name.length));
  return owners.map((session, i) => {
    const line = ops.map((op, at) =>
      op.session === session ? cells[at] : '.'.repeat(cells[at].length),
    );
    return `${names[i].padEnd(width)} | ${line.join(' ')}`;
  });
}

/** Looks at the budget now and then. */
export function stepAt(i: number, budget: Budget): void {
  if ((i & STEP_MASK) === 0) budget.step();
}

/** Counts an operation that the type does not know. */
export function tally(strange: Record<string, number>, f: string): void {
  strange[f] = (strange[f] ?? 0) + 1;
}
