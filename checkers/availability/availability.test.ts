import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildHistory, type PlainOperation } from '../history/build.ts';
import { parseScene } from '../oracle/scene.ts';
import { unlimited } from '../verdict/checker.ts';
import { defaultCheckOptions } from '../verdict/compose.ts';
import { quantile, quantilesOf } from '../verdict/quantiles.ts';
import { availability, type FaultFigures } from './availability.ts';

const judge = (scene: string) =>
  availability.check(parseScene(scene), defaultCheckOptions, unlimited);

/** One read through each node every 100 ms from 0 to `untilMs`; `fails` says which. */
function load(untilMs: number, fails: (ms: number, node: string) => boolean): PlainOperation[] {
  const ops: PlainOperation[] = [];
  for (let ms = 0; ms < untilMs; ms += 100) {
    for (const node of ['n1', 'n2', 'n3']) {
      const status = fails(ms, node) ? 'fail' : 'ok';
      const [invoke, complete] = [ms * 1e6, (ms + 10) * 1e6];
      ops.push({ process: node, f: 'read', key: 'x', invoke, complete, status, node });
    }
  }
  return ops;
}

const cut = {
  ...parseScene('A w x 1 || B w x 2 || C w x 3\nfault partition 2-4 n1').faults[0],
  variant: 'isolate-one',
};

function figuresOf(ops: readonly PlainOperation[]) {
  const history = buildHistory(ops, { nodes: ['n1', 'n2', 'n3'], faults: [cut] });
  const { details } = availability.check(history, defaultCheckOptions, unlimited);
  return (details!.faults as FaultFigures[])[0];
}

describe('availability', () => {
  it('gives share and latencies of what was answered', () => {
    const { valid, figures } = judge('A w x 1 t[0,10]; A r x 1 t[20,50]; B r x fail t[60,90]');
    expect(valid).toBe(true);
    expect(figures).toMatchObject({
      'answered-share': 0.6667,
      'latency-p50-ms': 10,
      'latency-max-ms': 30,
    });
  });

  it('gives the quantiles of each phase and node by themselves, and of all', () => {
    const nodes = ['n1', 'n2', null];
    const phases = ['warm-up', 'chaos', 'heal'] as const;
    const one = fc.record({
      node: fc.constantFrom(...nodes),
      phase: fc.constantFrom(...phases),
      ms: fc.nat(999),
      status: fc.constantFrom('ok', 'ok', 'fail'),
    });
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 60 }), (drawn) => {
        const ops = drawn.map(({ ms, ...each }, i): PlainOperation => {
          const times = { invoke: i * 1e9, complete: i * 1e9 + ms * 1e6 };
          return { process: 'A', f: 'read', key: 'x', ...each, ...times };
        });
        const history = buildHistory(ops, { nodes: ['n1', 'n2'] });
        const { figures, details } = availability.check(history, defaultCheckOptions, unlimited);
        const expected = (wanted: (each: (typeof drawn)[number]) => boolean) => {
          const all = drawn.filter(wanted);
          const answered = all.filter((each) => each.status === 'ok').map((each) => each.ms);
          const sorted = Float64Array.from(answered).sort();
          if (all.length === 0) return undefined;
          const at = (part: number) => (sorted.length === 0 ? null : quantile(sorted, part));
          return expect.objectContaining({
            'latency-p50-ms': at(0.5),
            'latency-p99-ms': at(0.99),
            'latency-max-ms': at(1),
          });
        };
        const tables = details as Record<'phases' | 'nodes', Record<string, unknown>>;
        for (const phase of phases) {
          expect(tables.phases[phase]).toEqual(expected((each) => each.phase === phase));
        }
        for (const node of ['n1', 'n2']) {
          expect(tables.nodes[node]).toEqual(expected((each) => each.node === node));
        }
        expect(figures).toEqual(expected(() => true));
      }),
    );
  });

  it('is unknown where nothing was answered', () => {
    expect(judge('A w x 1 fail; B w x 2 info')).toMatchObject({
      valid: 'unknown',
      reason: 'too-few-ok',
    });
  });

  it('leaves out final reads, and takes a failed compare-and-set for an answer', () => {
    expect(judge('A w x 1; A r x fail final').figures['answered-share']).toBe(1);
    expect(judge('A w x 1; A cas x 2 3 fail').figures['answered-share']).toBe(1);
    expect(judge('A w x 1; A cas x 2 3 fail error timeout').figures['answered-share']).toBe(0.5);
  });

  it('accuses a node that still refuses what it should serve long after the last fault', () => {
    const healed = 'fault partition 2-4 n1';
    const refused = 'on n2 final fail error unavailable';
    const late = `A w x 1 on n1 t[0,10]; A r x 1 on n1 final t[15000,15010] || B r x ${refused}`;
    const verdict = judge(`${late} t[15000,15010]\n${healed}`);
    expect(verdict).toMatchObject({
      valid: false,
      counts: { 'refused-after-heal': 1 },
      anomalies: [{ pattern: 'refused-after-heal', key: 'x', confirmed: true }],
    });
    expect(judge(`${late} t[13000,13010]\n${healed}`).valid).toBe(true);
    const served = 'B r x 1 on n2 final t[16000,16010]';
    expect(judge(`${late} t[15000,15010]; ${served}\n${healed}`).valid).toBe(true);
    const unreachable = late.replace('unavailable', 'timeout');
    expect(judge(`${unreachable} t[15000,15010]\n${healed}`).valid).toBe(true);
  });

  it('tells figures by phase and node', () => {
    const { details } = judge('A w x 1; B r x 1; B r x fail');
    expect(details).toMatchObject({
      phases: { chaos: { 'operation-count': 3 } },
      nodes: { n1: { 'answered-share': 1 }, n2: { 'answered-share': 0.5 } },
    });
  });

  it('gives five figures for a fault', () => {
    const figures = figuresOf(load(8000, (ms, node) => node === 'n1' && ms >= 2300 && ms < 4500));
    expect(figures).toMatchObject({
      'before-share': 1,
      'first-failure-ms': 300,
      'worst-share': 0.6667,
      'first-success-ms': 310,
      'recovered-ms': 3000,
      'recovered-after-heal-ms': 1000,
    });
  });

  it('says that it never recovered, or never failed', () => {
    const never = figuresOf(load(8000, (ms, node) => node === 'n1' && ms >= 2300));
    expect(never['recovered-ms']).toBe(null);
    const calm = figuresOf(load(8000, () => false));
    expect(calm).toMatchObject({ 'first-failure-ms': null, 'recovered-ms': 0, 'worst-share': 1 });
  });

  it('tells the sides of a partition apart', () => {
    const { sides } = figuresOf(load(8000, (ms, node) => node === 'n1' && ms >= 2000 && ms < 4000));
    expect(sides.map(({ nodes, figures }) => [nodes, figures['answered-share']])).toEqual([
      ['n1', 0],
      ['n2 n3', 1],
    ]);
  });

  it('accuses an answer that is stale far from any fault', () => {
    const verdict = judge('A w x 1; B r x 0 stale');
    expect(verdict.counts).toEqual({ 'stale-in-calm': 1 });
    expect(verdict.valid).toBe(false);
  });

  it('only counts one that is stale while the load is a second behind its schedule', () => {
    const stale = (at: number, late: number): PlainOperation[] => [
      {
        ...{ process: 'A', f: 'write', key: 'x', value: 1, status: 'ok' },
        ...{ invoke: at, complete: at + 1e6, late },
      },
      {
        ...{ process: 'B', f: 'read', key: 'x', value: null, status: 'ok', stale: true },
        ...{ invoke: 5e9, complete: 7e9 },
      },
    ];
    const judged = (at: number, late: number) =>
      availability.check(buildHistory(stale(at, late), {}), defaultCheckOptions, unlimited);
    for (const [at, late] of [
      [6e9, 0.99e9],
      [4.8e9, 3e9],
      [7.2e9, 3e9],
    ] as const) {
      expect(judged(at, late).counts).toEqual({ 'stale-in-calm': 1 });
    }
    for (const at of [5e9, 6e9, 7e9]) {
      const { valid, counts, figures } = judged(at, 1e9);
      expect([valid, counts, figures['stale-under-overload-count']]).toEqual([true, {}, 1]);
    }
  });

  it('only counts one that is stale during a fault or while the cluster heals', () => {
    const near = 'A w x 1 t[0,10]; B r x 0 t[2500,2510] stale; B r x 0 t[9000,9010] stale';
    const verdict = judge(`${near}\nfault partition 2-4 n1`);
    expect(verdict.valid).toBe(true);
    expect(verdict.figures['stale-near-faults-count']).toBe(2);
  });
});

describe('quantiles', () => {
  it('are values that occur, by nearest rank', () => {
    const values = Float64Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(quantilesOf(values)).toEqual({ count: 10, p50: 5, p95: 10, p99: 10, max: 10 });
    expect(quantilesOf(new Float64Array())).toBe(null);
  });

  it('are the smallest value that the share does not exceed', () => {
    const numbers = fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(numbers, fc.double({ min: 0.01, max: 1, noNaN: true }), (list, wanted) => {
        const sorted = Float64Array.from(list).sort();
        const found = quantile(sorted, wanted);
        const upTo = sorted.filter((each) => each <= found).length;
        const below = sorted.filter((each) => each < found).length;
        expect(upTo / sorted.length).toBeGreaterThanOrEqual(wanted);
        expect(below / sorted.length).toBeLessThan(wanted);
      }),
    );
  });
});
