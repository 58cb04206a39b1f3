/** `amnesia sql`: one question to a run file, in SQL; nothing can be changed. */
import type { Command } from 'commander';
import { UsageError } from '../world/exit-codes.ts';
import { numberWithin, withResults } from './options/arguments.ts';
import { printJson, printLines } from './output/output.ts';

export function register(program: Command): void {
  withResults(
    program
      .command('sql')
      .description('ask a run file a question in SQL; results/README.md describes its tables')
      .argument('<run-or-query>', 'a run, or the query when it is about the latest run')
      .argument('[query]', 'one SELECT statement'),
  )
    .option('--limit <n>', 'rows shown in the table', '1000')
    .option('--json', 'one JSON document: an array of objects, all rows')
    .action(
      async (
        first: string,
        second: string | undefined,
        flags: { results: string; limit: string; json?: true },
      ) => {
        const limit = numberWithin('--limit', flags.limit, 1, 10_000_000);
        const [wanted, sql] = second === undefined ? [undefined, first] : [first, second];
        if (second === undefined && !/\s/.test(sql.trim())) {
          throw new UsageError(
            `${JSON.stringify(sql)} is no query; say: amnesia sql [run] "select ... from op"`,
          );
        }
        const { findRun } = await import('../store/find-run.ts');
        const { query } = await import('../store/query.ts');
        const path = findRun(flags.results, wanted);
        const answer = query(path, sql, flags.json === true ? Number.POSITIVE_INFINITY : limit);
        if (flags.json === true) {
          const named = answer.rows.map((row) =>
            Object.fromEntries(answer.columns.map((name, i) => [name, row[i]])),
          );
          return printJson(named);
        }
        const { tableLines } = await import('../report/table.ts');
        const more = answer.cut ? [`more rows follow; --limit ${limit} was reached`] : [];
        printLines([...tableLines(answer.columns, answer.rows), ...more]);
      },
    );
}
