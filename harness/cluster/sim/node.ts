/** One node in a virtual world: its settings, how it comes up, and what it says. */
import type { Env } from '../../../docker/engram/src/env/env.ts';
import { beganAtMs, type LogLine } from '../../../docker/engram/src/env/virtual.ts';
import { EngramNode } from '../../../docker/engram/src/node.ts';
import { parseSettings, type Settings } from '../../../docker/engram/src/settings.ts';
import { SwimAgent } from '../../../docker/engram/src/swim/agent.ts';
import { swimSettings } from '../../../docker/engram/src/swim/protocol.ts';
import { LogError } from '../../../docker/engram/src/wal/log.ts';
import { diedAtStart, EXIT_CONFIG } from '../errors.ts';

/** As docker/engram/src/main.ts has them, after sysexits.h. */
const exitDefect = 70;
const exitDisk = 74;
/** As in main.ts: how long a node waits for its cluster before it serves alone. */
const joinWaitMs = 300;
const levels = ['debug', 'info', 'warn', 'error'] as const;

/** Throws ClusterError where a node would not start with these. */
export function settingsOf(name: string, env: Readonly<Record<string, string>>): Settings {
  const parsed = parseSettings(env);
  if (parsed.ok) return parsed.settings;
  const words = parsed.problems.map((problem) => `engram cannot start: ${problem}`);
  throw diedAtStart(name, EXIT_CONFIG, words);
}

/** As docker/engram/src/main.ts brings a node up. Rejects with what would end its process. */
export async function boot(world: Env, settings: Settings): Promise<void> {
  const least = levels.indexOf(settings.logLevel);
  const env: Env = {
    ...world,
    log: (level, event, fields) => {
      if (levels.indexOf(level) >= least) world.log(level, event, fields);
    },
  };
  const { nodeId, advertise, httpPort: http, swimPort: swim, rpcPort: rpc, rack, zone } = settings;
  const self = {
    id: nodeId,
    swimAddress: `${advertise}:${swim}`,
    apiAddress: `${advertise}:${http}`,
    rpcAddress: `${advertise}:${rpc}`,
    rack,
    zone,
  };
  const agent = await SwimAgent.create(env, self, settings.seeds, swimSettings(settings.faults));
  agent.start();
  await agent.joined(joinWaitMs);
  const node = new EngramNode(env, settings, agent, () => ({
    swim_datagrams_sent_total: agent.counters.sent,
    swim_datagrams_received_total: agent.counters.received,
    swim_changes_total: agent.counters.changes,
  }));
  await node.start();
}

/** What a node says last, and with which code its process ends. */
export function lastWords(error: unknown): {
  readonly event: string;
  readonly reason: string;
  readonly exitCode: number;
} {
  if (error instanceof LogError) {
    return { event: 'node.cannot-go-on', reason: error.message, exitCode: exitDisk };
  }
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { event: 'panic', reason, exitCode: exitDefect };
}

/** As the node prints it. */
export function lineText({ atMs, node, level, event, fields }: LogLine): string {
  const time = new Date(beganAtMs + atMs).toISOString();
  return JSON.stringify({ time, level, node, event, ...fields });
}
