// Bundles the programs of the pages for browsers: `dist/pages/report.js`, `inspector.js` and `page.css`. Part of
// the build, so that the packed product has them; tests call it with a folder of their own.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

const entries = {
  report: 'harness/report/page/browser/report.ts',
  inspector: 'harness/inspector/browser/inspector.ts',
  page: 'harness/report/page/browser/page.css',
};

export async function buildPages(outdir) {
  await build({
    absWorkingDir: root,
    entryPoints: Object.entries(entries)
      .filter(([, path]) => existsSync(`${root}${path}`))
      .map(([out, path]) => ({ in: path, out })),
    outdir,
    bundle: true,
    platform: 'browser',
    target: ['chrome110', 'firefox115', 'safari16.4'],
    format: 'iife',
    minify: true,
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'warning',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPages(`${root}dist/pages`);
