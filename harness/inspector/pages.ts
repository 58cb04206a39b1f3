/** The page of a run, kept for as long as its file stays the same: browsers ask for it in two parts. */
import { statSync } from 'node:fs';
import type { Page } from '../report/page/gather.ts';
import { pageOf } from '../report/page/report-file.ts';
import { openRunFile } from '../store/run-file.ts';

interface Kept {
  readonly stamp: string;
  readonly page: Page;
}

/** Two runs side by side, and one to go back to. */
const keptMax = 3;

export class KeptPages {
  readonly #kept = new Map<string, Kept>();

  /** `run`: how the page names it. Throws RunFileError, HistoryError, PageTooLargeError. */
  page(path: string, run: string): Page {
    const { mtimeMs, size } = statSync(path);
    const stamp = `${mtimeMs} ${size}`;
    const known = this.#kept.get(path);
    if (known?.stamp === stamp) return known.page;
    const file = openRunFile(path);
    try {
      const page = pageOf(file, run);
      this.#kept.delete(path);
      this.#kept.set(path, { stamp, page });
      for (const oldest of [...this.#kept.keys()].slice(0, -keptMax)) this.#kept.delete(oldest);
      return page;
    } finally {
      file.db.close();
    }
  }
}
