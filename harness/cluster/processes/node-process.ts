/**
 * One node as a process of this machine, over all of its lives: started, killed, stopped and continued together with
 * what it has started itself. By its control group where there is one, else by its process group.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { ProcessState } from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import type { Cgroup } from './cgroup.ts';

export interface Launch {
  readonly argv: readonly string[];
  /** All of its environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly logFile: string;
  readonly cgroup: Cgroup | null;
}

const pollMs = 10;
const goneTimeoutMs = 10_000;
const frozenTimeoutMs = 5000;
/** At the end of a log file; lines before that are not looked for. */
const tailBytesMax = 8 * 1024 * 1024;

/** Enters the control group, then becomes the program: its data are arguments, the text is constant. */
const enterScript = 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The letter of /proc/PID/stat; empty for one that is gone. */
function stateLetter(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  } catch {
    return '';
  }
}

export class NodeProcess {
  readonly #name: string;
  readonly #launch: Launch;
  #child: ChildProcess | null = null;
  #stopped = false;

  constructor(name: string, launch: Launch) {
    this.#name = name;
    this.#launch = launch;
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child !== null && child.exitCode === null && child.signalCode === null;
  }

  /** Of the process that runs; null where none does. */
  get pid(): number | null {
    return this.isRunning ? (this.#child?.pid ?? null) : null;
  }

  async start(): Promise<void> {
    if (this.isRunning) return;
    const { argv, env, folder, logFile, cgroup } = this.#launch;
    const entered = cgroup
      ? ['/bin/sh', '-c', enterScript, 'amnesia', cgroup.folder, ...argv]
      : argv;
    const [program, ...args] = entered;
    cgroup?.freeze(false);
    this.#stopped = false;
    const log = openSync(logFile, 'a');
    try {
      const child = spawn(program, args, {
        cwd: folder,
        env: { ...env },
        // A process group of its own, which signals can be sent to.
        detached: true,
        stdio: ['ignore', log, log],
      });
      this.#child = child;
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', reject);
      });
      child.unref();
    } catch (cause) {
      this.#child = null;
      const text = `${this.#name} cannot be started: ${(cause as Error).message}`;
      throw new ClusterError('program-failed', text, { cause });
    } finally {
      closeSync(log);
    }
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** SIGKILL to all of it. Resolves when nothing of it runs any more. */
  async kill(): Promise<void> {
    const { cgroup } = this.#launch;
    this.#signal('SIGKILL');
    cgroup?.kill();
    // What is frozen dies only when it is thawed.
    cgroup?.freeze(false);
    this.#stopped = false;
    await this.#until(
      () => !this.isRunning && cgroup?.isPopulated() !== true,
      goneTimeoutMs,
      'is still there after SIGKILL',
    );
  }

  async pause(): Promise<void> {
    if (!this.isRunning) {
      throw new ClusterError('no-node', `${this.#name} does not run and cannot be paused`);
    }
    const { cgroup } = this.#launch;
    if (cgroup) cgroup.freeze(true);
    else this.#signal('SIGSTOP');
    this.#stopped = true;
    await this.#until(() => this.#isFrozen(), frozenTimeoutMs, 'could not be frozen');
  }

  async resume(): Promise<void> {
    if (!this.#stopped) return;
    const { cgroup } = this.#launch;
    if (cgroup) cgroup.freeze(false);
    else this.#signal('SIGCONT');
    this.#stopped = false;
    await this.#until(() => !this.#isFrozen(), frozenTimeoutMs, 'could not be thawed');
  }

  #isFrozen(): boolean {
    const { cgroup } = this.#launch;
    if (cgroup) return cgroup.isFrozen();
    return stateLetter(this.#child?.pid ?? 0) === 'T';
  }

  async #until(holds: () => boolean, timeoutMs: number, what: string): Promise<void> {
    const until = Date.now() + timeoutMs;
    while (!holds()) {
      if (Date.now() > until) {
        const text = `${this.#name} ${what} (${timeoutMs / 1000} s)`;
        throw new ClusterError('program-failed', text);
      }
      await pause(pollMs);
    }
  }

  state(): ProcessState {
    if (!this.isRunning) return 'exited';
    return this.#stopped && this.#isFrozen() ? 'paused' : 'running';
  }

  /** As a shell tells it: 128 and the signal's number for one that was killed. */
  exitCode(): number | null {
    const child = this.#child;
    if (child === null || this.isRunning) return null;
    if (child.signalCode === 'SIGKILL') return 137;
    return child.signalCode === null ? child.exitCode : 128;
  }

  /** The last lines of its output, oldest first. */
  async logs(linesMax: number): Promise<string[]> {
    const { logFile } = this.#launch;
    const { size } = statSync(logFile);
    const length = Math.min(size, tailBytesMax);
    const file = await open(logFile, 'r');
    try {
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
      const lines = buffer.toString('utf8').split('\n');
      return lines.filter((line) => line !== '').slice(-linesMax);
    } finally {
      await file.close();
    }
  }
}
