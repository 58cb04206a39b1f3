/** What is started on each node of an Engram cluster: the reference node, told of itself and of its seeds. */
import { isIPv4 } from 'node:net';
import { type BuiltImage, defaultLimits, type Program } from '../../cluster/program.ts';
import { packageRoot } from '../../world/package-root.ts';

const httpPort = 7432;
const swimPort = 7946;
/** A node that comes up asks these; any of them is enough. */
const seedsMax = 3;

export const engramImage: BuiltImage = {
  repository: 'amnesia-engram',
  folder: `${packageRoot}/docker/engram`,
  sources: ['Dockerfile', 'dist/engram.cjs'],
};

const bundle = `${packageRoot}/docker/engram/dist/engram.cjs`;

export interface EngramStart {
  /** ENGRAM_FAULTS: ways in which the nodes are broken on purpose. */
  readonly nodeFaults?: readonly string[];
  /** More ENGRAM_* settings, and others for these. */
  readonly env?: Readonly<Record<string, string>>;
}

export function engramProgram({ nodeFaults = [], env = {} }: EngramStart = {}): Program {
  return {
    image: engramImage,
    clientPort: httpPort,
    command: [process.execPath, bundle],
    uploads: [bundle],
    dataDir: '/var/lib/engram',
    logFiles: [],
    ...defaultLimits,
    node: ({ name, address, dataDir }, all) => ({
      env: {
        ENGRAM_NODE_ID: name,
        ENGRAM_DATA_DIR: dataDir,
        ...(isIPv4(address) ? { ENGRAM_BIND: address } : {}),
        ENGRAM_ADVERTISE: address,
        ENGRAM_SEEDS: all
          .slice(0, seedsMax)
          .map((each) => `${each.address}:${swimPort}`)
          .join(','),
        ...(nodeFaults.length > 0 ? { ENGRAM_FAULTS: nodeFaults.join(',') } : {}),
        ...env,
      },
      files: [],
    }),
  };
}
