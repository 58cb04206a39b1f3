/**
 * What a node and its sidecar have in common: its data folder, a folder by which faults are controlled, and the
 * programs that are lent to the node. Each is a volume of the run, with its labels.
 */
import { asking, removing } from '../answers.ts';
import type { Engine } from '../engine.ts';
import { labelsOf } from '../labels.ts';
import { powersFolder } from '../powers-image.ts';

export interface MachinePaths {
  /** Where the node keeps its data. */
  readonly data: string;
}

/** In node and sidecar alike. */
export const controlFolder = '/amnesia';
export const undoFolder = `${controlFolder}/undo`;
export const clockFile = `${controlFolder}/clock`;

/** What the library reads that watches the data folder. */
export function undoEnvironment(paths: MachinePaths): string[] {
  return [`AMNESIA_UNDO_DATA=${paths.data}`, `AMNESIA_UNDO_LOG=${undoFolder}`];
}

type Purpose = 'data' | 'control' | 'programs';

/** The programs are the same for all nodes of a run. */
function volumeName(runId: string, node: string, purpose: Purpose): string {
  const owner = purpose === 'programs' ? runId : `${runId}-${node}`;
  return `amnesia-${owner}-${purpose}`;
}

export interface Mount {
  readonly Type: 'volume';
  readonly Source: string;
  readonly Target: string;
  readonly ReadOnly: boolean;
}

/** An empty volume takes over what the image has at its place: the programs come from the sidecar's. */
export function mountsOf(
  runId: string,
  node: string,
  paths: MachinePaths,
  user: 'node' | 'sidecar',
): Mount[] {
  const mount = (purpose: Purpose, target: string, readOnly = false): Mount => ({
    Type: 'volume',
    Source: volumeName(runId, node, purpose),
    Target: target,
    ReadOnly: readOnly,
  });
  return [
    mount('data', paths.data),
    mount('control', controlFolder),
    mount('programs', powersFolder, user === 'node'),
  ];
}

/** Rejects with ClusterError. */
export async function createVolumes(
  engine: Engine,
  runId: string,
  nodes: readonly string[],
): Promise<void> {
  const names = nodes.flatMap((node) => [
    volumeName(runId, node, 'data'),
    volumeName(runId, node, 'control'),
    volumeName(runId, node, 'programs'),
  ]);
  for (const Name of new Set(names)) {
    await asking(engine.createVolume({ Name, Labels: labelsOf(runId) }));
  }
}

/** Of a run whose containers are gone; of all that are named in the engine by its label. */
export async function removeVolumes(engine: Engine, runId: string): Promise<void> {
  const filters = JSON.stringify({ label: [`amnesia.run=${runId}`] });
  const { Volumes } = await asking(engine.listVolumes({ filters }));
  for (const { Name } of Volumes ?? []) await removing(engine.getVolume(Name).remove());
}
