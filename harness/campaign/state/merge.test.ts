import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { faults } from '../../../nemesis/index.ts';
import { readReport } from '../report/report.ts';
import type { RunFacts } from '../run-facts.ts';
import { someFacts } from '../testing/facts.ts';
import { fakeSpec, noLimits } from '../testing/run-campaign.ts';
import { mergeCampaigns } from './merge.ts';
import { CampaignState } from './state.ts';

const universe = { faults, workloads: ['set', 'register'] };
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'amnesia-merge-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A campaign of 6 runs, of which this shard is done; `crash`: numbers of runs that crashed. */
function shard(
  name: string,
  part: number,
  of: number,
  crash: readonly number[] = [],
  seed = 1,
): string {
  const dir = join(folder, name);
  mkdirSync(dir);
  const spec = { ...fakeSpec(dir, 6), seed };
  const state = CampaignState.create(dir, spec, { part, of }, noLimits);
  for (let spec = state.begin(); spec !== undefined; spec = state.begin()) {
    const crashed = crash.includes(spec.index);
    const facts: RunFacts | null = crashed ? null : someFacts({ bad: spec.index === 4 });
    state.finish(spec.index, {
      state: crashed ? 'crashed' : 'done',
      exitCode: 0,
      message: null,
      dir: spec.index === 4 ? `run-${spec.index}` : null,
      bytes: 10,
      tookMs: 5,
      facts,
    });
  }
  state.close();
  return dir;
}

function merged(dirs: readonly string[], target: string): { bytes: Buffer; report: string } {
  const path = join(folder, target);
  const db = mergeCampaigns(dirs, path);
  const report = JSON.stringify(readReport(db, universe));
  db.close();
  return { bytes: readFileSync(join(path, 'campaign.sqlite')), report };
}

test('the same bytes in any order, and when merged again', () => {
  const parts = [1, 2, 3].map((part) => shard(`s${part}`, part, 3));
  const once = merged(parts, 'once');
  expect(merged([parts[2], parts[0], parts[1]], 'turned')).toEqual(once);
  expect(merged(parts, 'once')).toEqual(once);
  expect(merged([join(folder, 'once')], 'again')).toEqual(once);
  expect(merged([join(folder, 'once'), parts[1], parts[1]], 'more')).toEqual(once);
  const inSteps = merged(parts.slice(0, 2), 'two');
  expect(inSteps).not.toEqual(once);
  expect(merged([join(folder, 'two'), parts[2]], 'steps')).toEqual(once);
});

test('shards together report what the whole campaign reports', () => {
  const whole = merged([shard('whole', 1, 1)], 'm1');
  const parts = [1, 2, 3].map((part) => shard(`s${part}`, part, 3));
  const told = (text: string) => {
    const report = JSON.parse(text);
    // Folders differ, since there are three of them.
    for (const each of report.violations) each.witnessDir = null;
    return report;
  };
  expect(told(merged(parts, 'm3').report)).toEqual(told(whole.report));
  expect(told(whole.report).runs).toMatchObject({ planned: 6, valid: 5, invalid: 1 });
});

test('of a run that is there twice, the one that came to its end counts', () => {
  const crashed = shard('crashed', 1, 1, [0, 1]);
  const sound = shard('sound', 1, 1);
  for (const dirs of [
    [crashed, sound],
    [sound, crashed],
  ]) {
    const report = JSON.parse(merged(dirs, `m-${dirs[0] === sound}`).report);
    expect(report.runs).toMatchObject({ planned: 6, valid: 5, invalid: 1, crashed: 0 });
  }
});

test('of two that both came to their end, the one that began first counts, however they are named', async () => {
  const first = shard('z-first', 1, 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const second = shard('a-second', 1, 1);
  const once = merged([first, second], 'm');
  expect(JSON.parse(once.report).violations[0].witnessDir).toBe(join(first, 'run-4'));
  expect(merged([second, join(folder, 'm')], 'b')).toEqual(once);
});

test('campaigns of different seeds add up', () => {
  const parts = [shard('one', 1, 1), shard('other', 1, 1, [], 101)];
  const report = JSON.parse(merged(parts, 'm').report);
  expect(report.runs).toMatchObject({ planned: 12, valid: 10, invalid: 2 });
  expect(report.campaigns).toHaveLength(2);
});

test('folders of kept runs are found from anywhere', () => {
  const report = JSON.parse(merged([shard('one', 1, 1)], 'm').report);
  expect(report.violations[0].witnessDir).toBe(join(folder, 'one', 'run-4'));
});

test('a campaign of its own is never overwritten', () => {
  const one = shard('one', 1, 1);
  expect(() => mergeCampaigns([one], one)).toThrow(/choose another --output/);
  expect(() => mergeCampaigns([join(folder, 'none')], join(folder, 'm'))).toThrow(/there is no/);
});
