/**
 * All that stands beside the nodes of a run so that their links, disks, clocks and power can fail: sidecars and
 * volumes. It is put there only for runs whose faults need it, and before the nodes. A sidecar shares the network
 * namespace of its node, which the holder owns.
 */
import type { Capability, ClusterSpec, NodeHandle } from '../../cluster.ts';
import type { DockerCluster } from '../containers.ts';
import type { Engine } from '../engine.ts';
import type { Holders } from '../holders.ts';
import { ensurePowersImage, powersFolder } from '../powers-image.ts';
import { divertScript, undivertScript } from './link-rules.ts';
import { ContainerLinks } from './links.ts';
import { ContainerMachines } from './machines.ts';
import { Sidecars } from './sidecars.ts';
import {
  clockFile,
  createVolumes,
  type MachinePaths,
  type Mount,
  mountsOf,
  removeVolumes,
  undoEnvironment,
  undoFolder,
} from './volumes.ts';

const execTimeoutMs = 20_000;

/** What needs a sidecar. The first ones go by the library that watches a node's writes. */
const byUndo: readonly Capability[] = ['power', 'disk', 'disk-errors'];
const byClock: readonly Capability[] = ['clock'];
const byLinks: readonly Capability[] = ['link', 'corruption'];
const byData: readonly Capability[] = ['data'];

const asks = (powers: ReadonlySet<Capability> | undefined, some: readonly Capability[]): boolean =>
  some.some((each) => powers?.has(each));

export class Beside {
  readonly #engine: Engine;
  readonly #spec: ClusterSpec;
  readonly #paths: MachinePaths;
  readonly #sidecars: Sidecars;
  #links: ContainerLinks | null = null;
  #machines: ContainerMachines | null = null;

  private constructor(engine: Engine, spec: ClusterSpec, image: string, paths: MachinePaths) {
    this.#engine = engine;
    this.#spec = spec;
    this.#paths = paths;
    this.#sidecars = new Sidecars(engine, spec.runId, image, paths);
  }

  static isNeeded({ powers }: ClusterSpec): boolean {
    return asks(powers, [...byUndo, ...byClock, ...byLinks, ...byData]);
  }

  /** Rejects with ClusterError; nothing is left of it then. */
  static async put(
    engine: Engine,
    spec: ClusterSpec,
    nodes: readonly NodeHandle[],
    holders: Holders,
  ): Promise<Beside> {
    const image = await ensurePowersImage(engine);
    const beside = new Beside(engine, spec, image, { data: spec.program.dataDir });
    try {
      const names = nodes.map(({ name }) => name);
      await createVolumes(engine, spec.runId, names);
      const places = nodes.map((node) =>
        beside.#sidecars.start(node.name, holders.idOf(node.name)),
      );
      const failed = (await Promise.allSettled(places)).find(({ status }) => status === 'rejected');
      if (failed) throw (failed as PromiseRejectedResult).reason;
      // Writable for whichever user the node runs as.
      const prepare = `mkdir -p "$1" && chmod 1777 "$1" && echo +0 >"$2"`;
      const argv = ['/bin/sh', '-c', prepare, 'amnesia', undoFolder, clockFile];
      await Promise.all(names.map((name) => beside.#sidecars.run(name, argv, execTimeoutMs)));
      return beside;
    } catch (error) {
      await beside.destroy().catch(() => {});
      throw error;
    }
  }

  mountsOf(node: string): Mount[] {
    return mountsOf(this.#spec.runId, node, this.#paths, 'node');
  }

  /** Environment of a node's process. */
  env(): string[] {
    const undo = asks(this.#spec.powers, byUndo);
    const clock = asks(this.#spec.powers, byClock);
    const libraries = [
      ...(undo ? [`${powersFolder}/undo.so`] : []),
      ...(clock ? [`${powersFolder}/libfaketimeMT.so.1`] : []),
    ];
    return [
      ...(libraries.length > 0 ? [`LD_PRELOAD=${libraries.join(':')}`] : []),
      ...(undo ? undoEnvironment(this.#paths) : []),
      ...(clock
        ? [
            `FAKETIME_TIMESTAMP_FILE=${clockFile}`,
            'FAKETIME_NO_CACHE=1',
            // Else timers stop for as long as a clock is set back.
            'FAKETIME_DONT_FAKE_MONOTONIC=1',
          ]
        : []),
    ];
  }

  /** Gives a cluster whose nodes run the powers that work here, and says of the others why they do not. */
  async lend(cluster: DockerCluster): Promise<void> {
    const { powers, seed = 1 } = this.#spec;
    const machines = new ContainerMachines(cluster, this.#sidecars, this.#paths);
    this.#machines = machines;
    if (asks(powers, byLinks)) {
      const why = await this.#whyNoLinks(cluster.nodes);
      this.#links = new ContainerLinks(() => cluster.nodes, this.#sidecars, seed);
      if (why === null) cluster.lend(byLinks, { links: this.#links });
      else for (const each of byLinks) cluster.refuse(each, why);
    }
    if (asks(powers, byUndo)) {
      const reasons = await Promise.all(cluster.nodes.map(({ name }) => machines.whyNoPower(name)));
      const why = reasons.find((reason) => reason !== null);
      if (why === undefined) cluster.lend(byUndo, { machines });
      else for (const each of byUndo) cluster.refuse(each, why);
    }
    if (asks(powers, byClock)) cluster.lend(byClock, { machines });
    cluster.lend(byData, { machines });
  }

  /** Tried on the first node: kernels differ in what they have. */
  async #whyNoLinks([first]: readonly NodeHandle[]): Promise<string | null> {
    try {
      for (const source of [divertScript, undivertScript]) {
        await this.#sidecars.run(first.name, ['/bin/sh', '-c', source], execTimeoutMs);
      }
      return null;
    } catch (error) {
      return `the kernel hands no packets over (NFQUEUE): ${(error as Error).message}`;
    }
  }

  /** After the nodes are gone. Safe to call twice. */
  async destroy(): Promise<void> {
    this.#links?.close();
    this.#machines?.close();
    await this.#sidecars.destroy();
    await removeVolumes(this.#engine, this.#spec.runId);
  }
}
