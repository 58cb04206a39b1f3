/**
 * The command `amnesia`. Loads only the command that was asked for, so that a quick one is quick;
 * turns whatever comes out into an exit code: 0 valid, 1 invalid, 2 unknown, 254 bad arguments, 255
 * our own crash.
 */
import { Command } from 'commander';
import { EXIT, explain } from '../world/exit-codes.ts';

interface CommandFile {
  register(program: Command): void | Promise<void>;
}

/** In the order of the help text. */
const commands: Readonly<Record<string, () => Promise<CommandFile>>> = {
  test: () => import('./test.ts'),
  'test-all': () => import('./test-all.ts'),
  soak: () => import('./soak.ts'),
  campaign: () => import('./campaign.ts'),
  replay: () => import('./replay.ts'),
  shrink: () => import('./shrink.ts'),
  compare: () => import('./compare.ts'),
  check: () => import('./check.ts'),
  list: () => import('./list.ts'),
  'list-systems': () => import('./list-systems.ts'),
  new: () => import('./new.ts'),
  demo: () => import('./demo.ts'),
  show: () => import('./show.ts'),
  sql: () => import('./sql.ts'),
  serve: () => import('./serve.ts'),
  export: () => import('./export.ts'),
  import: () => import('./import.ts'),
  selftest: () => import('./selftest.ts'),
  study: () => import('./study.ts'),
  setup: () => import('./setup.ts'),
  doctor: () => import('./doctor.ts'),
  clean: () => import('./clean.ts'),
};

export const VERSION = '0.1.0';

function makeProgram(): Command {
  return new Command('amnesia')
    .description('finds out what a cluster forgets: a consistency tester for clusters')
    .version(VERSION)
    .showHelpAfterError('(amnesia --help lists the commands)')
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(text) })
    .addHelpText(
      'after',
      '\nExit codes: 0 valid, 1 invalid, 2 unknown, 254 bad arguments, 255 a fault of amnesia itself.',
    );
}

function isVersionAsked([first]: readonly string[]): boolean {
  return first === '--version' || first === '-V';
}

/** Runs one command line (without node and script) and sets the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader that has seen enough (head, less) is no fault of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    throw error;
  });
  try {
    const program = makeProgram();
    const wanted = commands[argv[0] ?? ''];
    const others = isVersionAsked(argv) ? [] : Object.values(commands);
    const files = wanted === undefined ? others : [wanted];
    for (const file of files) await (await file()).register(program);
    for (const command of program.commands) command.exitOverride();
    if (argv.length === 0) {
      program.outputHelp();
      process.exitCode = EXIT.badArguments;
      return;
    }
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    const { exitCode, text } = explain(error);
    if (text !== '') process.stderr.write(`amnesia: ${text}\n`);
    process.exitCode = exitCode;
  }
}
