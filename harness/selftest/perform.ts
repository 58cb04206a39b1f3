/**
 * A run in a process of its own: `amnesia test --json`. So a run that crashes, or that leaves something
 * behind in memory, is nobody else's trouble, and every runtime is driven in the same way.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import type { Verdict } from '../../checkers/verdict/verdict.ts';
import { EXIT } from '../world/exit-codes.ts';
import type { CaseOptions } from './cases.ts';
import { CannotRun, type Perform, type RunSummary } from './runner.ts';

export interface ChildOptions {
  /** docker, sim ... */
  readonly runtime: string;
  /** Folder for run files. */
  readonly results: string;
  /** Leave the run files of runs that were judged. */
  readonly keep: boolean;
  /** A run that takes longer hangs, ms. */
  readonly limitMs: number;
}

/** What `amnesia test --json` prints, as far as it is read here. */
interface Printed {
  readonly valid: RunSummary['valid'];
  readonly verdicts: readonly Verdict[];
  readonly run: string;
  readonly replay: string;
}

interface Ended {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

const errorCharsMax = 600;

/** Starts this very program again, however it was started (built, or by a loader). */
function amnesia(words: readonly string[], limitMs: number): Promise<Ended> {
  const argv = [...process.execArgv, process.argv[1], ...words];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err = (err + text).slice(-8 * errorCharsMax);
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.once('error', reject);
    child.once('close', (exitCode) => {
      clearTimeout(timer);
      resolve({ exitCode, out, err });
    });
  });
}

export function performInChild({ runtime, results, keep, limitMs }: ChildOptions): Perform {
  return async (options: CaseOptions): Promise<RunSummary> => {
    const all = { ...options, runtime, results };
    const words = Object.entries(all)
      .filter(([, value]) => value !== '')
      .flatMap(([name, value]) => [`--${name}`, value]);
    const begunMs = performance.now();
    const { exitCode, out, err } = await amnesia(['test', '--json', ...words], limitMs);
    const tookMs = performance.now() - begunMs;
    if (exitCode === EXIT.badArguments) throw new CannotRun(lastLine(err));
    if (exitCode === null || exitCode > EXIT.unknown || out === '') {
      const how = exitCode === null ? 'was ended by a signal' : `ended with ${exitCode}`;
      throw new Error(`amnesia test ${words.join(' ')} ${how}: ${err.slice(-errorCharsMax)}`);
    }
    const { valid, verdicts, run, replay } = JSON.parse(out) as Printed;
    if (!keep) rmSync(run, { recursive: true, force: true });
    return {
      valid,
      tookMs,
      replay,
      verdicts: verdicts.map(({ checker, valid: each, counts, informational, reason }) => ({
        checker,
        valid: each,
        counts,
        ...(informational === undefined ? {} : { informational }),
        ...(reason === undefined ? {} : { reason }),
      })),
    };
  };
}

function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1) ?? '';
  return line.replace(/^amnesia: /, '');
}
