// After tsc: bundles the modules that the program and `amnesia check` start from with what they import. Node spends a
// millisecond or so on each module, and a verdict takes more than a hundred.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

const commands = {
  name: 'all commands but check stay files of their own, which are loaded when they are wanted',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/.*\.ts$/ }, ({ path, kind }) =>
      kind === 'dynamic-import' && !/^\.\/check/.test(path)
        ? { path: path.replace(/\.ts$/, '.js'), external: true }
        : undefined,
    );
  },
};

await build({
  absWorkingDir: root,
  entryPoints: [{ in: 'harness/cli/main.ts', out: 'harness/cli/main' }],
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  // For ES modules Node loads itself much more of its own library.
  format: 'cjs',
  // SQLite finds its compiled part by its place on disk.
  external: ['better-sqlite3'],
  define: { 'import.meta.url': 'here' },
  banner: { js: "const here = require('node:url').pathToFileURL(__filename).href;" },
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [commands],
});
