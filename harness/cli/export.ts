/** `amnesia export`: a run as a history for other tools. */
import type { Command } from 'commander';
import { oneOf, withResults } from './options/arguments.ts';

interface Flags {
  readonly results: string;
  readonly format: string;
  readonly output?: string;
}

/** Lines that are written at once. */
const BATCH_LINES = 2000;

export function register(program: Command): void {
  withResults(
    program
      .command('export')
      .description('write a run as a history for Elle, Knossos, Porcupine or a spreadsheet')
      .argument('[run]', 'a run: latest, name, folder, seed', 'latest'),
  )
    .option('--format <name>', 'edn, jsonl or csv', 'edn')
    .option('-o, --output <file>', 'write there instead of to standard output')
    .action(async (wanted: string, flags: Flags) => {
      const { EXPORT_FORMATS, exportRun } = await import('../foreign/export-run.ts');
      const { findRun } = await import('../store/find-run.ts');
      const format = oneOf('--format', flags.format, EXPORT_FORMATS);
      const lines = exportRun(findRun(flags.results, wanted), format);
      const { writeLines } = await import('./output/write-lines.ts');
      await writeLines(lines, flags.output, BATCH_LINES);
    });
}
