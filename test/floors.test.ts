/**
 * The house stands on its floors. Each rule is also shown a planted breach, since a rule that cannot go red is none,
 * and fails when it saw no files.
 */
import { describe, expect, it } from 'vitest';
import { circles, floorOf, floors, illSized, upward } from './floors.ts';
import { listFiles, type SourceFile } from './sources.ts';

const product = listFiles(/\.tsx?$/).filter(
  ({ path }) => !/(\.test\.tsx?$|\/testing\/|\.gen\.ts$|_pb\.ts$)/.test(path),
);
const house = product.filter(({ path }) => floorOf(path) >= 0);
const file = (path: string, ...imports: string[]): SourceFile => ({
  path,
  text: imports.map((each) => `import type { A } from '${each}';`).join('\n'),
});

describe('the floors', () => {
  it('hold files, each of them', () => {
    for (const [at, patterns] of floors.entries()) {
      const count = house.filter(({ path }) => floorOf(path) === at).length;
      expect(count, patterns.join(' ')).toBeGreaterThan(0);
    }
  });

  it('are the whole tester: no file of checkers, harness, nemesis or workloads stands outside', () => {
    const rooms = /^(checkers|harness|nemesis|workloads)\//;
    const outside = product.filter(({ path }) => rooms.test(path) && floorOf(path) < 0);
    expect(outside.map(({ path }) => path)).toEqual([]);
  });

  it('are only ever imported from below in the list', () => {
    expect(upward(house)).toEqual([]);
  });

  it('see a planted import that runs back, also of a type', () => {
    const planted = [file('harness/store/a.ts', '../judge/b.ts'), file('harness/judge/b.ts')];
    expect(upward(planted)).toEqual([
      'harness/store/a.ts imports ../judge/b.ts, which stands on a later floor',
    ]);
  });
});

describe('circles', () => {
  it('are there none, types included, in the tester and in the node', () => {
    expect(product.length).toBeGreaterThan(200);
    expect(circles(product)).toEqual([]);
  });

  it('are seen when planted', () => {
    const planted = [
      file('nemesis/a.ts', './b.ts'),
      file('nemesis/b.ts', './c.ts'),
      file('nemesis/c.ts', './a.ts'),
      file('nemesis/d.ts', './a.ts'),
    ];
    expect(circles(planted)).toEqual(['nemesis/a.ts <-> nemesis/b.ts <-> nemesis/c.ts']);
  });
});

describe('folders', () => {
  it('hold at most 25 files, and never a single one', () => {
    expect(illSized(house)).toEqual([]);
  });

  it('are named when one is full, and when one holds a single file', () => {
    const full = Array.from({ length: 26 }, (_, i) => file(`harness/run/f${i}.ts`));
    expect(illSized([...full, file('harness/judge/only.ts')])).toEqual([
      'harness/run holds 26 files',
      'harness/judge holds a single file',
    ]);
  });
});
