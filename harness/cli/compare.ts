/** `amnesia compare`: two runs, or two campaigns, side by side. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Side } from '../campaign/report/compare.ts';
import { UsageError } from '../world/exit-codes.ts';
import { withResults } from './options/arguments.ts';
import { printJson, printLines, terminalStyle } from './output/output.ts';

interface Flags {
  readonly results: string;
  readonly all?: true;
  readonly json?: true;
}

interface Named {
  readonly kind: 'run' | 'campaign';
  readonly path: string;
  readonly side: Side;
}

export function register(program: Command): void {
  withResults(
    program
      .command('compare')
      .description('two runs or two campaigns side by side: verdicts, latency, availability ...')
      .argument('<a>', 'a run (name, folder, seed), or the folder of a campaign')
      .argument('<b>', 'the other one'),
  )
    .option('--all', 'also what is the same on both sides')
    .option('--json', 'one JSON document')
    .action(async (a: string, b: string, flags: Flags) => {
      const [left, right] = [await sideOf(a, flags.results), await sideOf(b, flags.results)];
      if (left.kind !== right.kind) {
        throw new UsageError(
          `${left.path} is a ${left.kind} and ${right.path} a ${right.kind}; ` +
            'accepted are two runs or two campaigns',
        );
      }
      const { compare, compareLines } = await import('../campaign/report/compare.ts');
      const rows = compare(left.side, right.side);
      const names = { a: left.path, b: right.path };
      if (flags.json === true) printJson({ ...names, kind: left.kind, rows });
      else printLines(compareLines(rows, names, terminalStyle(), flags.all === true));
    });
}

async function sideOf(wanted: string, results: string): Promise<Named> {
  const { sideOfCampaign, sideOfRun } = await import('../campaign/report/compare.ts');
  const places = [wanted, join(results, wanted)];
  const campaign = places.find((place) => existsSync(join(place, 'campaign.sqlite')));
  if (campaign !== undefined) {
    const { readCampaign } = await import('../campaign/run-campaign.ts');
    return { kind: 'campaign', path: campaign, side: sideOfCampaign(readCampaign(campaign)) };
  }
  const { findRun } = await import('../store/find-run.ts');
  const { openRunFile } = await import('../store/run-file.ts');
  const { readCheck } = await import('../store/verdicts.ts');
  const path = findRun(results, wanted);
  const file = openRunFile(path);
  try {
    const check = readCheck(file);
    if (check === null) {
      throw new UsageError(`${path} was not judged yet: amnesia check ${wanted}`);
    }
    return { kind: 'run', path, side: sideOfRun(check.verdicts) };
  } finally {
    file.db.close();
  }
}
