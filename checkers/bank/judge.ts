/**
 * Accounts between which money is moved: each read of all of them has the same total, and no account is below zero.
 * The total is the one that was stated when the accounts were opened, else that of the first read.
 */
import { isOk, type ObjectOperation } from '../history/objects.ts';
import type { Budget } from '../verdict/checker.ts';
import {
  type ObjectFinding,
  type ObjectJudgement,
  stepAt,
  tally,
} from '../verdict/object-verdict.ts';

export function judgeBank(ops: readonly ObjectOperation[], budget: Budget): ObjectJudgement {
  const strange: Record<string, number> = {};
  const findings: ObjectFinding[] = [];
  let first: { readonly op: ObjectOperation; readonly total: number } | null = null;
  let reads = 0;
  let transfers = 0;
  for (const [i, op] of ops.entries()) {
    stepAt(i, budget);
    if (op.f === 'transfer') {
      transfers++;
      continue;
    }
    if (op.f === 'read' && !isOk(op)) continue;
    const balances = op.f === 'read' ? balancesOf(op.value) : null;
    if (balances === null) {
      tally(strange, op.f);
      continue;
    }
    reads++;
    const total = balances.reduce((sum, [, balance]) => sum + balance, 0);
    const below = balances.find(([, balance]) => balance < 0);
    if (below !== undefined) {
      const summary = `account ${below[0]} was read with ${below[1]}, which is below zero`;
      findings.push({ pattern: 'below-floor', violates: 'bank', ops: [op], summary });
    }
    if (first === null) {
      first = { op, total };
    } else if (total !== first.total) {
      const summary = `all accounts together were read as ${first.total} and then as ${total}`;
      findings.push({ pattern: 'wrong-total', violates: 'bank', ops: [first.op, op], summary });
    }
  }
  const isUnderstood = Object.keys(strange).length === 0;
  return {
    findings: isUnderstood ? findings : [],
    judged: reads,
    strange,
    figures: { 'reads-judged-count': reads, 'transfers-count': transfers },
  };
}

/** Balances by account, of a map or of a list. Null where it is neither. */
function balancesOf(value: unknown): readonly (readonly [string, number])[] | null {
  if (typeof value !== 'object' || value === null) return null;
  const entries = Object.entries(value);
  return entries.every(([, balance]) => typeof balance === 'number') ? entries : null;
}
