/**
 * Conditions that a good campaign meets now and then. One that never came true marks a part of the system
 * under test that was not tried, however green the runs were. After the "sometimes assertions" of
 * Antithesis and FoundationDB's TEST macro (Zhou et al., "FoundationDB", SIGMOD 2021, section 4).
 */

export interface Sometimes {
  readonly name: string;
  /** What happened when it is true. */
  readonly meaning: string;
  /** One statement on a run file with one row and one column: how often. */
  readonly sql: string;
}

const client = `process <> 'nemesis'`;
const write = `f NOT LIKE 'read%'`;

function figure(checker: string, name: string): string {
  return `SELECT figures ->> '${name}' FROM verdict WHERE checker = '${checker}'
    ORDER BY check_no DESC LIMIT 1`;
}

function health(path: string, condition: string): string {
  return `SELECT count(*) FROM sample WHERE path = '/cluster/health' AND body NOT NULL
    AND json_extract(body, '${path}') ${condition}`;
}

export const sometimes: readonly Sometimes[] = [
  {
    name: 'promotion',
    meaning: 'a space got another primary',
    sql: figure('split-brain', 'promotion-count'),
  },
  {
    name: 'two-sides-promote',
    meaning: 'two nodes, each promoted, called themselves primary of one space within 1.2 s',
    sql: `WITH claim AS MATERIALIZED (
        SELECT sample.node, sample.time, each.value ->> 'space' AS space
        FROM sample, json_each(sample.body, '$.spaces') AS each
        WHERE sample.path = '/cluster/spaces' AND sample.body NOT NULL
          AND each.value ->> 'primary' = sample.node AND each.value ->> 'generation' > 0
      )
      SELECT count(DISTINCT a.space) FROM claim AS a JOIN claim AS b
        ON a.space = b.space AND a.node < b.node AND abs(a.time - b.time) < 1200000000`,
  },
  {
    name: 'siblings',
    meaning: 'a read showed concurrent values',
    sql: `SELECT count(*) FROM op WHERE f LIKE 'read%' AND json_array_length(siblings) > 1`,
  },
  {
    name: 'stale-answer',
    meaning: 'a node said that it could not answer as fresh as asked',
    sql: 'SELECT count(*) FROM op WHERE stale = 1',
  },
  {
    name: 'forwarded',
    meaning: 'a request was served by another node than the one that was asked',
    sql: 'SELECT count(*) FROM op WHERE hops > 0',
  },
  {
    name: 'low-confidence',
    meaning: 'an answer vouched for less than everything',
    sql: 'SELECT count(*) FROM op WHERE confidence < 1',
  },
  {
    name: 'indeterminate-write',
    meaning: 'nobody knows whether a write happened',
    sql: `SELECT count(*) FROM op WHERE ${client} AND ${write} AND outcome = 'info'`,
  },
  {
    name: 'refused-write',
    meaning: 'a write was refused',
    sql: `SELECT count(*) FROM op WHERE ${client} AND ${write} AND outcome = 'fail'`,
  },
  {
    name: 'write-while-cut',
    meaning: 'a write was acknowledged by a node that was cut off from others',
    sql: `SELECT count(*) FROM fault JOIN op ON op.invoked >= fault.in_force
        AND op.completed < fault.heal_began
      WHERE fault.grudge NOT NULL AND fault.effective = 'effective' AND op.${client}
        AND op.${write} AND op.outcome = 'ok'
        AND op.node IN (SELECT value FROM json_each(fault.targets))`,
  },
  {
    name: 'replication-behind',
    meaning: 'a node said that writes had not reached all owners yet',
    sql: `SELECT (${health('$.replication.deferred_writes', '> 0')})
      + (${health('$.replication.lag', '> 0')})`,
  },
  {
    name: 'partition-noticed',
    meaning: 'a node said that it does not reach all others',
    sql: health('$.partition.state', "<> 'connected'"),
  },
  {
    name: 'suspected',
    meaning: 'a node suspected another',
    sql: health('$.stats.suspect', '> 0'),
  },
  {
    name: 'declared-dead',
    meaning: 'a node took another for dead',
    sql: health('$.stats.dead', '> 0'),
  },
  {
    name: 'false-suspicion',
    meaning: 'a node that was well was suspected',
    sql: figure('membership', 'false-suspicion-count'),
  },
  {
    name: 'restart',
    meaning: 'a node was killed and came back on its data',
    sql: `SELECT count(*) FROM fault WHERE kind = 'kill' AND effective = 'effective' AND healed = 1`,
  },
  {
    name: 'all-down',
    meaning: 'all nodes were down at once',
    sql: `SELECT count(*) FROM fault WHERE kind = 'kill' AND effective = 'effective'
      AND json_array_length(targets) = (SELECT json_array_length(nodes) FROM run)`,
  },
  {
    name: 'later-round-agreed',
    meaning: 'the nodes did not agree yet when the final reads began',
    sql: `SELECT max(0, (${figure('convergence', 'round-count')}) - 2)`,
  },
];
