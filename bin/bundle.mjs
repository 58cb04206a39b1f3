// After tsc: replaces the modules that `amnesia check` starts from by bundles of themselves and of what they
// import. Node spends a millisecond or so on each module, and a verdict takes more than a hundred.
// Nothing but their speed depends on it.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

await build({
  absWorkingDir: root,
  entryPoints: ['harness/cli/main', 'harness/cli/check', 'harness/history/checker-thread'].map(
    (name) => ({ in: `${name}.ts`, out: name }),
  ),
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'warning',
  // Finds its own compiled part by its place on disk.
  external: ['better-sqlite3'],
  // Commander is no ES module.
  banner: {
    js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
  },
  plugins: [
    {
      name: 'commands stay files of their own',
      setup({ onResolve }) {
        onResolve({ filter: /^\.\/.*\.ts$/ }, ({ path, kind, importer }) =>
          kind === 'dynamic-import' && importer.endsWith('/harness/cli/main.ts')
            ? { path: path.replace(/\.ts$/, '.js'), external: true }
            : undefined,
        );
      },
    },
  ],
});
