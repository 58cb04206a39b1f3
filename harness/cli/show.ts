/** `amnesia show`: a run, or one thing of it with what stands around it. */
import type { Command } from 'commander';
import { VIOLATION_FILTERS, type ViolationFilter } from '../store/look.ts';
import { UsageError } from '../world/exit-codes.ts';
import { numberWithin, oneOf, withResults } from './options/arguments.ts';
import { printJson, printLines, terminalStyle } from './output/output.ts';

interface Flags {
  readonly results: string;
  readonly op?: string;
  readonly key?: string;
  readonly process?: string;
  readonly fault?: string;
  readonly anomaly?: string;
  readonly violations?: string;
  readonly limit: string;
  readonly json?: true;
}

const VIEWS = ['op', 'key', 'process', 'fault', 'anomaly', 'violations'] as const;
const IDX_MAX = Number.MAX_SAFE_INTEGER;

export function register(program: Command): void {
  withResults(
    program
      .command('show')
      .description('look into a run')
      .argument('[run]', 'a run: latest, name, folder, seed', 'latest'),
  )
    .option('--op <n>', 'an operation with its surroundings')
    .option('--key <key>', 'what happened to a key')
    .option('--process <p>', 'what a process did (a number, or nemesis)')
    .option('--fault <n>', 'a fault: proof, and what clients saw of it')
    .option('--anomaly <n>', 'a violation of the newest check: witness and picture')
    .option(
      '--violations <which>',
      'operations that checkers complain of: all, no-fault-before, under-fault, no-fault-there, reconnect-after',
    )
    .option('--limit <n>', 'show at most so many operations', '200')
    .option('--json', 'one JSON document')
    .action(async (wanted: string, flags: Flags) => {
      const chosen = VIEWS.filter((name) => flags[name] !== undefined);
      if (chosen.length > 1) {
        const names = chosen.map((name) => `--${name}`).join(' and ');
        throw new UsageError(`${names} exclude each other: give one of them`);
      }
      const limit = numberWithin('--limit', flags.limit, 1, 10_000_000);
      const { findRun } = await import('../store/find-run.ts');
      const { openRunFile } = await import('../store/run-file.ts');
      const texts = await import('../report/show-text.ts');
      const path = findRun(flags.results, wanted);
      const file = openRunFile(path);
      try {
        const view = texts.look(file, wish(chosen[0], flags), limit);
        if (flags.json === true) printJson(view);
        else printLines(texts.viewLines(view, terminalStyle()));
      } finally {
        file.db.close();
      }
    });
}

function wish(name: (typeof VIEWS)[number] | undefined, flags: Flags) {
  const number = (option: string, text: string): number => numberWithin(option, text, 0, IDX_MAX);
  switch (name) {
    case undefined:
      return { view: 'run' } as const;
    case 'op':
      return { view: 'op', idx: number('--op', flags.op!) } as const;
    case 'key':
      return { view: 'key', key: flags.key! } as const;
    case 'process':
      return { view: 'process', process: flags.process! } as const;
    case 'fault':
      return { view: 'fault', id: number('--fault', flags.fault!) } as const;
    case 'anomaly':
      return { view: 'anomaly', number: number('--anomaly', flags.anomaly!) } as const;
    case 'violations': {
      const accepted = Object.keys(VIOLATION_FILTERS) as ViolationFilter[];
      return {
        view: 'violations',
        which: oneOf('--violations', flags.violations!, accepted),
      } as const;
    }
    default:
      return name satisfies never;
  }
}
