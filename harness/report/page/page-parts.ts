/** The built program and colours of the pages: made by `npm run build`, part of the package. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AmnesiaError } from '../../world/exit-codes.ts';

export interface PageParts {
  readonly script: string;
  readonly style: string;
}

/** The page cannot be written as long as its program is not built. */
class PagesNotBuiltError extends AmnesiaError {
  readonly code = 'pages-not-built';
  constructor(folder: string) {
    super(
      `the program of the pages is not in ${folder}; run \`npm run build\` in amnesia's folder`,
    );
    this.name = 'PagesNotBuiltError';
  }
}

/** Folder of the package: the nearest one above that has our package.json. */
function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'bin', 'amnesia.mjs')) && dirname(folder) !== folder) {
    folder = dirname(folder);
  }
  return folder;
}

const pagesFolder = (): string => join(packageFolder(), 'dist', 'pages');

/** `name`: report or inspector. Throws PagesNotBuiltError. */
export function readParts(name: string, folder = pagesFolder()): PageParts {
  try {
    const script = readFileSync(join(folder, `${name}.js`), 'utf8');
    return { script, style: readFileSync(join(folder, 'page.css'), 'utf8') };
  } catch {
    throw new PagesNotBuiltError(folder);
  }
}
