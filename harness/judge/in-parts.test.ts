/** Histories in parts, against the same ones in one piece. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { writeRun } from '../../bench/checkers-file.ts';
import { Flag, type History, Kind } from '../../checkers/history/history.ts';
import { lwwHistory } from '../../checkers/oracle/lww-store.ts';
import { defaultCheckOptions } from '../../checkers/verdict/compose.ts';
import type { Verdict } from '../../checkers/verdict/verdict.ts';
import { loadRun } from '../columns/columns.ts';
import { openRunFile } from '../store/run-file.ts';
import { comparable } from '../store/testing/comparable.ts';
import { makeRun, row } from '../store/testing/made-runs.ts';
import { histories } from '../store/testing/random-rows.ts';
import { buildPart, planParts, surveyChunks } from './in-parts.ts';
import { judgeRun } from './judge.ts';
import { type JudgedParts, judgeParts } from './judge-parts.ts';

const local = ['lost-writes', 'convergence', 'linearizable', 'staleness', 'outcomes'];
const others = ['vacuity', 'stats', 'availability', 'routing', 'confidence'];

function opened<T>(path: string, use: (file: ReturnType<typeof openRunFile>) => T): T {
  const file = openRunFile(path);
  try {
    return use(file);
  } finally {
    file.db.close();
  }
}

/** So small that no part can have two large keys, and none is larger than a part. */
function smallest(path: string): number {
  return opened(path, (file) => {
    const whole = surveyChunks(file)!;
    for (let bytes = 64; ; bytes *= 1.3) {
      if (planParts(whole, bytes).parts.every((part) => part.bytes <= bytes)) return bytes;
    }
  });
}

function inParts(path: string, partBytes: number, names: readonly string[]): JudgedParts {
  const judged = opened(path, (file) =>
    judgeParts(file, {
      assign: () => ({
        names,
        options: defaultCheckOptions,
        timeLimitMs: 60_000,
        memoryMaxBytes: Number.POSITIVE_INFINITY,
      }),
      message: 'too long',
      partBytes,
    }),
  );
  if (typeof judged === 'string') throw new Error(judged);
  return judged;
}

const inOne = (path: string, checkers: readonly string[]): readonly Verdict[] =>
  judgeRun(path, { store: false, checkers }).verdicts;

const gist = ({ checker, valid, counts, informational }: Verdict) => ({
  checker,
  valid,
  counts,
  informational: informational === true,
});

describe('parts of a history', () => {
  it('have the operations of some keys as the whole has them', () => {
    fc.assert(
      fc.property(histories, (rows) => {
        const path = makeRun(rows);
        const bytes = smallest(path);
        const whole = comparable(loadRun(path).history);
        const parts = opened(path, (file) => {
          const seen = surveyChunks(file)!;
          const plan = planParts(seen, bytes);
          return plan.parts.map((_, part) => comparable(buildPart(seen, plan, part)));
        });
        const byIndex = (a: { index?: number }, b: { index?: number }) => a.index! - b.index!;
        expect(parts.flatMap((part) => part.rows).sort(byIndex)).toEqual(whole.rows.sort(byIndex));
        expect(parts.flatMap((part) => part.duplicates).sort()).toEqual(whole.duplicates);
        const writes = (each: typeof whole) => each.writeOps.filter((text) => text !== '- ');
        expect(parts.flatMap(writes).sort()).toEqual(writes(whole));
      }),
      { numRuns: 60 },
    );
  });

  it('are judged as the whole is', () => {
    let several = 0;
    fc.assert(
      fc.property(histories, (drawn) => {
        // A node that is asked about some keys only is missed in those parts too.
        const rows = drawn.map((each) => ({ ...each, node: `n${1 + ((each.idx * 7) % 3)}` }));
        const path = makeRun(rows);
        const [loss, ...whole] = inOne(path, [...local, ...others]);
        const { verdicts, parts } = inParts(path, smallest(path), [...local, ...others]);
        if (parts > 1) several++;
        expect(verdicts.slice(1).map(gist)).toEqual(whole.map(gist));
        // What follows from what through other parts is not known: nothing more is accused.
        for (const [pattern, count] of Object.entries(verdicts[0].counts)) {
          expect(count).toBeLessThanOrEqual(loss!.counts[pattern] ?? 0);
        }
        if (loss!.valid === 'unknown') expect(verdicts[0].valid).toBe('unknown');
      }),
      { numRuns: 100 },
    );
    expect(several).toBeGreaterThan(30);
  });
});

it('misses the answer of a node that was asked about another part only', () => {
  const add = (idx: number, key: string) =>
    row(idx, { invoked: idx * 10, completed: idx * 10 + 5, f: 'add', key, value: idx });
  const final = (idx: number, key: string, node: string, value: number[]) => ({
    ...row(idx, { invoked: idx * 10, completed: idx * 10 + 5, f: 'read-all', key, value }),
    ...{ node, final: true },
  });
  const answers = [final(3, 'a', 'n1', [1]), final(4, 'a', 'n2', [1]), final(5, 'b', 'n1', [])];
  const path = makeRun([add(1, 'a'), add(2, 'b'), ...answers]);
  const names = ['lost-writes', 'convergence', 'outcomes'];
  const { verdicts, parts } = inParts(path, smallest(path), names);
  expect(parts).toBe(2);
  expect(verdicts.map(gist)).toEqual(inOne(path, names).map(gist));
  expect(verdicts[0]).toMatchObject({ valid: 'unknown', reason: 'no-final-read' });
});

describe('a long history', () => {
  const dir = mkdtempSync(join(tmpdir(), 'amnesia-parts-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const operations = 30_000;
  const shape = { keys: 40, sessions: 8, replicas: 4, delay: 30, growth: 1, seed: 5 };

  /** A run of 30 s, after `change` has spoilt it. */
  function written(name: string, change: (history: History) => void): string {
    const made = lwwHistory({ ...shape, operations, finals: true });
    for (const column of [made.invoke, made.complete])
      column.forEach((ns, i) => {
        column[i] = ns * 1000;
      });
    change(made);
    writeRun(join(dir, name), made);
    return join(dir, name, 'run.sqlite');
  }

  function compare(path: string): Record<string, Verdict> {
    const whole = inOne(path, [...local, ...others]);
    const { verdicts, parts } = inParts(path, 2 ** 20, [...local, ...others]);
    expect(parts).toBeGreaterThanOrEqual(4);
    // Sessions join all keys here: that nothing is lost takes causal paths through all parts.
    const weaker = (each: Verdict) =>
      each.checker === 'lost-writes' && each.valid === true
        ? { ...gist(each), valid: 'unknown' }
        : gist(each);
    expect(verdicts.map(gist)).toEqual(whole.map(weaker));
    return Object.fromEntries(verdicts.map((each) => [each.checker, each]));
  }

  /** Makes reads of a key show what was written first. */
  function stale(history: History, key: number, reads: number): void {
    const { kind, value, flags, n } = history;
    const on = [...Array(n).keys()].filter((row) => history.key[row] === key);
    const first = value[on.find((row) => kind[row] === Kind.Write)!];
    const load = on.filter((row) => kind[row] === Kind.Read && flags[row] !== Flag.Final);
    for (const row of load.slice(-reads)) value[row] = first;
  }

  it('that is good is good in parts', () => {
    const verdicts = compare(written('good', () => {}));
    expect(verdicts['lost-writes']).toMatchObject({ valid: 'unknown', reason: 'checker-memory' });
    expect(verdicts.convergence!.valid).toBe(true);
    expect(verdicts.linearizable!.counts.ForwardZonesOverlap).toBeGreaterThan(0);
    expect(verdicts.stats!.figures['operation-count']).toBe(operations + 4 * shape.keys);
  });

  it('shows in parts what is wrong with it', () => {
    const path = written('bad', (history) => {
      const { n, kind, key, session, value, flags } = history;
      const writes = [...Array(n).keys()].filter((row) => kind[row] === Kind.Write);
      // A key whose last two writes are of one session: the last one is lost.
      const lastTwo = (k: number) => writes.filter((row) => key[row] === k).slice(-2);
      const victim = [...Array(shape.keys).keys()].find((k) => {
        const [before, last] = lastTwo(k);
        return session[before!] === session[last!];
      })!;
      const diverged = victim === 7 ? 8 : 7;
      for (let row = 0; row < n; row++) {
        if (flags[row] !== Flag.Final) continue;
        if (key[row] === victim) value[row] = value[lastTwo(victim)[0]];
        if (key[row] === diverged && session[row] === 2) value[row] = value[lastTwo(diverged)[0]];
      }
      stale(history, 30, 60);
    });
    const verdicts = compare(path);
    expect(verdicts['lost-writes'].counts).toEqual({ lost: 1 });
    expect(verdicts['lost-writes'].anomalies[0].ops).toEqual(
      inOne(path, ['lost-writes'])[0].anomalies[0].ops,
    );
    expect(verdicts.convergence!.counts).toEqual({ diverged: 1 });
    expect(verdicts.staleness!.counts).toEqual({ 'stale-read': 60 });
  });

  it('is not accused for a share that only one part exceeds', () => {
    const verdicts = compare(written('share', (history) => stale(history, 30, 10)));
    expect(verdicts.staleness).toMatchObject({ valid: true, counts: {} });
    expect(verdicts.staleness!.message).toMatch(/; 10 of \d+ did not; judged in \d+ parts/);
  });

  it('leaves undecided what needs the whole', () => {
    const path = written('whole', () => {});
    const { verdicts } = inParts(path, 2 ** 20, ['causal', 'session', 'logs']);
    expect(verdicts).toMatchObject([
      { checker: 'causal', valid: 'unknown', reason: 'checker-memory', message: 'too long' },
      { checker: 'session', valid: 'unknown', reason: 'checker-memory' },
      { checker: 'logs', valid: true },
    ]);
  });
});
