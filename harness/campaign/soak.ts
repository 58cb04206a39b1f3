/**
 * Carries a campaign from where it stands to its end: some runs at once, each stored as it ends. Whatever
 * ends this process, the next one finds out what became of the runs that were going on: one that came
 * to its end is taken as it is, one whose process still lives is waited for, any other is run again.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeReport } from '../report/page/report-file.ts';
import type { Ended, Executor } from './executor.ts';
import { limitMs } from './executor.ts';
import { type RunFacts, readFacts } from './run-facts.ts';
import type { RunSpec } from './spec.ts';
import { shardSize } from './spec.ts';
import { bytesOf, foldersOf, removeFolder } from './state/folders.ts';
import {
  type CampaignState,
  type Interrupted,
  isAlive,
  STATE_FILE,
  type Tally,
} from './state/state.ts';

/** Why no more runs are begun. */
export type Stopped = 'complete' | 'hours' | 'failures' | 'interrupted' | 'crashes';

export interface SoakProgress {
  readonly planned: number;
  readonly tally: Tally;
  /** Of all stretches, ms. */
  readonly workedMs: number;
  /** Until everything is done, as far as one can tell; null before the first run has ended. */
  readonly leftMs: number | null;
}

export interface SoakObserver {
  /** A run has ended. */
  ended(spec: RunSpec, valid: string, message: string | null): void;
  note(text: string): void;
  progress(progress: SoakProgress): void;
}

export interface SoakOptions {
  readonly state: CampaignState;
  readonly executor: Executor;
  readonly observer: SoakObserver;
  /** No more runs are begun; those that go on come to their end. */
  readonly stop: AbortSignal;
  /** Everything ends at once; what was going on is run again after a resume. */
  readonly halt: AbortSignal;
}

/** Where every run crashes, it is not the runs. */
const crashesInARowMax = 10;
const pollMs = 500;
const progressMs = 1000;

/** Works until the campaign is done, or must stop. */
export async function soak(options: SoakOptions): Promise<Stopped> {
  const stretch = new Stretch(options);
  try {
    return await stretch.work();
  } finally {
    await options.executor.close();
  }
}

class Stretch {
  readonly #with: SoakOptions;
  readonly #planned: number;
  readonly #workedBeforeMs: number;
  readonly #beganMs = performance.now();
  #storedMs = 0;
  #endedHere = 0;
  #crashesInARow = 0;
  #again: RunSpec[] = [];
  #stopped: Stopped | null = null;

  constructor(options: SoakOptions) {
    this.#with = options;
    this.#planned = shardSize(options.state.spec, options.state.shard);
    this.#workedBeforeMs = options.state.workedMs();
  }

  async work(): Promise<Stopped> {
    const { state, executor, observer, stop, halt } = this.#with;
    const onStop = (): void => {
      this.#stopped ??= 'interrupted';
    };
    const onHalt = (): void => {
      onStop();
      executor.kill();
    };
    stop.addEventListener('abort', onStop);
    halt.addEventListener('abort', onHalt);
    const ticker = setInterval(() => observer.progress(this.#progress()), progressMs);
    try {
      if (stop.aborted) onStop();
      for (const { idx, dir } of state.kept.green()) this.#thin(idx, dir);
      for (const each of state.interrupted()) await this.#settle(each);
      const slots = Array.from({ length: state.limits.parallel }, () => this.#slot());
      await Promise.all(slots);
      return this.#stopped ?? 'complete';
    } finally {
      clearInterval(ticker);
      this.#keepTime();
      stop.removeEventListener('abort', onStop);
      halt.removeEventListener('abort', onHalt);
      observer.progress(this.#progress());
    }
  }

  async #slot(): Promise<void> {
    for (;;) {
      this.#look();
      if (this.#stopped !== null) return;
      const again = this.#again.shift();
      if (again !== undefined) this.#with.state.again(again.index);
      const spec = again ?? this.#with.state.begin();
      if (spec === undefined) return;
      await this.#runOne(spec);
    }
  }

  /** Whether a limit was reached. */
  #look(): void {
    const { hours, untilFailures } = this.#with.state.limits;
    if (this.#stopped !== null) return;
    if (hours !== null && this.#workedMs() >= hours * 3_600_000) this.#stopped = 'hours';
    else if (untilFailures !== null && this.#with.state.tally().invalid >= untilFailures) {
      this.#stopped = 'failures';
    } else if (this.#crashesInARow >= crashesInARowMax) this.#stopped = 'crashes';
  }

  async #runOne(spec: RunSpec): Promise<void> {
    const { state, executor, halt } = this.#with;
    // Attempts that were cut off are nothing that one could judge.
    for (const name of foldersOf(state.dir, spec.options.seed!)) {
      removeFolder(join(state.dir, name));
    }
    const beganMs = performance.now();
    const ended = await executor.run(spec, (pid) => state.startedBy(spec.index, pid));
    // Ended by us: it stays begun, and is run again.
    if (halt.aborted) return;
    this.#store(spec, ended, performance.now() - beganMs);
  }

  /** A run that was going on when the process before this one ended. */
  async #settle({ spec, pid, pidStarted, startedAt }: Interrupted): Promise<void> {
    const { state, observer } = this.#with;
    if (pid !== null && isAlive(pid, pidStarted)) {
      observer.note(`waiting for run ${spec.index}, which outlived the campaign (process ${pid})`);
      const untilMs = performance.now() + limitMs(spec.options);
      while (isAlive(pid, pidStarted) && performance.now() < untilMs && this.#stopped === null) {
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
    }
    // It stays begun, for the next one to settle.
    if (this.#stopped !== null) return;
    const folder = foldersOf(state.dir, spec.options.seed!)[0];
    const found = folder === undefined ? null : readRun(join(state.dir, folder));
    // The verdict is the last thing that is written: with it, nothing is missing.
    if (found !== null && !(found instanceof Error) && found.valid !== null) {
      const exitCode = found.valid === true ? 0 : found.valid === false ? 1 : 2;
      const tookMs = Date.now() - Date.parse(startedAt);
      this.#store(spec, { exitCode, message: null }, tookMs);
    } else this.#again.push(spec);
  }

  #store(spec: RunSpec, { exitCode, message }: Ended, tookMs: number): void {
    const { state, observer } = this.#with;
    const dir = foldersOf(state.dir, spec.options.seed!)[0] ?? null;
    const read = dir === null ? null : readRun(join(state.dir, dir));
    if (dir !== null && read !== null && !(read instanceof Error) && read.valid !== true) {
      this.#picture(join(state.dir, dir));
    }
    const bytes = dir === null ? 0 : bytesOf(join(state.dir, dir));
    const problem = problemOf(exitCode, message, read);
    const end = { exitCode, dir, bytes, tookMs };
    if (problem !== null || read === null || read instanceof Error) {
      state.finish(spec.index, { ...end, state: 'crashed', message: problem, facts: null });
      this.#crashesInARow++;
      observer.ended(spec, 'crashed', problem);
    } else {
      state.finish(spec.index, { ...end, state: 'done', message: read.message, facts: read });
      this.#crashesInARow = 0;
      const worst = read.violations[0];
      const reason = read.verdicts.find((each) => each.reason !== undefined && each.valid !== true);
      const printed =
        worst?.summary ?? (read.valid === true ? null : (reason?.reason ?? read.message));
      observer.ended(spec, String(read.valid), printed ?? null);
      if (read.valid === true) this.#thin(spec.index, dir!);
    }
    this.#endedHere++;
    this.#fit();
    this.#keepTime();
    observer.progress(this.#progress());
  }

  /** A run that is kept is kept with its page. */
  #picture(dir: string): void {
    try {
      if (!existsSync(join(dir, 'report.html'))) writeReport(join(dir, 'run.sqlite'));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#with.observer.note(`no page for ${dir}: ${reason}`);
    }
  }

  #thin(index: number, dir: string): void {
    removeFolder(join(this.#with.state.dir, dir));
    this.#with.state.kept.thinned(index);
  }

  /** Removes what is missed least until everything fits. */
  #fit(): void {
    const { state, observer } = this.#with;
    const most = state.limits.keepBytes;
    if (most === null) return;
    const own = statSync(join(state.dir, STATE_FILE), { throwIfNoEntry: false })?.size ?? 0;
    while (own + state.kept.bytes() > most) {
      const least = state.kept.leastMissed();
      if (least === undefined) return;
      if (least.alone > 0) {
        observer.note(
          `no room within --keep-bytes: run ${least.idx} goes, the only one kept of its violation`,
        );
      }
      this.#thin(least.idx, least.dir);
    }
  }

  #workedMs(): number {
    return this.#workedBeforeMs + performance.now() - this.#beganMs;
  }

  #keepTime(): void {
    const here = performance.now() - this.#beganMs;
    this.#with.state.work(here - this.#storedMs);
    this.#storedMs = here;
  }

  #progress(): SoakProgress {
    const { state } = this.#with;
    const tally = state.tally();
    const done = tally.valid + tally.invalid + tally.unknown + tally.crashed;
    const left = Math.max(0, this.#planned - done);
    const hereMs = performance.now() - this.#beganMs;
    const byRuns = this.#endedHere === 0 ? null : (hereMs / this.#endedHere) * left;
    const { hours } = state.limits;
    const byHours = hours === null ? null : Math.max(0, hours * 3_600_000 - this.#workedMs());
    const leftMs =
      byRuns === null || byHours === null ? (byRuns ?? byHours) : Math.min(byRuns, byHours);
    return { planned: this.#planned, tally, workedMs: this.#workedMs(), leftMs };
  }
}

function readRun(dir: string): RunFacts | Error {
  try {
    return readFacts(join(dir, 'run.sqlite'));
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Why a run counts as crashed; null where there is a verdict. */
function problemOf(
  exitCode: number | null,
  message: string | null,
  read: RunFacts | Error | null,
): string | null {
  if (exitCode === null || exitCode > 2) return message ?? `ended with exit code ${exitCode}`;
  if (read === null) return message ?? 'it left no run file';
  if (read instanceof Error) return read.message;
  return read.valid === null ? (message ?? 'it was not judged') : null;
}
