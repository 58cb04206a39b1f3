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
  // Commander is no ES module.
  banner: {
    js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
  },
  plugins: [
    {
      name: 'SQLite stays a package, since it finds its compiled part by its place on disk',
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^better-sqlite3$/ }, ({ path, kind }) =>
          kind === 'require-call' ? { path, external: true } : { path, namespace: 'when-used' },
        );
        // The second thread judges first and opens the file later, if at all.
        onLoad({ filter: /.*/, namespace: 'when-used' }, ({ path }) => ({
          contents: `
            const load = () => require(${JSON.stringify(path)});
            export default new Proxy(function () {}, {
              construct: (_, argv) => new (load())(...argv),
              get: (_, name) => load()[name],
            });`,
        }));
      },
    },
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
