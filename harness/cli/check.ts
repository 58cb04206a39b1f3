/** `amnesia check`: judges a stored run again, or a history file of another tool. */
import type { Command } from 'commander';
import type { JudgeOptions } from '../history/judge.ts';
import { namesOf, numberWithin, oneOf, withResults } from './arguments.ts';
import { exitCodeOf, UsageError } from './errors.ts';
import { printJson, printLines, terminalStyle } from './output.ts';

interface Flags {
  readonly results: string;
  readonly checkers?: string;
  readonly model?: string;
  readonly maxAnomalies?: string;
  readonly realTime?: true;
  readonly timeLimitS?: string;
  readonly memoryMb?: string;
  readonly initial?: string;
  readonly format?: string;
  readonly store: boolean;
  readonly json?: true;
}

const MODELS = ['cc', 'ccv', 'cm', 'all'] as const;

export function register(program: Command): void {
  withResults(
    program
      .command('check')
      .description('judge a stored run again, or a history of another tool (.edn .jsonl .log)')
      .argument('[run-or-file]', 'a run (latest, name, folder, seed) or a history file', 'latest'),
  )
    .option('--checkers <names>', 'only these, separated by commas')
    .option('--model <names>', `causal models: ${MODELS.join(', ')}`)
    .option('--max-anomalies <n>', 'show at most so many violations of each checker')
    .option('--real-time', 'lost writes against real time instead of causal order')
    .option('--time-limit-s <s>', 'limit for each checker, then its answer is unknown')
    .option('--memory-mb <n>', 'limit for the process, then the answer is unknown')
    .option('--initial <json>', 'value of a register before its first write, beside null')
    .option('--format <name>', 'of a history file: edn, jsonl, log')
    .option('--no-store', 'do not keep the verdict in the run file')
    .option('--json', 'one JSON document')
    .action(async (wanted: string, flags: Flags) => {
      const { checkWhatever } = await import('../history/check-file.ts');
      const judgement = checkWhatever(flags.results, wanted, {
        ...(await judgeOptions(flags)),
        format: flags.format,
      });
      process.exitCode = exitCodeOf(judgement.valid);
      if (flags.json === true) {
        const { screen, valid, verdicts, checkNo } = judgement;
        const { name, seed, counts, notes, run } = screen;
        return printJson({ valid, name, seed, run, checkNo, counts, notes, verdicts });
      }
      const { verdictLines } = await import('../report/verdict-text.ts');
      const unfoldMax = flags.maxAnomalies === undefined ? undefined : Number(flags.maxAnomalies);
      printLines(verdictLines({ ...judgement.screen, unfoldMax }, terminalStyle()));
    });
}

async function judgeOptions(flags: Flags): Promise<JudgeOptions> {
  const { checkerNames } = await import('../history/judge.ts');
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
