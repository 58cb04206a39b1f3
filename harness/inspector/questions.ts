/** What pages ask a run file beyond its columns: an operation with its surroundings, replicas, growth. */

import { operation, surroundingsOf } from '../store/look.ts';
import type { RunFile } from '../store/run-file.ts';
import { type Candidate, candidatesOf } from './candidates.ts';

type Row = Readonly<Record<string, string | number | null>>;

const logMarginNs = 1e9;
const logsMax = 30;
const cellMax = 2000;

export interface OperationAnswer {
  readonly op: Row;
  readonly ofProcess: readonly Row[];
  readonly ofKey: readonly Row[];
  readonly faults: readonly { readonly id: number; readonly description: string }[];
  /** Log of the node that served, or else of the one that was asked, a second before to a second after. */
  readonly logs: readonly Row[];
  /** Of a read: which writes it could have returned, and why each other one not. */
  readonly candidates: readonly Candidate[];
}

/** Throws NothingToShowError. */
export function operationAnswer(file: RunFile, idx: number): OperationAnswer {
  const op = operation(file, idx);
  const { ofProcess, ofKey, faults } = surroundingsOf(file, op, 3);
  const node = op.server ?? op.node;
  const logs = file.db
    .prepare<[string | number | null, number, number], Row>(
      `SELECT time, node, level, substr(text, 1, 400) AS text FROM node_log
       WHERE node = ? AND time BETWEEN ? AND ? ORDER BY time LIMIT ${logsMax}`,
    )
    .all(node, op.invoked - logMarginNs, (op.completed ?? op.invoked) + logMarginNs);
  return {
    op: clipped(op),
    ofProcess: ofProcess.map((row) => clipped({ ...row })),
    ofKey: ofKey.map((row) => clipped({ ...row })),
    faults,
    logs,
    candidates: candidatesOf(file, op),
  };
}

function clipped(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'string' && value.length > cellMax ? `${value.slice(0, cellMax)}…` : value,
    ]),
  );
}

export interface ReplicaCell {
  readonly key: string;
  readonly node: string;
  readonly idx: number;
  /** 0, 1, 2 ...: equal numbers of a key are equal answers. */
  readonly answer: number;
  readonly value: string;
}

const matrixMax = 20_000;

/** The last final answer of each node about each key; equal ones bear the same number. */
export function replicaMatrix({ db }: RunFile): ReplicaCell[] {
  const rows = db
    .prepare<[], { key: string; node: string; idx: number; value: string | null }>(
      `SELECT key, node, max(idx) AS idx, value FROM op
       WHERE final = 1 AND outcome = 'ok' AND key IS NOT NULL AND node IS NOT NULL
       GROUP BY key, node ORDER BY key, node LIMIT ${matrixMax}`,
    )
    .all();
  const answers = new Map<string, string[]>();
  return rows.map(({ key, node, idx, value }) => {
    const text = sorted(value ?? 'null');
    const known = answers.get(key) ?? [];
    answers.set(key, known);
    if (!known.includes(text)) known.push(text);
    return { key, node, idx, answer: known.indexOf(text), value: text.slice(0, 200) };
  });
}

/** Sets come in any order. */
function sorted(json: string): string {
  try {
    const value = JSON.parse(json) as unknown;
    return Array.isArray(value)
      ? JSON.stringify(value.map((each) => JSON.stringify(each)).sort())
      : json;
  } catch {
    return json;
  }
}

export interface Growth {
  readonly state: string;
  /** Highest `idx` so far; -1 for none. */
  readonly last: number;
  readonly phase: string | null;
  /** s since the start of the newest operation. */
  readonly atS: number;
  /** Of operations after `after`, by second of their invocation: [second, ok, fail, info or in flight]. */
  readonly seconds: readonly (readonly [number, number, number, number])[];
  readonly faults: readonly Row[];
}

const growthMax = 50_000;

/** What came since operation `after`: cheap on a file that is being written, since it reads only the end. */
export function growthSince({ db }: RunFile, state: string, after: number): Growth {
  const newest = db
    .prepare<[], { idx: number; phase: string; invoked: number }>(
      'SELECT idx, phase, invoked FROM op ORDER BY idx DESC LIMIT 1',
    )
    .get();
  const last = newest?.idx ?? -1;
  const from = Math.max(after, last - growthMax);
  const seconds = db
    .prepare<[number], { s: number; ok: number; fail: number; other: number }>(
      `SELECT invoked / 1000000000 AS s, sum(outcome IS 'ok') AS ok, sum(outcome IS 'fail') AS fail,
         sum(outcome IS NOT 'ok' AND outcome IS NOT 'fail') AS other
       FROM op WHERE idx > ? AND process <> 'nemesis' GROUP BY s ORDER BY s`,
    )
    .all(from);
  return {
    state,
    last,
    phase: newest?.phase ?? null,
    atS: (newest?.invoked ?? 0) / 1e9,
    seconds: seconds.map(({ s, ok, fail, other }) => [s, ok, fail, other] as const),
    faults: db
      .prepare<[], Row>(
        `SELECT id, description, round(applied / 1e9, 1) AS start_s, round(healed_at / 1e9, 1) AS end_s, effective
         FROM fault WHERE applied IS NOT NULL ORDER BY id`,
      )
      .all(),
  };
}
