/** etcd: linearizable by consensus, so a minority answers nothing; the negative control of the tester. */
import type { Property } from '../../../checkers/verdict/checker.ts';
import { defineSystem, type LogLine } from '../system.ts';
import { etcdClients } from './clients.ts';
import { etcdInquiries, isQuiet } from './inquiries.ts';
import { type EtcdOptions, etcdOptions, etcdProgram } from './program.ts';

const kept: readonly Property[] = ['no-lost-writes', 'convergence'];
const strict: readonly Property[] = [...kept, 'causal', 'session', 'linearizable'];

/** JSON with `ts` and `level`, as zap writes it. */
function readLog(text: string): LogLine {
  try {
    const { ts, level } = JSON.parse(text) as { ts?: unknown; level?: unknown };
    const at = typeof ts === 'number' ? ts * 1000 : Date.parse(String(ts));
    return {
      time: Number.isNaN(at) ? null : at,
      level: typeof level === 'string' ? level : 'text',
    };
  } catch {
    return { time: null, level: 'text' };
  }
}

export const etcd = defineSystem<EtcdOptions, object>({
  name: 'etcd',
  version: '3.4.23',
  describe: 'etcd 3.4.23 (Debian 12): keys under consensus, linearizable unless asked otherwise',
  options: etcdOptions,
  nodes: { fallback: 3, least: 3, most: 7 },
  program: () => etcdProgram(),
  inquiries: etcdInquiries,
  readyTimeoutMs: 40_000,
  isQuiet,
  readLog,
  promises: ({ serializable }) => {
    const promised = serializable ? kept : strict;
    return { register: promised, 'cas-register': promised, kv: promised };
  },
  promiseNotes: [
    'Reads and writes are linearizable; a minority answers nothing.',
    'With serializable=true reads are answered by each node alone: documented to be stale, so only what is kept in ' +
      'the end is promised.',
  ],
  clients: etcdClients,
});
