/**
 * Who carries the runs of a campaign: a process for each run, or a few workers that take one run after
 * another. Either way a run that dies takes nothing with it but itself. Children are started from
 * argument arrays, in process groups of their own: Ctrl-C at the terminal reaches the campaign alone,
 * which lets the runs that are going on come to their end. What a child says on standard error goes
 * into a file, so that one that outlives the campaign is not ended by a broken pipe.
 */
import { type ChildProcess, fork, type StdioOptions, spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseOptions } from '../run/options.ts';
import { argumentsOf, type RunSpec, rawOf } from './spec.ts';

/** How a run ended, as far as its carrier can tell. */
export interface Ended {
  /** Exit code of `amnesia test`; null where a signal ended it. */
  readonly exitCode: number | null;
  /** What was printed last, where it did not end well. */
  readonly message: string | null;
}

export interface Executor {
  /** Never rejects. `startedBy` is told who does it, as soon as that is known. */
  run(spec: RunSpec, startedBy: (pid: number) => void): Promise<Ended>;
  /** Ends everything that is going on, at once. */
  kill(): void;
  /** After the last run: nobody is left behind. */
  close(): Promise<void>;
}

/** A program, and what stands before the arguments of a run. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** What set-up and check of a run may take beyond everything that is planned, ms. */
const allowanceMs = 300_000;
/** The check of a long history takes longer. */
const perOperationMs = 0.1;
/** Of what a child printed last, so much is kept, bytes. */
const tailBytes = 2000;

/** A run that takes longer than this hangs, ms. */
export function limitMs(options: Readonly<Record<string, string>>): number {
  const given = parseOptions(rawOf(options), 0);
  const seconds =
    given['warm-up'] +
    Math.max(given['time-limit'], given['wall-clock']) +
    3 * given['final-deadline'] +
    given.settle +
    4 * given['op-timeout'];
  const operations = given.rate * given['time-limit'];
  return seconds * 1000 + allowanceMs + operations * perOperationMs;
}

/** Ends a child that hangs. */
class Limit {
  readonly #ms: number;
  readonly #timer: NodeJS.Timeout;
  #reached = false;

  constructor(child: ChildProcess, ms: number) {
    this.#ms = ms;
    this.#timer = setTimeout(() => {
      this.#reached = true;
      killGroup(child);
    }, this.#ms);
  }

  /** The same end; where it was this one's doing, that is printed. */
  lift({ exitCode, message }: Ended): Ended {
    clearTimeout(this.#timer);
    if (!this.#reached) return { exitCode, message };
    const why = `it hung: not done within ${Math.round(this.#ms / 1000)} s, so it was killed`;
    return { exitCode, message: `${why} (${message})` };
  }
}

/** A file for what a child says, in the folder of the campaign. */
class Saying {
  readonly #path: string;
  readonly handle: number;

  constructor(dir: string, name: string) {
    mkdirSync(dir, { recursive: true });
    this.#path = join(dir, `${name}.stderr`);
    this.handle = openSync(this.#path, 'w+');
  }

  /** The end of it, one line. */
  tail(): string {
    const { size } = fstatSync(this.handle);
    const from = Math.max(0, size - tailBytes);
    const bytes = Buffer.alloc(size - from);
    readSync(this.handle, bytes, 0, bytes.length, from);
    const lines = bytes.toString('utf8').trim().split('\n');
    const told = lines.findLast((line) => line.startsWith('amnesia: '));
    return (told ?? lines.slice(-3).join(' | ')).slice(-500);
  }

  close(): void {
    closeSync(this.handle);
    rmSync(this.#path, { force: true });
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

function endOf(code: number | null, signal: NodeJS.Signals | null, printed: string): Ended {
  if (code === 0 || code === 1 || code === 2) return { exitCode: code, message: null };
  const how = signal === null ? `ended with exit code ${code}` : `ended by ${signal}`;
  return { exitCode: code, message: printed === '' ? how : `${how}: ${printed}` };
}

/** A process for each run: `amnesia test --json ...`. */
export class ChildExecutor implements Executor {
  readonly #program: Program;
  readonly #logs: string;
  readonly #limit: typeof limitMs;
  readonly #running = new Set<ChildProcess>();

  /** `logs`: folder for what children say, made when needed. `limit`: as `limitMs`. */
  constructor(program: Program, logs: string, limit = limitMs) {
    this.#program = program;
    this.#logs = logs;
    this.#limit = limit;
  }

  run(spec: RunSpec, startedBy: (pid: number) => void): Promise<Ended> {
    const saying = new Saying(this.#logs, String(spec.index));
    const { command, args } = this.#program;
    const argv = [...args, 'test', '--json', ...argumentsOf(spec.options)];
    return new Promise<Ended>((resolve) => {
      const stdio: StdioOptions = ['ignore', 'ignore', saying.handle];
      const child = spawn(command, argv, { detached: true, stdio });
      this.#running.add(child);
      const limit = new Limit(child, this.#limit(spec.options));
      const end = (ended: Ended): void => {
        this.#running.delete(child);
        saying.close();
        resolve(limit.lift(ended));
      };
      child.once('error', (error) => end({ exitCode: null, message: error.message }));
      child.once('exit', (code, signal) => end(endOf(code, signal, saying.tail())));
      if (child.pid !== undefined) startedBy(child.pid);
    });
  }

  kill(): void {
    for (const child of this.#running) killGroup(child);
  }

  async close(): Promise<void> {}
}

/** What a worker is asked, and answers. */
export interface WorkerTask {
  readonly index: number;
  readonly options: Readonly<Record<string, string>>;
}
export interface WorkerAnswer {
  readonly index: number;
  readonly exitCode: number;
  readonly message: string | null;
}

interface Worker {
  readonly child: ChildProcess;
  readonly saying: Saying;
  runs: number;
}

/** A worker is replaced after so many runs, so that nothing can pile up in it. */
const runsPerWorkerMax = 200;

/** Workers that take one run after another; one that dies is replaced. */
export class WorkerExecutor implements Executor {
  readonly #module: string;
  readonly #logs: string;
  readonly #limit: typeof limitMs;
  readonly #execArgv: readonly string[];
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  #started = 0;

  constructor(module: string, logs: string, execArgv: readonly string[], limit = limitMs) {
    this.#module = module;
    this.#logs = logs;
    this.#limit = limit;
    this.#execArgv = execArgv;
  }

  #start(): Worker {
    const saying = new Saying(this.#logs, `worker-${this.#started++}`);
    const stdio: StdioOptions = ['ignore', 'ignore', saying.handle, 'ipc'];
    const child = fork(this.#module, [], { detached: true, stdio, execArgv: [...this.#execArgv] });
    const worker = { child, saying, runs: 0 };
    this.#all.add(worker);
    child.once('exit', () => {
      this.#all.delete(worker);
      const place = this.#idle.indexOf(worker);
      if (place >= 0) this.#idle.splice(place, 1);
      saying.close();
    });
    // Told by `exit`, or by the failure to send.
    child.on('error', () => {});
    return worker;
  }

  run({ index, options }: RunSpec, startedBy: (pid: number) => void): Promise<Ended> {
    const worker = this.#idle.pop() ?? this.#start();
    const { child, saying } = worker;
    worker.runs++;
    if (child.pid !== undefined) startedBy(child.pid);
    return new Promise<Ended>((resolve) => {
      const limit = new Limit(child, this.#limit(options));
      const end = (ended: Ended): void => {
        child.off('message', onAnswer);
        child.off('exit', onExit);
        resolve(limit.lift(ended));
      };
      const onAnswer = (answer: unknown): void => {
        const { exitCode, message } = answer as WorkerAnswer;
        if (worker.runs < runsPerWorkerMax) this.#idle.push(worker);
        else child.disconnect();
        end(endOf(exitCode, null, message ?? ''));
      };
      const onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
        // A worker that goes without an answer has crashed, whatever it says.
        const printed = saying.tail();
        const how = signal === null ? `left with exit code ${code}` : `ended by ${signal}`;
        end({ exitCode: null, message: printed === '' ? how : `${how}: ${printed}` });
      };
      child.on('message', onAnswer);
      // Before the listener that closes the file of what it printed.
      child.prependListener('exit', onExit);
      const task: WorkerTask = { index, options };
      child.send(task, (error) => {
        if (error !== null) killGroup(child);
      });
    });
  }

  kill(): void {
    for (const { child } of this.#all) killGroup(child);
  }

  async close(): Promise<void> {
    const gone = [...this.#all].map(({ child }) => {
      if (child.exitCode !== null || child.signalCode !== null) return undefined;
      const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      if (child.connected) child.disconnect();
      return exit;
    });
    await Promise.all(gone);
  }
}
