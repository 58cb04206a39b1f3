import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildHistory, type PlainOperation } from '../history/build.ts';
import { type History, Kind, Status } from '../history/history.ts';
import { decideLinearizable } from '../linearizable/linearizable.ts';
import { historyFrom, lwwHistory, randomOf } from '../oracle/lww-store.ts';
import { notate } from '../oracle/notate.ts';
import { parseScene } from '../oracle/scene.ts';
import { operations, type Shape } from '../oracle/testing/random.ts';
import { type CheckOptions, unlimited } from '../verdict/checker.ts';
import { CausalAnalysis } from './analysis.ts';
import { causal } from './causal.ts';
import { session } from './session.ts';

const runs = Number(process.env.RUNS ?? 200);

const options: CheckOptions = {
  maxAnomalies: 4,
  promises: ['causal', 'session'],
  models: ['cc', 'ccv'],
  asked: [],
  realTime: false,
  staleness: { deltaMs: 1000, share: 0.999 },
  minimumOk: { overall: 1, perFaultWindow: 0 },
  aborted: false,
};

const shape: Shape = {
  sessions: 3,
  keys: 2,
  operations: 9,
  sets: 'none',
  future: false,
  overlapping: true,
};
const mixed: Shape = { ...shape, sets: 'mixed' };

function models(history: History): Record<string, boolean> {
  const analysis = new CausalAnalysis(history, unlimited);
  const broken = new Set(analysis.breaches(unlimited).map((each) => each.guarantee));
  const { sourceless } = analysis.trace;
  const thin = sourceless.pattern.some((each) => each === 'ThinAirRead' || each === 'AbortedRead');
  return {
    CC: analysis.cc,
    CCv: analysis.cc && analysis.convergence(unlimited).cycles.length === 0,
    CM: analysis.cc && analysis.hb('CM', unlimited).length === 0,
    PRAM: !thin && analysis.hb('PRAM', unlimited).length === 0,
    RYW: !broken.has('read-your-writes'),
    MR: !broken.has('monotonic-reads'),
    MW: !broken.has('monotonic-writes'),
    WFR: !broken.has('writes-follow-reads'),
    LIN: Object.keys(decideLinearizable(history, unlimited).counts).length === 0,
  };
}

describe('implications between the models', () => {
  // Linearizability is decided for registers alone.
  const stronger: readonly (readonly [string, readonly string[], Shape])[] = [
    ['LIN', ['CM', 'CCv'], shape],
    ['CM', ['CC', 'PRAM'], mixed],
    ['CCv', ['CC', 'MR'], mixed],
    ['PRAM', ['RYW', 'MR', 'MW'], mixed],
    ['CC', ['RYW', 'MW', 'WFR'], mixed],
  ];
  for (const [strong, weak, of] of stronger) {
    it(`${strong} implies ${weak.join(' and ')}`, () => {
      fc.assert(
        fc.property(operations(of), (ops) => {
          const holds = models(buildHistory(ops));
          if (!holds[strong]) return;
          for (const name of weak) expect([name, holds[name]], notate(ops)).toEqual([name, true]);
        }),
        { numRuns: runs },
      );
    });
  }
});

it('a session comes back only to what it has left itself, however many others have left it', () => {
  const writes = ['a', 'b'].map(
    (value, i): PlainOperation => ({
      process: value,
      f: 'write',
      key: 'x',
      value,
      invoke: i,
      complete: 10 + i,
      status: 'ok',
    }),
  );
  // Every other session sees the two concurrent writes in the other order; one comes back.
  const orders = Array.from({ length: 70 }, (_, s) => (s % 33 < 16 ? 'abb' : 'baa'));
  const reads = [...orders, 'aba'].flatMap((order, s) =>
    [...order].map((value, i): PlainOperation => {
      const invoke = 100 + 10 * s + 2 * i;
      const times = { invoke, complete: invoke + 1 };
      return { process: s, f: 'read', key: 'x', value, status: 'ok', ...times };
    }),
  );
  const history = buildHistory([...writes, ...reads]);
  const found = new CausalAnalysis(history, unlimited).breaches(unlimited);
  const last = writes.length + reads.length - 1;
  expect(found.map(({ guarantee, read, flip }) => [guarantee, read, flip])).toEqual([
    ['monotonic-reads', last, true],
  ]);
});

describe('changes that change nothing', () => {
  const same = (
    name: string,
    change: (ops: readonly PlainOperation[]) => PlainOperation[],
  ): void => {
    it(name, () => {
      fc.assert(
        fc.property(operations(mixed), (ops) => {
          expect(models(buildHistory(change(ops))), notate(ops)).toEqual(models(buildHistory(ops)));
        }),
        { numRuns: runs },
      );
    });
  };
  same('other names for keys', (ops) => ops.map((op) => ({ ...op, key: `other ${op.key}` })));
  same('other names for values', (ops) => {
    const rename = (value: unknown): unknown =>
      Array.isArray(value) ? value.map(rename) : value === null ? null : `v${value}`;
    return ops.map((op) => ({ ...op, value: rename(op.value) }));
  });
  same('other numbers for processes', (ops) =>
    ops.map((op) => ({ ...op, process: 7 - Number(op.process) })),
  );
  same('a key that nobody else uses', (ops) => [
    ...ops,
    { process: 50, f: 'write', key: 'alone', value: 1, invoke: 0, complete: 5, status: 'ok' },
    { process: 50, f: 'read', key: 'alone', value: 1, invoke: 900, complete: 901, status: 'ok' },
  ]);
  same('the whole run later', (ops) =>
    ops.map((op) => ({
      ...op,
      invoke: op.invoke + 1e9,
      complete: op.complete === null ? null : op.complete + 1e9,
    })),
  );
  same('stale answers', (ops) => [
    ...ops,
    { ...ops[0], process: 60, f: 'read', key: 'x0', value: null, stale: true, status: 'ok' },
  ]);

  it('what was found out about one session is forgotten before the next, among many other operations', () => {
    // Beside so many, what a session has touched is cleared one by one.
    const others = Array.from({ length: 100 }, (_, i): PlainOperation => {
      const times = { invoke: 10_000 + 2 * i, complete: 10_001 + 2 * i };
      return { process: 99, f: 'write', key: 'other', value: 1000 + i, status: 'ok', ...times };
    });
    fc.assert(
      fc.property(operations(mixed), (ops) => {
        const [alone, among] = [ops, [...ops, ...others]].map((all) => {
          const analysis = new CausalAnalysis(buildHistory(all), unlimited);
          return (['CM', 'PRAM'] as const).map((model) =>
            analysis.hb(model, unlimited).map(({ session, pattern }) => `${session} ${pattern}`),
          );
        });
        expect(among, notate(ops)).toEqual(alone);
      }),
      { numRuns: runs },
    );
  });

  it('what holds still holds without one of the reads', () => {
    fc.assert(
      fc.property(operations(shape), fc.nat(), (ops, pick) => {
        const reads = ops.filter((op) => op.f === 'read');
        if (reads.length === 0) return;
        const before = models(buildHistory(ops));
        const after = models(buildHistory(ops.filter((op) => op !== reads[pick % reads.length])));
        for (const [name, holds] of Object.entries(before)) {
          if (holds) expect([name, after[name]], notate(ops)).toEqual([name, true]);
        }
      }),
      { numRuns: runs },
    );
  });
});

const good = (seed: number, infoShare = 0): History =>
  lwwHistory({
    operations: 4000,
    keys: 40,
    sessions: 12,
    replicas: 4,
    delay: 30,
    growth: 6,
    seed,
    infoShare,
  });

/** The history with another value at one read. */
function withRead(history: History, row: number, id: number): History {
  const value = history.value.slice();
  value[row] = id;
  return { ...history, value };
}

describe('a causally convergent store', () => {
  it('passes, whatever its replicas were behind', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const verdict = causal.check(good(seed, 0.05), options, unlimited);
      expect([seed, verdict.valid, verdict.message]).toEqual([seed, true, verdict.message]);
      expect(verdict.figures['backward-conflict-count']).toBeGreaterThan(0);
      expect(session.check(good(seed, 0.05), options, unlimited).valid).toBe(true);
    }
  });

  it('is caught at every read that goes back to what its session had left behind', () => {
    const random = randomOf(11);
    for (let round = 0; round < 60; round++) {
      const history = good(1 + (round % 5));
      const row = laterRead(history, random);
      const { session: s, key, value, kind } = history;
      // The newest value of its key that the session itself had written.
      let own = 0;
      for (let i = 0; i < row; i++) {
        if (kind[i] === Kind.Write && s[i] === s[row] && key[i] === key[row]) own = value[i];
      }
      if (own === 0) continue;
      const verdict = causal.check(withRead(history, row, 0), options, unlimited);
      expect(verdict.valid).toBe(false);
      expect(verdict.counts.WriteCOInitRead).toBe(1);
      expect(verdict.anomalies[0]).toMatchObject({ confirmed: true, minimal: true });
      expect(verdict.anomalies[0].ops).toContain(row);
      const named = session.check(withRead(history, row, 0), options, unlimited);
      expect(named.counts['read-your-writes']).toBe(1);
    }
  });

  it('is caught by a cycle where two sessions see two writes in opposite orders', () => {
    // Two replicas that each keep their own: the last read of each key differs.
    const base = good(3);
    const { n, kind, key, value, session: s } = base;
    let caught = 0;
    for (let row = n - 1; row > n - 400; row--) {
      if (kind[row] !== Kind.Read || value[row] === 0) continue;
      // A concurrent older value of the same key that is newer in the log than what its writer knew.
      for (let i = row - 1; i > row - 200; i--) {
        if (kind[i] !== Kind.Read || key[i] !== key[row] || s[i] === s[row]) continue;
        if (value[i] === value[row] || value[i] === 0) continue;
        const swapped = withRead(withRead(base, row, value[i]), i, value[row]);
        const verdict = causal.check(swapped, options, unlimited);
        for (const anomaly of verdict.anomalies)
          expect(anomaly.confirmed, anomaly.pattern).toBe(true);
        if (verdict.counts.CyclicCF) caught++;
        break;
      }
    }
    expect(caught).toBeGreaterThan(0);
  });
});

function laterRead(history: History, random: () => number): number {
  for (;;) {
    const row = Math.floor((0.5 + random() / 2) * history.n);
    if (history.kind[row] === Kind.Read && history.value[row] !== 0) return row;
  }
}

describe('adversarial shapes', () => {
  const n = 60_000;
  const check = (history: History) => causal.check(history, options, unlimited);

  it('one hot key with 100 sessions that read what was written last', () => {
    let last = 0;
    const history = historyFrom(n, 1, 100, (i) => {
      if (i % 3 === 0) {
        last++;
        return [i % 100, 0, null];
      }
      return [(i * 7) % 100, 0, last];
    });
    expect(check(history).valid).toBe(true);
  });

  it('one hot key on which every session is thousands of writes behind', () => {
    const history = historyFrom(n, 1, 10, (i) =>
      i % 2 === 0 ? [i % 10 === 0 ? 0 : 2, 0, null] : [1, 0, i < 2000 ? 0 : (i - 1999) >> 1],
    );
    const verdict = check(history);
    expect(verdict.counts.WriteCOInitRead ?? 0).toBe(0);
    expect(verdict.figures.CC).toBe(true);
  });

  it('ten thousand sessions', () => {
    const last = new Int32Array(50);
    let writes = 0;
    const random = randomOf(5);
    const history = historyFrom(n, 50, 10_000, (i) => {
      const s = Math.floor(random() * 10_000);
      const key = i % 50;
      if (random() < 0.3) {
        last[key] = ++writes;
        return [s, key, null];
      }
      return [s, key, last[key]];
    });
    expect(check(history).valid).toBe(true);
    const wrong = withRead(history, lastReadOf(history), 0);
    expect(check(wrong).valid).toBe(false);
  });

  it('all writes indeterminate', () => {
    const last = new Int32Array(20);
    let writes = 0;
    const history = historyFrom(
      n,
      20,
      20,
      (i) => {
        const key = (i * 13) % 20;
        if (i % 2 === 0) {
          last[key] = ++writes;
          return [i % 20, key, null];
        }
        return [(i * 7) % 20, key, last[key]];
      },
      Status.Info,
    );
    const verdict = check(history);
    expect(verdict.figures.CC).toBe(true);
    expect(Number(verdict.figures['clock-width-max-count'])).toBeLessThan(2000);
  });

  it('all reads return the initial value: every session that wrote is caught', () => {
    const history = historyFrom(n, 10, 20, (i) => [i % 20, i % 10, i < n / 2 ? null : 0]);
    const verdict = check(history);
    expect(verdict.counts.WriteCOInitRead).toBe(n / 2);
    expect(verdict.anomalies[0]).toMatchObject({ confirmed: true, minimal: true });
    expect(session.check(history, options, unlimited).counts['read-your-writes']).toBe(n / 2);
  });

  it('one key with writes only, and keys with one write each', () => {
    expect(check(historyFrom(n, 1, 20, (i) => [i % 20, 0, null])).valid).toBe(true);
    expect(check(historyFrom(n, n, 20, (i) => [i % 20, i, null])).valid).toBe(true);
  });
});

function lastReadOf(history: History): number {
  // A read of a value whose session had read the key before.
  const seen = new Set<number>();
  let found = -1;
  for (let row = 0; row < history.n; row++) {
    if (history.kind[row] !== Kind.Read || history.value[row] === 0) continue;
    const pair = history.session[row] * 1000 + history.key[row];
    if (seen.has(pair)) found = row;
    seen.add(pair);
  }
  return found;
}

describe('a write that was found to come before another one', () => {
  // P sees y=3, then z=0. Later x=2 turns out to come before y=3 (through u=6, and y=2 before y=3), and x=1
  // before x=2: so z=1, which A wrote before x=1, comes before P's first read, and z=0 is impossible.
  const waits =
    'A w z 1; A w x 1; A w q 5; B w x 2; B w y 2; B w u 6; C w y 3; ' +
    'P r y 3; P r z 0; P r q 5; P r x 2; P r u 6; P r y 3';

  it('is passed on when that one comes earlier than was known', () => {
    const verdict = (text: string, model: string): unknown =>
      causal.check(parseScene(text), { ...options, models: [model] } as CheckOptions, unlimited);
    expect(verdict(waits, 'cc')).toMatchObject({ valid: true });
    expect(verdict(waits, 'cm')).toMatchObject({
      valid: false,
      anomalies: [{ pattern: 'WriteHBInitRead', confirmed: true }],
    });
    // Without the write of z there is nothing that P could not have seen.
    expect(verdict(waits.replace('A w z 1; ', ''), 'cm')).toMatchObject({ valid: true });
    const pram = { ...options, models: ['pram'] } as CheckOptions;
    expect(session.check(parseScene(waits), pram, unlimited).valid).toBe(false);
  });
});
