/**
 * A stored run again, as often as asked. In the simulator the history must be the same to the nanosecond;
 * in containers the schedule is the same, and what is found is how often the violation returns.
 */
import { numberText } from '../../report/figures.ts';
import type { Style } from '../../report/style.ts';
import { percent } from '../report/sections.ts';
import { type Interval, wilson } from '../report/statistics.ts';
import type { Signature, Violation } from '../run-facts.ts';
import { type Again, type Repeater, shows } from './repeat.ts';
import type { StoredRun } from './stored.ts';

export interface Return extends Signature {
  /** Repetitions that showed it. */
  readonly times: number;
  readonly interval: Interval;
}

export interface Replay {
  readonly run: string;
  readonly runtime: 'docker' | 'sim';
  readonly times: number;
  /** Repetitions with the history of the run; null where a seed does not give one. */
  readonly identical: number | null;
  readonly digest: string | null;
  /** Digests that differ from it. */
  readonly others: readonly string[];
  readonly returns: readonly Return[];
  readonly valid: number;
  readonly invalid: number;
  readonly unknown: number;
  /** Folders of the repetitions. */
  readonly dirs: readonly string[];
  /** Versions that differ between then and now are a reason for another history. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Runs `times` times. `onEnd` is told of each. */
export async function replay(
  stored: StoredRun,
  repeater: Pick<Repeater, 'run'>,
  times: number,
  onEnd: (again: Again, number: number) => void = () => {},
): Promise<Replay> {
  const counts = new Map<Violation, number>(stored.facts.violations.map((each) => [each, 0]));
  const verdicts = { valid: 0, invalid: 0, unknown: 0 };
  const others: string[] = [];
  const dirs: string[] = [];
  let identical = 0;
  for (let i = 1; i <= times; i++) {
    const again = await repeater.run(stored.options, stored.schedule);
    const { valid } = again.facts;
    verdicts[valid === true ? 'valid' : valid === false ? 'invalid' : 'unknown']++;
    if (again.digest !== null && again.digest === stored.digest) identical++;
    else if (again.digest !== null) others.push(again.digest);
    for (const [each, count] of counts) if (shows(again.facts, each)) counts.set(each, count + 1);
    dirs.push(again.dir);
    onEnd(again, i);
  }
  return {
    run: stored.path,
    runtime: stored.runtime,
    times,
    identical: stored.digest === null ? null : identical,
    digest: stored.digest,
    others: [...new Set(others)],
    returns: [...counts].map(([{ checker, anomaly, workload, fault }, count]) => ({
      checker,
      anomaly,
      workload,
      fault,
      times: count,
      interval: wilson(count, times),
    })),
    ...verdicts,
    dirs,
    versions: stored.versions,
  };
}

/** Whether the replay kept what it promises: in the simulator, the identical history. */
export function keptPromise({ identical, times }: Replay): boolean {
  return identical === null || identical === times;
}

/** Lines for the terminal. */
export function replayLines(done: Replay, style: Style): string[] {
  const { times, identical, digest, others, returns, runtime } = done;
  const lines: string[] = [''];
  const often = `${numberText(times)} ${times === 1 ? 'repetition' : 'repetitions'}`;
  if (identical === null) {
    lines.push(`the same schedule and load, ${often} in ${runtime}; histories differ there`);
  } else if (identical === times) {
    lines.push(style.good(`identical history in ${often}`), `  digest ${digest}`);
  } else {
    lines.push(
      style.bad(`another history in ${times - identical} of ${often}`),
      `  digest then ${digest}`,
      ...others.map((each) => `  digest now  ${each}`),
      `  then it was ${Object.entries(done.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}; another version of the node or the tester is a reason, chance is not`,
    );
  }
  const { valid, invalid, unknown } = done;
  lines.push(`  ${valid} valid, ${invalid} invalid, ${unknown} unknown`);
  for (const each of returns) {
    const { low, high } = each.interval;
    const name = `${each.checker} ${each.anomaly}, ${each.workload}, ${each.fault}`;
    const rate = `${percent(each.times / times)} (95 %: ${percent(low)} to ${percent(high)})`;
    lines.push(`  ${name}: returned ${each.times} of ${times} times, ${rate}`);
  }
  lines.push(...done.dirs.slice(0, 5).map((dir) => style.faint(`  run     ${dir}`)));
  return lines;
}
