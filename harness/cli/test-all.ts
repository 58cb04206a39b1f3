/** `amnesia test-all`: every workload with every nemesis in every topology, once. */
import type { Command } from 'commander';
import {
  defaultName,
  givenTo,
  runToTheEnd,
  withCampaign,
  withRuntime,
} from './options/campaign-flags.ts';

/** A matrix that runs once knows no number of runs and no end but its own. */
const ONCE = {
  runs: null,
  hours: null,
  'until-failures': null,
  shard: null,
  workload: 'each alone',
};

export async function register(program: Command): Promise<void> {
  const command = await withCampaign(
    program
      .command('test-all')
      .description('the matrix once: each workload with each nemesis in each topology'),
    ONCE,
  );
  command.option('--json', 'one JSON document').action(async (_flags: unknown, self: Command) => {
    const { beginCampaign } = await import('../campaign/run-campaign.ts');
    const { onceEach, parseCampaign } = await import('../campaign/options.ts');
    const { workloads } = await import('../../workloads/index.ts');
    const { json, ...given } = givenTo(self);
    const seed = Math.floor(Math.random() * 2 ** 31);
    const workload = given.workload ?? Object.keys(workloads).join(',');
    const raw = { ...(await withRuntime(given)), workload };
    const plan = onceEach(parseCampaign(raw, { name: defaultName('test-all'), seed }));
    await runToTheEnd(beginCampaign(plan), json === true);
  });
}
