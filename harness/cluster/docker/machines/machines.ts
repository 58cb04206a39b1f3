/**
 * Machines in containers whose power fails, whose disk and clock are wrong, and whose data are not what they were. The
 * node's process has libraries in front of the C library's calls (docker/powers); its sidecar tells them what to do.
 */

import type { Cluster } from '../../cluster.ts';
import { ClusterError } from '../../errors.ts';
import type { DiskFault, DiskTrial, MachinePowers, PowerLoss, Spoiling } from '../../powers.ts';
import { powersFolder } from '../powers-image.ts';
import type { Conversation } from './conversation.ts';
import { clockKeeperProgram, program } from './programs.ts';
import type { Sidecars } from './sidecars.ts';
import { spoilScripts } from './spoil.ts';
import {
  clockFile,
  controlFolder,
  type MachinePaths,
  undoEnvironment,
  undoFolder,
} from './volumes.ts';

const execTimeoutMs = 20_000;
const copyTimeoutMs = 60_000;

/** What the tool says when the power has failed. */
interface Undone {
  readonly writes: number;
  readonly bytes: number;
  readonly torn: number;
  readonly creations: number;
  readonly renames: number;
  readonly removals: number;
}

/** One process of a node, as `undo-tool inspect` sees it. */
export interface Inspected {
  readonly name: string;
  readonly static: boolean;
  readonly loaded: boolean;
  readonly ioUring: boolean;
  readonly sharedMappings: number;
}

/** Why power loss would not be one for these processes; null: it would. Pure. */
export function whyPowerIsBlind(processes: readonly Inspected[]): string | null {
  for (const each of processes) {
    const { name } = each;
    if (each.static) return `${name} is a static program: nothing can stand before its writes`;
    if (each.ioUring) return `${name} writes by io_uring, past the calls that are watched`;
    if (each.sharedMappings > 0) return `${name} writes its data through shared mappings`;
    if (!each.loaded) return `${name} runs without the library that watches its writes`;
  }
  return processes.length > 0 ? null : 'none of its processes could be looked at';
}

/** Options of `undo-tool disk`. Pure. */
export function diskOptions({ error, on, share, writeMs, syncMs }: DiskFault): string[] {
  const numbers = { full: 'ENOSPC', 'read-only': 'EROFS', 'io-error': 'EIO' } as const;
  const options: string[] = [];
  if (error) {
    const calls = error === 'read-only' ? ['write', 'names'] : (on ?? ['write', 'sync']);
    options.push(...calls.map((call) => `${call}=${numbers[error]}`));
  }
  if (share !== undefined) options.push(`permille=${Math.round(share * 1000)}`);
  if (writeMs) options.push(`write_delay_us=${Math.round(writeMs * 1000)}`);
  if (syncMs) options.push(`sync_delay_us=${Math.round(syncMs * 1000)}`);
  return options;
}

export class ContainerMachines implements MachinePowers {
  readonly #cluster: Cluster;
  readonly #sidecars: Sidecars;
  readonly #paths: MachinePaths;
  readonly #clocks = new Map<string, Conversation>();

  constructor(cluster: Cluster, sidecars: Sidecars, paths: MachinePaths) {
    this.#cluster = cluster;
    this.#sidecars = sidecars;
    this.#paths = paths;
  }

  async cutPower(node: string, loss: PowerLoss): Promise<string> {
    await this.#cluster.kill(node);
    const { lose, names, torn, seed } = loss;
    const options = [`lose=${lose}`, `names=${names}`, `torn=${torn ? 1 : 0}`, `seed=${seed}`];
    const argv = ['undo-tool', 'lose', this.#paths.data, undoFolder, ...options];
    const undone = JSON.parse(await this.#sidecars.run(node, argv, copyTimeoutMs)) as Undone;
    const names_ = undone.creations + undone.renames + undone.removals;
    const tornText = undone.torn > 0 ? `, ${undone.torn} of them torn` : '';
    return `${undone.writes} writes with ${undone.bytes} bytes${tornText}, and ${names_} names`;
  }

  /** Why the power of this node cannot be made to fail; null: it can. Asked while it runs. */
  async whyNoPower(node: string): Promise<string | null> {
    const argv = [`${powersFolder}/undo-tool`, 'inspect', this.#paths.data];
    const { exitCode, stdout, stderr } = await this.#cluster.exec(node, argv, execTimeoutMs);
    if (exitCode !== 0) return `its processes could not be looked at: ${stderr.trim()}`;
    // The look itself is a static program, too.
    const processes = (JSON.parse(stdout) as Inspected[]).filter(
      ({ name }) => name !== 'undo-tool',
    );
    return whyPowerIsBlind(processes);
  }

  async setDisk(node: string, fault: DiskFault | null): Promise<void> {
    const options = fault ? diskOptions(fault) : [];
    await this.#sidecars.run(node, ['undo-tool', 'disk', undoFolder, ...options], execTimeoutMs);
  }

  /** By a program in the node's container, which has the same libraries before it as the node. */
  async #probe<T>(node: string, ...argv: readonly string[]): Promise<T> {
    const whole = [`${powersFolder}/node-probe`, ...argv];
    const { exitCode, stdout, stderr } = await this.#cluster.exec(node, whole, execTimeoutMs);
    if (exitCode === 0) return JSON.parse(stdout) as T;
    throw new ClusterError(
      'engine-failed',
      `node-probe on ${node} ended with ${exitCode}: ${stderr.trim()}`,
    );
  }

  /**
   * In the node's container; where the node has ended, perhaps of this very fault, beside it: with the same library
   * in front of it and on the same folders.
   */
  async tryDisk(node: string): Promise<DiskTrial> {
    const argv = [`${powersFolder}/node-probe`, 'disk', this.#paths.data];
    const inside = await this.#cluster.exec(node, argv, execTimeoutMs).catch(() => null);
    if (inside?.exitCode === 0) return JSON.parse(inside.stdout) as DiskTrial;
    const environment = [`LD_PRELOAD=${powersFolder}/undo.so`, ...undoEnvironment(this.#paths)];
    const beside = ['env', ...environment, ...argv];
    return JSON.parse(await this.#sidecars.run(node, beside, execTimeoutMs)) as DiskTrial;
  }

  async setClock(
    node: string,
    offsetMs: number,
    driftPpm: number,
    jumpEveryMs: number,
  ): Promise<void> {
    let keeper = this.#clocks.get(node);
    if (!keeper || keeper.ended) {
      keeper = await this.#sidecars.converse(node, program(clockKeeperProgram, clockFile));
      this.#clocks.set(node, keeper);
    }
    await keeper.say(`${offsetMs} ${driftPpm} ${jumpEveryMs}`);
  }

  async clockAheadMs(node: string): Promise<number> {
    return (await this.#probe<{ aheadMs: number }>(node, 'clock')).aheadMs;
  }

  /** Of a node that does not run. */
  async spoil(node: string, how: Spoiling): Promise<string> {
    const argv = spoilScripts(how, this.#paths.data, controlFolder, undoFolder);
    const lines: string[] = [];
    for (const each of argv) lines.push(await this.#sidecars.run(node, each, copyTimeoutMs));
    return lines.filter((line) => line !== '').join('; ');
  }

  close(): void {
    for (const keeper of this.#clocks.values()) keeper.close();
  }
}
