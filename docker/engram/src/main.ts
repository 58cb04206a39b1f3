/** The node's process: settings from the environment, the real world, signals. */
import { jsonLog, realEnv } from './env/real.ts';
import { EngramNode } from './node.ts';
import { parseSettings, type Settings } from './settings.ts';
import { SwimAgent } from './swim/agent.ts';
import { defaultSwimSettings } from './swim/swim.ts';

/** As in sysexits.h: bad configuration, and a defect of the program. */
const exitConfig = 78;
const exitDefect = 70;

async function run(settings: Settings): Promise<void> {
  const log = jsonLog(settings.nodeId, settings.logLevel);
  const die = (error: unknown): void => {
    const stack = error instanceof Error ? error.stack : undefined;
    log('error', 'panic', { reason: String(error), stack });
    process.exit(exitDefect);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  const env = await realEnv(settings, log);
  const { advertise, httpPort, swimPort, rpcPort, rack, zone } = settings;
  const agent = await SwimAgent.create(
    env,
    {
      id: settings.nodeId,
      swimAddress: `${advertise}:${swimPort}`,
      apiAddress: `${advertise}:${httpPort}`,
      rpcAddress: `${advertise}:${rpcPort}`,
      rack,
      zone,
    },
    settings.seeds,
    {
      ...defaultSwimSettings,
      noRefutation: settings.faults.includes('no-refutation'),
      neverProbeDead: settings.faults.includes('never-probe-dead'),
    },
  );
  const node = new EngramNode(env, settings, agent, () => ({
    swim_datagrams_sent_total: agent.counters.sent,
    swim_datagrams_received_total: agent.counters.received,
    swim_datagrams_rejected_total: agent.counters.rejected,
    swim_changes_total: agent.counters.changes,
    resident_bytes: process.memoryUsage.rss(),
  }));
  await node.start();
  agent.start();
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    log('info', 'node.stopping');
    agent.leave();
    node
      .stop()
      .then(() => env.close())
      .then(() => process.exit(0), die);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

const parsed = parseSettings(process.env);
if (parsed.ok) {
  run(parsed.settings).catch((error: unknown) => {
    console.error(`engram cannot start: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(exitConfig);
  });
} else {
  for (const problem of parsed.problems) console.error(`engram cannot start: ${problem}`);
  process.exit(exitConfig);
}
