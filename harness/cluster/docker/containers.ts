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
import { FilteredNetwork } from '../netfilter/network.ts';
import type { LinkPowers, MachinePowers, NetworkPowers } from '../powers.ts';
import { asking, explain, removing } from './answers.ts';
import type { Container, Engine } from './engine.ts';
import type { Holders } from './holders.ts';
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

export interface DockerParts {
  readonly engine: Engine;
  readonly networkId: string;
  readonly containers: ReadonlyMap<string, Container>;
  readonly holders: Holders;
}

export class DockerCluster implements Cluster {
  readonly world = realWorld;
  readonly #parts: DockerParts;
  #nodes: readonly NodeHandle[] = [];
  readonly inquiries: Inquiries;
  readonly capabilities = new Set<Capability>(['exec', 'kill', 'pause', 'logs']);
  readonly environment: Readonly<Record<string, string>>;
  readonly refusals = new Map<Capability, string>();
  network?: NetworkPowers;
  links?: LinkPowers;
  machines?: MachinePowers;
  #companion: Companion | null = null;

  constructor(
    parts: DockerParts,
    inquiries: Inquiries,
    environment: Readonly<Record<string, string>>,
  ) {
    this.#parts = parts;
    this.inquiries = inquiries;
    this.environment = environment;
  }

  get nodes(): readonly NodeHandle[] {
    return this.#nodes;
  }

  /** Once it is known how they are reached from here. */
  settle(nodes: readonly NodeHandle[]): void {
    this.#nodes = nodes;
  }

  /** For a cluster beside whose nodes packet filters may be set. */
  allowCuts(): void {
    const { holders } = this.#parts;
    this.capabilities.add('cut');
    this.network = new FilteredNetwork({
      nodes: this.nodes,
      agentOf: (node) => holders.agentOf(node),
      namespaceOf: (node) => holders.namespaceOf(node, this.#container(node)),
    });
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
    const container = this.#parts.containers.get(node);
    if (!container) throw new ClusterError('no-node', `there is no node ${node} in this cluster`);
    return container;
  }

  async kill(node: string): Promise<void> {
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
    return execIn(this.#parts.engine, this.#container(node), argv, timeoutMs);
  }

  async logs(node: string, maxLines: number): Promise<string[]> {
    const options = { follow: false as const, stdout: true, stderr: true, tail: maxLines };
    const raw = await asking(this.#container(node).logs(options));
    return withoutFraming(Buffer.from(raw))
      .split('\n')
      .filter((line) => line !== '');
  }

  async destroy(): Promise<void> {
    const { engine, networkId, containers, holders } = this.#parts;
    const removals = [...containers.values()].map((container) =>
      removing(container.remove({ force: true, v: true })),
    );
    const tries = await Promise.allSettled(removals);
    // What shares the holders' network goes before them.
    const beside = await Promise.allSettled([this.#companion?.destroy()]);
    await holders.destroy();
    for (const each of [...tries, ...beside]) if (each.status === 'rejected') throw each.reason;
    await removing(engine.getNetwork(networkId).remove());
  }
}
