/**
 * What dead runs left behind, found by label. A control process that was killed cannot tidy up; the next start
 * does it, and `amnesia clean`.
 */

import { isDead } from '../owner.ts';
import type { BuiltImage } from '../program.ts';
import { asking, removing } from './answers.ts';
import { type Engine, openEngine } from './engine.ts';
import { bundleLabel, digestOf } from './image.ts';
import { labelNames, ownerOf } from './labels.ts';

export interface Leftover {
  readonly kind: 'container' | 'network' | 'volume' | 'image';
  readonly name: string;
  /** Empty for images. */
  readonly runId: string;
}

/**
 * Removes containers, networks and volumes of runs whose control process is dead; with `all`, also
 * of living ones. Returns what was removed. One thing that cannot be removed does not keep the others; the first
 * problem is thrown in the end. Rejects with ClusterError.
 */
export async function sweep(all = false): Promise<Leftover[]> {
  const engine = openEngine();
  const filters = { label: [labelNames.run] };
  const ours = (labels: Readonly<Record<string, string>>): boolean =>
    all || isDead(ownerOf(labels));
  const removed: Leftover[] = [];
  const containers = await asking(engine.listContainers({ all: true, filters }));
  const problems: unknown[] = [];
  const remove = async (request: Promise<unknown>, what: Leftover): Promise<void> => {
    try {
      await removing(request);
      removed.push(what);
    } catch (problem) {
      problems.push(problem);
    }
  };
  // One after another, as a cluster does it.
  for (const { Id, Names, Labels } of containers.filter((each) => ours(each.Labels))) {
    const what = { name: Names[0]?.slice(1) ?? Id, runId: Labels[labelNames.run] ?? '' };
    const request = engine.getContainer(Id).remove({ force: true, v: true });
    await remove(request, { kind: 'container', ...what });
  }
  // Only now: a network with containers cannot be removed.
  const networks = await asking(engine.listNetworks({ filters }));
  for (const { Id, Name, Labels } of networks.filter((each) => ours(each.Labels ?? {}))) {
    const runId = Labels?.[labelNames.run] ?? '';
    await remove(engine.getNetwork(Id).remove(), { kind: 'network', name: Name, runId });
  }
  for (const { Name, Labels } of await volumes(engine)) {
    if (!ours(Labels ?? {})) continue;
    const runId = Labels?.[labelNames.run] ?? '';
    await remove(engine.getVolume(Name).remove(), { kind: 'volume', name: Name, runId });
  }
  if (problems.length > 0) throw problems[0];
  return removed;
}

interface VolumeEntry {
  readonly Name: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

async function volumes(engine: Engine): Promise<readonly VolumeEntry[]> {
  const filters = JSON.stringify({ label: [labelNames.run] });
  return (await asking(engine.listVolumes({ filters }))).Volumes ?? [];
}

/** Names of containers, networks and volumes of dead runs; removes nothing. Rejects with ClusterError. */
export async function leftovers(): Promise<string[]> {
  const engine = openEngine();
  const filters = { label: [labelNames.run] };
  const containers = await asking(engine.listContainers({ all: true, filters }));
  const networks = await asking(engine.listNetworks({ filters }));
  return [
    ...containers.map((each) => ({ name: each.Names[0]?.slice(1) ?? each.Id, ...each })),
    ...networks.map((each) => ({ name: each.Name, ...each })),
    ...(await volumes(engine)).map((each) => ({ name: each.Name, ...each })),
  ]
    .filter((each) => isDead(ownerOf(each.Labels ?? {})))
    .map((each) => each.name);
}

interface ImageEntry {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

/** Names of nodes' images that are none of the `present` ones; an id where there is no name. */
export function staleImages(images: readonly ImageEntry[], present: readonly string[]): string[] {
  return images
    .filter(({ Labels }) => ![undefined, ...present].includes(Labels?.[bundleLabel]))
    .flatMap(({ Id, RepoTags }) => {
      const names = (RepoTags ?? []).filter((name) => !name.includes('<none>'));
      return names.length > 0 ? names : [Id];
    });
}

/** Removes images of earlier sources than `known` has now, where no container uses them. Rejects with ClusterError. */
export async function sweepImages(known: readonly BuiltImage[]): Promise<Leftover[]> {
  const engine = openEngine();
  const images = await asking(engine.listImages({ filters: { label: [bundleLabel] } }));
  const removed: Leftover[] = [];
  for (const name of staleImages(images, known.map(digestOf))) {
    try {
      await removing(engine.getImage(name).remove());
      removed.push({ kind: 'image', name, runId: '' });
    } catch (error) {
      // In use by a run of another clone: it stays.
      if (!/conflict|in use|being used/i.test((error as Error).message)) throw error;
    }
  }
  return removed;
}
