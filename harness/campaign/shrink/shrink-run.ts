/** Shrinks a stored run: answers the questions of `shrink` by running candidates, and writes the schedule. */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { optionTable } from '../../run/options.ts';
import { scheduleText } from '../../run/schedule.ts';
import { openRunFile } from '../../store/run-file.ts';
import { readCheck } from '../../store/verdicts.ts';
import { type Again, Repeater, shows } from '../replay/repeat.ts';
import {
  type NumberedOp,
  readOperations,
  readWitnesses,
  type StoredRun,
} from '../replay/stored.ts';
import type { Violation } from '../run-facts.ts';
import { argumentsOf } from '../spec.ts';
import { type Candidate, changedOptions, type Numbered, scheduleOf, shrink } from './shrink.ts';
import type { ShrinkReport } from './shrink-text.ts';

export interface ShrinkRunOptions {
  readonly results: string;
  readonly runsMax: number;
  /** Tries of a candidate before it counts as harmless. */
  readonly times: number;
  /** Path of the schedule file. */
  readonly output: string;
  note(text: string): void;
}

/** Witnesses that are tried, and workloads' keys that they are about. */
const guessesMax = 6;

/** Null where the violation does not return at all. Throws RepeatFailed. */
export async function shrinkRun(
  stored: StoredRun,
  violation: Violation,
  options: ShrinkRunOptions,
): Promise<ShrinkReport | null> {
  const repeater = new Repeater(stored.runtime, options.results, `shrink-${stored.name}`);
  // Only the checker in question has to look at a candidate.
  const base = { ...stored.options, checkers: violation.checker };
  let best: Again | null = null;
  let runs = 0;
  const holds = async (candidate: Candidate): Promise<boolean> => {
    for (let time = 1; time <= options.times; time++) {
      runs++;
      const changed = { ...base, ...changedOptions(candidate) };
      const again = await repeater.run(changed, scheduleOf(candidate));
      if (shows(again.facts, violation)) {
        if (best !== null) repeater.forget(best);
        best = again;
        return true;
      }
      repeater.forget(again);
    }
    return false;
  };
  try {
    const all = readOperations(stored.path, stored.schedule.operations);
    const start: Candidate = {
      faults: stored.schedule.faults,
      operations: all,
      concurrency: Number(stored.options.concurrency),
      timeLimit: Number(stored.options['time-limit']),
    };
    options.note(`first the whole run: ${start.faults.length} faults, ${all.length} operations`);
    if (!(await holds(start))) return null;
    const shrunk = await shrink({
      start,
      guesses: guessesOf(stored, violation, all),
      concurrencyMin: stored.options.workload!.split(',').length,
      questionsMax: options.runsMax,
      shows: holds,
      onSmaller: ({ faults, operations, concurrency, timeLimit }) =>
        options.note(
          `after ${runs} runs: ${faults.length} faults, ${operations.length} operations, ` +
            `${concurrency} clients, ${timeLimit} s`,
        ),
    });
    return write(stored, violation, start, shrunk, best!, resolve(options.output));
  } finally {
    await repeater.close();
  }
}

/** Operations of each witness, and all operations on its keys: mostly that is enough. */
function guessesOf(
  stored: StoredRun,
  violation: Violation,
  all: readonly NumberedOp[],
): Numbered[][] {
  const byIdx = new Map(all.map((op) => [op.idx, op]));
  const witnesses = readWitnesses(stored.path, violation.checker, violation.anomaly)
    .map((ops) => ops.flatMap((idx) => byIdx.get(idx) ?? []))
    .filter((ops) => ops.length > 0)
    .slice(0, guessesMax);
  const onKeys = witnesses.slice(0, 2).map((ops) => {
    const keys = new Set(ops.map((op) => op.key));
    return all.filter((op) => keys.has(op.key));
  });
  return [...witnesses, ...onKeys];
}

function write(
  stored: StoredRun,
  violation: Violation,
  before: Candidate,
  shrunk: ShrinkReport['shrunk'],
  best: Again,
  schedulePath: string,
): ShrinkReport {
  const schedule = scheduleOf(shrunk.smallest);
  writeFileSync(schedulePath, scheduleText(schedule));
  const path = join(best.dir, 'run.sqlite');
  const changed: Record<string, string> = {
    ...stored.options,
    ...changedOptions(shrunk.smallest),
  };
  const told = Object.fromEntries(
    Object.entries(changed).filter(([name, value]) => {
      const fallback: string | boolean | undefined =
        optionTable[name as keyof typeof optionTable]?.fallback;
      return value !== String(fallback) && name !== 'checkers';
    }),
  );
  return {
    signature: violation,
    before,
    shrunk,
    operations: readOperations(path, schedule.operations),
    witness: witnessOf(path, violation),
    options: told,
    schedulePath,
    command: ['amnesia', 'test', ...argumentsOf({ ...told, schedule: schedulePath })],
  };
}

function witnessOf(path: string, { checker, anomaly }: Violation): readonly string[] {
  const file = openRunFile(path);
  try {
    const found = readCheck(file)
      ?.verdicts.find((each) => each.checker === checker)
      ?.anomalies.find((each) => each.pattern === anomaly);
    return found === undefined ? [] : [found.summary, ...found.steps];
  } finally {
    file.db.close();
  }
}
