/** `amnesia import`: a history of another tool becomes a run. */
import { basename, extname } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../world/exit-codes.ts';
import { oneOf, withResults } from './options/arguments.ts';
import { printJson, printLines } from './output/output.ts';

interface Flags {
  readonly results: string;
  readonly format?: string;
  readonly name?: string;
  readonly json?: true;
}

const NAME = /^[A-Za-z0-9._-]{1,64}$/;

export function register(program: Command): void {
  withResults(
    program
      .command('import')
      .description('make a run of a history of another tool (Jepsen EDN, JSON lines, Jepsen log)')
      .argument('<file>', 'the history'),
  )
    .option('--format <name>', 'edn, jsonl or log; guessed where left out')
    .option('--name <name>', 'name of the run; the name of the file where left out')
    .option('--json', 'one JSON document')
    .action(async (path: string, flags: Flags) => {
      const { FORMATS } = await import('../foreign/read-events.ts');
      const { readForeign, storeImported } = await import('../foreign/import.ts');
      const format =
        flags.format === undefined ? undefined : oneOf('--format', flags.format, FORMATS);
      const name = flags.name ?? nameOf(path);
      if (!NAME.test(name) || /^\.+$/.test(name)) {
        throw new UsageError(
          `--name is ${JSON.stringify(name)}; accepted are 1 to 64 of A-Z a-z 0-9 . _ -`,
        );
      }
      const history = readForeign(path, format);
      const dir = storeImported(history, flags.results, name);
      const { notes } = history;
      if (flags.json === true) return printJson({ run: dir, ops: history.rows.length, notes });
      printLines([
        ...notes.map((note) => `! ${note}`),
        `${history.rows.length} operations are in ${dir}`,
        `check it with: amnesia check ${dir}`,
      ]);
    });
}

/** The file's name without its ending, made of letters that a folder may have. */
function nameOf(path: string): string {
  const plain = basename(path, extname(path)).replace(/[^A-Za-z0-9._-]+/g, '-');
  return /^\.*$/.test(plain) ? 'import' : plain.slice(0, 64);
}
