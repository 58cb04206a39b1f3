/** What a node thinks of its own view of the cluster, and how that weighs on its answers. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { VisibilityTracker } from './visibility.ts';

describe('visibility', () => {
  it('is full while all are reachable', () => {
    const seen = new VisibilityTracker().observe(5, 5, 0);
    expect(seen).toMatchObject({ state: 'connected', factor: 1, warnings: [] });
  });

  it('stays connected with 4 of 5, and says who is missing', () => {
    const seen = new VisibilityTracker().observe(4, 5, 0);
    expect(seen).toMatchObject({ state: 'connected', factor: 1 });
    expect(seen.warnings).toHaveLength(1);
  });

  it('goes on healing until everybody was heard since', () => {
    const tracker = new VisibilityTracker();
    tracker.observe(2, 5, 0);
    tracker.observe(5, 5, 1000);
    expect(tracker.observe(5, 5, 20_000, () => false).state).toBe('healing');
    expect(tracker.observe(5, 5, 21_000, (sinceMs) => sinceMs === 1000).state).toBe('connected');
  });

  it.each([
    [3, 5, 0.8],
    [2, 5, 0.7],
    [1, 5, 0.6],
    [0, 5, 0.5],
  ])('with %i of %i is partitioned with factor %f', (reachable, known, factor) => {
    const seen = new VisibilityTracker().observe(reachable, known, 0);
    expect(seen.state).toBe('partitioned');
    expect(seen.factor).toBeCloseTo(factor, 10);
    expect(seen.warnings[0]).toContain('Partial cluster visibility - may be incomplete');
  });

  it('heals for ten seconds after a partition, then is connected', () => {
    const tracker = new VisibilityTracker();
    tracker.observe(2, 5, 0);
    expect(tracker.observe(5, 5, 5000)).toMatchObject({ state: 'healing', factor: 0.9 });
    expect(tracker.observe(5, 5, 14_999).state).toBe('healing');
    expect(tracker.observe(5, 5, 15_000)).toMatchObject({ state: 'connected', factor: 1 });
  });

  it('falls back when the cut returns while it heals, and then heals anew', () => {
    const tracker = new VisibilityTracker();
    tracker.observe(2, 5, 0);
    tracker.observe(5, 5, 1000);
    expect(tracker.observe(2, 5, 9000).state).toBe('partitioned');
    tracker.observe(5, 5, 10_000);
    expect(tracker.observe(5, 5, 12_000).state).toBe('healing');
  });

  it('of a single node is full', () => {
    expect(new VisibilityTracker().observe(1, 1, 0).factor).toBe(1);
  });

  test.prop([fc.array(fc.tuple(fc.nat(100), fc.integer({ min: 1, max: 100 })))])(
    'has a factor between 0.5 and 1, and 1 only when connected',
    (views) => {
      const tracker = new VisibilityTracker();
      views.forEach(([reachable, known], i) => {
        const { state, factor } = tracker.observe(Math.min(reachable, known), known, 700 * i);
        expect(factor).toBeGreaterThanOrEqual(0.5);
        expect(factor === 1).toBe(state === 'connected');
      });
    },
  );
});
