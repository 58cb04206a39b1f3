import { describe, expect, it } from 'vitest';
import { figuresOf, studyLines, studySvg } from '../../report/swim-study-text.ts';
import { makeRng } from '../../world/rng.ts';
import { studySwim } from './swim.ts';

describe('a study of SWIM', () => {
  const small = { nodes: 12, loss: 0.1, crashes: 6 };

  it('is the same for the same seed, and another for another', () => {
    const first = studySwim(small, makeRng(1));
    expect(studySwim(small, makeRng(1))).toEqual(first);
    expect(studySwim(small, makeRng(2))).not.toEqual(first);
  });

  it('finds every crash, in the order suspicion, burial, known to all', () => {
    const study = studySwim(small, makeRng(3));
    expect(study).toMatchObject({ missed: 0, falselyDead: 0 });
    expect(study.everywhereMs).toHaveLength(small.crashes);
    for (let i = 0; i < small.crashes; i++) {
      expect(study.suspectedMs[i]).toBeLessThan(study.deadMs[i]);
      expect(study.deadMs[i]).toBeLessThanOrEqual(study.everywhereMs[i]);
    }
  });

  it('keeps its promises at a hundred nodes and 10 % loss, and its messages few at any size', () => {
    const figures = figuresOf(studySwim({ nodes: 100, loss: 0.1, crashes: 8 }, makeRng(4)));
    expect(figures['detection-mean-ms']).toBeLessThan(1800);
    expect(figures['everywhere-p99-ms']).toBeLessThan(6200);
    for (const nodes of [10, 100]) {
      const calm = figuresOf(studySwim({ nodes, loss: 0, crashes: 1 }, makeRng(5)));
      expect(calm['calm-messages-per-node-second']).toBeGreaterThan(5);
      expect(calm['calm-messages-per-node-second']).toBeLessThan(7);
    }
  }, 60_000);

  it('notices members that do not refute', () => {
    const broken = { ...small, loss: 0.3, noRefutation: true };
    const mute = studySwim(broken, makeRng(6));
    const well = studySwim({ ...broken, noRefutation: false }, makeRng(6));
    expect(mute.falselyDead).toBeGreaterThan(10 * (1 + well.falselyDead));
  });

  it('is told as a table with what is promised, and as curves', () => {
    const study = studySwim(small, makeRng(7));
    const lines = studyLines([study]).join('\n');
    expect(lines).toMatch(/12 +10 % +6 /);
    expect(lines).toMatch(/promised .*< 1800/);
    expect(studySvg([study])).toMatch(/^<svg .*12 nodes, 10 % loss.*<\/svg>\n$/);
  });
});
