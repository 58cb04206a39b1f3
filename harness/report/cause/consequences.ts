/**
 * What other checkers tell of the same loss. A checker is folded only where each violation that it shows
 * has one of the operations of the first one, or their values in its witness; what it does not show is not
 * known, and the sentence says so.
 */
import { type History, isWrite } from '../../../checkers/history/history.ts';
import type { Anomaly, Verdict } from '../../../checkers/verdict/verdict.ts';
import { numberText } from '../figures.ts';
import type { Consequence } from './cause.ts';
import { rowsOf } from './rows.ts';

/** `violating`: rows of the operations that the first checker complains of. */
export function consequencesOf(
  history: History,
  first: Verdict,
  violating: readonly number[],
  red: readonly Verdict[],
): Consequence[] {
  if (violating.length === 0) return [];
  const about = new Set(violating.map((row) => history.index[row]));
  const values = new Set<number>();
  for (const row of violating) if (isWrite(history.kind[row])) values.add(history.value[row]);
  const others = red.filter((each) => each !== first && each.anomalies.length > 0);
  const rows = rowsOf(
    history,
    new Set(others.flatMap(({ anomalies }) => anomalies.flatMap(({ ops }) => ops))),
  );
  const tellsTheSame = ({ ops }: Anomaly): boolean =>
    ops.some((op) => about.has(op) || values.has(history.value[rows.get(op) ?? -1]));
  return others.flatMap((other) => {
    const same = other.anomalies.filter(tellsTheSame).length;
    if (same < other.anomalies.length) return [];
    const count = Object.values(other.counts).reduce((sum, each) => sum + each, 0);
    const patterns = Object.entries(other.counts).map(([name, n]) => `${numberText(n)} ${name}`);
    const shown = same < count ? `; the ${same} that it shows are about the same operations` : '';
    return [
      {
        checker: other.checker,
        count,
        sentence: `${other.checker} tells it again: ${patterns.join(', ')}${shown}.`,
      },
    ];
  });
}
