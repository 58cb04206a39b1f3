/** What is needed to have a stored run again: its options as text, its plan, its operations by number. */

import { existsSync } from 'node:fs';
import { digestOfFile, type Origin, spelled } from '../../run/extensions/origins.ts';
import { kindOfOption, type OptionName, optionTable } from '../../run/options.ts';
import type { Schedule } from '../../run/schedule.ts';
import { openRunFile, type RunFile, readSummary } from '../../store/run-file.ts';
import { readCheck } from '../../store/verdicts.ts';
import { AmnesiaError } from '../../world/exit-codes.ts';
import { type RunFacts, readFacts } from '../run-facts.ts';

/** An operation of the load, by its number in its workload. */
export interface NumberedOp {
  readonly workload: string;
  readonly number: number;
  readonly f: string;
  readonly key: string | null;
  /** JSON, as stored. */
  readonly value: string | null;
  /** ns since the start. */
  readonly invoked: number;
  readonly node: string | null;
  readonly idx: number;
}

export interface StoredRun {
  readonly path: string;
  readonly name: string;
  readonly seed: number;
  readonly runtime: 'docker' | 'sim';
  /** Options of `amnesia test`, without those that say where and how it is written. */
  readonly options: Readonly<Record<string, string>>;
  readonly schedule: Schedule;
  readonly versions: Readonly<Record<string, string>>;
  /** Of the history; null where a seed does not give one. */
  readonly digest: string | null;
  readonly facts: RunFacts;
}

/** The run was not made by `amnesia test`, or by one that kept no plan. */
class NotRepeatable extends AmnesiaError {
  readonly code = 'bad-arguments';
  constructor(path: string, why: string) {
    super(`${path} cannot be run again: ${why}`);
    this.name = 'NotRepeatable';
  }
}

const LEFT_OUT: ReadonlySet<string> = new Set(['name', 'results', 'keep', 'json', 'schedule']);

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** Names of what came from outside are written as whoever loads it again understands them. */
function wordsOf(option: string, text: string, extensions: readonly Origin[]): string {
  const kind = kindOfOption[option];
  if (kind === undefined) return text;
  return text
    .split(',')
    .map((name) => {
      const origin = extensions.find((each) => each.kind === kind && each.name === name);
      return origin === undefined ? name : spelled(origin);
    })
    .join(',');
}

/** What has changed since in files that the run's definitions came from; a sentence each. */
export function changedSince(path: string): string[] {
  const file = openRunFile(path);
  try {
    const extensions = (readSummary(file).config.extensions ?? []) as readonly Origin[];
    return extensions
      .filter(({ source, digest }) => existsSync(source) && digestOfFile(source) !== digest)
      .map(({ kind, name, source }) => `${source}, with the ${kind} ${name}, has changed since`);
  } finally {
    file.db.close();
  }
}

/** Throws RunFileError and NotRepeatable. */
export function readStored(path: string): StoredRun {
  const file = openRunFile(path);
  try {
    const { name, seed, config, versions, environment, source } = readSummary(file);
    if (source !== null || seed === null) {
      throw new NotRepeatable(path, 'it was imported from a history of another tool');
    }
    const schedule = config.plan as Schedule | undefined;
    if (schedule === undefined) {
      throw new NotRepeatable(path, 'an older version made it, which kept no plan; use its seed');
    }
    const extensions = (config.extensions ?? []) as readonly Origin[];
    for (const each of extensions) {
      if (existsSync(each.source)) continue;
      const what = `${each.kind} ${each.name} ${each.version}`;
      throw new NotRepeatable(path, `its ${what} came from ${each.source}, which is not there`);
    }
    const options: Record<string, string> = {};
    for (const each of Object.keys(optionTable) as OptionName[]) {
      if (LEFT_OUT.has(each) || config[each] === undefined) continue;
      options[each] = wordsOf(each, textOf(config[each]), extensions);
    }
    const runtime = environment.engine === 'simulator' ? 'sim' : 'docker';
    return {
      path,
      name,
      seed,
      runtime,
      options: { ...options, runtime },
      schedule,
      versions,
      digest: environment.digest ?? null,
      facts: readFacts(path),
    };
  } finally {
    file.db.close();
  }
}

/**
 * Operations of the load in the order in which each workload's generator gave them. `chosen`: the numbers
 * of those that were started, where the schedule had a choice.
 */
export function readOperations(path: string, chosen: Schedule['operations']): NumberedOp[] {
  const file = openRunFile(path);
  try {
    return numberOps(file, chosen);
  } finally {
    file.db.close();
  }
}

function numberOps(file: RunFile, chosen: Schedule['operations']): NumberedOp[] {
  const counts = new Map<string, number>();
  const ordered = new Map(
    Object.entries(chosen ?? {}).map(([workload, numbers]) => [
      workload,
      [...numbers].sort((left, right) => left - right),
    ]),
  );
  return file.db
    .prepare<[], Omit<NumberedOp, 'number'>>(
      `SELECT workload, f, key, value, invoked, node, idx FROM op
       WHERE process <> 'nemesis' AND workload NOT NULL AND final IS NULL ORDER BY idx`,
    )
    .all()
    .map((op) => {
      const nth = counts.get(op.workload) ?? 0;
      counts.set(op.workload, nth + 1);
      return { ...op, number: ordered.get(op.workload)?.[nth] ?? nth };
    });
}

/** Operations of the witnesses of a violation, by idx; of the first witness first. */
export function readWitnesses(path: string, checker: string, anomaly: string): number[][] {
  const file = openRunFile(path);
  try {
    const verdicts = readCheck(file)?.verdicts ?? [];
    return verdicts
      .filter((each) => each.checker === checker)
      .flatMap((each) => each.anomalies)
      .filter((each) => each.pattern === anomaly)
      .map((each) => [...each.ops]);
  } finally {
    file.db.close();
  }
}
