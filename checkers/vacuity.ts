/**
 * Did enough happen for a verdict to mean anything? A run in which nothing happened is never green: a minimum of
 * operations must have succeeded, overall and inside each fault window, and each fault must have been
 * proved, while it lasted and after it was healed.
 */
import type { Budget, Checker, CheckOptions } from './checker.ts';
import { type FaultWindow, Flag, type History, Status } from './history.ts';
import type { UnknownReason, Verdict } from './verdict.ts';

/** A fault shorter than this cannot be held to a minimum of operations. */
const windowNsMin = 1e9;

function okWithin(history: History, { start, end }: FaultWindow): number {
  let count = 0;
  for (let row = 0; row < history.n; row++) {
    const at = history.invoke[row]!;
    if (history.status[row] === Status.Ok && at >= start && at < end) count++;
  }
  return count;
}

/** A fault that stops every node leaves nobody to answer. */
function hitsAll(history: History, fault: FaultWindow): boolean {
  return fault.kind !== 'partition' && fault.targets.length === history.nodes.length;
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  let ok = 0;
  for (let row = 0; row < history.n; row++) {
    if (history.status[row] === Status.Ok && (history.flags[row]! & Flag.Final) === 0) ok++;
  }
  budget.step();
  const { overall, perFaultWindow } = options.minimumOk;
  const windows = history.faults.map((fault) => ({ fault, ok: okWithin(history, fault) }));
  const thin = windows.filter(
    (each) =>
      each.ok < perFaultWindow &&
      !hitsAll(history, each.fault) &&
      each.fault.end - each.fault.start >= windowNsMin,
  );
  const name = ({ kind, variant, id }: FaultWindow): string => `${kind} ${variant} #${id}`;
  const ineffective = history.faults.filter((fault) => fault.effective !== 'effective');
  const unhealed = history.faults.filter((fault) => !fault.healed);
  const found: [UnknownReason, string][] = [];
  if (options.aborted) found.push(['aborted', 'the run was stopped before its end']);
  if (unhealed.length > 0) {
    found.push(['not-healed', `not proved to be gone: ${unhealed.map(name).join(', ')}`]);
  }
  if (ineffective.length > 0) {
    found.push(['fault-not-effective', `not proved to work: ${ineffective.map(name).join(', ')}`]);
  }
  if (ok < overall) {
    found.push(['too-few-ok', `${ok} operations succeeded and at least ${overall} are needed`]);
  }
  if (thin.length > 0) {
    const which = thin.map((each) => `${name(each.fault)} (${each.ok})`).join(', ');
    found.push(['too-few-ok', `fewer than ${perFaultWindow} operations succeeded in ${which}`]);
  }
  const first = found[0];
  return {
    checker: 'vacuity',
    version: vacuity.version,
    valid: first ? 'unknown' : true,
    ...(first ? { reason: first[0] } : {}),
    message: first
      ? found.map(([, text]) => text).join('; ')
      : `${ok} operations succeeded, ${history.faults.length} faults were proved and healed`,
    figures: {
      'ok-count': ok,
      'faults-count': history.faults.length,
      'effective-count': history.faults.length - ineffective.length,
      'healed-count': history.faults.length - unhealed.length,
      'least-ok-in-a-fault-count':
        windows.length === 0 ? null : Math.min(...windows.map((each) => each.ok)),
    },
    anomalies: [],
    counts: {},
  };
}

export const vacuity: Checker = {
  name: 'vacuity',
  version: '1',
  decides:
    'Whether enough happened for the other verdicts to mean anything: operations that succeeded, faults that ' +
    'were proved and healed. Never says invalid.',
  source: 'vacuity of verification results: Beer et al. 1997',
  examples: { passes: 'A w x 1; B r x 1', fails: 'A w x 1 fail' },
  check,
};
