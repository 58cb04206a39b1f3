/**
 * Prints results/README.md from the schema, so that the page cannot differ from the files. The test
 * beside it fails when the page in the repository is not what this prints, and says how to renew
 * it.
 */
import { COLUMN_NAMES, columnOf } from '../../checkers/history/columns.ts';
import { TABLES } from './schema.ts';
import { VIEWS } from './views.ts';

interface Example {
  readonly question: string;
  readonly sql: string;
}

/** Run by a test on a run file. */
export const EXAMPLES: readonly Example[] = [
  {
    question: 'How did the operations end?',
    sql: `SELECT f, coalesce(outcome, 'in flight') AS outcome, count(*) AS n
FROM op WHERE process <> 'nemesis' GROUP BY f, outcome ORDER BY f, n DESC`,
  },
  {
    question: 'What went wrong, and how often?',
    sql: `SELECT error, outcome, node, count(*) AS n FROM op
WHERE error IS NOT NULL GROUP BY error, outcome, node ORDER BY n DESC`,
  },
  {
    question: 'What was the latency, second by second?',
    sql: `SELECT invoked / 1000000000 AS second, count(*) AS ops,
  round(avg(completed - invoked) / 1e6, 2) AS mean_ms, round(max(completed - invoked) / 1e6, 2) AS max_ms
FROM op WHERE outcome = 'ok' GROUP BY second ORDER BY second`,
  },
  {
    question: 'Which faults were proved, and what did clients see of them?',
    sql: 'SELECT * FROM fault_windows',
  },
  {
    question: 'Who wrote a value, and who read it?',
    sql: `SELECT idx, process, node, f, outcome, invoked / 1e9 AS at_s FROM op
WHERE key = 'register-1/k1' AND value = '"17"' ORDER BY invoked`,
  },
  {
    question: 'Which reads of sets contained an element?',
    sql: `SELECT op.idx, op.node, op.completed / 1e9 AS at_s FROM op, json_each(op.value) AS element
WHERE op.f = 'read-all' AND op.outcome = 'ok' AND element.value = 'e17' ORDER BY op.completed`,
  },
  {
    question: 'Which acknowledged additions does the last read of each node lack?',
    sql: `WITH last AS (
  SELECT key, node, max(idx) AS idx FROM op WHERE f = 'read-all' AND final = 1 AND outcome = 'ok'
  GROUP BY key, node
)
SELECT last.node, added.key, added.value FROM op AS added JOIN last USING (key)
WHERE added.f = 'add' AND added.outcome = 'ok' AND added.value ->> '$' NOT IN (
  SELECT element.value FROM op, json_each(op.value) AS element WHERE op.idx = last.idx)`,
  },
  {
    question: 'Which requests were answered by another node than the one that was asked?',
    sql: `SELECT node AS asked, server AS answered, hops, count(*) AS n FROM op
WHERE server <> node GROUP BY asked, answered, hops ORDER BY n DESC`,
  },
  {
    question: 'How late was the load generator itself?',
    sql: `SELECT phase, count(*) AS ops, round(avg(invoked - scheduled) / 1e6, 3) AS mean_ms,
  round(max(invoked - scheduled) / 1e6, 3) AS max_ms FROM op WHERE process <> 'nemesis' GROUP BY phase`,
  },
  {
    question: 'What did each node think of the cluster, over time?',
    sql: `SELECT round(time / 1e9, 1) AS at_s, node, body ->> '$.partition.state' AS state,
  body ->> '$.stats.alive' AS alive, body ->> '$.stats.suspect' AS suspect
FROM sample WHERE path = '/cluster/health' ORDER BY time, node`,
  },
  {
    question: 'Did a later version of the checkers change its mind?',
    sql: `SELECT checker, check_no, version, valid, message FROM verdict ORDER BY checker, check_no`,
  },
];

const cell = (text: string): string => text.replaceAll('|', '\\|');

function tableLines(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [
    `| ${head.join(' | ')} |`,
    `|${head.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
  ];
}

/** The page, with a newline at its end. */
export function resultsReadme(): string {
  const tables = TABLES.flatMap((table) => [
    '',
    `### \`${table.name}\``,
    '',
    table.meaning,
    '',
    ...tableLines(
      ['column', 'type', 'meaning'],
      table.columns.map(({ name, type, meaning }) => [
        `\`${name}\``,
        type.replace(/ CHECK.*$/, '').replace(/^NOT NULL$/, ''),
        meaning,
      ]),
    ),
  ]);
  const views = VIEWS.flatMap((view) => [
    '',
    `### \`${view.name}\``,
    '',
    view.meaning,
    '',
    ...tableLines(
      ['column', 'meaning'],
      view.columns.map(([name, meaning]) => [`\`${name}\``, meaning]),
    ),
  ]);
  const examples = EXAMPLES.flatMap(({ question, sql }) => [
    '',
    `**${question}**`,
    '',
    '```sql',
    `${sql};`,
    '```',
  ]);
  return `${[INTRODUCTION, ...tables, '', '## Views', ...views, '', EXAMPLES_HEAD, ...examples].join('\n')}\n`;
}

const INTRODUCTION = `# Results

Every run lies in a folder of its own, and everything about it in one file:

\`\`\`
results/
  index.sqlite                       the list of all runs; made again when it is missing
  latest -> engram/20260131T...      the newest run
  engram/                            name of the test (--name)
    latest -> 20260131T...
    20260131T120000.000Z-42/         time of the start (UTC) and seed
      run.sqlite
\`\`\`

\`run.sqlite\` is an SQLite file. Ask it with \`amnesia sql [run] "select ..."\` (which can only read), with
\`amnesia show\`, or with any SQLite shell. Folders may be copied, renamed and deleted at will: nothing
but the list knows them, and the list is made again.

While a run is hot the file is in WAL mode (\`run.sqlite-wal\` beside it) and at most 50 ms behind; it can
be read at the same time. If the tester is killed, whatever is there can be judged with
\`amnesia check\`, as \`aborted\`. When a run is saved the file gets indexes, and the same history once
more as columns of numbers (\`chunk\`, \`seal\`), which checkers load at the speed of memory. The rows of
\`op\` are the record: if they were changed since, the columns are not used, and it is said.

Times are nanoseconds since the start of the run, on the monotonic clock of the tester, unless a name
says otherwise (\`_s\`: seconds, \`_ms\`: milliseconds). Text columns that hold JSON say so; SQLite's
\`->>\` and \`json_each\` take them apart. \`PRAGMA application_id\` is 0x416d6e73 ("Amns"), \`PRAGMA user_version\`
the version of this layout.

This page is printed from the code (\`harness/store/schema.ts\`).

## The file in one picture

\`\`\`
run.sqlite
  run ............ what was run, and how it ended                          1 row
  op ............. the record: a row for each operation, by invocation     idx 0, 1, 2 ...
  fault, sample, node_log ... what stood around the operations
  verdict ........ what checkers said; later checks stand beside the first
  seal ........... said once for all chunks: format, digest of op, header  0 or 1 row
  chunk .......... the operations of op once more, in log order            seq 0, 1, 2 ...
  row_check ...... checksums of what was there when the run was sealed

chunk.cols, little-endian; each part begins at a multiple of 8 bytes, and there is no other padding:

  +--------------------------+  i32 x 6: from and to before of the contexts, duplicates and dots
  | ranges                   |           that are new in this chunk
  +--------------------------+
${columnsPicture()}
  +--------------------------+  where header.delta is there:
  | off, data                |  i32 x (n+1), i32 x ...   +id appeared, -id disappeared
  +--------------------------+  where header.siblings is there:
  | off, data                |  i32 x (n+1), i32 x ...   ids of all values that were shown
  +--------------------------+  where header.duplicates is there:
  | row, id                  |  i32 x 2 each             elements that one read returned twice
  +--------------------------+  where header.actors is there:
  | dotActor                 |  i16 x n                  version of a write; -1: none
  | dotCounter               |  i32 x n
  | context                  |  i32 x n                  number of a context; -1: none
  | counters                 |  i32 x actors each        of each new context
  | context, actor, counter  |  i32 x 3 each             single writes beside these counters
  +--------------------------+
\`\`\`

*Log order* has reads where they ended and writes where they began. Offsets (\`off\`) and rows count through all
chunks; the number of a key, node, error or \`f\` is its place in the list of that name in the header. A value's
number is its place among all written values in log order, from 1; 0 is "nothing was written yet"; larger numbers than
\`header.writes\` are values that were read or named and that nobody brought, their texts stand in \`header.unattempted\`. The
texts of the others are looked up in \`op\`.

What makes chunks unusable, and what happens then: another \`seal.format\`, a wrong checksum of a chunk or of the header, a
missing chunk, or a change of \`op\` (triggers set \`seal.changed\`; \`seal.digest\` says how many rows there are, the last
idx and a sum of their durations). Then the rows are read, and the check says so. Columns that a later version
adds stand behind everything else, so that the format need not change for them.

## Tables`;

/** The columns of a chunk as lines of the picture. */
function columnsPicture(): string {
  return COLUMN_NAMES.map((name) => {
    const { array, names, optional, absent } = columnOf(name);
    const what = [
      names === undefined ? '' : `place in header.${names}`,
      optional === true ? `where header.has.${name}` : '',
      Number.isFinite(absent) && absent !== 0 && (names ?? optional) !== undefined
        ? `${absent}: none`
        : '',
    ].filter((each) => each !== '');
    const length = `${array} x n`.padEnd(24);
    return `  | ${name.padEnd(24)} |  ${`${length} ${what.join('; ')}`.trimEnd()}`;
  }).join('\n');
}

const EXAMPLES_HEAD = '## Questions and how to ask them';
