// After tsc: bundles the modules that the program and `amnesia check` start from with what they import. Node spends a
// millisecond or so on each module, and a verdict takes more than a hundred.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

const commands = {
  name: 'commands stay files of their own, and so do the checkers, which are loaded when they are wanted',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/.*\.ts$/ }, ({ path, kind }) => {
      if (kind !== 'dynamic-import' || path === './check.ts') return undefined;
      if (path === './check-command.ts') return { path, namespace: 'checkers' };
      return { path: path.replace(/\.ts$/, '.js'), external: true };
    });
    onResolve({ filter: /\.cjs$/ }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /.*/, namespace: 'checkers' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path.replace(/\.ts$/, '.cjs'))});`,
    }));
  },
};

const sqlite = {
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
};

await build({
  absWorkingDir: root,
  entryPoints: [
    'harness/cli/main',
    'harness/cli/check-command',
    'harness/judge/checker-thread',
  ].map((name) => ({ in: `${name}.ts`, out: name })),
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  // For ES modules Node loads itself much more of its own library, in every thread anew.
  format: 'cjs',
  define: { 'import.meta.url': 'here' },
  banner: { js: "const here = require('node:url').pathToFileURL(__filename).href;" },
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [commands, sqlite],
});
