/** `amnesia test`: runs once, judges, and says what the cluster forgot. */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { RawOptions } from '../run/options.ts';
import { exitCodeOf } from './errors.ts';
import { printJson, printLines, terminalStyle } from './output.ts';

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
  command.action(async (_flags: unknown, self: Command) => {
    const given: Record<string, string | boolean> = {};
    for (const option of self.options) {
      const value: unknown = self.getOptionValue(option.attributeName());
      if (value !== undefined) given[option.name()] = value as string | boolean;
    }
    await test(given);
  });
}

async function test(given: RawOptions): Promise<void> {
  const [{ parseOptions }, { performRun }, { createDockerCluster }, { sweep }, live] =
    await Promise.all([
      import('../run/options.ts'),
      import('../run/run.ts'),
      import('../cluster/docker.ts'),
      import('../cluster/leftovers.ts'),
      import('../report/live.ts'),
    ]);
  const options = parseOptions(given, Math.floor(Math.random() * 2 ** 31));
  const style = terminalStyle();
  const runtime = options.runtime === 'auto' ? 'docker (an engine answers)' : options.runtime;
  const title = `amnesia test   seed ${options.seed}   ${options.nodes} nodes   runtime ${runtime}`;
  await sweep();
  const window = new live.LiveWindow(process.stderr, style, title);
  const stop = new AbortController();
  let began = Date.now();
  const interrupt = (): void => {
    // The second time is meant: what is left is swept by the next start.
    if (stop.signal.aborted) process.exit(130);
    window.event(
      'interrupted: healing, reading and judging what there is',
      null,
      Date.now() - began,
    );
    stop.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const result = await performRun(options, {
    createCluster: createDockerCluster,
    stop: stop.signal,
    observer: {
      phase: (phase, atMs) => {
        if (phase === 'warm-up') began = Date.now() - atMs;
        window.phase(phase, atMs);
      },
      event: (text, fault) => window.event(text, fault, Date.now() - began),
      progress: (counts, atMs) => window.progress(counts, atMs),
    },
  });
  const { judgeRun } = await import('../history/judge.ts');
  const judgement = judgeRun(join(result.dir, 'run.sqlite'));
  process.exitCode = exitCodeOf(judgement.valid);
  if (result.teardownProblem !== null) process.stderr.write(`amnesia: ${result.teardownProblem}\n`);
  if (options.json) {
    const { valid, verdicts, screen } = judgement;
    printJson({
      valid,
      state: result.state,
      message: result.message,
      run: result.dir,
      replay: result.replay,
      counts: screen.counts,
      faults: screen.faults,
      verdicts,
    });
    return;
  }
  const { verdictLines } = await import('../report/verdict-text.ts');
  printLines(verdictLines(judgement.screen, style));
}
