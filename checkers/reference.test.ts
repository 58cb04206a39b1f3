import { describe, expect, it } from 'vitest';
import { checkers } from './index.ts';
import { checkerPages, judgeExample } from './reference.ts';

describe('the examples of each checker', () => {
  for (const checker of Object.values(checkers)) {
    it(`${checker.name}: the one that passes passes`, () => {
      const verdict = judgeExample(checker, checker.examples.passes);
      expect(verdict).toMatchObject({ valid: true, anomalies: [] });
    });

    it(`${checker.name}: the one that fails does not, and proves it`, () => {
      const verdict = judgeExample(checker, checker.examples.fails);
      expect(verdict.valid).not.toBe(true);
      if (verdict.valid === 'unknown') expect(verdict.reason).toBeDefined();
      else expect(verdict.anomalies.length).toBeGreaterThan(0);
      for (const anomaly of verdict.anomalies) {
        expect(anomaly).toMatchObject({ confirmed: true, minimal: true });
        expect(anomaly.steps.length).toBeGreaterThan(0);
      }
    });
  }
});

describe('the printed reference', () => {
  it('has a page for each checker and one for all', () => {
    const pages = checkerPages();
    expect([...pages.keys()].sort()).toEqual(
      ['README.md', ...Object.keys(checkers).map((name) => `${name}.md`)].sort(),
    );
    for (const [name, text] of pages) {
      expect(text).toMatch(/^<!-- Printed/);
      expect(text).not.toMatch(/undefined|\[object|NaN/);
      if (name !== 'README.md') expect(text).toContain('Verdict: **true**');
    }
  });

  it('is the same each time', () => {
    expect([...checkerPages()]).toEqual([...checkerPages()]);
  });
});
