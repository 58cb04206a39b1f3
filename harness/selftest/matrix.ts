/** The matrix of a self-test as lines of text. Pure. */
import type { Style } from '../report/style.ts';
import { tableLines } from '../report/table.ts';
import { type CaseResult, isFailure, type Outcome } from './runner.ts';

const cellMax = 70;

const words: Readonly<Record<Outcome, string>> = {
  caught: 'caught',
  wrong: 'WRONG CHECKER',
  missed: 'NOT CAUGHT',
  green: 'valid',
  red: 'NOT VALID',
  impossible: 'not possible here',
};

const seconds = (ms: number): string => (Number.isNaN(ms) ? '' : `${(ms / 1000).toFixed(1)} s`);

/** One line for each case, then what to do about those that went wrong. */
export function matrixLines(results: readonly CaseResult[], style: Style): string[] {
  const rows = results.map((each) => [
    each.name,
    words[each.outcome],
    each.caughtBy.join(', '),
    each.alsoBy.join(', '),
    each.runs,
    seconds(each.medianMs),
    seedsText(each.seeds),
  ]);
  const head = ['switch', 'result', 'caught by', 'also by', 'runs', 'median', 'seeds'];
  const [title, rule, ...lines] = tableLines(head, rows, cellMax);
  const coloured = lines.map((line, i) => {
    const { outcome } = results[i];
    const colour = isFailure(results[i])
      ? style.bad
      : outcome === 'impossible'
        ? style.doubtful
        : style.good;
    return line.replace(words[outcome], (word) => colour(word));
  });
  const notes = results
    .filter((each) => each.note !== null)
    .map((each) => `  ${each.name}: ${each.note}`);
  return [
    title!,
    rule!,
    ...coloured,
    ...(notes.length > 0 ? ['', ...notes] : []),
    '',
    summary(results),
  ];
}

function seedsText(seeds: readonly number[]): string {
  if (seeds.length === 0) return '';
  return seeds.length === 1 ? `${seeds[0]}` : `${seeds[0]}..${seeds.at(-1)}`;
}

function summary(results: readonly CaseResult[]): string {
  const count = (...outcomes: readonly Outcome[]): number =>
    results.filter((each) => outcomes.includes(each.outcome)).length;
  const switches = count('caught', 'wrong', 'missed');
  const parts = [
    `${count('caught')} of ${switches} switches caught`,
    `${count('green')} of ${count('green', 'red')} controls valid`,
  ];
  const impossible = count('impossible');
  if (impossible > 0) parts.push(`${impossible} not possible here`);
  return parts.join(', ');
}
