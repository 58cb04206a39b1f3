/** The systems in the box, in containers: what is known of them is found, and nothing that is not there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createDockerCluster } from '../cluster/docker/docker.ts';
import { engineForTests } from '../cluster/docker/testing/engine.ts';
import { parseOptions, type RawOptions } from './options.ts';
import { performRun } from './run.ts';

const answering = await engineForTests();
const results = mkdtempSync(join(tmpdir(), 'amnesia-systems-'));
afterAll(() => rmSync(results, { recursive: true, force: true }));

async function run(raw: RawOptions) {
  const never = new AbortController().signal;
  const options = parseOptions({ results, 'time-limit': '20', ...raw }, 7);
  const { judgement, state } = await performRun(options, {
    createCluster: createDockerCluster,
    stop: never,
    halt: never,
    observer: { phase: () => {}, event: () => {}, progress: () => {} },
  });
  expect(state).toBe('done');
  const verdicts = new Map(judgement!.verdicts.map((each) => [each.checker, each]));
  return { valid: judgement!.valid, verdicts };
}

describe.skipIf(!answering)('a system in the box', () => {
  test('redis-sentinel loses what its old primary acknowledged while it was cut off', async () => {
    const cut = { partitions: 'isolate-primary', 'fault-time': '10', 'calm-time': '3' };
    const { valid, verdicts } = await run({ system: 'redis-sentinel', workload: 'set', ...cut });
    const lost = verdicts.get('lost-writes');
    expect(valid).toBe(false);
    expect(lost?.counts.lost).toBeGreaterThan(50);
    // The page says who served: clients of other nodes wrote there as well.
    const steps = lost!.anomalies.flatMap((each) => JSON.stringify(each));
    expect(steps.join()).toMatch(/through n1|served by n1/);
    expect(verdicts.get('vacuity')?.valid).toBe(true);
  });

  test('etcd keeps what it promises under partitions and kills', async () => {
    const faults = { nemesis: 'partition,kill', 'fault-time': '5', 'calm-time': '2' };
    const { valid, verdicts } = await run({ system: 'etcd', workload: 'register', ...faults });
    const against = [...verdicts.values()].filter((each) => each.valid !== true);
    const counting = against.filter((each) => each.informational !== true);
    expect(counting.map(({ checker, message }) => `${checker}: ${message}`)).toEqual([]);
    expect(valid).toBe(true);
    expect(verdicts.get('linearizable')).toMatchObject({ valid: true });
    expect(verdicts.get('linearizable')?.informational).not.toBe(true);
  });
});
