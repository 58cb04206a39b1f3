/** Run folders of a campaign that still stand, as its database knows them. */
import type { Db } from '../../store/database.ts';

export interface KeptRun {
  readonly idx: number;
  readonly dir: string;
  readonly bytes: number;
  /** Number of violation signatures that no other kept run shows. */
  readonly alone: number;
  readonly violations: number;
}

export class KeptRuns {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** The folder of a run is gone; its row stays. */
  thinned(index: number): void {
    this.#db.prepare('UPDATE run SET kept = 0, bytes = 0 WHERE idx = ?').run(index);
  }

  bytes(): number {
    return this.#db
      .prepare<[], number>('SELECT coalesce(sum(bytes), 0) FROM run WHERE kept = 1')
      .pluck()
      .get()!;
  }

  /** The kept run that is missed least: what shows nothing of its own first, the largest of those. */
  leastMissed(): KeptRun | undefined {
    return this.#db
      .prepare<[], KeptRun>(
        `WITH shown AS (
           SELECT violation.run, count(*) OVER (
             PARTITION BY checker, anomaly, violation.workload, fault
           ) AS times
           FROM violation JOIN run ON run.idx = violation.run AND run.kept = 1
         )
         SELECT run.idx, run.dir, run.bytes,
           (SELECT count(*) FROM shown WHERE shown.run = run.idx AND times = 1) AS alone,
           (SELECT count(*) FROM shown WHERE shown.run = run.idx) AS violations
         FROM run WHERE run.kept = 1
         ORDER BY run.valid IS 'false', alone > 0, run.bytes DESC, run.idx LIMIT 1`,
      )
      .get();
  }

  /** Green runs whose folder still stands: an interruption came between their end and its removal. */
  green(): { readonly idx: number; readonly dir: string }[] {
    return this.#db
      .prepare<[], { idx: number; dir: string }>(
        `SELECT idx, dir FROM run WHERE kept = 1 AND valid = 'true'`,
      )
      .all();
  }
}
