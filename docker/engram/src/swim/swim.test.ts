/**
 * Transcripts of the SWIM state machine, reviewed as text: see testing/transcript.ts. After a deliberate
 * change `npx vitest run --project unit swim -u` writes them anew; read the difference.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { transcribe } from './testing/transcript.ts';

const folder = new URL('testdata/', import.meta.url);
const scripts = readdirSync(folder).filter((name) => name.endsWith('.txt'));

describe('transcripts of SWIM', () => {
  it('there are some', () => {
    expect(scripts.length).toBeGreaterThan(5);
  });

  for (const name of scripts) {
    const file = new URL(name, folder);
    it(`${name} still says what happens`, async () => {
      await expect(transcribe(readFileSync(file, 'utf8'))).toMatchFileSnapshot(file.pathname);
    });
  }
});
