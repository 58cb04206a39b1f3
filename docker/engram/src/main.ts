/**
 * The node's process: settings from the environment, the real world, signals. Exit codes as in sysexits.h:
 * 78 for settings that cannot be used, 74 for a log that cannot be, 75 for a stop that left writes on this disk
 * alone, 70 for a defect. `--reference` prints the settings.
 */
import type { Log } from './env/env.ts';
import { jsonLog, type RealEnv, realEnv, WorldError } from './env/real.ts';
import { EngramNode } from './node.ts';
import { parseSettings, type Settings, settingsReference } from './settings.ts';
import { SwimAgent } from './swim/agent.ts';
import { swimSettings } from './swim/protocol.ts';
import { LogError } from './wal/log.ts';

const exitConfig = 78;
const exitDefect = 70;
const exitDisk = 74;
/** It stopped with acknowledged writes that are on its disk alone. */
const exitNotDrained = 75;

/** How long a node waits for its cluster before it serves alone. */
const joinWaitMs = 300;
/** How long a node may take to stop before it is not waited for any more. */
const stopMs = 3000;

async function run(settings: Settings): Promise<void> {
  const log = jsonLog(settings.nodeId, settings.logLevel);
  const die = (error: unknown): void => {
    if (error instanceof WorldError || error instanceof LogError) {
      log('error', 'node.cannot-go-on', { reason: error.message, code: error.code });
      process.exit(error instanceof WorldError ? exitConfig : exitDisk);
    }
    const stack = error instanceof Error ? error.stack : undefined;
    log('error', 'panic', { reason: String(error), stack });
    process.exit(exitDefect);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  try {
    await start(settings, log, die);
  } catch (error) {
    die(error);
  }
}

async function start(settings: Settings, log: Log, die: (error: unknown) => void): Promise<void> {
  const running: Running = { env: null, agent: null, node: null };
  stopOnSignals(running, settings.drainMs, log, die);
  const env = await realEnv(settings, log);
  warnWhenOpen(settings, log);
  running.env = env;
  const { advertise, httpPort, swimPort, rpcPort, rack, zone } = settings;
  const self = {
    id: settings.nodeId,
    swimAddress: `${advertise}:${swimPort}`,
    apiAddress: `${advertise}:${httpPort}`,
    rpcAddress: `${advertise}:${rpcPort}`,
    rack,
    zone,
  };
  const agent = await SwimAgent.create(env, self, settings.seeds, swimSettings(settings.faults));
  running.agent = agent;
  // Who owns what depends on who is there: ask before the first request is taken.
  agent.start();
  await agent.joined(joinWaitMs);
  const node = new EngramNode(env, settings, agent, () => ({
    swim_datagrams_sent_total: agent.counters.sent,
    swim_datagrams_received_total: agent.counters.received,
    swim_datagrams_rejected_total: agent.counters.rejected,
    swim_namesakes_total: agent.counters.namesakes,
    swim_changes_total: agent.counters.changes,
    ...env.metrics(),
  }));
  await node.start();
  running.node = node;
}

/** Who can reach the ports can read and write everything: that must be known. */
function warnWhenOpen({ bind, clusterKeys, apiKeys }: Settings, log: Log): void {
  if (bind.startsWith('127.')) return;
  const open = [
    ...(clusterKeys.length === 0 ? ['ENGRAM_CLUSTER_KEY'] : []),
    ...(apiKeys.length === 0 ? ['ENGRAM_API_KEYS'] : []),
  ];
  if (open.length > 0) log('warn', 'node.open', { bind, notSet: open });
}

/** What has come up so far, and is to be taken down. */
interface Running {
  env: RealEnv | null;
  agent: SwimAgent | null;
  node: EngramNode | null;
}

function stopOnSignals(
  running: Running,
  drainMs: number,
  log: Log,
  die: (error: unknown) => void,
): void {
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log('info', 'node.stopping');
    const limitMs = drainMs + stopMs;
    setTimeout(() => die(new Error(`the node did not stop within ${limitMs} ms`)), limitMs).unref();
    const alone = (await running.node?.stop(drainMs)) ?? 0;
    if (alone > 0) log('warn', 'node.not-drained', { writes: alone });
    await running.env?.close();
    process.exit(alone > 0 ? exitNotDrained : 0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => stop().catch(die));
  }
}

function main(): void {
  if (process.argv.includes('--reference')) {
    process.stdout.write(settingsReference());
    return;
  }
  const parsed = parseSettings(process.env);
  if (parsed.ok) {
    void run(parsed.settings);
    return;
  }
  for (const problem of parsed.problems) console.error(`engram cannot start: ${problem}`);
  process.exitCode = exitConfig;
}

main();
