/**
 * Did enough happen for the other verdicts to mean anything? A run in which nothing happened is never green.
 *
 * A minimum of operations must have succeeded, overall and inside each fault window; each fault must have been
 * proved while it lasted, and proved to be gone afterwards; and the run must have come to its end.
 * Never says invalid. The gravest reason is the verdict's; the message names all.
 */

import { type FaultWindow, Flag, type History, Status } from '../history/history.ts';
import { Kind } from '../history/kinds.ts';
import type { Budget, Checker, CheckOptions } from '../verdict/checker.ts';
import type { UnknownReason, Verdict } from '../verdict/verdict.ts';

/** A fault shorter than this cannot be held to a minimum of operations. */
const windowMinNs = 1e9;

/** For each fault the number of operations that began and succeeded within it. */
function okWithinFaults(history: History, budget: Budget): number[] {
  const { n, status, invoke, flags } = history;
  return history.faults.map(({ start, end }) => {
    budget.step();
    let count = 0;
    for (let row = 0; row < n; row++) {
      if (status[row] !== Status.Ok || (flags[row] & Flag.Final) !== 0) continue;
      if (invoke[row] >= start && invoke[row] < end) count++;
    }
    return count;
  });
}

/** What clients did and no checker knows: "12 enqueue", by name and count. */
function unjudged({ n, kind, key, objects, f, fs }: History): string[] {
  const counts = new Map<number, number>();
  for (let row = 0; row < n; row++) {
    // Of an object that has a type the operations are known.
    const isKnown = kind[row] !== Kind.Other || (key[row] >= 0 && objects?.types[key[row]]);
    if (!isKnown) counts.set(f[row], (counts.get(f[row]) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `${count} ${fs[name]}`);
}

/** A fault that stops every node leaves nobody to answer. */
function stopsAll(history: History, fault: FaultWindow): boolean {
  return fault.kind !== 'partition' && fault.targets.length >= history.nodes.length;
}

function nameOf({ kind, variant, id }: FaultWindow): string {
  return variant === '' || variant === kind ? `${kind} #${id}` : `${kind} ${variant} #${id}`;
}

function shortcomings(
  history: History,
  options: CheckOptions,
  ok: number,
  within: readonly number[],
): [UnknownReason, string][] {
  const { overall, perFaultWindow } = options.minimumOk;
  const found: [UnknownReason, string][] = [];
  if (options.aborted) found.push(['aborted', 'the run was stopped before its end']);
  const unhealed = history.faults.filter((fault) => !fault.healed);
  if (unhealed.length > 0) {
    found.push(['not-healed', `not proved to be gone: ${unhealed.map(nameOf).join(', ')}`]);
  }
  const weak = history.faults.filter((fault) => fault.effective !== 'effective');
  if (weak.length > 0) {
    const which = weak.map((fault) => `${nameOf(fault)} (${fault.effective})`).join(', ');
    found.push(['fault-not-effective', `not proved to have had an effect: ${which}`]);
  }
  const strange = unjudged(history);
  if (strange.length > 0) {
    found.push(['not-judged', `no checker judges ${strange.join(', ')}`]);
  }
  if (ok < overall || ok === 0) {
    const needed = Math.max(1, overall);
    found.push(['too-few-ok', `${ok} operations succeeded, at least ${needed} are needed`]);
  }
  const thin = history.faults
    .map((fault, i) => ({ fault, ok: within[i] }))
    .filter(
      (each) =>
        each.ok < perFaultWindow &&
        !stopsAll(history, each.fault) &&
        each.fault.end - each.fault.start >= windowMinNs,
    );
  if (thin.length > 0) {
    const which = thin.map((each) => `${nameOf(each.fault)} (${each.ok})`).join(', ');
    found.push(['too-few-ok', `fewer than ${perFaultWindow} operations succeeded in ${which}`]);
  }
  return found;
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  let ok = 0;
  for (let row = 0; row < history.n; row++) {
    if (history.status[row] === Status.Ok && (history.flags[row] & Flag.Final) === 0) ok++;
  }
  const within = okWithinFaults(history, budget);
  const found = shortcomings(history, options, ok, within);
  const first = found[0];
  const count = (has: (fault: FaultWindow) => boolean): number => history.faults.filter(has).length;
  return {
    checker: vacuity.name,
    version: vacuity.version,
    valid: first ? 'unknown' : true,
    ...(first ? { reason: first[0] } : {}),
    message: first
      ? found.map(([, text]) => text).join('; ')
      : `${ok} operations succeeded; ${history.faults.length} faults, all proved and healed`,
    figures: {
      'ok-count': ok,
      'fault-count': history.faults.length,
      'effective-count': count((fault) => fault.effective === 'effective'),
      'healed-count': count((fault) => fault.healed),
      'least-ok-in-a-fault-count': within.length === 0 ? null : Math.min(...within),
    },
    details: {
      faults: history.faults.map((fault, i) => ({
        fault: nameOf(fault),
        ok: within[i],
        effective: fault.effective,
        healed: fault.healed,
      })),
    },
    anomalies: [],
    counts: {},
  };
}

export const vacuity: Checker = {
  name: 'vacuity',
  version: '1',
  scope: 'cluster',
  types: 'any',
  takesRepeated: true,
  foreign: 'judged',
  decides:
    'Whether enough happened for the other verdicts to mean anything: operations that succeeded, ' +
    'overall and within each fault; faults that were proved and healed; a run that came to its end. ' +
    'Unknown otherwise; never invalid.',
  source: 'vacuity in verification: Beer, Ben-David, Eisner, Rodeh, CAV 1997',
  examples: { passes: 'A w x 1; B r x 1', fails: 'A w x 1 fail' },
  check,
};
