/**
 * The views of a run file: the questions that people ask most, as statements. Part of the schema
 * (`schema.ts`); described in `results/README.md` from here.
 */
import type { View } from './schema.ts';
import { APPLICATION_ID, SCHEMA_VERSION, TABLES, tableSql } from './schema.ts';

const inSeconds = (ns: string): string => `round((${ns}) / 1e9, 3)`;

const opsByKey: View = {
  name: 'ops_by_key',
  meaning: 'One row for each key: how often it was touched, how that ended, from when to when.',
  columns: [
    ['key', 'the key'],
    ['ops', 'operations on it'],
    ['reads', 'of these: read, read-all, read-list'],
    ['ok', 'ended as ok'],
    ['fail', 'ended as fail'],
    ['info', 'ended as info'],
    ['in_flight', 'never ended'],
    ['first_s', 's since the start of the first invocation'],
    ['last_s', 's since the start of the last invocation'],
  ],
  select: `SELECT key, count(*) AS ops, sum(f LIKE 'read%') AS reads,
    sum(outcome IS 'ok') AS ok, sum(outcome IS 'fail') AS fail, sum(outcome IS 'info') AS info,
    sum(outcome IS NULL) AS in_flight,
    ${inSeconds('min(invoked)')} AS first_s, ${inSeconds('max(invoked)')} AS last_s
  FROM op WHERE key IS NOT NULL GROUP BY key`,
};

const faultWindows: View = {
  name: 'fault_windows',
  meaning:
    'One row for each fault that was applied: when it was there, its proof, what clients saw.',
  columns: [
    ['id', 'number of the fault'],
    ['kind', 'partition, kill, pause'],
    ['variant', 'halves, isolate-one ...'],
    ['targets', 'JSON array of nodes'],
    ['start_s', 's since the start at which it was applied'],
    ['end_s', 's since the start at which it was proved to be gone; NULL: never'],
    ['effective', 'effective, partial or none'],
    ['healed', '1: proved to be gone'],
    ['ops', 'operations invoked while it was there'],
    ['ok', 'of these: ok'],
    ['fail', 'of these: fail'],
    ['info', 'of these: info or in flight'],
  ],
  select: `SELECT fault.id, fault.kind, fault.variant, fault.targets,
    ${inSeconds('fault.applied')} AS start_s, ${inSeconds('fault.healed_at')} AS end_s,
    fault.effective, fault.healed,
    count(op.idx) AS ops, coalesce(sum(op.outcome IS 'ok'), 0) AS ok,
    coalesce(sum(op.outcome IS 'fail'), 0) AS fail,
    coalesce(sum(op.idx IS NOT NULL AND op.outcome IS NOT 'ok' AND op.outcome IS NOT 'fail'), 0)
      AS info
  FROM fault LEFT JOIN op ON op.process <> 'nemesis' AND op.invoked >= fault.applied
    AND op.invoked < coalesce(fault.healed_at, 9e18)
  WHERE fault.applied IS NOT NULL GROUP BY fault.id ORDER BY fault.applied`,
};

const anomalies: View = {
  name: 'anomalies',
  meaning: 'One row for each violation that the newest check shows, with its witness.',
  columns: [
    ['no', '1, 2, 3 ...: the number that `amnesia show --anomaly` takes'],
    ['checker', 'who found it'],
    ['pattern', 'published name of the bad pattern'],
    ['violates', 'JSON array of the properties that it violates'],
    ['key', 'key, NULL where it is not about one'],
    ['ops', 'JSON array: idx of the operations of the witness'],
    ['summary', 'one sentence'],
    ['count', 'how many violations of one cause it stands for'],
    ['informational', '1: does not decide the verdict'],
    ['anomaly', 'the whole anomaly as JSON'],
  ],
  select: `SELECT row_number() OVER (ORDER BY verdict.id, each.key) AS no, verdict.checker,
    each.value ->> 'pattern' AS pattern, each.value -> 'violates' AS violates,
    each.value ->> 'key' AS key, each.value -> 'ops' AS ops, each.value ->> 'summary' AS summary,
    each.value ->> 'count' AS count, verdict.informational, each.value AS anomaly
  FROM verdict, json_each(verdict.anomalies) AS each
  WHERE verdict.check_no = (SELECT max(check_no) FROM verdict)`,
};

const latencyByWindow: View = {
  name: 'latency_by_window',
  meaning:
    'Latency of answered operations by f, within each fault and outside of all (fault NULL).',
  columns: [
    ['fault', 'number of the fault; NULL: no fault was there'],
    ['window', 'kind and variant of the fault, or calm'],
    ['f', 'what the operations do'],
    ['ops', 'operations invoked in the window'],
    ['ok', 'of these: ok'],
    ['p50_ms', 'median latency of the ok ones, ms'],
    ['p99_ms', '99th percentile, ms'],
    ['max_ms', 'largest, ms'],
  ],
  select: `WITH placed AS (
    SELECT fault.id AS fault, coalesce(fault.kind || ' ' || fault.variant, 'calm') AS window,
      op.f, op.outcome IS 'ok' AS ok,
      CASE WHEN op.outcome = 'ok' THEN (op.completed - op.invoked) / 1e6 END AS ms
    FROM op LEFT JOIN fault ON fault.applied IS NOT NULL AND op.invoked >= fault.applied
      AND op.invoked < coalesce(fault.healed_at, 9e18)
    WHERE op.process <> 'nemesis'
  ), ranked AS (
    SELECT *, cume_dist() OVER (PARTITION BY fault, f, ms IS NULL ORDER BY ms) AS rank
    FROM placed
  )
  SELECT fault, window, f, count(*) AS ops, sum(ok) AS ok,
    round(min(CASE WHEN rank >= 0.5 THEN ms END), 2) AS p50_ms,
    round(min(CASE WHEN rank >= 0.99 THEN ms END), 2) AS p99_ms, round(max(ms), 2) AS max_ms
  FROM ranked GROUP BY fault, window, f`,
};

const violations: View = {
  name: 'violations',
  meaning:
    'One row for each operation that the newest check complains of, as far as its checker lists them: who served it, ' +
    'and which fault came before, was there, or came next.',
  columns: [
    ['checker', 'who found it'],
    ['pattern', 'published name of the bad pattern'],
    ['informational', '1: does not decide the verdict'],
    ['idx', 'the operation'],
    ['at_s', 's since the start at which its client knew, or else asked'],
    ['node', 'node that the client talked to'],
    ['server', 'node that served it, or else the one that was asked'],
    ['key', 'its key'],
    ['value', 'its value'],
    ['fault_before', 'last fault that was applied before; NULL: not preceded by any'],
    ['fault_there', 'a fault that was there; NULL: none'],
    ['fault_next', 'first fault that was applied afterwards'],
    ['s_to_next', 's until then'],
    ['refused_within_10_s', '1: its server refused or reset a connection in the 10 s after it'],
  ],
  select: `SELECT verdict.checker, list.key AS pattern, verdict.informational, op.idx,
    ${inSeconds('coalesce(op.completed, op.invoked)')} AS at_s, op.node,
    coalesce(op.server, op.node) AS server, op.key, op.value,
    (SELECT id FROM fault WHERE applied <= coalesce(op.completed, op.invoked)
      ORDER BY applied DESC LIMIT 1) AS fault_before,
    (SELECT id FROM fault WHERE applied <= coalesce(op.completed, op.invoked)
      AND coalesce(healed_at, 9e18) >= coalesce(op.completed, op.invoked) ORDER BY applied LIMIT 1)
      AS fault_there,
    (SELECT id FROM fault WHERE applied > coalesce(op.completed, op.invoked)
      ORDER BY applied LIMIT 1) AS fault_next,
    (SELECT round((min(applied) - coalesce(op.completed, op.invoked)) / 1e9, 3) FROM fault
      WHERE applied > coalesce(op.completed, op.invoked)) AS s_to_next,
    EXISTS (SELECT 1 FROM op AS later WHERE later.invoked > coalesce(op.completed, op.invoked)
      AND later.invoked < coalesce(op.completed, op.invoked) + 10000000000
      AND later.node = coalesce(op.server, op.node) AND later.error IN ('refused', 'reset'))
      AS refused_within_10_s
  FROM verdict, json_each(verdict.details, '$.violations') AS list, json_each(list.value) AS each
    JOIN op ON op.idx = each.value
  WHERE verdict.check_no = (SELECT max(check_no) FROM verdict)`,
};

export const VIEWS: readonly View[] = [
  opsByKey,
  faultWindows,
  anomalies,
  violations,
  latencyByWindow,
];

/** Everything that makes an empty file a run file. */
export function schemaSql(): string {
  return [
    `PRAGMA application_id = ${APPLICATION_ID};`,
    `PRAGMA user_version = ${SCHEMA_VERSION};`,
    ...TABLES.map(tableSql),
    ...VIEWS.map((view) => `CREATE VIEW ${view.name} AS ${view.select};`),
  ].join('\n');
}

/**
 * Indexes are made when a run is saved: while it is hot they would cost a third of the rate. The last
 * one holds all that the digest of a sealed history wants, so that it need not read the long texts.
 */
export const INDEX_SQL = `
CREATE INDEX IF NOT EXISTS op_by_key ON op (key, invoked);
CREATE INDEX IF NOT EXISTS op_by_process ON op (process, invoked);
CREATE INDEX IF NOT EXISTS op_by_invoked ON op (invoked, completed);
`;
