/** The report on mutated histories as lines of text. Pure. */
import type { Style } from '../report/style.ts';
import { tableLines } from '../report/table.ts';
import { isSound, type MutationReport } from './mutation.ts';

/** `9,998 of 10,000 (99.98 %)`. */
function share(part: number, whole: number): string {
  if (whole === 0) return 'none';
  const percent = (100 * part) / whole;
  const digits = percent === 0 || percent === 100 ? 0 : 2;
  return `${part.toLocaleString('en-US')} of ${whole.toLocaleString('en-US')} (${percent.toFixed(digits)} %)`;
}

export function mutationLines(report: MutationReport, style: Style): string[] {
  const { seed, mutants, innocents, byMutation, rates, mistakes } = report;
  const kinds = Object.entries(byMutation).map(([name, count]) => `${name} ${count}`);
  const rows = rates.map(({ checker, violating, detected, innocent, accused }) => [
    checker,
    share(detected, violating),
    share(accused, innocent),
  ]);
  return [
    `${mutants.toLocaleString('en-US')} mutants (${kinds.join(', ')}), ` +
      `${innocents.toLocaleString('en-US')} innocent histories, seed ${seed}`,
    '',
    ...tableLines(['checker', 'detected', 'false alarms'], rows),
    '',
    isSound(report)
      ? style.good(
          'every mutant was found by the checkers that it concerns, and nobody else accused',
        )
      : style.bad('checkers were wrong, or were not put to the test'),
    ...mistakes.map(
      ({ checker, what, mutation, number, history }) =>
        `  ${checker}: ${what}, history ${number}, ${mutation}: ${history}`,
    ),
  ];
}
