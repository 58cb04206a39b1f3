/**
 * Two runs or two campaigns side by side: verdicts, figures, latency, availability, convergence. Pure. What
 * is the same is left out unless it is asked for, since there are hundreds of figures.
 */
import type { Style } from '../../report/style.ts';
import { tableLines } from '../../report/table.ts';
import type { CampaignReport } from './report-shape.ts';

export type Shown = number | string | boolean | null;

/** One line of the comparison: null where that side does not know it. */
export interface Compared {
  readonly group: string;
  readonly name: string;
  readonly a: Shown;
  readonly b: Shown;
  /** b less a, and b by a, where both are numbers. */
  readonly difference: number | null;
  readonly ratio: number | null;
}

/** What a side says, by group and name. */
export type Side = ReadonlyMap<string, ReadonlyMap<string, Shown>>;

export function compare(a: Side, b: Side): Compared[] {
  const groups = [...new Set([...a.keys(), ...b.keys()])];
  return groups.flatMap((group) => {
    const left = a.get(group) ?? new Map<string, Shown>();
    const right = b.get(group) ?? new Map<string, Shown>();
    const names = [...new Set([...left.keys(), ...right.keys()])];
    return names.map((name) => {
      const one = left.get(name) ?? null;
      const other = right.get(name) ?? null;
      const both = typeof one === 'number' && typeof other === 'number';
      return {
        group,
        name,
        a: one,
        b: other,
        difference: both ? other - one : null,
        ratio: both && one !== 0 ? other / one : null,
      };
    });
  });
}

/** A verdict and its figures, as far as a comparison needs them. */
interface Judged {
  readonly checker: string;
  readonly valid: Shown;
  readonly figures: Readonly<Record<string, Shown>>;
  readonly counts: Readonly<Record<string, number>>;
}

/** A run: each checker's verdict, its figures, its violations. */
export function sideOfRun(verdicts: readonly Judged[]): Side {
  const side = new Map<string, Map<string, Shown>>();
  side.set('verdicts', new Map(verdicts.map((each) => [each.checker, each.valid])));
  for (const { checker, figures, counts } of verdicts) {
    side.set(checker, new Map(Object.entries(figures)));
    if (Object.keys(counts).length > 0) {
      side.set(`${checker}: violations`, new Map(Object.entries(counts)));
    }
  }
  return side;
}

/** A campaign: runs, rates of violations, distributions, availability. */
export function sideOfCampaign(report: CampaignReport): Side {
  const side = new Map<string, Map<string, Shown>>();
  side.set('runs', new Map(Object.entries(report.runs)));
  side.set(
    'violations, rate of runs',
    new Map(
      report.violations.map((each) => [
        `${each.checker} ${each.anomaly}, ${each.workload}, ${each.fault}`,
        each.runs / each.of,
      ]),
    ),
  );
  for (const { figure, nemesis, p50, p99, max } of report.distributions) {
    const group = new Map<string, Shown>(side.get(figure) ?? []);
    group.set(`${nemesis} p50`, p50);
    group.set(`${nemesis} p99`, p99);
    group.set(`${nemesis} max`, max);
    side.set(figure, group);
  }
  side.set(
    'answered during the fault, p50',
    new Map(report.availability.map((each) => [each.fault, each.duringShareP50])),
  );
  side.set(
    'back after the fault p99, ms',
    new Map(report.availability.map((each) => [each.fault, each.recoveredMsP99])),
  );
  return side;
}

function text(value: Shown): string | number {
  if (typeof value !== 'number') return value === null ? '-' : String(value);
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}

/** Lines for the terminal. `all`: also what is the same on both sides. */
export function compareLines(
  rows: readonly Compared[],
  names: { readonly a: string; readonly b: string },
  style: Style,
  all: boolean,
): string[] {
  const shown = all ? rows : rows.filter((row) => row.a !== row.b);
  const lines = ['', `  A  ${names.a}`, `  B  ${names.b}`];
  for (const group of new Set(shown.map((row) => row.group))) {
    const table = shown
      .filter((row) => row.group === group)
      .map((row) => [
        row.name,
        text(row.a),
        text(row.b),
        row.difference === null ? '' : text(row.difference),
        row.ratio === null ? '' : `x ${row.ratio.toFixed(2)}`,
      ]);
    const head = ['name', 'A', 'B', 'B - A', 'B / A'];
    lines.push('', style.strong(group), ...tableLines(head, table).map((line) => `  ${line}`));
  }
  const same = rows.length - shown.length;
  if (same > 0) lines.push('', style.faint(`  ${same} more are the same on both sides; --all`));
  return lines;
}
