import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { OptionsError, parseOptions } from './options.ts';
import { planFaults, planRun } from './run.ts';
import { parseSchedule, type Schedule, scheduleText } from './schedule.ts';

const folder = mkdtempSync(join(tmpdir(), 'amnesia-schedule-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const around = { nodes: ['n1', 'n2', 'n3'], durationMs: 30_000 };
const kill = { id: 1, kind: 'kill', variant: 'one', atMs: 1000, untilMs: 4000, targets: ['n2'] };

function problemsOf(document: unknown): readonly string[] {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  try {
    parseSchedule(text, 's.json', around);
    return [];
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
}

const withFaults = (...faults: unknown[]) => ({ format: 'amnesia-schedule', version: 1, faults });

test('what is written is read', () => {
  const schedule: Schedule = { faults: [kill], operations: { set: [0, 4] } };
  expect(parseSchedule(scheduleText(schedule), 's.json', around)).toEqual(schedule);
  expect(parseSchedule(scheduleText({ faults: [] }), 's.json', around)).toEqual({ faults: [] });
});

describe('what cannot be carried out is refused in words that say why', () => {
  test.each<[unknown, RegExp]>([
    ['{', /s\.json: it is not JSON/],
    [{ faults: [] }, /format/],
    [{ ...withFaults(), version: 2 }, /version/],
    [{ ...withFaults(), extra: 1 }, /extra/],
    [withFaults({ ...kill, kind: 'flood' }), /faults\.0\.kind is "flood"; accepted are: partition/],
    [withFaults({ ...kill, variant: 'some' }), /variant is "some"; accepted: one, minority, all/],
    [withFaults({ ...kill, targets: ['n9'] }), /about "n9"; there are n1, n2, n3/],
    [withFaults({ ...kill, grudge: { n1: ['n7'] } }), /about "n7"/],
    [withFaults({ ...kill, untilMs: 500 }), /ends \(untilMs\) before it begins/],
    [withFaults(kill, { ...kill, atMs: 3000 }), /begins before the one before it has ended/],
    [withFaults({ ...kill, untilMs: 31_000 }), /after the --time-limit of 30000/],
    [withFaults({ ...kill, atMs: '1' }), /faults\.0\.atMs/],
    [{ ...withFaults(), operations: { set: [-1] } }, /operations\.set\.0/],
  ])('%j', (document, message) => {
    expect(problemsOf(document).join('\n')).toMatch(message);
  });
});

test('a run takes its faults from the file, whatever --nemesis would plan', () => {
  const path = join(folder, 'kill.json');
  writeFileSync(path, scheduleText({ faults: [kill] }));
  const options = parseOptions({ schedule: path, nodes: '3', nemesis: 'partition' }, 1);
  expect(planRun(options)).toEqual({ faults: [kill] });
  // A schedule without faults needs no room for one.
  expect(() => parseOptions({ schedule: path, 'time-limit': '2' }, 1)).not.toThrow();
  const none = parseOptions({ schedule: join(folder, 'none.json') }, 1);
  expect(() => planRun(none)).toThrow(/none\.json cannot be read/);
});

test('the plan of a seed, written down, is the same plan', () => {
  const options = parseOptions({ seed: '4', nemesis: 'partition,kill,pause' }, 1);
  const path = join(folder, 'plan.json');
  writeFileSync(path, scheduleText({ faults: planFaults(options) }));
  expect(planRun({ ...options, schedule: path }).faults).toEqual(planFaults(options));
});
