/** Options and ending that `soak`, `test-all` and `campaign` have in common. */
import { type Command, Option } from 'commander';
import type { CampaignEnd } from '../../campaign/run-campaign.ts';
import type { CampaignState } from '../../campaign/state/state.ts';
import type { RawOptions } from '../../run/options.ts';
import { EXIT, UsageError } from '../../world/exit-codes.ts';
import { printJson, printLines, terminalStyle } from '../output/output.ts';

/**
 * Adds the options of a campaign, and those of `amnesia test` that it hands on. `defaults`: those that this
 * command shows instead; null for an option that it does not have.
 */
export async function withCampaign(
  command: Command,
  defaults: Readonly<Record<string, string | null>> = {},
): Promise<Command> {
  const { campaignOptions, handedOn } = await import('../../campaign/options.ts');
  const { optionTable } = await import('../../run/options.ts');
  const add = (form: string, meaning: string, fallback: string | boolean): void => {
    const shown = fallback === '' || fallback === false ? '' : ` (default: ${fallback})`;
    command.addOption(new Option(form, `${meaning}${shown}`));
  };
  for (const [name, { form, meaning, fallback }] of Object.entries(campaignOptions)) {
    const shown = defaults[name] === undefined ? fallback : defaults[name];
    if (shown !== null) add(form, meaning, shown);
  }
  for (const name of handedOn) {
    const { fallback, meaning }: { fallback: string | boolean; meaning: string } =
      optionTable[name];
    // What is long by default (all checkers, all partitions) is said by `amnesia test --help`.
    const short = typeof fallback === 'string' && fallback.length > 24 ? '' : fallback;
    add(typeof fallback === 'boolean' ? `--${name}` : `--${name} <value>`, meaning, short);
  }
  return command;
}

/** What was given, by the names of the options. */
export function givenTo(command: Command): RawOptions {
  const given: Record<string, string | boolean> = {};
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName());
    if (value !== undefined) given[option.name()] = value as string | boolean;
  }
  return given;
}

/** A campaign that nobody named; to the second, so that two in a row do not meet. */
export function defaultName(prefix: string): string {
  return `${prefix}-${new Date().toISOString().replace(/[-:]|\.\d+Z$/g, '')}`;
}

/** The runtime that `auto` means is found once, so that a campaign is resumed where it began. */
export async function withRuntime(given: RawOptions): Promise<RawOptions> {
  const { loadExtensions } = await import('../../run/extensions/load.ts');
  await loadExtensions(given);
  const { optionTable } = await import('../../run/options.ts');
  const asked = optionTable.runtime.schema.safeParse(given.runtime ?? 'auto');
  if (!asked.success) throw new UsageError(`--runtime ${asked.error.issues[0].message}`);
  const { chooseRuntime } = await import('../../cluster/runtime.ts');
  const watched = process.stderr.isTTY === true;
  return { ...given, runtime: (await chooseRuntime(asked.data, { watched })).name };
}

/** Carries a campaign with live progress; Ctrl-C once lets runs end, twice stops at once. */
export async function runToTheEnd(state: CampaignState, json: boolean): Promise<void> {
  const { runCampaign } = await import('../../campaign/run-campaign.ts');
  const { LiveCampaign } = await import('../../campaign/live.ts');
  const live = new LiveCampaign(process.stderr, terminalStyle());
  const stop = new AbortController();
  const halt = new AbortController();
  const interrupt = (): void => {
    if (halt.signal.aborted) process.exit(EXIT.unknown);
    if (stop.signal.aborted) {
      live.note('stopping at once; what was going on is run again after --resume');
      halt.abort();
      return;
    }
    live.note(
      'no more runs are begun; those that go on come to their end; once more stops at once',
    );
    stop.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    live.note(`campaign ${state.spec.name} in ${state.dir}`);
    const ended = await runCampaign(state, live, { stop: stop.signal, halt: halt.signal });
    await conclude(ended, json);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

const reasons: Readonly<Record<Exclude<CampaignEnd['stopped'], 'complete'>, string>> = {
  hours: 'the hours are over',
  failures: 'there were as many failures as were asked for',
  interrupted: 'interrupted',
  crashes: 'too many runs in a row crashed: see what they said, mend it, and resume',
};

async function conclude({ dir, report, stopped }: CampaignEnd, json: boolean): Promise<void> {
  const { exitCodeOfMany } = await import('../../campaign/exit.ts');
  const { planned, valid, invalid, unknown, crashed } = report.runs;
  const left = planned - valid - invalid - unknown - crashed;
  // What was asked to end by itself is not unfinished.
  const unfinished = stopped === 'hours' || stopped === 'failures' ? 0 : left;
  process.exitCode = exitCodeOfMany({ invalid, crashed, unknown, left: unfinished });
  if (json) return printJson({ dir, stopped, ...report });
  const { reportSections } = await import('../../campaign/report/sections.ts');
  const { terminalLines } = await import('../../campaign/report/render.ts');
  const style = terminalStyle();
  printLines(terminalLines(reportSections(report), style));
  const why =
    stopped === 'complete' ? [] : [`  ${reasons[stopped]}; go on: amnesia soak --resume ${dir}`];
  printLines(['', ...why, `  report  ${dir}/report.html`, `  state   ${dir}/campaign.sqlite`]);
}
