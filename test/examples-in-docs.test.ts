/** Code in the pages is the code of a file that tests run; nothing in them was typed by hand. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './sources.ts';

const shown = /<!-- file: (\S+) -->\n```\w*\n(.*?)```/gs;
const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const blocks = pages.flatMap((page) =>
  [...readFileSync(join(root, 'docs', page), 'utf8').matchAll(shown)].map(([, file, text]) => ({
    page,
    file,
    text,
  })),
);

describe('code in docs/', () => {
  it('is there to be compared', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(5);
  });

  it.each(blocks)('$page shows $file as it is', ({ file, text }) => {
    expect(text).toBe(readFileSync(join(root, file), 'utf8'));
  });
});
