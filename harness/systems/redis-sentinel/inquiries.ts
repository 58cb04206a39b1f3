/** What Redis and Sentinel can be asked from outside: is it alive, is it a cluster, who is primary, has it settled. */
import type { Asked, Inquiries, NodeHandle } from '../../cluster/cluster.ts';
import { TcpConnection } from '../../world/tcp.ts';
import { primaryName, redisPort, sentinelPort } from './program.ts';
import { command, cutReply, isRefusal, type Reply } from './resp.ts';

const askTimeoutMs = 1000;

/** One question to one of the two servers of a node; null where there is no good answer in time. */
async function ask(
  host: string,
  port: number,
  words: readonly string[],
  timeoutMs = askTimeoutMs,
): Promise<Reply> {
  const connection = new TcpConnection<Reply>({ host, port, timeoutMs, cut: cutReply });
  try {
    const reply = await connection.request(command(...words));
    return isRefusal(reply) ? null : reply;
  } catch {
    return null;
  } finally {
    await connection.close();
  }
}

/** `name:value` lines of INFO. */
export function infoFields(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\r\n').flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const];
    }),
  );
}

async function replication({ address }: NodeHandle): Promise<ReadonlyMap<string, string> | null> {
  const reply = await ask(address, redisPort, ['INFO', 'replication']);
  return typeof reply === 'string' ? infoFields(reply) : null;
}

/** A Sentinel's view: name and value by turns, as it answers. */
function pairs(reply: Reply): ReadonlyMap<string, string> {
  const flat = Array.isArray(reply) ? (reply as readonly Reply[]) : [];
  const found = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) found.set(String(flat[i]), String(flat[i + 1]));
  return found;
}

async function sentinelView({ address }: NodeHandle): Promise<ReadonlyMap<string, string>> {
  return pairs(await ask(address, sentinelPort, ['SENTINEL', 'master', primaryName]));
}

/** Null when this node is what it is to be in a cluster without faults. */
async function missing({ nodes }: Asked, node: NodeHandle): Promise<string | null> {
  const others = nodes.length - 1;
  const [server, view] = await Promise.all([replication(node), sentinelView(node)]);
  if (server === null) return `${node.name}: redis-server does not answer at ${node.address}`;
  if (view.size === 0) return `${node.name}: redis-sentinel does not answer at ${node.address}`;
  const replicas = Number(view.get('num-slaves'));
  const sentinels = Number(view.get('num-other-sentinels'));
  if (replicas < others) {
    return `${node.name}: its Sentinel has found ${replicas} of ${others} replicas`;
  }
  if (sentinels < others) {
    return `${node.name}: its Sentinel has found ${sentinels} of ${others} others`;
  }
  if (view.get('flags') !== 'master') return `${node.name}: its Sentinel says ${view.get('flags')}`;
  if (server.get('role') === 'master') {
    const connected = Number(server.get('connected_slaves'));
    return connected === others
      ? null
      : `${node.name}: ${connected} of ${others} replicas are connected`;
  }
  const link = server.get('master_link_status');
  return link === 'up' ? null : `${node.name}: its link to the primary is ${link}`;
}

/** Primaries by the servers' own word; the one that most Sentinels name first. */
async function primaries({ nodes }: Asked): Promise<string[]> {
  const [servers, views] = await Promise.all([
    Promise.all(nodes.map(replication)),
    Promise.all(nodes.map(sentinelView)),
  ]);
  const votes = ({ address }: NodeHandle): number =>
    views.filter((view) => view.get('ip') === address).length;
  return nodes
    .filter((_, i) => servers[i]?.get('role') === 'master')
    .sort((left, right) => votes(right) - votes(left))
    .map(({ name }) => name);
}

export const redisInquiries: Inquiries = {
  // Any reply counts, -LOADING and -MASTERDOWN as well.
  answers: async (_, { address }, timeoutMs) => {
    const options = { host: address, port: redisPort, timeoutMs, cut: cutReply };
    const connection = new TcpConnection<Reply>(options);
    try {
      await connection.request(command('PING'));
      return true;
    } catch {
      return false;
    } finally {
      await connection.close();
    }
  },
  missing,
  primaries,
};

/** One primary, all others its replicas, and each of them has all that it has. */
export async function isQuiet(asked: Asked): Promise<boolean> {
  const servers = await Promise.all(asked.nodes.map(replication));
  const masters = servers.filter((each) => each?.get('role') === 'master');
  if (masters.length !== 1) return false;
  const offset = masters[0]?.get('master_repl_offset');
  const replicas = servers.filter((each) => each?.get('role') === 'slave');
  return (
    replicas.length === asked.nodes.length - 1 &&
    replicas.every(
      (each) =>
        each?.get('master_link_status') === 'up' && each.get('slave_repl_offset') === offset,
    )
  );
}
