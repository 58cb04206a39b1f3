import { expect, test } from 'vitest';
import { parseScene } from '../../../checkers/oracle/scene.ts';
import type { Checker } from '../../../checkers/verdict/checker.ts';
import { findCauses } from './index.ts';
import {
  convergence,
  defaultCheckOptions,
  lostWrites,
  session,
  unlimited,
} from './testing/checked.ts';

function causesOf(scene: string, checkers: readonly Checker[] = [lostWrites]) {
  const history = parseScene(scene.replace(/^ +/gm, ''));
  const verdicts = checkers.map((each) => each.check(history, defaultCheckOptions, unlimited));
  return findCauses(history, verdicts);
}

/** Two writes of n1 right before it is killed, one long before; all final reads have only the old one. */
const killed = `
A add s 1 t[0,10]; A add s 2 t[4000,4010]; A add s 3 t[4100,4110]
; B readall s {1} t[9000,9010] final; A readall s {1} t[9100,9110] final
fault kill 5-6 n1
log 6.1 n1 warn the log ends at record 1
`;

test('lost writes are grouped by who acknowledged them and the fault that followed', () => {
  const [cause] = causesOf(killed);
  expect(cause.sentence).toBe(
    '2 lost writes of 3 acknowledged: all were acknowledged by n1 up to 990.0 ms before it was killed (fault 1, kill).',
  );
  expect(cause.groups).toMatchObject([
    { relation: 'before', fault: 1, server: 'n1', count: 2, of: 2, seen: 0 },
  ]);
});

test('the typical one names its operations, the fault, the reads without it and the log', () => {
  const [cause] = causesOf(killed);
  const { steps, logs, op } = cause.groups[0].typical;
  expect(op).toBe(1);
  expect(steps.join('\n')).toContain('operation 1: ');
  expect(steps.join('\n')).toContain('n1 was killed 990.0 ms later, at 5.000 s (fault 1).');
  expect(steps.join('\n')).toContain('through n1 and n2 do not have it (operations 3, 4)');
  expect(logs).toMatchObject([{ node: 'n1', text: 'the log ends at record 1' }]);
});

test('a write is counted by the node that acknowledged it while another one was down', () => {
  const [cause] = causesOf(`
    B add s 1 t[2000,2010]; B add s 2 t[2100,2110]
    ; A readall s {} t[9000,9010] final; B readall s {2} t[9100,9110] final; A readall s {2} t[9200,9210] final
    fault kill 1-3 n1
  `);
  expect(cause.groups[0].sentence).toBe(
    '1 lost write was acknowledged by n2 while n1 was down (fault 1, kill); 2 were acknowledged by n2 then in all; nobody had read any of them.',
  );
});

test('a cut names the peers that the node was cut off from', () => {
  const [cause] = causesOf(`
    A add s 1 t[2000,2010]; B readall s {} t[9000,9010] final; A readall s {} t[9100,9110] final
    fault partition 1-3 n1
  `);
  expect(cause.sentence).toContain('by n1 while it was cut off from n2 (fault 1, partition)');
});

test('where no fault is near, that is said', () => {
  const [cause] = causesOf(`
    A add s 1 t[2000,2010]; B readall s {} t[9000,9010] final; A readall s {} t[9100,9110] final
  `);
  expect(cause.sentence).toContain('with no fault near');
});

test('what was read before it vanished is said, with the last read', () => {
  const [cause] = causesOf(`
    A add s 1 t[0,10]; B readall s {1} t[100,110]
    ; B readall s {} t[9000,9010] final; A readall s {} t[9100,9110] final
  `);
  expect(cause.groups[0].seen).toBe(1);
  expect(cause.groups[0].typical.steps.join('\n')).toContain('by operation 1.');
});

test('a checker that tells the same loss is folded, one that tells another is not', () => {
  const same = causesOf(
    `A add s 1 t[0,10]; A readall s {} t[20,30]
    ; B readall s {} t[9000,9010] final; A readall s {} t[9100,9110] final`,
    [lostWrites, session, convergence],
  );
  expect(same.map(({ checker }) => checker)).toEqual(['lost-writes']);
  expect(same[0].consequences).toMatchObject([{ checker: 'session' }]);
  const other = causesOf(
    `A add s 1 t[0,10]; A w x 7 t[12,14]; A r x 0 t[20,30]; A r x 7 t[40,50]
    ; B readall s {} t[9000,9010] final; A readall s {} t[9100,9110] final`,
    [lostWrites, session],
  );
  expect(new Set(other.map(({ checker }) => checker))).toEqual(new Set(['lost-writes', 'session']));
});

test('a run without violations has no causes', () => {
  expect(causesOf('A add s 1; A readall s {1} final; B readall s {1} final')).toEqual([]);
});
