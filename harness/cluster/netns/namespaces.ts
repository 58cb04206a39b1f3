/**
 * Network namespaces of one run: one for each node, and one for the bridge that joins them. The bridge is not in the
 * machine's own namespace, where the rules of others would hit it: Docker, for example, drops what is forwarded.
 * A pair of interfaces leads from there to the control process; there is no way further.
 */
import { createHash } from 'node:crypto';
import type { NodeHandle } from '../cluster.ts';
import { mustRun, runProgram } from '../processes/run.ts';
import type { Subnet } from '../subnet.ts';

const ipTimeoutMs = 20_000;
const prefix = 'amn-';

const bridgeOf = (runId: string): string => `${prefix}${runId}-br`;
export const namespaceOf = (runId: string, node: string): string => `${prefix}${runId}-${node}`;
/** The control process' end: the names of interfaces have at most 15 letters. */
const uplinkOf = (runId: string): string =>
  `amn${createHash('sha256').update(runId).digest('hex').slice(0, 10)}`;

/** Program and arguments that come before those of a program in the namespace. */
export const wayInto = (namespace: string): string[] => ['ip', 'netns', 'exec', namespace];

const prefixLengthOf = ({ cidr }: Subnet): string => cidr.slice(cidr.indexOf('/'));

/** Of the n-th node; locally administered. */
const hardwareAddress = (number: number): string =>
  `02:61:6d:6e:00:${number.toString(16).padStart(2, '0')}`;

function batch(lines: readonly string[], namespace?: string): Promise<string> {
  const where = namespace === undefined ? [] : ['-n', namespace];
  return mustRun(['ip', ...where, '-batch', '-'], ipTimeoutMs, `${lines.join('\n')}\n`);
}

/** Rejects with ClusterError; the caller removes what there is of them then. */
export async function createNamespaces(
  runId: string,
  subnet: Subnet,
  nodes: readonly NodeHandle[],
): Promise<void> {
  const bridge = bridgeOf(runId);
  const uplink = uplinkOf(runId);
  const names = nodes.map(({ name }) => namespaceOf(runId, name));
  await batch([bridge, ...names].map((name) => `netns add ${name}`));
  await batch([
    `link add ${uplink} type veth peer name uplink netns ${bridge}`,
    `addr add ${subnet.gateway}${prefixLengthOf(subnet)} dev ${uplink}`,
    `link set ${uplink} up`,
    ...names.map(
      (name, i) => `link add eth0 netns ${name} type veth peer name p${i + 1} netns ${bridge}`,
    ),
  ]);
  // Written down, since a kernel learns about a thousand at most, over all of its namespaces: 33 nodes.
  const neighbours = nodes.flatMap(({ address, address6 }, i) =>
    [address, address6]
      .filter((each) => each !== undefined)
      .map((each) => `neigh add ${each} lladdr ${hardwareAddress(i + 1)} nud permanent dev eth0`),
  );
  const ports = ['uplink', ...names.map((_, i) => `p${i + 1}`)];
  await batch(
    [
      'link add br0 type bridge',
      'link set br0 up',
      ...ports.flatMap((port) => [`link set ${port} master br0`, `link set ${port} up`]),
    ],
    bridge,
  );
  await Promise.all(
    nodes.map(({ address, address6 }, i) =>
      batch(
        [
          'link set lo up',
          `link set eth0 address ${hardwareAddress(i + 1)}`,
          // No address that nobody has a rule against.
          'link set eth0 addrgenmode none',
          `addr add ${address}${prefixLengthOf(subnet)} dev eth0`,
          ...(address6 === undefined ? [] : [`addr add ${address6}/64 dev eth0 nodad`]),
          'link set eth0 up',
          ...neighbours.filter((line) => !line.includes(` ${hardwareAddress(i + 1)} `)),
        ],
        names[i],
      ),
    ),
  );
}

/** Names of all namespaces of all runs on this machine. */
export async function listNamespaces(): Promise<string[]> {
  const text = await mustRun(['ip', 'netns', 'list'], ipTimeoutMs);
  return text
    .split('\n')
    .map((line) => line.split(' ')[0])
    .filter((name) => name.startsWith(prefix));
}

/** Kills what still runs in a run's namespaces and deletes them. Fine where there are none. */
export async function removeNamespaces(runId: string): Promise<void> {
  const names = (await listNamespaces()).filter((name) => name.startsWith(`${prefix}${runId}-`));
  await Promise.all(
    names.map(async (name) => {
      const { stdout } = await runProgram(['ip', 'netns', 'pids', name], ipTimeoutMs);
      for (const pid of stdout.split('\n').map(Number)) {
        if (pid > 1 && pid !== process.pid) killQuietly(pid);
      }
    }),
  );
  if (names.length > 0) await batch(names.map((name) => `netns delete ${name}`));
  // It goes with its peer, unless that was never made.
  await runProgram(['ip', 'link', 'delete', uplinkOf(runId)], ipTimeoutMs);
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
