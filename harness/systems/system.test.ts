import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { systems } from './index.ts';
import { whyNotJudged, whyNotRun } from './offers.ts';
import { parseSystemOptions } from './options.ts';
import { defineSystem } from './system.ts';

const fields = {
  name: 'toy',
  version: '1',
  describe: 'a toy',
  program: () => ({}) as never,
  inquiries: { answers: async () => true, missing: async () => null },
  promises: () => ({}),
  clients: {},
};

describe('a definition', () => {
  test('gets what it leaves out', () => {
    expect(defineSystem(fields)).toMatchObject({ runtimes: ['docker'], nodes: { fallback: 5 } });
  });

  test.each([
    ['name', { name: 'A toy!' }, /name must be a name of at most 32 of a-z 0-9 -/],
    ['program', { program: 'redis-server' }, /program must be a function/],
    ['a client', { clients: { set: { operations: ['add'] } } }, /clients\.set\.connect must be/],
    [
      'data type',
      { clients: { sets: { operations: ['add'], connect: () => {} } } },
      /must be a data type: set, register/,
    ],
    ['options', { options: { wait: 1 } }, /options must be a schema: z\.strictObject/],
    ['what is none', { inquiry: 1 }, /inquiry/],
  ])('with a wrong %s says which field and what it takes', (_, wrong, message) => {
    expect(() => defineSystem({ ...fields, ...wrong } as never)).toThrow(message);
  });
});

describe('options of a system', () => {
  const system = defineSystem({
    ...fields,
    options: z.strictObject({ wait: z.coerce.number().max(3).default(0) }),
  });

  test('are text that its schema reads', () => {
    expect(parseSystemOptions(system, 'wait=2')).toEqual({ wait: 2 });
    expect(parseSystemOptions(system, '')).toEqual({ wait: 0 });
  });

  test.each([
    ['wait', /has wait; write name=value, it takes wait/],
    ['wate=1', /has wate, which toy does not know; it takes wait/],
    ['wait=9', /--system-options wait of toy/],
  ])('%s are refused with what is accepted', (text, message) => {
    expect(() => parseSystemOptions(system, text)).toThrow(message);
  });
});

test('what a system does not show switches off the checkers that need it, by name', () => {
  expect(whyNotJudged(systems.etcd, 'membership')).toMatch(/etcd does not show what its nodes/);
  expect(whyNotJudged(systems.etcd, 'lost-writes')).toBeNull();
  expect(whyNotJudged(systems.engram, 'membership')).toBeNull();
});

test('a workload is refused where there are no clients for its data type, or not for all of it', () => {
  const add = [{ f: 'add' }];
  expect(whyNotRun(systems.etcd, { dataType: 'set', operations: add })).toMatch(/no clients for/);
  const more = [...add, { f: 'delete' }];
  const redis = systems['redis-sentinel'];
  expect(whyNotRun(redis, { dataType: 'set', operations: more })).toMatch(/do not delete/);
  expect(whyNotRun(redis, { dataType: 'set', operations: add })).toBeNull();
});
