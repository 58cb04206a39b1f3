import { describe, expect, it } from 'vitest';
import { confidence } from '../confidence/confidence.ts';
import { allowedFactor } from '../confidence/visibility.ts';
import { parseScene } from '../oracle/scene.ts';
import { unlimited } from '../verdict/checker.ts';
import { defaultCheckOptions } from '../verdict/compose.ts';
import { membership } from './membership.ts';
import { splitBrain } from './split-brain.ts';

const options = defaultCheckOptions;
const nodes = 'A w x 1 || B w x 2 || C w x 3';

/** A look at /cluster/nodes; the others are alive unless named. */
function view(time: number, node: string, others: Record<string, string>, agoMs = 0): string {
  const members = ['n1', 'n2', 'n3'].map((id) => ({
    id,
    state: others[id] ?? 'alive',
    incarnation: 1,
    last_change_ms_ago: agoMs,
    local: id === node,
  }));
  return `sample ${time} ${node} /cluster/nodes ${JSON.stringify({ nodes: members })}`;
}

const see = (...lines: string[]) =>
  membership.check(parseScene([nodes, ...lines].join('\n')), options, unlimited);

describe('membership', () => {
  it('tells how long until a stopped node was noticed by one, and by all', () => {
    const verdict = see(
      'fault kill 10-20 n3',
      view(12, 'n1', {}),
      view(13, 'n1', { n3: 'dead' }, 500),
      view(13, 'n2', { n3: 'suspect' }),
      view(14, 'n2', { n3: 'dead' }, 100),
      ...['n1', 'n2', 'n3'].map((node) => view(40, node, {})),
    );
    expect(verdict.valid).toBe(true);
    expect(verdict.figures).toMatchObject({
      'detection-p50-ms': 2500,
      'detection-max-ms': 3900,
      'propagation-max-ms': 1400,
      'false-death-count': 0,
    });
    expect(verdict.details?.detections).toMatchObject([{ noticed: 2, missed: 0 }]);
  });

  it('counts false suspicions and deaths without judging them', () => {
    const verdict = see(
      view(5, 'n1', { n2: 'suspect' }),
      view(6, 'n1', { n2: 'dead' }),
      ...['n1', 'n2', 'n3'].map((node) => view(40, node, {})),
    );
    expect(verdict.valid).toBe(true);
    expect(verdict.figures).toMatchObject({
      'false-suspicion-count': 1,
      'false-death-count': 1,
    });
  });

  it('accuses nodes that do not see each other again', () => {
    const verdict = see(
      'fault partition 10-20 n3',
      view(40, 'n1', { n3: 'dead' }),
      view(40, 'n2', {}),
      view(40, 'n3', {}),
    );
    expect(verdict.counts).toEqual({ 'views-differ': 1 });
    expect(verdict.anomalies[0].summary).toContain('n1 calls dead n3');
  });

  it('does not judge too soon after the heal', () => {
    const verdict = see('fault partition 10-20 n3', view(25, 'n1', { n3: 'dead' }));
    expect(verdict.valid).toBe(true);
    expect(verdict.figures['views-judged-after-heal-count']).toBe(0);
  });

  it('tells from when on all nodes saw each other again', () => {
    const verdict = see(
      'fault partition 10-20 n3',
      view(15, 'n1', {}),
      ...[view(21, 'n1', { n3: 'dead' }), view(21, 'n2', {}), view(22, 'n3', {})],
      ...[view(23, 'n1', {}), view(24, 'n2', {}), view(25, 'n3', {})],
    );
    expect(verdict.figures['views-equal-after-heal-ms']).toBe(3000);
  });

  it('has nothing to say, and no doubt, where nobody looked', () => {
    expect(see()).toMatchObject({ valid: 'unknown', reason: 'not-judged' });
    const noise = ['null', '[]', '{"nodes":7}', '{"nodes":[null,{"id":1}]}'];
    const lines = noise.map((body, i) => `sample ${i + 1} n1 /cluster/nodes ${body}`);
    expect(see(...lines).counts).toEqual({});
  });
});

function routes(time: number, node: string, primary: string, generation: number): string {
  const body = { spaces: [{ space: 'kitchen', primary, generation, version: 1 }] };
  return `sample ${time} ${node} /cluster/spaces ${JSON.stringify(body)}`;
}

const rule = (...lines: string[]) =>
  splitBrain.check(parseScene([nodes, ...lines].join('\n')), options, unlimited);

describe('split-brain', () => {
  it('allows two primaries of different generations during a cut', () => {
    const verdict = rule(routes(11, 'n1', 'n1', 1), routes(11, 'n2', 'n2', 2));
    expect(verdict.valid).toBe(true);
    expect(verdict.figures['generation-count']).toBe(2);
  });

  it('accuses two primaries of one generation', () => {
    const verdict = rule(routes(1, 'n1', 'n1', 1), routes(2, 'n2', 'n2', 1));
    expect(verdict.counts).toEqual({ 'two-primaries': 1 });
    expect(verdict.anomalies[0].steps).toHaveLength(2);
  });

  it('accuses sides that were never merged', () => {
    const verdict = rule(
      'fault partition 10-20 n1',
      ...[33, 40].flatMap((at) => [routes(at, 'n1', 'n1', 129), routes(at, 'n2', 'n2', 130)]),
    );
    expect(verdict.counts).toEqual({ unmerged: 1 });
  });

  it('does not take a change that is under way for a quarrel', () => {
    const verdict = rule(
      'fault partition 10-20 n1',
      ...[33, 39].flatMap((at) => [routes(at, 'n1', 'n1', 129), routes(at, 'n2', 'n1', 129)]),
      routes(40, 'n1', 'n1', 129),
      routes(40, 'n2', 'n2', 130),
    );
    expect(verdict.valid).toBe(true);
  });

  it('does not judge the merge too soon after the heal', () => {
    const verdict = rule(
      'fault partition 10-20 n1',
      routes(22, 'n1', 'n1', 129),
      routes(22, 'n2', 'n2', 130),
    );
    expect(verdict.valid).toBe(true);
    expect(verdict.figures['merge-judged']).toBe(false);
  });

  it('believes a node about generation 0 only while it knows everybody', () => {
    const health = (time: number, node: string, total: number) =>
      `sample ${time} ${node} /cluster/health ` +
      JSON.stringify({
        partition: { state: 'connected', reachable_nodes: total, total_nodes: total },
      });
    const first = [health(1, 'n1', 3), routes(1, 'n1', 'n1', 0)];
    expect(rule(...first, health(2, 'n2', 1), routes(2, 'n2', 'n2', 0)).valid).toBe(true);
    expect(rule(...first, health(2, 'n2', 3), routes(2, 'n2', 'n2', 0)).valid).toBe(false);
    expect(
      rule(...first, health(2, 'n2', 1), routes(2, 'n2', 'n2', 5), routes(3, 'n1', 'n1', 5)).valid,
    ).toBe(false);
  });
});

function sight(time: number, node: string, state: string, reachable: number): string {
  const body = { partition: { state, reachable_nodes: reachable, total_nodes: 5 } };
  return `sample ${time} ${node} /cluster/health ${JSON.stringify(body)}`;
}

const trust = (history: string, ...lines: string[]) =>
  confidence.check(parseScene([history, ...lines].join('\n')), options, unlimited);

describe('confidence', () => {
  const partitioned = [sight(1, 'n2', 'partitioned', 2), sight(2, 'n2', 'partitioned', 2)];
  const readWith = (factor: string) => `A w x 1 t[0,10]; B r x 1 t[1500,1510] confidence ${factor}`;

  it('allows what the documentation says for each visibility', () => {
    const of = (state: string, reachable: number) =>
      allowedFactor({ time: 0, node: 0, state: state as 'connected', reachable, total: 5 });
    expect(of('connected', 3)).toBe(1);
    expect(of('healing', 5)).toBe(0.9);
    expect(of('partitioned', 2)).toBeCloseTo(0.7);
    expect(of('partitioned', 0)).toBe(0.5);
  });

  const halves = 'fault partition 0-3 n1,n4,n5';
  const overConfident = { 'over-confident': 1 };

  it('accuses an answer that is surer than its node could be', () => {
    const cut = [halves, sight(1, 'n3', 'partitioned', 2), ...partitioned];
    expect(trust(readWith('0.7 warned'), ...cut).valid).toBe(true);
    expect(trust(readWith('0.9 warned'), ...cut).counts).toEqual(overConfident);
    expect(trust(readWith('1'), ...cut).counts).toEqual(overConfident);
  });

  it('allows for a moment of healing between two looks where nothing rules it out', () => {
    for (const lines of [[], [halves.replace('0-3', '0-1.8')]]) {
      expect(trust(readWith('0.9 warned'), ...lines, ...partitioned).valid).toBe(true);
      expect(trust(readWith('1'), ...lines, ...partitioned).counts).toEqual(overConfident);
    }
    const scene = [readWith('0.9 warned'), halves, sight(1, 'n3', 'connected', 5), ...partitioned];
    const history = parseScene(scene.join('\n'));
    const isTrusted = (kind: string, grudge: number[][]): boolean | 'unknown' => {
      const faults = history.faults.map((each) => ({ ...each, kind, grudge }));
      return confidence.check({ ...history, faults }, options, unlimited).valid;
    };
    const whole = [
      [1, 2],
      [0, 3, 4],
      [0, 3, 4],
      [1, 2],
      [1, 2],
    ];
    expect(isTrusted('partition', whole)).toBe(false);
    expect(isTrusted('flapping', whole)).toBe(true);
    // n3 hears both sides and may tell each of the other.
    expect(isTrusted('partition', [[3, 4], [3, 4], [], [0, 1], [0, 1]])).toBe(true);
    // What n2 and n3 send still arrives.
    expect(isTrusted('partition', [[], [0, 3, 4], [0, 3, 4], [], []])).toBe(true);
  });

  it('takes a node to be healing only as long as that must last', () => {
    const looks = [sight(1, 'n2', 'partitioned', 2), sight(2, 'n2', 'healing', 5)];
    for (let at = 3; at <= 12; at++) looks.push(sight(at, 'n2', 'healing', 5));
    const readAt = (ms: number): string =>
      `A w x 1 t[0,10]; B r x 1 t[${ms},${ms + 10}] confidence 1`;
    expect(trust(readAt(2500), ...looks).counts).toEqual(overConfident);
    expect(trust(readAt(8500), ...looks).counts).toEqual(overConfident);
    // It may have been connected, partitioned, and healing once more.
    expect(trust(readAt(11_500), ...looks).valid).toBe(true);
  });

  it('knows nothing of a node that was started in between', () => {
    expect(trust(readWith('1'), 'fault kill 1.1-1.3 n2', ...partitioned).valid).toBe(true);
    expect(trust(readWith('1'), 'fault kill 1.1-1.3 n1', ...partitioned).valid).toBe(false);
  });

  it('does not accuse where it is not known what the node saw', () => {
    expect(trust(readWith('1'), partitioned[0]).valid).toBe(true);
    const changed = [partitioned[0], sight(2, 'n2', 'healing', 5)];
    expect(trust(readWith('1'), ...changed).valid).toBe(true);
    const far = [partitioned[0], sight(9, 'n2', 'partitioned', 2)];
    expect(trust(readWith('1'), ...far).valid).toBe(true);
  });

  it('accuses doubt without a warning', () => {
    expect(trust(readWith('0.9')).counts).toEqual({ unwarned: 1 });
  });

  it('compares factor and truth by buckets', () => {
    const verdict = trust(
      'A w x 1 t[0,10]; B r x 1 t[20,30] confidence 1; B r x 0 t[40,50] confidence 1; ' +
        'B r x 0 t[60,70] confidence 0.5 warned',
    );
    expect(verdict.details?.buckets).toMatchObject([
      { from: 0.5, count: 1, 'complete-share': 0, 'mean-factor': 0.5 },
      { from: 0.9, count: 2, 'complete-share': 0.5, 'mean-factor': 1 },
    ]);
    expect(verdict.figures).toMatchObject({
      'calibration-error': 0.5,
      'missing-share': 0.6667,
      'missing-unwarned-share': 0.3333,
    });
  });

  it('has nothing to say, and no doubt, where nobody reports a confidence', () => {
    expect(trust('A w x 1; B r x 1')).toMatchObject({ valid: 'unknown', reason: 'not-judged' });
  });
});
