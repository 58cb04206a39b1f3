// Preloaded in Node.js 24: what imports SQLite gets the build of this folder.
import { registerHooks } from 'node:module';

const url = import.meta.resolve('better-sqlite3');

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'better-sqlite3'
      ? { url, format: 'commonjs', shortCircuit: true }
      : next(specifier, context),
});
