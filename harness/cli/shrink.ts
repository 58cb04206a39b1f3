/** `amnesia shrink`: the smallest run that still shows a violation. */
import type { Command } from 'commander';
import { EXIT, UsageError } from '../world/exit-codes.ts';
import { numberWithin, withResults } from './options/arguments.ts';
import { printJson, printLines, terminalStyle } from './output/output.ts';

interface Flags {
  readonly results: string;
  readonly violation?: string;
  readonly runsMax: string;
  readonly times: string;
  readonly output: string;
  readonly json?: true;
}

export function register(program: Command): void {
  withResults(
    program
      .command('shrink')
      .description('the smallest schedule and load that still show a violation of a run')
      .argument('[run]', 'a run: latest, name, folder, seed', 'latest'),
  )
    .option('--violation <name>', 'which one, as checker/anomaly (default: the first)')
    .option('--runs-max <n>', 'runs that may be spent', '200')
    .option('--times <k>', 'in containers: tries before a candidate counts as harmless', '3')
    .option('--output <file>', 'schedule file to be written', 'schedule.json')
    .option('--json', 'one JSON document')
    .action(async (wanted: string, flags: Flags) => {
      const runsMax = numberWithin('--runs-max', flags.runsMax, 1, 100_000);
      const times = numberWithin('--times', flags.times, 1, 1000);
      const { findRun } = await import('../store/find-run.ts');
      const { readStored } = await import('../campaign/replay/stored.ts');
      const { loadAgain } = await import('../campaign/replay/load-again.ts');
      const { shrinkRun } = await import('../campaign/shrink/shrink-run.ts');
      const { shrinkLines } = await import('../campaign/shrink/shrink-text.ts');
      const stored = readStored(findRun(flags.results, wanted));
      await loadAgain(stored);
      const names = stored.facts.violations.map((each) => `${each.checker}/${each.anomaly}`);
      const name = flags.violation ?? names[0];
      const violation = stored.facts.violations[names.indexOf(name ?? '')];
      if (violation === undefined) {
        throw new UsageError(
          names.length === 0
            ? `${stored.path} shows no violation: there is nothing to shrink`
            : `--violation is ${JSON.stringify(name)}; accepted are: ${names.join(', ')}`,
        );
      }
      const report = await shrinkRun(stored, violation, {
        results: flags.results,
        runsMax,
        times: stored.runtime === 'sim' ? 1 : times,
        output: flags.output,
        note: (text) => process.stderr.write(`${text}\n`),
      });
      if (report === null) {
        process.exitCode = EXIT.unknown;
        process.stderr.write(
          'amnesia: the violation did not return, so it cannot be made smaller\n',
        );
        return;
      }
      process.exitCode = EXIT.invalid;
      if (flags.json === true) printJson(report);
      else printLines(shrinkLines(report, terminalStyle()));
    });
}
