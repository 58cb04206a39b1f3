/** `amnesia campaign`: the parts of a campaign, for engines that carry the runs themselves. */
import type { Command } from 'commander';
import { EXIT } from '../world/exit-codes.ts';
import { givenTo, withCampaign, withRuntime } from './options/campaign-flags.ts';
import { printJson, printLines, terminalStyle } from './output/output.ts';
import { writeLines } from './output/write-lines.ts';

/** Lines that are written at once. */
const BATCH_LINES = 2000;

export async function register(program: Command): Promise<void> {
  const campaign = program
    .command('campaign')
    .description('the parts of a campaign: its runs as lines, the sum of several, its report');
  const expand = await withCampaign(
    campaign
      .command('expand')
      .description('the runs as JSON lines; each line has the options of one `amnesia test`'),
    { hours: null, 'until-failures': null, parallel: null, 'keep-bytes': null },
  );
  expand.action(async (_flags: unknown, self: Command) => {
    const { parseCampaign } = await import('../campaign/options.ts');
    const specs = await import('../campaign/spec.ts');
    const given = givenTo(self);
    const seed = Math.floor(Math.random() * 2 ** 31);
    const { spec, shard } = parseCampaign(await withRuntime(given), { name: 'soak', seed });
    // A folder of this machine is of no use to whoever carries the runs, unless it was asked for.
    const { results: _, ...options } = spec.options;
    const told = given.results === undefined ? { ...spec, options } : spec;
    await writeLines(linesOf(specs.expand(told, shard), specs.argumentsOf), undefined, BATCH_LINES);
  });
  campaign
    .command('merge')
    .description('several campaigns or shards as one: the same bytes in any order, and again')
    .argument('<dirs...>', 'folders of campaigns')
    .requiredOption('--output <dir>', 'folder of what is merged')
    .option('--json', 'one JSON document')
    .action(async (dirs: string[], { output, json }: { output: string; json?: true }) => {
      const { mergeCampaigns } = await import('../campaign/state/merge.ts');
      const { writeReport } = await import('../campaign/run-campaign.ts');
      const db = mergeCampaigns(dirs, output);
      try {
        await show(writeReport(output, db, 'Campaigns, merged'), json === true);
      } finally {
        db.close();
      }
    });
  campaign
    .command('report')
    .description('what a campaign shows so far, also while it goes on')
    .argument('<dir>', 'folder of a campaign')
    .option('--json', 'one JSON document')
    .action(async (dir: string, { json }: { json?: true }) => {
      const { readCampaign } = await import('../campaign/run-campaign.ts');
      await show(readCampaign(dir), json === true);
    });
  // Commander ends the process by itself where a command of a command is wrong, unless told not to.
  for (const each of campaign.commands) each.exitOverride();
}

type Specs = typeof import('../campaign/spec.ts');

function* linesOf(
  runs: ReturnType<Specs['expand']>,
  argumentsOf: Specs['argumentsOf'],
): Generator<string> {
  for (const { index, options } of runs) {
    yield JSON.stringify({ index, options, argv: ['test', ...argumentsOf(options)] });
  }
}

type Report = Awaited<ReturnType<typeof import('../campaign/run-campaign.ts')['readCampaign']>>;

async function show(report: Report, json: boolean): Promise<void> {
  const { exitCodeOfMany } = await import('../campaign/exit.ts');
  const { invalid, crashed, unknown, valid } = report.runs;
  const none = invalid + crashed + unknown + valid === 0;
  process.exitCode = none ? EXIT.unknown : exitCodeOfMany({ invalid, crashed, unknown, left: 0 });
  if (json) return printJson(report);
  const { reportSections } = await import('../campaign/report/sections.ts');
  const { terminalLines } = await import('../campaign/report/render.ts');
  printLines(terminalLines(reportSections(report), terminalStyle()));
}
