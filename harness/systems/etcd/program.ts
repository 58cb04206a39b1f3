/** What is started on each node: one etcd, told of all members. */
import { z } from 'zod';
import { type BuiltImage, defaultLimits, type Program } from '../../cluster/program.ts';
import { packageRoot } from '../../world/package-root.ts';

const clientPort = 2379;
const peerPort = 2380;

const yesOrNo = z
  .enum(['true', 'false'], { error: 'takes true or false' })
  .default('false')
  .transform((text) => text === 'true');

export const etcdOptions = z.strictObject({
  /** Reads that a node answers by itself, without asking the others: documented to be stale. */
  serializable: yesOrNo,
});
export type EtcdOptions = z.output<typeof etcdOptions>;

const etcdImage: BuiltImage = {
  repository: 'amnesia-etcd',
  folder: `${packageRoot}/docker/etcd`,
  sources: ['Dockerfile'],
  fetches: true,
};

export function etcdProgram(): Program {
  return {
    image: etcdImage,
    clientPort,
    dataDir: '/var/lib/amnesia',
    logFiles: [],
    ...defaultLimits,
    node: ({ name, address, dataDir }, all) => ({
      argv: [
        'etcd',
        `--name=${name}`,
        `--data-dir=${dataDir}/etcd`,
        `--listen-peer-urls=http://${address}:${peerPort}`,
        `--initial-advertise-peer-urls=http://${address}:${peerPort}`,
        `--listen-client-urls=http://0.0.0.0:${clientPort}`,
        `--advertise-client-urls=http://${address}:${clientPort}`,
        `--initial-cluster=${all
          .map((each) => `${each.name}=http://${each.address}:${peerPort}`)
          .join(',')}`,
        '--initial-cluster-state=new',
        '--logger=zap',
        '--log-outputs=stderr',
      ],
      env: { ETCD_UNSUPPORTED_ARCH: 'arm64' },
      files: [],
    }),
  };
}
