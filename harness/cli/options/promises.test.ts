import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { promisesOf } from './promises.ts';

test('promises are names, or a file that holds them', () => {
  expect(promisesOf('causal,eventual')).toEqual(['causal', 'convergence']);
  const path = join(mkdtempSync(join(tmpdir(), 'amnesia-promises-')), 'promises');
  writeFileSync(path, '# what we sell\nlinearizable\nno-lost-writes, session\n');
  expect(promisesOf(path)).toEqual(['linearizable', 'no-lost-writes', 'session']);
});

test('a name that is none is refused with those that there are', () => {
  expect(() => promisesOf('strong')).toThrow(
    /--promises has "strong"; accepted are: no-lost-writes/,
  );
  expect(() => promisesOf(' , ')).toThrow(/names no promise/);
});
