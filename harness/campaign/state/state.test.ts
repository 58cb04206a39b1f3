import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { someFacts } from '../testing/facts.ts';
import { fakeSpec, noLimits } from '../testing/run-campaign.ts';
import { CampaignState, NotResumable, type RunEnd } from './state.ts';

let folder = '';
let state: CampaignState;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/amnesia-state-`);
  state = CampaignState.create(folder, fakeSpec(folder, 9), { part: 1, of: 1 }, noLimits);
});

afterEach(() => {
  state.db.close();
  rmSync(folder, { recursive: true, force: true });
});

function end(changes: Partial<RunEnd>): number {
  const { index } = state.begin()!;
  const rest = { state: 'done', exitCode: 0, message: null, tookMs: 1, facts: null } as const;
  state.finish(index, { ...rest, dir: `run-${index}`, bytes: 100, ...changes });
  return index;
}

test('what is missed least goes first: undecided, then repeated violations, the largest of them', () => {
  const bad = someFacts({ bad: true });
  const lonely = { ...bad.violations[0], anomaly: 'monotonic-reads' };
  const alone = end({ facts: someFacts({ bad: true, violations: [lonely] }), bytes: 9000 });
  const small = end({ facts: bad, bytes: 10 });
  const large = end({ facts: bad, bytes: 500 });
  const unknown = end({ facts: someFacts({ valid: 'unknown' }) });
  const order: number[] = [];
  for (
    let least = state.kept.leastMissed();
    least !== undefined;
    least = state.kept.leastMissed()
  ) {
    order.push(least.idx);
    state.kept.thinned(least.idx);
  }
  // When the large one is gone, the small one is the only one that shows its violation.
  expect(order).toEqual([unknown, large, alone, small]);
  expect(state.kept.bytes()).toBe(0);
});

test('runs are begun in order, once each, also by the next process', () => {
  expect([end({}), end({})]).toEqual([0, 1]);
  expect(state.begin()!.index).toBe(2);
  state.close();
  state = CampaignState.resume(folder);
  expect(state.interrupted().map(({ spec }) => spec.index)).toEqual([2]);
  expect(state.begin()!.index).toBe(3);
});

test('the end of a run is stored with all that is kept of it, or not at all', () => {
  const facts = someFacts();
  const broken = { ...facts, figures: { good: 1, bad: {} as unknown as number } };
  expect(() => end({ facts: broken })).toThrow();
  expect(state.tally()).toMatchObject({ running: 1, valid: 0 });
  expect(state.db.prepare('SELECT count(*) AS n FROM verdict').get()).toEqual({ n: 0 });
});

test('limits can be changed, the plan of a merged campaign cannot be taken up', () => {
  state.limit({ parallel: 7 });
  state.close();
  state = CampaignState.resume(folder);
  expect(state.limits).toEqual({ ...noLimits, parallel: 7 });
  state.db.prepare('DELETE FROM campaign').run();
  expect(() => CampaignState.resume(folder)).toThrow(NotResumable);
});
