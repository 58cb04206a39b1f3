// A checker: each read of the whole shows at least one element once something was acknowledged.
import { defineChecker, describe, isWrite, Kind, Status } from 'amnesia/checker';

export default defineChecker({
  name: 'never-empty',
  version: '1',
  decides: 'No read of a key shows nothing after an addition to it had been acknowledged.',
  check: (history, options, budget) => {
    const acknowledgedAt = new Map();
    for (let row = 0; row < history.n; row++) {
      if (!isWrite(history.kind[row]) || history.status[row] !== Status.Ok) continue;
      const known = acknowledgedAt.get(history.key[row]) ?? Number.POSITIVE_INFINITY;
      acknowledgedAt.set(history.key[row], Math.min(known, history.complete[row]));
    }
    const empty = [];
    for (let row = 0; row < history.n; row++) {
      if (row % 512 === 0) budget.step();
      if (history.kind[row] !== Kind.ReadAll || history.status[row] !== Status.Ok) continue;
      const since = acknowledgedAt.get(history.key[row]) ?? Number.POSITIVE_INFINITY;
      if (since < history.invoke[row] && /: 0 elements/.test(describe(history, row)))
        empty.push(row);
    }
    return {
      checker: 'never-empty',
      version: '1',
      valid: empty.length === 0,
      message: `${empty.length} reads showed nothing`,
      figures: { 'empty-count': empty.length },
      counts: empty.length === 0 ? {} : { empty: empty.length },
      anomalies: empty.slice(0, options.maxAnomalies).map((row) => ({
        pattern: 'empty',
        violates: ['never-empty'],
        key: history.keys[history.key[row]],
        ops: [row],
        summary: describe(history, row),
        steps: [describe(history, row)],
        lanes: [],
        count: 1,
        confirmed: true,
        minimal: true,
      })),
    };
  },
});
