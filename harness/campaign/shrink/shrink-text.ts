/** What `amnesia shrink` leaves behind: the surviving steps, a command, and a test case to paste. Pure. */
import type { FaultPlan } from '../../generator/fault-plan.ts';
import { clip, escapeText } from '../../report/escape.ts';
import { secondsText } from '../../report/figures.ts';
import type { Style } from '../../report/style.ts';
import type { NumberedOp } from '../replay/stored.ts';
import type { Signature } from '../run-facts.ts';
import type { Candidate, Shrunk } from './shrink.ts';

export interface ShrinkReport {
  readonly signature: Pick<Signature, 'checker' | 'anomaly' | 'workload'>;
  readonly before: Candidate;
  readonly shrunk: Shrunk;
  /** Operations of the smallest run's load, as it recorded them. */
  readonly operations: readonly NumberedOp[];
  /** Sentences of the smallest witness, where there is one. */
  readonly witness: readonly string[];
  /** Options of the smallest run that are not their default. */
  readonly options: Readonly<Record<string, string>>;
  readonly schedulePath: string;
  /** Words of the command that runs it. */
  readonly command: readonly string[];
}

/** Steps that are printed; the file has them all. */
const STEPS_MAX = 40;

function faultText(plan: FaultPlan): string {
  const cut = Object.entries(plan.grudge ?? {})
    .filter(([, dropped]) => dropped.length > 0)
    .map(([node, dropped]) => `${node} drops ${dropped.join(' ')}`)
    .join('; ');
  const whom = cut === '' ? plan.targets.join(' ') : cut;
  const from = (plan.atMs / 1000).toFixed(3);
  const to = (plan.untilMs / 1000).toFixed(3);
  return `${plan.kind} ${plan.variant}, ${from} s to ${to} s of the chaos: ${whom}`;
}

function operationText(op: NumberedOp): string {
  const value = op.f.startsWith('read') || op.value === null ? '' : ` ${op.value}`;
  return `${op.f} ${op.key ?? ''}${value} through ${op.node} at ${secondsText(op.invoked)}`;
}

function amounts(candidate: Candidate): string {
  const keys = new Set(candidate.operations.map((each) => each.key)).size;
  return (
    `${candidate.faults.length} faults, ${candidate.operations.length} operations, ${keys} keys, ` +
    `${candidate.concurrency} clients, ${candidate.timeLimit} s`
  );
}

/** Lines for the terminal. */
export function shrinkLines(report: ShrinkReport, style: Style): string[] {
  const { signature, before, shrunk, operations, witness, schedulePath, command } = report;
  const { smallest, asked, spent } = shrunk;
  const steps = operations.slice(0, STEPS_MAX).map((op) => clip(operationText(op), 100));
  const more = operations.length - steps.length;
  return [
    '',
    style.strong(`${signature.checker} ${signature.anomaly} (${signature.workload})`),
    `  was  ${amounts(before)}`,
    `  now  ${amounts(smallest)}`,
    `  ${asked} runs` +
      (spent ? '; the runs that were allowed are spent, so it may get smaller' : ''),
    '',
    style.strong('Surviving steps'),
    ...smallest.faults.map((plan) => `  fault  ${escapeText(faultText(plan))}`),
    ...steps.map((step) => `  op     ${step}`),
    ...(more > 0 ? [`  and ${more} more operations`] : []),
    ...(witness.length === 0 ? [] : ['', style.strong('Witness')]),
    ...witness.map((line) => `  ${clip(line, 160)}`),
    '',
    `  schedule  ${escapeText(schedulePath)}`,
    `  again     ${escapeText(command.join(' '))}`,
    '',
    style.strong('Test case'),
    ...testCase(report).map((line) => `  ${line}`),
  ];
}

const quoted = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** A test that fails as long as the violation is there. */
function testCase({ signature, options, schedulePath }: ShrinkReport): string[] {
  const { checker, anomaly } = signature;
  const given = Object.entries(options)
    .filter(([name]) => name !== 'checkers')
    .map(([name, value]) => `${quoted(name)}: ${quoted(value)}`);
  const file = schedulePath.slice(schedulePath.lastIndexOf('/') + 1);
  return [
    `test(${quoted(`${checker} ${anomaly}: seed ${options.seed}`)}, async () => {`,
    `  const schedule = fileURLToPath(new URL(${quoted(file)}, import.meta.url));`,
    '  const options = parseOptions({',
    `    ${given.join(', ')},`,
    '    schedule, results,',
    '  }, 0);',
    '  const never = new AbortController().signal;',
    '  const { judgement } = await performRun(options, {',
    '    ...(await chooseRuntime(options.runtime)),',
    '    stop: never, halt: never,',
    '    observer: { phase: () => {}, event: () => {}, progress: () => {} },',
    '  });',
    `  const verdict = judgement!.verdicts.find((each) => each.checker === ${quoted(checker)})!;`,
    `  expect(verdict.counts).not.toHaveProperty(${quoted(anomaly)});`,
    '});',
  ];
}
