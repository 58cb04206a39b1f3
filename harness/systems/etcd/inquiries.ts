/** What etcd can be asked from outside: is it alive, does it serve, who leads, have all the same revision. */
import type { Asked, Inquiries, NodeHandle } from '../../cluster/cluster.ts';
import { base64, call, type Fields } from './gateway.ts';

const askTimeoutMs = 1000;

/** One question to one node; null where there is no good answer in time. */
async function ask({ world }: Asked, url: string, path: string, body: Fields) {
  const connection = world.connect(url, { timeoutMs: askTimeoutMs });
  try {
    return await call(connection, path, body);
  } catch {
    return null;
  } finally {
    await connection.close().catch(() => {});
  }
}

interface Status {
  readonly member: string;
  readonly leader: string;
  readonly revision: string;
}

async function status(asked: Asked, { url }: NodeHandle): Promise<Status | null> {
  const answer = await ask(asked, url, 'maintenance/status', {});
  if (answer === null) return null;
  const { member_id: member, revision = '0' } = answer.header as Fields;
  return { member: String(member), leader: String(answer.leader ?? '0'), revision: `${revision}` };
}

export const etcdInquiries: Inquiries = {
  answers: async ({ world }, { url }, timeoutMs) =>
    (await world.ask(url, '/version', timeoutMs)) !== null,

  // A linearizable read goes through the leader, so it answers only where there is one.
  missing: async (asked, { name, url }) => {
    const answer = await ask(asked, url, 'kv/range', { key: base64('ready') });
    return answer === null ? `${name} answers no linearizable read at ${url}` : null;
  },

  primaries: async (asked) => {
    const all = await Promise.all(asked.nodes.map((node) => status(asked, node)));
    const votes = (member: string): number =>
      all.filter((each) => each !== null && each.leader === member).length;
    return asked.nodes
      .map(({ name }, i) => ({ name, count: all[i] === null ? 0 : votes(all[i].member) }))
      .filter(({ count }) => count > 0)
      .sort((left, right) => right.count - left.count)
      .map(({ name }) => name);
  },
};

/** All name one leader and are at one revision. */
export async function isQuiet(asked: Asked): Promise<boolean> {
  const all = await Promise.all(asked.nodes.map((node) => status(asked, node)));
  const [first] = all;
  if (first === undefined || first === null || first.leader === '0') return false;
  return all.every(
    (each) => each !== null && each.leader === first.leader && each.revision === first.revision,
  );
}
