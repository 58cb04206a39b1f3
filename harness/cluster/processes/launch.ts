/** The processes of nodes on this machine, out of what the system's program says of each. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterSpec } from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import type { NodePlace } from '../program.ts';
import type { Cgroup } from './cgroup.ts';
import { NodeProcess } from './node-process.ts';
import { placeFiles } from './place-files.ts';

export interface Ground {
  /** Of the run: logs lie in it, and the folders of the nodes. */
  readonly folder: string;
  /** Program and arguments that come before those of the node's own. */
  way(node: string): readonly string[];
  cgroupOf(node: string): Cgroup | null;
}

const fallbackPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Writes their files, and starts nothing. Throws ClusterError for a system that exists as an image only. */
export function processesOf(
  { program }: ClusterSpec,
  places: readonly NodePlace[],
  ground: Ground,
): Map<string, NodeProcess> {
  const processes = new Map<string, NodeProcess>();
  for (const place of places) {
    const { argv = program.command, env, files } = program.node(place, places);
    if (argv === undefined) {
      const text = 'this system exists as an image only; take --runtime docker';
      throw new ClusterError('settings-refused', text);
    }
    mkdirSync(place.dataDir, { recursive: true });
    placeFiles(files, place.dataDir);
    const launch = {
      argv: [...ground.way(place.name), ...argv],
      env: { PATH: process.env.PATH ?? fallbackPath, HOME: place.dataDir, ...env },
      folder: place.dataDir,
      logFile: join(ground.folder, `${place.name}.log`),
      cgroup: ground.cgroupOf(place.name),
    };
    processes.set(place.name, new NodeProcess(place.name, launch));
  }
  return processes;
}
