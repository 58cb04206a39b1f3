/** `amnesia list`: all runs, newest first. */
import type { Command } from 'commander';
import { numberWithin, withResults } from './options/arguments.ts';
import { printJson, printLines, terminalStyle } from './output/output.ts';

export function register(program: Command): void {
  withResults(program.command('list').description('list all runs, newest first'))
    .option('--limit <n>', 'show at most so many', '50')
    .option('--json', 'one JSON document')
    .action(async (options: { results: string; limit: string; json?: true }) => {
      const limit = numberWithin('--limit', options.limit, 1, 1_000_000);
      const { listRuns } = await import('../store/run-index.ts');
      const all = listRuns(options.results);
      const runs = all.slice(0, limit);
      if (options.json === true) return printJson(runs);
      const { listLines } = await import('../report/list-text.ts');
      printLines(listLines(runs, all.length, options.results, terminalStyle()));
    });
}
