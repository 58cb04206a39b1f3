/** The printed reference is what the code says today. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { referencePages } from '../docs/print.ts';
import { root } from './sources.ts';

describe('the printed reference', () => {
  const pages = referencePages();
  it('has pages', () => {
    expect(pages.size).toBeGreaterThan(4);
  });
  for (const [name, content] of pages) {
    it(`docs/${name} is current (npm run docs prints it)`, () => {
      expect(readFileSync(join(root, 'docs', name), 'utf8')).toBe(content);
    });
  }
});
