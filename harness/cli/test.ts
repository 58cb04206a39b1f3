/** `amnesia test`: runs once, judges, and says what the cluster forgot. */
import { type Command, Option } from 'commander';
import type { RawOptions, RunOptions } from '../run/options.ts';
import type { RunResult } from '../run/run.ts';
import { EXIT, exitCodeOf } from '../world/exit-codes.ts';
import { printJson, printLines, terminalStyle, terminalWidth } from './output/output.ts';

export async function register(program: Command): Promise<void> {
  const { optionTable } = await import('../run/options.ts');
  const command = program
    .command('test')
    .description('start a cluster, drive it, break it, and judge what it forgot');
  for (const [name, { fallback, meaning }] of Object.entries(optionTable)) {
    const shown = fallback === '' || fallback === false ? '' : ` (default: ${fallback})`;
    const form = typeof fallback === 'boolean' ? `--${name}` : `--${name} <value>`;
    command.addOption(new Option(form, `${meaning}${shown}`));
  }
  command.option('-v, --verbose', 'every checker with its figures, and every fault');
  command.action(async (_flags: unknown, self: Command) => {
    const given: Record<string, string | boolean> = {};
    for (const option of self.options) {
      const value: unknown = self.getOptionValue(option.attributeName());
      if (value !== undefined) given[option.name()] = value as string | boolean;
    }
    const { verbose = false, ...options } = given;
    await test(options, verbose === true);
  });
}

async function test(given: RawOptions, verbose: boolean): Promise<void> {
  const { loadExtensions } = await import('../run/extensions/load.ts');
  await loadExtensions(given);
  const { parseOptions } = await import('../run/options.ts');
  const options = parseOptions(given, Math.floor(Math.random() * 2 ** 31));
  const result = await runOnce(options);
  for (const problem of result.problems) process.stderr.write(`amnesia: ${problem}\n`);
  if (result.judgement === null) {
    process.stderr.write(`amnesia: stopped; judge what there is: amnesia check ${result.dir}\n`);
    process.exitCode = EXIT.unknown;
    return;
  }
  process.exitCode = exitCodeOf(result.judgement.valid);
  const { writeReportOf } = await import('./output/report.ts');
  const report = writeReportOf(result.dir);
  if (options.json) {
    printJson({ ...documentOf(result), report: report?.path ?? null });
    return;
  }
  const { verdictLines } = await import('../report/verdict-text.ts');
  const screen = { ...result.judgement.screen, report: report?.path ?? null };
  const form = { width: terminalWidth(), verbose, causes: report?.causes ?? [] };
  printLines(verdictLines(screen, terminalStyle(), form));
}

/** One run with its progress on standard error; Ctrl-C ends it. */
export async function runOnce(options: RunOptions): Promise<RunResult> {
  const [{ performRun }, { chooseRuntime }, { LiveWindow }, { systems }] = await Promise.all([
    import('../run/run.ts'),
    import('../cluster/runtime.ts'),
    import('../report/live.ts'),
    import('../systems/index.ts'),
  ]);
  const { runtimes: possible } = systems[options.system];
  const watched = process.stderr.isTTY === true;
  const runtime = await chooseRuntime(options.runtime, { possible, watched });
  await runtime.sweep();
  const where = `${options.nodes} nodes   runtime ${runtime.title}`;
  const title = `amnesia test   seed ${options.seed}   ${where}`;
  const window = new LiveWindow(process.stderr, terminalStyle(), title);
  const stop = new AbortController();
  const halt = new AbortController();
  const interrupt = (): void => {
    if (halt.signal.aborted) process.exit(EXIT.unknown);
    if (stop.signal.aborted) {
      window.note('stopping at once; once more leaves even the cluster to the next start');
      halt.abort();
      return;
    }
    window.note('interrupted: healing, reading and judging what there is; once more stops at once');
    stop.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    return await performRun(options, {
      createCluster: runtime.createCluster,
      stop: stop.signal,
      halt: halt.signal,
      observer: window,
    });
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

/** The one document of --json. */
function documentOf({ judgement, state, message, dir, replay, problems }: RunResult): object {
  const { valid, verdicts, screen } = judgement!;
  const { counts, faults, notes } = screen;
  return {
    valid,
    state,
    message,
    run: dir,
    replay,
    counts,
    faults,
    notes: [...notes, ...problems],
    verdicts,
  };
}
