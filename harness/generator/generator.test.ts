import { expect, test } from 'vitest';
import { makeRng } from '../world/rng.ts';
import { concat, limit, mix, phases, successively, untilOk } from './combinators.ts';
import type { Generator } from './generator.ts';
import type { Invocation } from './operation.ts';
import { type Simulated, type SimulationOptions, simulate } from './simulate.ts';
import { nothing, once, repeat, sequence, source } from './sources.ts';
import { any, onThreads, reserve } from './threads.ts';
import { rate, stagger, timeLimit } from './timing.ts';

const ms = 1e6;
const second = 1e9;
const rng = makeRng(1);

const invocation = (f: string, value: unknown = null): Invocation => ({ f, key: 'k', value });
const named = (...names: string[]): Generator => sequence(names.map((name) => invocation(name)));
const counting = (f: string, stream = rng): Generator =>
  source(stream, 1, (n) => ({ invocation: invocation(f, n), state: n + 1 }));

function run(generator: Generator, options: Partial<SimulationOptions> = {}): Simulated[] {
  return simulate(generator, {
    threads: [0, 1, 2],
    seed: 7,
    opsMax: 10_000,
    latencyNs: () => 10 * ms,
    ...options,
  });
}

const fs = (history: readonly Simulated[]): string =>
  history.map((each) => each.invocation.f).join(' ');

test('once gives one operation, repeat the same for ever, nothing none', () => {
  expect(fs(run(once(invocation('a'))))).toBe('a');
  expect(run(repeat(invocation('a')), { opsMax: 50 })).toHaveLength(50);
  expect(run(nothing)).toHaveLength(0);
});

test('a sequence keeps its order, and a thread has one operation at a time', () => {
  const history = run(named('a', 'b', 'c', 'd', 'e'));
  expect(fs(history)).toBe('a b c d e');
  expect(history.map((each) => each.timeNs / ms)).toEqual([0, 0, 0, 10, 10]);
});

test('limit ends after so many operations', () => {
  expect(fs(run(limit(2, named('a', 'b', 'c'))))).toBe('a b');
  expect(run(limit(0, named('a')))).toHaveLength(0);
});

test('a time limit starts nothing at its end or later, and wakes up for it', () => {
  const history = run(timeLimit(35 * ms, repeat(invocation('a'))), { threads: [0] });
  expect(history.map((each) => each.timeNs / ms)).toEqual([0, 10, 20, 30]);
  const waiting = timeLimit(5 * ms, stagger(rng, second, repeat(invocation('a'))));
  expect(fs(run(concat(waiting, once(invocation('after')))))).toBe('a after');
});

test('concat goes on at once, phases wait until all threads are done', () => {
  const latencyNs = ({ f }: Invocation) => (f === 'slow' ? 100 * ms : 10 * ms);
  const at = (generator: Generator) =>
    run(generator, { latencyNs }).map((each) => `${each.invocation.f}@${each.timeNs / ms}`);
  const parts = [named('slow', 'a'), named('b')];
  expect(at(concat(...parts))).toEqual(['slow@0', 'a@0', 'b@0']);
  expect(at(phases(...parts))).toEqual(['slow@0', 'a@0', 'b@100']);
});

test('phases wait once for all threads, and then no longer', () => {
  const latencyNs = ({ f }: Invocation) => (f === 'slow' ? 100 * ms : 10 * ms);
  const generator = phases(named('slow'), named('a', 'b', 'c', 'd'));
  const history = run(generator, { latencyNs });
  expect(history.map((each) => each.timeNs / ms)).toEqual([0, 100, 100, 100, 110]);
});

test('generators that are made in turn follow each other for ever', () => {
  const made = successively((turn) => named(...Array<string>(turn + 1).fill(`turn${turn}`)));
  expect(fs(run(made, { opsMax: 6 }))).toBe('turn0 turn1 turn1 turn2 turn2 turn2');
});

test('mix takes from each about equally often, and leaves out one that has ended', () => {
  const fair = run(limit(3000, mix(rng, [repeat(invocation('a')), repeat(invocation('b'))])));
  const share = fair.filter((each) => each.invocation.f === 'a').length / fair.length;
  expect(share).toBeGreaterThan(0.45);
  expect(share).toBeLessThan(0.55);
  const names = fs(run(mix(rng, [named('a', 'a'), named('b', 'b', 'b', 'b')])));
  expect(names.split(' ').sort().join(' ')).toBe('a a b b b b');
});

test('mix takes from each by its weight', () => {
  const weighed = mix(rng, [
    { weight: 3, generator: repeat(invocation('a')) },
    { weight: 1, generator: repeat(invocation('b')) },
  ]);
  const all = run(limit(4000, weighed));
  const share = all.filter((each) => each.invocation.f === 'a').length / all.length;
  expect(share).toBeGreaterThan(0.72);
  expect(share).toBeLessThan(0.78);
});

test('until ok goes on until one of its operations has succeeded', () => {
  let tries = 0;
  const outcome = () => (++tries < 4 ? ('fail' as const) : ('ok' as const));
  expect(run(untilOk(repeat(invocation('a'))), { threads: [0], outcome })).toHaveLength(4);
  const others = any(untilOk(named('a', 'a', 'a')), named('b', 'b', 'b'));
  const failing = ({ f }: Invocation) => (f === 'a' ? ('fail' as const) : ('ok' as const));
  const all = fs(run(others, { threads: [0], outcome: failing }));
  expect(all.split(' ').sort().join(' ')).toBe('a a a b b b');
});

test('any takes what is due first', () => {
  const one = rate({ perSecond: 10, spacing: 'fixed', rng }, repeat(invocation('slow')));
  const ten = rate({ perSecond: 100, spacing: 'fixed', rng }, repeat(invocation('fast')));
  const history = run(timeLimit(second, any(one, ten)));
  expect(history.filter((each) => each.invocation.f === 'slow')).toHaveLength(10);
  expect(history.filter((each) => each.invocation.f === 'fast')).toHaveLength(100);
});

test('reserved threads are used by their own generator only', () => {
  const generator = reserve(
    [
      { count: 2, generator: limit(20, repeat(invocation('w'))) },
      { count: 1, generator: limit(20, repeat(invocation('r'))) },
    ],
    limit(20, repeat(invocation('rest'))),
  );
  const history = run(generator, { threads: [0, 1, 2, 3, 4] });
  const used = (f: string) =>
    [...new Set(history.filter((each) => each.invocation.f === f).map((each) => each.thread))]
      .sort()
      .join();
  expect([used('w'), used('r'), used('rest')]).toEqual(['0,1', '2', '3,4']);
});

test('a generator on some threads hears of what happens on those alone', () => {
  const heard: unknown[] = [];
  const listener: Generator = {
    op: () => ({ type: 'pending', untilNs: null, next: listener }),
    update: (_, { thread }) => {
      heard.push(thread);
      return listener;
    },
  };
  run(
    any(
      onThreads((thread) => thread === 1, listener),
      limit(9, repeat(invocation('a'))),
    ),
  );
  expect(new Set(heard)).toEqual(new Set([1]));
});

test('an open loop keeps its rate when operations are slow, and says how late they are', () => {
  const arrivals = { perSecond: 100, spacing: 'fixed', rng } as const;
  const slow = run(limit(100, rate(arrivals, repeat(invocation('a')))), {
    latencyNs: () => 60 * ms,
  });
  expect(slow.map((each) => each.scheduledNs / ms)).toEqual(slow.map((_, i) => 10 * i));
  const lateness = slow.map((each) => each.timeNs - each.scheduledNs);
  expect(Math.min(...lateness)).toBe(0);
  // 3 threads finish 50 a second: the 100th starts about a second late, and none is dropped.
  expect(lateness.at(-1)! / second).toBeCloseTo(1, 1);
});

test('an open loop that fell behind catches up', () => {
  const arrivals = { perSecond: 100, spacing: 'fixed', rng } as const;
  let stalled = 0;
  const history = run(limit(200, rate(arrivals, repeat(invocation('a')))), {
    latencyNs: () => (stalled++ < 3 ? 500 * ms : 1 * ms),
  });
  const { timeNs, scheduledNs } = history.at(-1)!;
  expect(timeNs).toBe(scheduledNs);
});

test('exponential arrivals have the right mean and differ from each other', () => {
  const arrivals = { perSecond: 1000, spacing: 'exponential', rng } as const;
  const history = run(limit(5000, rate(arrivals, repeat(invocation('a')))), {
    latencyNs: () => 1,
  });
  expect(history.at(-1)!.scheduledNs / second).toBeGreaterThan(4.7);
  expect(history.at(-1)!.scheduledNs / second).toBeLessThan(5.3);
  const distances = history.slice(1).map((each, i) => each.scheduledNs - history[i].scheduledNs);
  const mean = distances.reduce((sum, each) => sum + each, 0) / distances.length;
  const variance = distances.reduce((sum, each) => sum + (each - mean) ** 2, 0) / distances.length;
  // An exponential distribution's deviation is its mean.
  expect(Math.sqrt(variance) / mean).toBeGreaterThan(0.9);
  expect(Math.sqrt(variance) / mean).toBeLessThan(1.1);
});

test('a closed loop waits for its distance from the last start', () => {
  const uneven = run(stagger(rng, 50 * ms, limit(400, repeat(invocation('a')))));
  const gaps = uneven.slice(1).map((each, i) => each.timeNs - uneven[i].timeNs);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(101 * ms);
  expect(new Set(gaps).size).toBeGreaterThan(300);
  expect(uneven.at(-1)!.timeNs / (399 * 50 * ms)).toBeCloseTo(1, 0);
});

test('one seed gives one schedule, whatever the cluster does', () => {
  const workload = (seed: number) => {
    const stream = makeRng(seed);
    return rate(
      { perSecond: 200, spacing: 'exponential', rng: stream.split('arrivals') },
      mix(stream.split('mix'), [
        counting('w', stream.split('w')),
        source(stream.split('r'), null, (state, draw) => ({
          invocation: invocation('r', draw.int(1000)),
          state,
        })),
      ]),
    );
  };
  const of = (seed: number, latency: number, simulation: number) =>
    run(limit(500, workload(seed)), { latencyNs: () => latency, seed: simulation }).map(
      (each) => [each.scheduledNs, each.invocation.f, each.invocation.value] as const,
    );
  expect(of(3, 40 * ms, 2)).toEqual(of(3, 1 * ms, 1));
  expect(of(4, 1 * ms, 1)).not.toEqual(of(3, 1 * ms, 1));
  expect(
    of(3, 1 * ms, 1)
      .slice(0, 12)
      .map(([at, f, value]) => `${Math.round(at / 1000)} us ${f} ${value}`),
  ).toMatchInlineSnapshot(`
    [
      "0 us r 31",
      "4477 us r 456",
      "5478 us w 1",
      "8245 us w 2",
      "18740 us r 724",
      "18746 us r 72",
      "25094 us r 330",
      "25863 us r 924",
      "42279 us r 656",
      "43570 us r 319",
      "49987 us r 327",
      "50723 us w 3",
    ]
  `);
});

test('asking changes nothing: the same question has the same answer', () => {
  const stream = makeRng(9);
  const generator = mix(stream, [counting('a', stream), counting('b', stream)]);
  const ask = () => {
    const step = generator.op({
      timeNs: 0,
      free: [0],
      threads: [0],
      rng: makeRng(1),
    });
    return step.type === 'op' ? step.op.invocation : null;
  };
  expect([ask(), ask(), ask()]).toEqual([ask(), ask(), ask()]);
});
