/** `amnesia replay`: a stored run once more, from what its file says. */
import type { Command } from 'commander';
import { EXIT } from '../world/exit-codes.ts';
import { numberWithin, withResults } from './options/arguments.ts';
import { printJson, printLines, terminalStyle } from './output/output.ts';

/** Where nothing is said: a simulated run needs no second look. */
const TIMES = { sim: '1', docker: '3' } as const;

export function register(program: Command): void {
  withResults(
    program
      .command('replay')
      .description('the same seed and schedule again: identical in sim, K times in containers')
      .argument('[run]', 'a run: latest, name, folder, seed', 'latest'),
  )
    .option('--times <k>', 'repetitions (default: 1 in sim, 3 in docker)')
    .option('--json', 'one JSON document')
    .action(async (wanted: string, flags: { results: string; times?: string; json?: true }) => {
      if (flags.times !== undefined) numberWithin('--times', flags.times, 1, 10_000);
      const { findRun } = await import('../store/find-run.ts');
      const { readStored } = await import('../campaign/replay/stored.ts');
      const { loadAgain } = await import('../campaign/replay/load-again.ts');
      const { Repeater } = await import('../campaign/replay/repeat.ts');
      const { keptPromise, replay, replayLines } = await import('../campaign/replay/replay.ts');
      const stored = readStored(findRun(flags.results, wanted));
      await loadAgain(stored);
      const times = numberWithin('--times', flags.times ?? TIMES[stored.runtime], 1, 10_000);
      const repeater = new Repeater(stored.runtime, flags.results, `replay-${stored.name}`);
      try {
        const done = await replay(stored, repeater, times, ({ facts }, number) => {
          process.stderr.write(`${number} of ${times}: ${facts.valid}\n`);
        });
        if (!keptPromise(done)) process.exitCode = EXIT.crash;
        else if (done.invalid > 0) process.exitCode = EXIT.invalid;
        else process.exitCode = done.unknown > 0 ? EXIT.unknown : EXIT.valid;
        if (flags.json === true) printJson(done);
        else printLines(replayLines(done, terminalStyle()));
      } finally {
        await repeater.close();
      }
    });
}
