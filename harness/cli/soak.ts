/** `amnesia soak`: many runs, with what they show together. */
import type { Command } from 'commander';
import type { RawOptions } from '../run/options.ts';
import { UsageError } from '../world/exit-codes.ts';
import {
  defaultName,
  givenTo,
  runToTheEnd,
  withCampaign,
  withRuntime,
} from './options/campaign-flags.ts';

/** What may be given anew to a campaign that is taken up again. */
const LIMITS = ['hours', 'until-failures', 'parallel', 'keep-bytes'];

export async function register(program: Command): Promise<void> {
  const command = await withCampaign(
    program
      .command('soak')
      .description(
        'many runs: workloads x nemeses x topologies x seeds, and what they show together',
      ),
  );
  command
    .option('--resume <dir>', 'take a campaign up again; repeats and loses no run')
    .option('--json', 'one JSON document')
    .action(async (_flags: unknown, self: Command) => {
      const { json, resume, ...given } = givenTo(self);
      const state = await open(given, typeof resume === 'string' ? resume : null);
      await runToTheEnd(state, json === true);
    });
}

async function open(given: RawOptions, resume: string | null) {
  const { beginCampaign, resumeCampaign } = await import('../campaign/run-campaign.ts');
  const { parseCampaign, parseLimits } = await import('../campaign/options.ts');
  if (resume === null) {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const raw = await withRuntime(given);
    return beginCampaign(parseCampaign(raw, { name: defaultName('soak'), seed }));
  }
  const others = Object.keys(given).filter((name) => !LIMITS.includes(name));
  if (others.length > 0) {
    throw new UsageError(
      `--${others[0]} cannot be changed with --resume, which goes on with the same runs; ` +
        `accepted beside it are ${LIMITS.map((name) => `--${name}`).join(', ')}`,
    );
  }
  const problems: string[] = [];
  const limits = parseLimits(given, problems);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return resumeCampaign(resume, {
    ...(given.hours === undefined ? {} : { hours: limits.hours }),
    ...(given['until-failures'] === undefined ? {} : { untilFailures: limits.untilFailures }),
    ...(given.parallel === undefined ? {} : { parallel: limits.parallel }),
    ...(given['keep-bytes'] === undefined ? {} : { keepBytes: limits.keepBytes }),
  });
}
