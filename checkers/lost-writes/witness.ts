/** What proves a finding of `lost-writes`, and how it is told. The findings come from elsewhere. */

import { collectFinalReads } from '../history/final-reads.ts';
import { type History, Status } from '../history/history.ts';
import { type Budget, type CheckOptions, unlimited } from '../verdict/checker.ts';
import type { Anomaly, Verdict } from '../verdict/verdict.ts';
import { describe, indices, lanes, shrink, valueName } from '../verdict/witness.ts';
import { followersOf } from './order.ts';
import type { LossReason } from './registers.ts';

export type FindingReason =
  | LossReason
  | 'absent-at-end'
  | 'never-attempted'
  | 'failed'
  | 'deleted'
  | 'deleted-in-mid-run'
  | 'more-than-once';

export interface Finding {
  readonly pattern: 'lost' | 'resurrected' | 'phantom' | 'duplicated';
  /** Value id that it is about. */
  readonly id: number;
  readonly rows: readonly number[];
  readonly reason: FindingReason;
  /** How many of the rows are final answers of which none may be missing. */
  readonly answers?: number;
}

function fate(history: History, { id, reason, rows }: Finding): string {
  const write = history.writeOp[id];
  switch (reason) {
    case 'absent-at-end':
      return history.status[write] === Status.Ok
        ? 'was acknowledged, and no final read has it'
        : 'was never acknowledged but was read, and no final read has it';
    case 'unread-at-end':
      return 'was acknowledged; no final read shows it, and nobody who had seen it replaced it';
    case 'unread-in-mid-run': {
      const read = history.index[rows.at(-1)!];
      return `was acknowledged, and operation ${read}, whose context covers it, does not show it although nothing had replaced it`;
    }
    case 'older-survived':
      return 'was acknowledged, and a final read returns a value that its writer already knew';
    case 'overtaken':
      return 'was acknowledged, and a final read returns a value that was written before';
    case 'never-attempted':
      return 'was read, and nobody ever tried to write it';
    case 'failed':
      return 'had definitely failed, and was read';
    case 'deleted':
      return 'was deleted by a session that knew it, and is there in the end';
    case 'deleted-in-mid-run': {
      const read = history.index[rows.at(-1)!];
      return `was deleted by a session that knew it, and operation ${read}, whose context covers the delete, shows it`;
    }
    case 'more-than-once':
      return 'is more than once in one answer';
  }
}

/** Rows on the causal way from the value that survived to the lost one, if that is the proof. */
function pathRows(history: History, { id, reason, rows }: Finding): readonly number[] {
  if (reason !== 'older-survived') return [];
  const write = history.writeOp[id];
  const survivor = rows.find((row) => row !== write && history.value[row] !== id);
  if (survivor === undefined || survivor >= write) return [];
  return followersOf(history, survivor, write, unlimited).wayTo(id);
}

const finalAnswers = (history: History): number =>
  collectFinalReads(history, 'asked').byKey.reduce((sum, key) => sum + (key?.last.length ?? 0), 0);

/**
 * The reduced history must show the same kind of finding, and where the absence from all readers is the
 * proof, none of their answers may be left out.
 */
export function explainFinding(
  history: History,
  options: CheckOptions,
  finding: Finding,
  count: number,
  check: (history: History, options: CheckOptions, budget: Budget) => Verdict,
): Anomaly {
  const rows = [...new Set([...finding.rows, ...pathRows(history, finding)])];
  const needed = options.realTime ? 0 : (finding.answers ?? 0);
  const quiet = { ...options, maxAnomalies: 0 };
  const witness = shrink(history, rows, (reduced) => {
    if (finalAnswers(reduced) < needed) return false;
    return (check(reduced, quiet, unlimited).counts[finding.pattern] ?? 0) > 0;
  });
  const key = history.key[finding.rows[0]];
  const about = new Set([finding.id]);
  return {
    pattern: finding.pattern,
    violates: ['no-lost-writes'],
    key: key < 0 ? null : history.keys[key],
    ops: indices(history, witness.rows),
    summary: `${valueName(history, finding.id)} in ${history.keys[key] ?? '(no key)'} ${fate(history, finding)}`,
    steps: witness.rows.map((row) => describe(history, row, about)),
    lanes: lanes(history, witness.rows),
    count,
    confirmed: witness.confirmed,
    minimal: witness.minimal,
  };
}
