/** Puts the facts of a run into the tables of its campaign. */
import type { Db } from '../../store/database.ts';
import type { RunFacts } from '../run-facts.ts';

/** Replaces what is there of run `index`. For a transaction of the caller. */
export function storeFacts(db: Db, index: number, facts: RunFacts): void {
  const put = (table: string, rows: readonly (readonly unknown[])[]): void => {
    if (rows.length === 0) return;
    const marks = ['?', ...rows[0].map(() => '?')].join(', ');
    const statement = db.prepare(`INSERT OR REPLACE INTO ${table} VALUES (${marks})`);
    for (const row of rows) statement.run(index, ...row);
  };
  put(
    'verdict',
    facts.verdicts.map(({ checker, valid, reason, informational }) => [
      checker,
      String(valid),
      reason ?? null,
      informational === true ? 1 : 0,
    ]),
  );
  put(
    'fault',
    facts.faults.map((each) => [
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
    facts.violations.map((each) => [
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
  put('figure', Object.entries(facts.figures));
  put(
    'coverage',
    facts.coverage.map(({ kind, workload, phase, ok }) => [kind, workload, phase, ok]),
  );
  put('sometimes', Object.entries(facts.sometimes));
}
