import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRng } from '../harness/world/rng.ts';
import { PlanError, shapes } from './grudges.ts';
import { faults, laneOf } from './index.ts';
import { planSchedule, type ScheduleOptions } from './plan.ts';
import { shares } from './plan-targets.ts';

const all = Object.values(faults).map((fault) => ({ fault, variants: fault.variants }));

function optionsOf(over: Partial<ScheduleOptions> = {}): ScheduleOptions {
  return {
    faults: all,
    nodes: ['n1', 'n2', 'n3', 'n4', 'n5'],
    durationMs: 60_000,
    faultMs: 4000,
    calmMs: 2000,
    ...over,
  };
}

const settings = fc.record({
  seed: fc.integer(),
  durationMs: fc.integer({ min: 20_000, max: 120_000 }),
  faultMs: fc.integer({ min: 500, max: 8000 }),
  calmMs: fc.integer({ min: 0, max: 4000 }),
  count: fc.integer({ min: 4, max: 13 }),
});

function forAll(check: (plans: ReturnType<typeof planSchedule>, options: ScheduleOptions) => void) {
  fc.assert(
    fc.property(settings, ({ seed, count, ...times }) => {
      const nodes = Array.from({ length: count }, (_, i) => `n${i + 1}`);
      const options = optionsOf({ ...times, nodes });
      check(planSchedule(options, makeRng(seed)), options);
    }),
  );
}

describe('a schedule of faults', () => {
  it('begins and ends calm, and no two faults overlap', () => {
    forAll((plans, { durationMs }) => {
      let healedMs = 0;
      for (const plan of plans) {
        expect(plan.atMs).toBeGreaterThanOrEqual(healedMs);
        expect(plan.untilMs).toBeGreaterThan(plan.atMs);
        healedMs = plan.untilMs;
      }
      expect(healedMs).toBeLessThan(durationMs);
    });
  });

  it('overlaps only where faults take hold of different things', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const plans = planSchedule(optionsOf({ laneOf }), makeRng(seed));
        expect(plans.map(({ id }) => id)).toEqual(plans.map((_, i) => i + 1));
        const ends = new Map<string, number>();
        let overlaps = 0;
        let lastEnd = 0;
        for (const { kind, lane = '', atMs, untilMs } of plans) {
          expect(lane).toBe(laneOf(kind));
          expect(atMs).toBeGreaterThanOrEqual(ends.get(lane) ?? 0);
          ends.set(lane, untilMs);
          if (atMs < lastEnd) overlaps++;
          lastEnd = Math.max(lastEnd, untilMs);
        }
        expect([...ends.keys()].sort()).toEqual(['clock', 'cut', 'link', 'machine']);
        expect(overlaps).toBeGreaterThan(0);
      }),
      { numRuns: 30 },
    );
  });

  it('has calm before each fault, between two thirds and four thirds of what was asked for', () => {
    forAll((plans, { calmMs, faultMs }) => {
      plans.forEach((plan, i) => {
        const calm = plan.atMs - (plans[i - 1]?.untilMs ?? 0);
        expect(calm).toBeGreaterThanOrEqual(Math.floor((calmMs * 2) / 3));
        expect(calm).toBeLessThanOrEqual(Math.ceil((calmMs * 4) / 3));
        const length = plan.untilMs - plan.atMs;
        expect(length).toBeGreaterThanOrEqual(Math.floor((faultMs * 2) / 3));
        expect(length).toBeLessThanOrEqual(Math.ceil((faultMs * 4) / 3));
      });
    });
  });

  it('is JSON, and comes back from it as it was', () => {
    forAll((plans) => {
      expect(JSON.parse(JSON.stringify(plans))).toEqual(plans);
    });
  });

  it('is the same for the same seed, and another for another', () => {
    const first = planSchedule(optionsOf(), makeRng(1));
    expect(planSchedule(optionsOf(), makeRng(1))).toEqual(first);
    expect(planSchedule(optionsOf(), makeRng(2))).not.toEqual(first);
  });

  it('does every kind and every variant before any comes again', () => {
    forAll((plans) => {
      const kinds = plans.slice(0, all.length).map((plan) => plan.kind);
      expect(new Set(kinds).size).toBe(Math.min(all.length, plans.length));
      const cuts = plans.filter((plan) => plan.kind === 'partition').map((plan) => plan.variant);
      const count = Object.keys(shapes).length;
      expect(new Set(cuts.slice(0, count)).size).toBe(Math.min(count, cuts.length));
    });
  });

  it('hits as many nodes as its variant says', () => {
    forAll((plans, { nodes }) => {
      for (const { kind, variant, targets } of plans) {
        for (const target of targets) expect(nodes).toContain(target);
        expect(new Set(targets).size).toBe(targets.length);
        // Cuts say which links, and clocks how they are wrong, not how many nodes.
        if (['partition', 'flapping', 'clock'].includes(kind)) continue;
        expect(targets).toHaveLength(shares[variant](nodes.length));
      }
    });
  });

  it('leaves a majority alone where a minority was asked for', () => {
    for (let count = 3; count < 14; count++) {
      const hit = shares.minority!(count);
      expect(hit).toBeGreaterThan(0);
      expect(hit).toBeLessThan(count / 2);
    }
  });

  it('is empty without faults', () => {
    expect(planSchedule(optionsOf({ faults: [] }), makeRng(1))).toEqual([]);
  });

  it('is refused where no fault fits into the time, with what to change', () => {
    const options = optionsOf({ durationMs: 3000 });
    expect(() => planSchedule(options, makeRng(1))).toThrow(PlanError);
    expect(() => planSchedule(options, makeRng(1))).toThrow(/--time-limit/);
  });

  it('is refused where a fault would take no time', () => {
    const options = optionsOf({ faultMs: 0, calmMs: 0 });
    expect(() => planSchedule(options, makeRng(1))).toThrow(/--fault-time/);
  });

  it('is refused where a partition is impossible with these nodes', () => {
    const options = optionsOf({
      nodes: ['n1', 'n2', 'n3'],
      faults: [{ fault: faults.partition!, variants: ['majorities-ring'] }],
    });
    expect(() => planSchedule(options, makeRng(1))).toThrow(/at least 4 nodes/);
  });

  it('is refused where there is no such variant', () => {
    const options = optionsOf({ faults: [{ fault: faults.kill!, variants: ['two'] }] });
    expect(() => planSchedule(options, makeRng(1))).toThrow(/one, minority, all/);
  });
});
