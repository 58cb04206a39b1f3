/** `amnesia selftest`: does the tester find what it must, and leave the innocent alone? */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { MutationReport } from '../selftest/mutation.ts';
import type { CaseResult } from '../selftest/runner.ts';
import { EXIT, UsageError } from '../world/exit-codes.ts';
import { printJson, printLines, terminalStyle } from './output/output.ts';

interface Flags {
  readonly runtime: string;
  readonly mutants: string;
  readonly only?: string;
  readonly controls: string;
  readonly parallel?: string;
  readonly seed: string;
  readonly results?: string;
  readonly json?: true;
}

/** The longest of the runs is a minute in containers; more is a hang. */
const runLimitMs = 300_000;

export function register(program: Command): void {
  program
    .command('selftest')
    .description('break nodes and histories on purpose, and see whether the right checkers notice')
    .addOption(
      new Option('--runtime <name>', 'where nodes live; none: only mutated histories')
        .choices(['sim', 'docker', 'none'])
        .default('sim'),
    )
    .option('--mutants <n>', 'mutated histories that are judged; 0 for none', '1000')
    .option('--only <switches>', 'fault switches of the node, separated by commas; default: all')
    .option('--controls <n>', 'runs of healthy nodes for each load and kind of faults', '2')
    .option('--parallel <n>', 'runs at once; default: 2 in the simulator, 1 in containers')
    .option('--seed <n>', 'seed of the first run of each case, and of the mutants', '1')
    .option('--results <folder>', 'keep the run files there; default: they are removed')
    .option('--json', 'one JSON document instead of text')
    .action(selftest);
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || text.trim() === '') {
    throw new UsageError(`--${name} is ${JSON.stringify(text)}; accepted is a whole number from 0`);
  }
  return value;
}

async function selftest(flags: Flags): Promise<void> {
  const seed = whole('seed', flags.seed);
  const mutants = whole('mutants', flags.mutants);
  const controls = whole('controls', flags.controls);
  const parallel = whole('parallel', flags.parallel ?? (flags.runtime === 'sim' ? '2' : '1'));
  if (parallel === 0) throw new UsageError('--parallel 0 would run nothing; take at least 1');
  const style = terminalStyle();
  const { isFailure } = await import('../selftest/runner.ts');
  const results = flags.runtime === 'none' ? [] : await runAll(flags, seed, controls, parallel);
  let failed = results.some(isFailure);
  let mutation: MutationReport | null = null;
  if (mutants > 0) {
    const { mutationTest, isSound } = await import('../selftest/mutation.ts');
    mutation = mutationTest({ mutants, seed });
    failed ||= !isSound(mutation);
  }
  process.exitCode = failed ? EXIT.invalid : EXIT.valid;
  if (flags.json) return printJson({ valid: !failed, seed, switches: results, mutation });
  if (results.length > 0) {
    const { matrixLines } = await import('../selftest/matrix.ts');
    printLines(matrixLines(results, style));
  }
  if (mutation !== null) {
    const { mutationLines } = await import('../selftest/mutation-text.ts');
    printLines([...(results.length > 0 ? [''] : []), ...mutationLines(mutation, style)]);
  }
}

async function runAll(
  flags: Flags,
  seed: number,
  controls: number,
  parallel: number,
): Promise<CaseResult[]> {
  const [{ controlCases, switchCases }, { performInChild }, { runCases }] = await Promise.all([
    import('../selftest/cases.ts'),
    import('../selftest/perform.ts'),
    import('../selftest/runner.ts'),
  ]);
  const only = flags.only?.split(',').map((name) => name.trim()) ?? null;
  const cases = switchCases(only);
  const unknown = only?.filter((name) => !cases.some((each) => each.name === name)) ?? [];
  if (unknown.length > 0) {
    const known = switchCases().map((each) => each.name);
    throw new UsageError(`--only has ${unknown.join(', ')}; accepted are ${known.join(', ')}`);
  }
  const results = flags.results ?? mkdtempSync(join(tmpdir(), 'amnesia-selftest-'));
  const { runtime } = flags;
  const keep = flags.results !== undefined;
  const perform = performInChild({ runtime, results, keep, limitMs: runLimitMs });
  const all = [...cases, ...(controls > 0 ? controlCases(cases, controls) : [])];
  try {
    return await runCases(all, seed, perform, parallel, ({ name, outcome, runs }) => {
      process.stderr.write(`${name}: ${outcome}, ${runs} runs\n`);
    });
  } finally {
    if (!keep) rmSync(results, { recursive: true, force: true });
  }
}
