/** One rule for exit codes: an error of ours that can reach the top says its own. */
import { expect, it } from 'vitest';
import { listFiles } from './sources.ts';

/** These never reach the top: a client, a reader of files or the composition of checkers catches them. */
const caught = [
  ...['OperationTimeout', 'TcpError', 'EtcdError', 'Broken'],
  ...['EdnError', 'Stop', 'BudgetExceeded'],
];

it('every error of ours says its exit code', () => {
  const files = listFiles(/^(harness|nemesis|workloads|checkers)\/.*\.ts$/);
  const classes = files.flatMap(({ path, text }) =>
    [...text.matchAll(/class (\w+) extends (\w*Error)\b[^{]*\{([\s\S]*?)\n\}/g)].map(
      ([, name, base, body]) => ({ path, name, base, body }),
    ),
  );
  expect(classes.length).toBeGreaterThan(15);
  const silent = classes.filter(
    ({ path, name, base, body }) =>
      !/\.test\.ts$|\/testing\//.test(path) &&
      base === 'Error' &&
      !caught.includes(name!) &&
      !body!.includes('readonly exitCode'),
  );
  expect(silent.map(({ path, name }) => `${path}: ${name}`)).toEqual([]);
});
