/**
 * One container beside each node that owns its network namespace: address, name and rules stay when the node's
 * process is killed, and the node itself needs no power over its network. In it runs the program that sets rules
 * (`netfilter/script.ts`).
 */
import { readFileSync, readlinkSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import type { NodeHandle } from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import { Agent, type Line } from '../netfilter/agent.ts';
import { agentCommand } from '../netfilter/script.ts';
import type { Subnet } from '../subnet.ts';
import { asking, removing } from './answers.ts';
import type { Container, Engine } from './engine.ts';
import { labelsOf } from './labels.ts';

const memoryBytesMax = 128 * 1024 * 1024;
const pidsMax = 256;
const workTimeoutMs = 10_000;

export interface HolderSpec {
  readonly runId: string;
  readonly network: string;
  readonly image: string;
  /** What iptables needs there. */
  readonly capabilities: readonly string[];
  /** A port of the node that is to be reachable at an address of the engine's machine. */
  readonly published: { readonly port: number; readonly address: string } | null;
}

/** Capabilities that iptables needs in a container: its older variant opens a raw socket. */
export function filterCapabilities(variant: string): string[] {
  return variant === 'legacy' ? ['NET_ADMIN', 'NET_RAW'] : ['NET_ADMIN'];
}

export class Holders {
  readonly #engine: Engine;
  readonly #spec: HolderSpec;
  readonly #containers = new Map<string, Container>();
  readonly #agents = new Map<string, Agent>();

  constructor(engine: Engine, spec: HolderSpec) {
    this.#engine = engine;
    this.#spec = spec;
  }

  /** Rejects with ClusterError. */
  async start({ name: node, address }: NodeHandle): Promise<void> {
    const { runId, network, image, capabilities, published } = this.#spec;
    const port = `${published?.port}/tcp`;
    const ports = published && {
      ExposedPorts: { [port]: {} },
      PortBindings: { [port]: [{ HostIp: published.address, HostPort: '' }] },
    };
    const container = await asking(
      this.#engine.createContainer({
        name: `amnesia-${runId}-${node}-net`,
        Hostname: node,
        Image: image,
        Cmd: [...agentCommand],
        Labels: labelsOf(runId),
        OpenStdin: true,
        ...(ports ? { ExposedPorts: ports.ExposedPorts } : {}),
        HostConfig: {
          CapDrop: ['ALL'],
          CapAdd: [...capabilities],
          SecurityOpt: ['no-new-privileges'],
          Memory: memoryBytesMax,
          PidsLimit: pidsMax,
          LogConfig: { Type: 'none', Config: {} },
          NetworkMode: network,
          RestartPolicy: { Name: 'no' },
          ...(ports ? { PortBindings: ports.PortBindings } : {}),
        },
        NetworkingConfig: {
          EndpointsConfig: {
            [network]: { IPAMConfig: { IPv4Address: address }, Aliases: [node] },
          },
        },
      }),
    );
    this.#containers.set(node, container);
    const options = { stream: true, stdin: true, stdout: true, stderr: true, hijack: true };
    const stream = await asking(container.attach(options));
    this.#agents.set(node, new Agent(node, this.#lineOf(stream as Duplex)));
    await asking(container.start());
  }

  #lineOf(stream: Duplex): Line {
    const output = new PassThrough();
    const ignored = new PassThrough().resume();
    this.#engine.modem.demuxStream(stream, output, ignored);
    for (const event of ['end', 'close', 'error']) stream.once(event, () => output.end());
    return { input: stream, output, close: () => stream.destroy() };
  }

  #of(node: string): Container {
    const container = this.#containers.get(node);
    if (!container) throw new ClusterError('no-node', `there is no node ${node} in this cluster`);
    return container;
  }

  idOf(node: string): string {
    return this.#of(node).id;
  }

  /** The one that was attached to first, and a further one where its stream has ended. */
  async agentOf(node: string): Promise<Agent> {
    const present = this.#agents.get(node);
    if (present && !present.isGone) return present;
    const options = { Cmd: [...agentCommand], AttachStdin: true, AttachStdout: true };
    const exec = await asking(this.#of(node).exec(options));
    const stream = await asking(exec.start({ hijack: true, stdin: true }));
    const agent = new Agent(node, this.#lineOf(stream));
    this.#agents.set(node, agent);
    return agent;
  }

  /** Keeps a node from everything outside of its subnet. False where no rules can be set here. */
  async seal(node: string, { cidr, gateway }: Subnet): Promise<boolean> {
    const agent = await this.agentOf(node);
    return (await agent.ask(['seal', cidr, gateway], workTimeoutMs)).status === 0;
  }

  /** The port on the engine's machine that leads to the published port of a node. */
  async publishedPort(node: string): Promise<number> {
    const { NetworkSettings } = await asking(this.#of(node).inspect());
    const [binding] = NetworkSettings.Ports[`${this.#spec.published?.port}/tcp`] ?? [];
    if (!binding) {
      throw new ClusterError('engine-failed', `the engine has published no port of ${node}`);
    }
    return Number(binding.HostPort);
  }

  /**
   * In which network namespace the process of a node lives, by the kernel where that is this machine's, else by
   * what the engine says; null where it does not run, or the engine says that it is the one of the holder.
   */
  async namespaceOf(node: string, container: Container): Promise<string | null> {
    const { Id, State, HostConfig } = await asking(container.inspect());
    if (!State.Running) return null;
    try {
      // The number may mean another process here: of another machine, or of another namespace of processes.
      if (readFileSync(`/proc/${State.Pid}/cgroup`, 'utf8').includes(Id)) {
        return readlinkSync(`/proc/${State.Pid}/ns/net`);
      }
    } catch {
      // Not this machine's, or not ours to look at.
    }
    const joined = HostConfig.NetworkMode === `container:${this.idOf(node)}`;
    return joined ? null : `of ${HostConfig.NetworkMode}`;
  }

  /** Removes what there is of them, after the nodes. Safe to call twice. */
  async destroy(): Promise<void> {
    for (const agent of this.#agents.values()) agent.close();
    const problems: unknown[] = [];
    // One after another: while an engine takes one container out of a network, another that leaves the same
    // network can lock it up for good (Docker 20.10: endpoint removal takes the controller's lock and then the
    // network's, `getSvcRecords` the other way round).
    for (const container of this.#containers.values()) {
      const removal = removing(container.remove({ force: true, v: true }));
      await removal.catch((problem) => problems.push(problem));
    }
    if (problems.length > 0) throw problems[0];
  }
}
