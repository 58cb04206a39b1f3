/** The programs of the pages, built from this source into a folder of the test, whatever `dist` holds. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPages } from '../../../../bin/pages.mjs';

export interface Built {
  readonly folder: string;
  remove(): void;
}

export async function buildForTest(): Promise<Built> {
  const folder = mkdtempSync(join(tmpdir(), 'amnesia-pages-'));
  await buildPages(folder);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
