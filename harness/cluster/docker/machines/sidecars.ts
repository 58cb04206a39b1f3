/**
 * Sidecars: one container beside each node, in its network namespace and with its data folder mounted, from the image
 * with the programs that make faults. So the node's own image needs no tool and its container no capability.
 */

import type { ExecResult } from '../../cluster.ts';
import { ClusterError } from '../../errors.ts';
import { asking, removing } from '../answers.ts';
import { execIn } from '../containers.ts';
import type { Container, Engine } from '../engine.ts';
import { labelsOf } from '../labels.ts';
import { Conversation } from './conversation.ts';
import { type MachinePaths, mountsOf } from './volumes.ts';

/** A sidecar idles; its programs are small. */
const memoryBytesMax = 256 * 1024 * 1024;
const pidsMax = 64;

/** NET_*: rules, queues, copies of packets. The others: files of a node that runs as another user. */
const capabilities = ['NET_ADMIN', 'NET_RAW', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID'];

export class Sidecars {
  readonly #engine: Engine;
  readonly #runId: string;
  readonly #image: string;
  readonly #paths: MachinePaths;
  readonly #containers = new Map<string, Container>();

  constructor(engine: Engine, runId: string, image: string, paths: MachinePaths) {
    this.#engine = engine;
    this.#runId = runId;
    this.#image = image;
    this.#paths = paths;
  }

  /** In the network namespace of the node's holder. Rejects with ClusterError. */
  async start(node: string, holder: string): Promise<void> {
    const container = await asking(
      this.#engine.createContainer({
        name: `amnesia-${this.#runId}-${node}-sidecar`,
        Image: this.#image,
        Labels: labelsOf(this.#runId),
        HostConfig: {
          NetworkMode: `container:${holder}`,
          CapDrop: ['ALL'],
          CapAdd: capabilities,
          SecurityOpt: ['no-new-privileges'],
          Memory: memoryBytesMax,
          PidsLimit: pidsMax,
          RestartPolicy: { Name: 'no' },
          Mounts: mountsOf(this.#runId, node, this.#paths, 'sidecar'),
        },
      }),
    );
    this.#containers.set(node, container);
    await asking(container.start());
  }

  #of(node: string): Container {
    const container = this.#containers.get(node);
    if (!container) throw new ClusterError('no-node', `there is no sidecar of ${node}`);
    return container;
  }

  exec(node: string, argv: readonly string[], timeoutMs: number): Promise<ExecResult> {
    return execIn(this.#engine, this.#of(node), argv, timeoutMs);
  }

  /** The standard output of a program that must succeed. Rejects with ClusterError. */
  async run(node: string, argv: readonly string[], timeoutMs: number): Promise<string> {
    const { exitCode, stdout, stderr } = await this.exec(node, argv, timeoutMs);
    if (exitCode === 0) return stdout.trim();
    const message = stderr.trim() || stdout.trim();
    throw new ClusterError('engine-failed', `${argv[0]} beside ${node} failed: ${message}`);
  }

  converse(node: string, argv: readonly string[]): Promise<Conversation> {
    return Conversation.begin(this.#engine, this.#of(node), argv);
  }

  /** Removes what there is of them. Safe to call twice. */
  async destroy(): Promise<void> {
    const problems: unknown[] = [];
    for (const container of this.#containers.values()) {
      const removal = removing(container.remove({ force: true, v: true }));
      await removal.catch((problem) => problems.push(problem));
    }
    if (problems.length > 0) throw problems[0];
  }
}
