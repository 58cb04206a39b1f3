/** Puts what a run gave into the tables of its campaign. */
import type { Db } from '../../store/database.ts';
import type { RunYield } from '../harvest.ts';

/** Replaces what is there of run `index`. For a transaction of the caller. */
export function storeYield(db: Db, index: number, harvest: RunYield): void {
  const put = (table: string, rows: readonly (readonly unknown[])[]): void => {
    if (rows.length === 0) return;
    const marks = ['?', ...rows[0].map(() => '?')].join(', ');
    const statement = db.prepare(`INSERT OR REPLACE INTO ${table} VALUES (${marks})`);
    for (const row of rows) statement.run(index, ...row);
  };
  put(
    'verdict',
    harvest.verdicts.map(({ checker, valid, reason, informational }) => [
      checker,
      String(valid),
      reason ?? null,
      informational === true ? 1 : 0,
    ]),
  );
  put(
    'fault',
    harvest.faults.map((each) => [
      each.id,
      each.kind,
      each.variant,
      each.effective,
      each.healed ? 1 : 0,
      each.duringShare,
      each.recoveredMs,
    ]),
  );
  put(
    'violation',
    harvest.violations.map((each) => [
      each.checker,
      each.anomaly,
      each.workload,
      each.fault,
      each.count,
      each.witnessOps,
      each.opsBefore,
      each.summary,
    ]),
  );
  put('figure', Object.entries(harvest.figures));
  put(
    'coverage',
    harvest.coverage.map(({ kind, workload, phase, ok }) => [kind, workload, phase, ok]),
  );
  put('sometimes', Object.entries(harvest.sometimes));
}
