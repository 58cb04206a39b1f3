/** What `amnesia check` does. Apart from its flags (`check.ts`), since all of the checkers come with it. */
import { checkWhatever } from '../judge/check-file.ts';
import { checkerNames, type JudgeOptions } from '../judge/judge.ts';
import type { SecondThread } from '../judge/second-thread.ts';
import { verdictLines } from '../report/verdict-text.ts';
import { exitCodeOf, UsageError } from '../world/exit-codes.ts';
import type { CheckFlags } from './check-flags.ts';
import { MODELS, namesOf, numberWithin, oneOf } from './options/arguments.ts';
import { promisesOf } from './options/promises.ts';
import { printJson, printLines, terminalStyle, terminalWidth } from './output/output.ts';
import { causesOf, writeReportOf } from './output/report.ts';

/** `early`: a thread that was started for the run. */
export function performCheck(wanted: string, flags: CheckFlags, early: SecondThread | null): void {
  const options = { ...judgeOptions(flags), format: flags.format };
  const judgement = checkWhatever(flags.results, wanted, options, early);
  process.exitCode = exitCodeOf(judgement.valid);
  const { run } = judgement.screen;
  if (flags.report === true && run === null) {
    throw new UsageError(
      '--report needs a stored run: `amnesia import` makes one of a history file',
    );
  }
  const report = flags.report === true && run !== null ? writeReportOf(run) : null;
  if (flags.json === true) {
    const { screen, valid, verdicts, partial, checkNo } = judgement;
    const { name, seed, counts, notes } = screen;
    const path = report?.path ?? null;
    printJson({ valid, partial, name, seed, run, checkNo, counts, notes, report: path, verdicts });
    return;
  }
  const unfoldMax = flags.maxAnomalies === undefined ? undefined : Number(flags.maxAnomalies);
  const screen = { ...judgement.screen, unfoldMax, report: report?.path ?? null };
  const causes = report?.causes ?? (judgement.valid === false && run !== null ? causesOf(run) : []);
  const form = { width: terminalWidth(), verbose: flags.verbose === true, causes };
  printLines(verdictLines(screen, terminalStyle(), form));
}

function judgeOptions(flags: CheckFlags): JudgeOptions {
  const models = flags.model === undefined ? undefined : namesOf('--model', flags.model, MODELS);
  if (flags.initial !== undefined) checkJson(flags.initial);
  if (flags.format !== undefined) oneOf('--format', flags.format, ['edn', 'jsonl', 'log']);
  const limit = (name: string, text: string | undefined, most: number) =>
    text === undefined ? undefined : numberWithin(name, text, 1, most);
  return {
    checkers:
      flags.checkers === undefined
        ? undefined
        : namesOf('--checkers', flags.checkers, checkerNames),
    promises: flags.promises === undefined ? undefined : promisesOf(flags.promises),
    models: models?.flatMap((model) =>
      model === 'all' ? (['cc', 'ccv', 'cm'] as const) : [model],
    ),
    maxAnomalies: limit('--max-anomalies', flags.maxAnomalies, 1_000_000),
    realTime: flags.realTime,
    timeLimitS: limit('--time-limit-s', flags.timeLimitS, 86_400),
    memoryMb: limit('--memory-mb', flags.memoryMb, 1_000_000),
    initial: flags.initial,
    store: flags.store,
  };
}

function checkJson(text: string): void {
  try {
    JSON.parse(text);
  } catch {
    throw new UsageError(`--initial is ${text}; accepted is JSON, such as 0 or '"nothing"'`);
  }
}
