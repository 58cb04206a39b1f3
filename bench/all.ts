/** All benchmarks that take minutes at most, one after another, each in a process of its own. */
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
for (const name of ['recorder.ts', 'cluster.ts', 'load.ts', 'pages.ts']) {
  console.log(`\n== ${name}`);
  execFileSync(process.execPath, ['--import', 'tsx', join(here, name)], { stdio: 'inherit' });
}
