/** One node on a host that is reached by ssh: its folder there, and its process over all of its lives. */
import type { ExecResult, ProcessState } from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import { Agent } from '../netfilter/agent.ts';
import { agentCommand } from '../netfilter/script.ts';
import { thisProcess } from '../owner.ts';
import type { SshConnection } from './connection.ts';
import {
  killScript,
  logScript,
  prepareScript,
  removeScript,
  signalScript,
  startScript,
  stateScript,
  writeScript,
} from './scripts.ts';

const workTimeoutMs = 20_000;
const uploadTimeoutMs = 120_000;

export interface Life {
  readonly state: ProcessState;
  /** Of the process; empty where the host does not tell. */
  readonly namespace: string;
}

const script = (source: string, ...args: readonly string[]): string[] => [
  '/bin/bash',
  '-c',
  source,
  'amnesia',
  ...args,
];

export class RemoteNode {
  readonly #name: string;
  readonly #connection: SshConnection;
  readonly #folder: string;
  readonly #sudo: readonly string[];
  #launch: readonly string[] = [];
  #agent: Agent | null = null;

  constructor(name: string, connection: SshConnection, folder: string, sudo: boolean) {
    this.#name = name;
    this.#connection = connection;
    this.#folder = folder;
    this.#sudo = sudo ? ['sudo', '-n'] : [];
  }

  async #must(argv: readonly string[], input: Buffer | string = '', timeoutMs = workTimeoutMs) {
    const { exitCode, stdout, stderr } = await this.#connection.run(argv, timeoutMs, input);
    if (exitCode === 0) return stdout;
    const printed = (stderr.trim() || stdout.trim()).split('\n').at(-1);
    throw new ClusterError(
      'program-failed',
      `${this.#name} (by ssh): ${printed || `exit ${exitCode}`}`,
    );
  }

  /** Makes its folder, with who owns it. */
  async prepare(): Promise<void> {
    await this.#must(script(prepareScript, this.#folder), `${JSON.stringify(thisProcess())}\n`);
  }

  async upload(path: string, content: Buffer | string, mode: number): Promise<void> {
    const argv = script(writeScript, path, mode.toString(8));
    await this.#must(argv, content, uploadTimeoutMs);
  }

  /** Which program it is; all of its environment is among the arguments (`env -i`). */
  becomes(argv: readonly string[]): void {
    this.#launch = argv;
  }

  async start(): Promise<void> {
    await this.#must(script(startScript, this.#folder, ...this.#launch));
  }

  async kill(): Promise<void> {
    await this.#must(script(killScript, this.#folder));
  }

  async signal(name: 'STOP' | 'CONT'): Promise<void> {
    const argv = script(signalScript, this.#folder, name);
    const { exitCode, stderr } = await this.#connection.run(argv, workTimeoutMs);
    // 3: it does not run. One that is dead was not paused, either.
    if (exitCode === 0 || (exitCode === 3 && name === 'CONT')) return;
    throw new ClusterError('program-failed', `${this.#name} takes no ${name}: ${stderr.trim()}`);
  }

  async life(): Promise<Life> {
    const argv = [...this.#sudo, ...script(stateScript, this.#folder)];
    const [letter = '', namespace = ''] = (await this.#must(argv)).trim().split(' ');
    if (letter === '') return { state: 'exited', namespace };
    return { state: letter === 'T' || letter === 't' ? 'paused' : 'running', namespace };
  }

  exec(argv: readonly string[], timeoutMs: number): Promise<ExecResult> {
    return this.#connection.run(argv, timeoutMs);
  }

  async logs(linesMax: number): Promise<string[]> {
    const text = await this.#must(script(logScript, String(linesMax), this.#folder));
    return text.split('\n').filter((line) => line !== '');
  }

  /** The program that sets rules there; a new one where the last has ended. */
  async agent(): Promise<Agent> {
    if (this.#agent && !this.#agent.isGone) return this.#agent;
    const line = await this.#connection.converse([...this.#sudo, ...agentCommand]);
    this.#agent = new Agent(this.#name, line);
    return this.#agent;
  }

  async remove(): Promise<void> {
    this.#agent?.close();
    this.#agent = null;
    await this.#must([...this.#sudo, ...script(removeScript, this.#folder)]);
  }
}
