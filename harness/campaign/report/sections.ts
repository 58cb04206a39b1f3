/**
 * The report in sections of sentences and tables, for the terminal, Markdown and HTML alike. Pure. Never
 * says that something is correct: without violations there is an upper bound.
 */
import { durationText, numberText } from '../../report/figures.ts';
import { FAULT_PHASES } from '../run-facts.ts';
import type { CampaignReport, ViolationCount } from './report-shape.ts';
import { ruleOfThree } from './statistics.ts';

export type Cell = string | number | null;

export interface Section {
  readonly title: string;
  /** Sentences. */
  readonly text: readonly string[];
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Rows of a table that grows with what was found; the JSON document has them all. */
const ROWS_MAX = 40;

export function percent(share: number | null): string {
  if (share === null) return '-';
  const value = share * 100;
  return `${value !== 0 && value < 0.1 ? value.toPrecision(1) : value.toFixed(1)} %`;
}

function ms(value: number | null): string {
  if (value === null) return '-';
  return value === 0 ? '0' : durationText(value * 1e6);
}

/** Figures that are worth a line each; the JSON document has all. */
const SHOWN_FIGURES = [
  'converged-after-heal-ms',
  'staleness-p99-ms',
  'staleness-max-ms',
  'answered-in-faults-share',
  'latency-p99-ms',
];

function section(
  title: string,
  text: readonly string[],
  head: readonly string[] = [],
  rows: readonly (readonly Cell[])[] = [],
): Section {
  const cut = rows.slice(0, ROWS_MAX);
  const more =
    rows.length > cut.length ? [`${rows.length - cut.length} more rows in the JSON`] : [];
  return { title, text: [...text, ...more], head: cut.length === 0 ? [] : head, rows: cut };
}

/** One sentence for the head of the report. */
export function headline(report: CampaignReport): string {
  const { runs } = report;
  const judged = runs.valid + runs.invalid + runs.unknown;
  const decided = runs.valid + runs.invalid;
  if (runs.invalid > 0) {
    const kinds = report.violations.length;
    return `violations in ${numberText(runs.invalid)} of ${numberText(judged)} runs, ${kinds} ${kinds === 1 ? 'signature' : 'signatures'}`;
  }
  if (decided === 0) return 'no run was decided, so nothing can be said';
  if (ruleOfThree(decided) === 1) {
    return `no violation was seen in ${decided} runs, which are too few to say anything`;
  }
  const bound = percent(ruleOfThree(decided));
  return (
    `no violation was seen in ${numberText(decided)} runs: with 95 % confidence fewer than ` +
    `${bound} of such runs have one (rule of three)`
  );
}

function overview(report: CampaignReport): Section {
  const { runs, operations } = report;
  const done = runs.valid + runs.invalid + runs.unknown + runs.crashed;
  const left = runs.planned - done;
  return section('Campaign', [
    headline(report),
    `${numberText(done)} of ${numberText(runs.planned)} runs: ${runs.valid} valid, ` +
      `${runs.invalid} invalid, ${runs.unknown} unknown, ${runs.crashed} crashed` +
      (left > 0 ? `; ${left} left` : ''),
    `${numberText(operations.all)} operations (${numberText(operations.ok)} ok, ` +
      `${numberText(operations.fail)} fail, ${numberText(operations.info)} info) in ` +
      `${report.clusterHours.toFixed(2)} cluster-hours`,
  ]);
}

function signature({ checker, anomaly, workload, fault }: ViolationCount): string {
  return `${checker} ${anomaly}, ${workload}, ${fault}`;
}

function violations({ violations: found }: CampaignReport): Section {
  return section(
    'Violations by signature',
    found.length === 0 ? ['none was seen'] : [],
    ['checker anomaly, workload, fault', 'runs', 'of', 'rate', '95 %', 'first seed', 'ops before'],
    found.map((each) => [
      signature(each),
      each.runs,
      each.of,
      percent(each.runs / each.of),
      `${percent(each.low)} to ${percent(each.high)}`,
      each.firstSeed,
      each.opsBeforeMedian,
    ]),
  );
}

function witnesses({ violations: found }: CampaignReport): Section {
  return section(
    'Smallest witnesses',
    [],
    ['signature', 'operations', 'seed', 'what', 'run'],
    found.map((each) => [
      signature(each),
      each.witnessOps,
      each.witnessSeed,
      each.witness,
      each.witnessDir ?? 'no longer kept',
    ]),
  );
}

function verdicts({ verdicts: found }: CampaignReport): Section {
  return section(
    'Verdicts',
    ['rate: of violations among the runs that were decided, 95 %'],
    ['checker', 'valid', 'invalid', 'unknown', 'rate'],
    found.map((each) => [
      each.checker + (each.informational ? ' (for information)' : ''),
      each.valid,
      each.invalid,
      each.unknown,
      each.invalid === 0
        ? `below ${percent(each.high)}`
        : `${percent(each.low)} to ${percent(each.high)}`,
    ]),
  );
}

function faults({ faults: found }: CampaignReport): Section {
  return section(
    'Fault windows',
    [],
    ['fault', 'windows', 'effective', 'partial', 'none', 'not healed'],
    found.map((each) => [
      each.kind,
      each.windows,
      each.effective,
      each.partial,
      each.none,
      each.notHealed,
    ]),
  );
}

function distributions({ distributions: found }: CampaignReport): Section {
  const shown = found.filter((each) => SHOWN_FIGURES.includes(each.figure));
  const text = (name: string, value: number): string =>
    name.endsWith('-share') ? percent(value) : ms(value);
  return section(
    'Convergence, staleness and latency over runs, by faults',
    [],
    ['figure', 'faults', 'runs', 'p50', 'p90', 'p99', 'max'],
    shown.map((each) => [
      each.figure.replace(/-(ms|share)$/, ''),
      each.nemesis,
      each.runs,
      ...[each.p50, each.p90, each.p99, each.max].map((value) => text(each.figure, value)),
    ]),
  );
}

function availability({ availability: found }: CampaignReport): Section {
  return section(
    'Availability by fault',
    ['answered: share of operations while the fault was there; back: from its end on'],
    ['fault', 'windows', 'answered p50', 'least', 'back p50', 'p99', 'max', 'not back'],
    found.map((each) => [
      each.fault,
      each.windows,
      percent(each.duringShareP50),
      percent(each.duringShareMin),
      ms(each.recoveredMsP50),
      ms(each.recoveredMsP99),
      ms(each.recoveredMsMax),
      each.neverRecovered,
    ]),
  );
}

/** One row for each fault and workload: phases in which no operation succeeded. */
function missingCells({ cells }: CampaignReport['never']): Cell[][] {
  const phases = new Map<string, string[]>();
  for (const { kind, workload, phase } of cells) {
    const name = `${kind} x ${workload}`;
    phases.set(name, [...(phases.get(name) ?? []), phase]);
  }
  return [...phases].map(([name, missing]) => [
    name,
    missing.length === FAULT_PHASES.length ? 'not at all' : `not in phase ${missing.join(', ')}`,
  ]);
}

function never({ never: missing, sometimes }: CampaignReport): Section {
  const untrue = sometimes.filter((each) => each.runs === 0);
  const names = (title: string, list: readonly string[]): string[] =>
    list.length === 0 ? [] : [`${title}: ${list.join(', ')}`];
  return section(
    'Never exercised',
    [
      `${missing.cells.length} of ${missing.cellsInAll} combinations of fault, workload and phase ` +
        'of the fault had no operation that succeeded',
      ...names('variants that never took effect', missing.variants),
      ...names('faults that were not asked for', missing.kinds),
      ...names('workloads that were not asked for', missing.workloads),
    ],
    ['what', 'how'],
    [
      ...missingCells(missing),
      ...untrue.map((each) => [each.name, `never in any run: ${each.meaning}`]),
    ],
  );
}

function conditions({ sometimes }: CampaignReport): Section {
  return section(
    'What came true',
    [],
    ['condition', 'runs', 'times', 'meaning'],
    sometimes
      .filter((each) => each.runs > 0)
      .map((each) => [each.name, each.runs, each.count, each.meaning]),
  );
}

function troubles({ unknowns, crashes }: CampaignReport): Section {
  return section(
    'Not decided',
    [],
    ['what', 'why', 'runs', 'first seed'],
    [
      ...crashes.map((each) => ['crashed', each.message, each.runs, each.firstSeed]),
      ...unknowns.map((each) => [each.checker, each.reason, each.runs, each.firstSeed]),
    ],
  );
}

/** Everything, in the order in which one reads it; what has nothing to say is left out. */
export function reportSections(report: CampaignReport): Section[] {
  const all = [
    overview(report),
    violations(report),
    witnesses(report),
    troubles(report),
    verdicts(report),
    faults(report),
    distributions(report),
    availability(report),
    never(report),
    conditions(report),
  ];
  return all.filter((each) => each.text.length > 0 || each.rows.length > 0);
}
