/**
 * What is done to nodes in containers once they run. `docker.ts` starts them.
 */

import { realWorld } from '../../world/real-world.ts';
import type {
  Capability,
  Cluster,
  ExecResult,
  Inquiries,
  NodeHandle,
  ProcessState,
} from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import type { LinkPowers, MachinePowers, NetworkPowers } from '../powers.ts';
import { asking, explain, removing } from './answers.ts';
import type { Container, Engine } from './engine.ts';
import { ContainerNetwork } from './network.ts';
import { collect, withoutFraming } from './output.ts';

const pollMs = 15;
const freezeTimeoutMs = 5000;
const freezePauseMs = 100;
const goneTimeoutMs = 10_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs a program in a running container. Rejects with ClusterError, also after `timeoutMs`. */
export async function execIn(
  engine: Engine,
  container: Container,
  argv: readonly string[],
  timeoutMs: number,
): Promise<ExecResult> {
  const options = { Cmd: [...argv], AttachStdout: true, AttachStderr: true };
  const exec = await asking(container.exec(options));
  const stream = await asking(exec.start({ hijack: true, stdin: false }));
  const stdout = collect();
  const stderr = collect();
  let ended = false;
  const end = new Promise<void>((resolve) => {
    for (const event of ['end', 'close', 'error']) {
      stream.once(event, () => {
        ended = true;
        resolve();
      });
    }
  });
  engine.modem.demuxStream(stream, stdout.stream, stderr.stream);
  try {
    // The stream may never end, so the engine is asked whether the program has.
    const until = Date.now() + timeoutMs;
    for (;;) {
      const { Running, ExitCode } = await asking(exec.inspect());
      // No exit code yet: it has not even begun.
      if (!Running && ExitCode !== null) {
        if (!ended) await Promise.race([end, pause(50)]);
        return { exitCode: ExitCode, stdout: stdout.text(), stderr: stderr.text() };
      }
      if (Date.now() > until) {
        const text = `${argv[0]} did not end within ${timeoutMs} ms`;
        throw new ClusterError('engine-failed', text);
      }
      await pause(pollMs);
    }
  } finally {
    stream.destroy();
  }
}

/** What stands beside the nodes and goes after them. */
export interface Companion {
  destroy(): Promise<void>;
}

interface Lent {
  readonly links?: LinkPowers;
  readonly machines?: MachinePowers;
}

export class DockerCluster implements Cluster {
  readonly world = realWorld;
  readonly #engine: Engine;
  readonly #networkId: string;
  readonly #containers: ReadonlyMap<string, Container>;
  readonly nodes: readonly NodeHandle[];
  readonly inquiries: Inquiries;
  readonly capabilities = new Set<Capability>(['exec', 'kill', 'pause', 'logs']);
  readonly environment: Readonly<Record<string, string>>;
  readonly refusals = new Map<Capability, string>();
  network?: NetworkPowers;
  links?: LinkPowers;
  machines?: MachinePowers;
  #companion: Companion | null = null;

  constructor(
    engine: Engine,
    networkId: string,
    containers: ReadonlyMap<string, Container>,
    nodes: readonly NodeHandle[],
    inquiries: Inquiries,
    environment: Readonly<Record<string, string>>,
  ) {
    this.#engine = engine;
    this.#networkId = networkId;
    this.#containers = containers;
    this.nodes = nodes;
    this.inquiries = inquiries;
    this.environment = environment;
  }

  /** For a cluster in whose nodes packet filters may be set. */
  allowCuts(): void {
    this.capabilities.add('cut');
    this.network = new ContainerNetwork(this);
  }

  /** Gives it powers that its runtime has found to work here. */
  lend(capabilities: readonly Capability[], { links, machines }: Lent): void {
    for (const each of capabilities) this.capabilities.add(each);
    this.links = links ?? this.links;
    this.machines = machines ?? this.machines;
  }

  /** Says why it has no such power, though it was asked for. */
  refuse(capability: Capability, why: string): void {
    this.refusals.set(capability, why);
  }

  standBeside(companion: Companion): void {
    this.#companion = companion;
  }

  #container(node: string): Container {
    const container = this.#containers.get(node);
    if (!container) throw new ClusterError('no-node', `there is no node ${node} in this cluster`);
    return container;
  }

  #lastExit: Promise<unknown> = Promise.resolve();

  /**
   * One after another, a fraction of a second each: while an engine takes one container out of a network, another
   * that leaves the same network can lock it up for good (Docker 20.10: endpoint removal takes the controller's lock
   * and then the network's, `getSvcRecords` the other way round).
   */
  kill(node: string): Promise<void> {
    const kill = this.#lastExit.then(() => this.#kill(node));
    this.#lastExit = kill.catch(() => {});
    return kill;
  }

  async #kill(node: string): Promise<void> {
    try {
      await this.#container(node).kill({ signal: 'SIGKILL' });
    } catch (error) {
      // Dead already: that is what was wanted.
      if (!/is not running/i.test((error as Error).message)) throw explain(error);
    }
    const until = Date.now() + goneTimeoutMs;
    while ((await this.state(node)) !== 'exited') {
      if (Date.now() > until) {
        const text = `${node} is still there ${goneTimeoutMs} ms after SIGKILL`;
        throw new ClusterError('engine-failed', text);
      }
      await pause(pollMs);
    }
  }

  async start(node: string): Promise<void> {
    try {
      await this.#container(node).start();
    } catch (error) {
      // 304: it runs already.
      if ((error as { statusCode?: number }).statusCode !== 304) throw explain(error);
    }
  }

  async pause(node: string): Promise<void> {
    const until = Date.now() + freezeTimeoutMs;
    for (;;) {
      try {
        await this.#container(node).pause();
        return;
      } catch (error) {
        const { message } = error as Error;
        if (/already paused/i.test(message)) return;
        // The freezer gives up on a busy machine while a thread sits in the kernel.
        if (!/unable to freeze/i.test(message) || Date.now() > until) throw explain(error);
        await pause(freezePauseMs);
      }
    }
  }

  async resume(node: string): Promise<void> {
    try {
      await this.#container(node).unpause();
    } catch (error) {
      if (!/is not paused/i.test((error as Error).message)) throw explain(error);
    }
  }

  async state(node: string): Promise<ProcessState> {
    const { State } = await asking(this.#container(node).inspect());
    if (State.Paused) return 'paused';
    return State.Running ? 'running' : 'exited';
  }

  async exitCode(node: string): Promise<number | null> {
    const { State } = await asking(this.#container(node).inspect());
    return State.Running ? null : State.ExitCode;
  }

  async exec(node: string, argv: readonly string[], timeoutMs: number): Promise<ExecResult> {
    return execIn(this.#engine, this.#container(node), argv, timeoutMs);
  }

  async logs(node: string, maxLines: number): Promise<string[]> {
    const options = { follow: false as const, stdout: true, stderr: true, tail: maxLines };
    const raw = await asking(this.#container(node).logs(options));
    return withoutFraming(Buffer.from(raw))
      .split('\n')
      .filter((line) => line !== '');
  }

  async destroy(): Promise<void> {
    const problems: unknown[] = [];
    // One after another, for the reason that `kill` has; one that cannot be removed does not keep the others.
    for (const container of this.#containers.values()) {
      const removal = removing(container.remove({ force: true, v: true }));
      await removal.catch((problem) => problems.push(problem));
    }
    await this.#companion?.destroy().catch((problem) => problems.push(problem));
    if (problems.length > 0) throw problems[0];
    await removing(this.#engine.getNetwork(this.#networkId).remove());
  }
}
