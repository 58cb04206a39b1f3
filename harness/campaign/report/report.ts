/**
 * What a campaign shows, as a value: JSON in and out. Added up by SQLite over the campaign's rows, so that
 * it needs no more memory for a million runs than for ten. The same rows give the same report.
 */
import type { Db } from '../../store/database.ts';
import { FAULT_PHASES, figureNames, type Signature } from '../run-facts.ts';
import { type CampaignSpec, SWARM } from '../spec.ts';
import type {
  CampaignReport,
  CrashCount,
  Distribution,
  FaultAvailability,
  FaultCount,
  Never,
  UnknownCount,
  VerdictCount,
  ViolationCount,
} from './report-shape.ts';
import { sometimes } from './sometimes.ts';
import { nearestRank, ruleOfThree, wilson } from './statistics.ts';

/** What there is to be exercised. */
export interface Universe {
  readonly faults: Readonly<Record<string, { readonly variants: readonly string[] }>>;
  readonly workloads: readonly string[];
}

const list = (text: string): string[] => text.split(',').map((each) => each.trim());

/** Adds a campaign up. */
export function readReport(db: Db, universe: Universe): CampaignReport {
  const campaigns = db
    .prepare<[], string>('SELECT spec FROM source ORDER BY spec')
    .pluck()
    .all()
    .map((text) => JSON.parse(text) as CampaignSpec);
  const one = <Row>(sql: string): Row => db.prepare<[], Row>(sql).get()!;
  const all = <Row>(sql: string): Row[] => db.prepare<[], Row>(sql).all();
  const planned =
    db.prepare<[], number>("SELECT (spec ->> 'runs') FROM campaign").pluck().get() ??
    campaigns.reduce((sum, each) => sum + each.runs, 0);
  const sums = one<{ all: number; ok: number; fail: number; info: number; hours: number }>(
    `SELECT coalesce(sum(ops), 0) AS "all", coalesce(sum(ok), 0) AS ok,
       coalesce(sum(fail), 0) AS fail, coalesce(sum(info), 0) AS info,
       coalesce(sum(duration_ns), 0) / 3.6e12 AS hours FROM run WHERE state = 'done'`,
  );
  const { hours, ...operations } = sums;
  return {
    format: 'amnesia-campaign',
    version: 1,
    campaigns,
    runs: {
      planned,
      ...one<Omit<CampaignReport['runs'], 'planned'>>(
        `SELECT coalesce(sum(valid IS 'true'), 0) AS valid,
           coalesce(sum(valid IS 'false'), 0) AS invalid,
           coalesce(sum(valid IS 'unknown'), 0) AS unknown,
           coalesce(sum(state = 'crashed'), 0) AS crashed,
           coalesce(sum(state = 'running'), 0) AS running FROM run`,
      ),
    },
    operations,
    clusterHours: round(hours, 4),
    faults: all<FaultCount>(
      `SELECT kind, count(*) AS windows, sum(effective = 'effective') AS effective,
         sum(effective = 'partial') AS partial, sum(effective = 'none') AS none,
         sum(healed = 0) AS notHealed FROM fault GROUP BY kind ORDER BY kind`,
    ),
    verdicts: readVerdicts(db),
    unknowns: all<UnknownCount>(
      `SELECT checker, coalesce(reason, '-') AS reason, count(*) AS runs, min(seed) AS firstSeed
       FROM verdict JOIN run ON run.idx = verdict.run
       WHERE verdict.valid = 'unknown' AND informational = 0
       GROUP BY 1, 2 ORDER BY runs DESC, 1, 2`,
    ),
    violations: readViolations(db),
    crashes: all<CrashCount>(
      `SELECT coalesce(message, '') AS message, count(*) AS runs, min(seed) AS firstSeed FROM run
       WHERE state = 'crashed' GROUP BY 1 ORDER BY runs DESC, 1 LIMIT 50`,
    ),
    distributions: readDistributions(db),
    availability: readAvailability(db),
    never: readNever(db, campaigns, universe),
    sometimes: sometimes.map(({ name, meaning }) => ({
      name,
      meaning,
      ...db
        .prepare<[string], { runs: number; count: number }>(
          `SELECT coalesce(sum(count > 0), 0) AS runs, coalesce(sum(count), 0) AS count
           FROM sometimes WHERE name = ?`,
        )
        .get(name)!,
    })),
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function bounds(successes: number, trials: number): { low: number; high: number } {
  const { low, high } = wilson(successes, trials);
  // Of what was never seen, the rule of three says what can be said.
  const upper = successes === 0 ? ruleOfThree(trials) : high;
  return { low: round(low, 6), high: round(upper, 6) };
}

function readVerdicts(db: Db): VerdictCount[] {
  const rows = db
    .prepare<[], Omit<VerdictCount, 'low' | 'high' | 'informational'> & { informational: number }>(
      `SELECT checker, min(informational) AS informational, sum(valid = 'true') AS valid,
         sum(valid = 'false') AS invalid, sum(valid = 'unknown') AS unknown
       FROM verdict GROUP BY checker ORDER BY checker`,
    )
    .all();
  return rows.map((row) => ({
    ...row,
    informational: row.informational === 1,
    ...bounds(row.invalid, row.valid + row.invalid),
  }));
}

interface SignatureRow extends Signature {
  readonly runs: number;
  readonly count: number;
  readonly firstSeed: number;
}

function readViolations(db: Db): ViolationCount[] {
  const signatures = db
    .prepare<[], SignatureRow>(
      `SELECT checker, anomaly, violation.workload, fault, count(*) AS runs, sum(count) AS count,
         min(seed) AS firstSeed
       FROM violation JOIN run ON run.idx = violation.run
       GROUP BY 1, 2, 3, 4 ORDER BY runs DESC, 1, 2, 3, 4`,
    )
    .all();
  const couldHave = db.prepare<[string, string, string, string], number>(
    `SELECT count(*) FROM run JOIN verdict ON verdict.run = run.idx AND checker = ?
     WHERE verdict.valid <> 'unknown'
       AND (? = '-' OR instr(',' || run.workload || ',', ',' || ? || ',') > 0)
       AND NOT EXISTS (SELECT 1 FROM json_each(?) AS wanted WHERE NOT EXISTS (
         SELECT 1 FROM fault WHERE fault.run = run.idx AND fault.kind = wanted.value
           AND fault.effective <> 'none'))`,
  );
  const where = 'checker = ? AND anomaly = ? AND violation.workload = ? AND fault = ?';
  const witness = db.prepare<
    string[],
    { seed: number; ops: number | null; summary: string; dir: string | null }
  >(
    `SELECT seed, witness_ops AS ops, summary, iif(kept = 1, dir, NULL) AS dir
     FROM violation JOIN run ON run.idx = violation.run WHERE ${where}
     ORDER BY witness_ops IS NULL, witness_ops, kept DESC, seed LIMIT 1`,
  );
  const before = db
    .prepare<(string | number)[], number>(
      `SELECT ops_before FROM violation WHERE ${where.replace('violation.', '')}
         AND ops_before NOT NULL ORDER BY ops_before LIMIT 1 OFFSET ?`,
    )
    .pluck();
  return signatures.map((row) => {
    const { checker, anomaly, workload, fault, runs } = row;
    const kinds = JSON.stringify(fault === 'none' ? [] : fault.split('+'));
    const of = Math.max(runs, couldHave.pluck().get(checker, workload, workload, kinds) as number);
    const smallest = witness.get(checker, anomaly, workload, fault)!;
    const place = (offset: number): number | null =>
      before.get(checker, anomaly, workload, fault, offset) ?? null;
    return {
      ...row,
      of,
      ...bounds(runs, of),
      opsBeforeMin: place(0),
      opsBeforeMedian: place(nearestRank(0.5, runs)),
      witnessOps: smallest.ops,
      witnessSeed: smallest.seed,
      witness: smallest.summary,
      witnessDir: smallest.dir,
    };
  });
}

function readDistributions(db: Db): Distribution[] {
  const groups = db.prepare<[string], { nemesis: string; runs: number }>(
    `SELECT nemesis, count(*) AS runs FROM figure JOIN run ON run.idx = figure.run
       WHERE name = ? GROUP BY nemesis ORDER BY nemesis`,
  );
  const at = db
    .prepare<[string, string, number], number>(
      `SELECT value FROM figure JOIN run ON run.idx = figure.run
       WHERE name = ? AND nemesis = ? ORDER BY value LIMIT 1 OFFSET ?`,
    )
    .pluck();
  return figureNames.flatMap((figure) =>
    groups.all(figure).map(({ nemesis, runs }) => {
      const quantile = (part: number): number => at.get(figure, nemesis, nearestRank(part, runs))!;
      return {
        figure,
        nemesis,
        runs,
        p50: quantile(0.5),
        p90: quantile(0.9),
        p99: quantile(0.99),
        max: quantile(1),
      };
    }),
  );
}

function readAvailability(db: Db): FaultAvailability[] {
  const groups = db
    .prepare<[], { kind: string; variant: string; windows: number; never: number }>(
      `SELECT kind, variant, count(*) AS windows,
         sum(recovered_ms IS NULL AND during_share NOT NULL) AS never
       FROM fault WHERE effective <> 'none' GROUP BY kind, variant ORDER BY kind, variant`,
    )
    .all();
  return groups.map(({ kind, variant, windows, never }) => {
    const quantile = (column: 'during_share' | 'recovered_ms', part: number): number | null => {
      const known = `FROM fault WHERE kind = ? AND variant = ? AND effective <> 'none'
        AND ${column} NOT NULL`;
      const count = db.prepare<string[], number>(`SELECT count(*) ${known}`).pluck();
      const number = count.get(kind, variant)!;
      if (number === 0) return null;
      return db
        .prepare<(string | number)[], number>(
          `SELECT ${column} ${known} ORDER BY ${column} LIMIT 1 OFFSET ?`,
        )
        .pluck()
        .get(kind, variant, nearestRank(part, number))!;
    };
    return {
      fault: `${kind} ${variant}`,
      windows,
      duringShareMin: quantile('during_share', 0),
      duringShareP50: quantile('during_share', 0.5),
      recoveredMsP50: quantile('recovered_ms', 0.5),
      recoveredMsP99: quantile('recovered_ms', 0.99),
      recoveredMsMax: quantile('recovered_ms', 1),
      neverRecovered: never,
    };
  });
}

function readNever(db: Db, campaigns: readonly CampaignSpec[], universe: Universe): Never {
  const askedKinds = new Set(
    campaigns.flatMap((each) => [
      ...each.nemeses.flatMap(list),
      ...(each.nemeses.includes(SWARM) ? each.swarm : []),
    ]),
  );
  const askedLoads = new Set(campaigns.flatMap((each) => each.workloads.flatMap(list)));
  const covered = new Set(
    db
      .prepare<[], string>(`SELECT DISTINCT kind || ' ' || workload || ' ' || phase FROM coverage`)
      .pluck()
      .all(),
  );
  const variants = new Set(
    db
      .prepare<[], string>(
        `SELECT DISTINCT kind || ' ' || variant FROM fault WHERE effective = 'effective'`,
      )
      .pluck()
      .all(),
  );
  const kinds = Object.keys(universe.faults).filter((kind) => askedKinds.has(kind));
  const loads = universe.workloads.filter((workload) => askedLoads.has(workload));
  const cells = kinds.flatMap((kind) =>
    loads.flatMap((workload) => FAULT_PHASES.map((phase) => ({ kind, workload, phase }))),
  );
  return {
    cells: cells.filter((each) => !covered.has(`${each.kind} ${each.workload} ${each.phase}`)),
    cellsInAll: cells.length,
    variants: kinds.flatMap((kind) =>
      universe.faults[kind].variants
        .map((variant) => `${kind} ${variant}`)
        .filter((name) => !variants.has(name)),
    ),
    kinds: Object.keys(universe.faults).filter((kind) => !askedKinds.has(kind)),
    workloads: universe.workloads.filter((workload) => !askedLoads.has(workload)),
  };
}
