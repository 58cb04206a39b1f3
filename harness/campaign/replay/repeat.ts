/**
 * A run once more, with options and a schedule of one's choice, in a folder of its own. The edge that
 * `replay` and `shrink` have in common.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Schedule, scheduleText } from '../../run/schedule.ts';
import { openRunFile, readSummary } from '../../store/run-file.ts';
import { AmnesiaError } from '../../world/exit-codes.ts';
import type { Executor } from '../executor.ts';
import { executorFor } from '../run-campaign.ts';
import { type RunFacts, readFacts, type Signature } from '../run-facts.ts';
import { foldersOf, removeFolder } from '../state/folders.ts';

export interface Again {
  readonly dir: string;
  readonly facts: RunFacts;
  readonly digest: string | null;
}

/** The run came to no verdict. */
class RepeatFailed extends AmnesiaError {
  readonly code = 'repeat-failed';
  override readonly exitCode = 255;
  constructor(message: string) {
    super(`the run could not be repeated: ${message}`);
    this.name = 'RepeatFailed';
  }
}

export class Repeater {
  readonly #executor: Executor;
  readonly #results: string;
  readonly #name: string;
  readonly #dir: string;
  #count = 0;

  /** Runs lie in `results`/`name`. */
  constructor(runtime: string, results: string, name: string) {
    this.#results = resolve(results);
    this.#name = name;
    this.#dir = join(this.#results, name);
    mkdirSync(this.#dir, { recursive: true });
    this.#executor = executorFor(runtime, this.#dir, 1);
  }

  /** Runs once. Throws RepeatFailed where that gives no verdict. */
  async run(options: Readonly<Record<string, string>>, schedule: Schedule): Promise<Again> {
    const index = this.#count++;
    const path = join(this.#dir, `schedule-${process.pid}.json`);
    writeFileSync(path, scheduleText(schedule));
    const known = new Set(foldersOf(this.#dir, options.seed!));
    const all = { ...options, name: this.#name, results: this.#results, schedule: path };
    const spec = { index, nemesis: options.nemesis ?? '', options: all };
    const { exitCode, message } = await this.#executor.run(spec, () => {});
    const folder = foldersOf(this.#dir, options.seed!).find((each) => !known.has(each));
    if (folder === undefined || exitCode === null || exitCode > 2) {
      throw new RepeatFailed(message ?? 'it left no run file');
    }
    const dir = join(this.#dir, folder);
    const file = join(dir, 'run.sqlite');
    return { dir, facts: readFacts(file), digest: digestOf(file) };
  }

  forget({ dir }: Again): void {
    removeFolder(dir);
  }

  async close(): Promise<void> {
    await this.#executor.close();
    removeFolder(join(this.#dir, `schedule-${process.pid}.json`));
  }

  kill(): void {
    this.#executor.kill();
  }
}

function digestOf(path: string): string | null {
  const file = openRunFile(path);
  try {
    return readSummary(file).environment.digest ?? null;
  } finally {
    file.db.close();
  }
}

/** Whether a run shows a violation of that kind. The faults may be fewer by then and do not count. */
export function shows(
  facts: RunFacts,
  wanted: Pick<Signature, 'checker' | 'anomaly' | 'workload'>,
): boolean {
  return facts.violations.some(
    (each) =>
      each.checker === wanted.checker &&
      each.anomaly === wanted.anomaly &&
      each.workload === wanted.workload,
  );
}
