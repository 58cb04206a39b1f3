/** A beginning of an own system, workload, checker or fault: an example of the package, under another name. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DefinitionKind } from '../../../checkers/verdict/definition.ts';
import { packageRoot } from '../../world/package-root.ts';
import { ExtensionError } from './load.ts';

interface Example {
  readonly folder: string;
  /** The name of the definition in the first file. */
  readonly name: string;
  /** The first one becomes NAME.mjs. */
  readonly files: readonly [string, ...string[]];
}

const examples: Readonly<Record<DefinitionKind, Example>> = {
  system: { folder: 'toy', name: 'toy', files: ['toy.mjs', 'server.mjs'] },
  workload: { folder: 'own', name: 'one-set', files: ['workload.mjs'] },
  checker: { folder: 'own', name: 'never-empty', files: ['checker.mjs'] },
  fault: { folder: 'own', name: 'stutter', files: ['fault.mjs'] },
};

/** How it is tried out. */
const tries: Readonly<Record<DefinitionKind, (path: string) => string>> = {
  system: (path) => `amnesia test --system ${path}`,
  workload: (path) => `amnesia test --workload ${path}`,
  checker: (path) => `amnesia test --checkers lost-writes,vacuity,${path}`,
  fault: (path) => `amnesia test --nemesis ${path}`,
};

export interface Scaffold {
  readonly paths: readonly string[];
  readonly tryIt: string;
}

/** Writes below `folder`, which is made. Never writes over a file: throws ExtensionError. */
export function scaffold(kind: DefinitionKind, name: string, folder: string): Scaffold {
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(name)) {
    throw new ExtensionError(`${JSON.stringify(name)} is no name; take at most 32 of a-z 0-9 -`);
  }
  const { folder: from, name: old, files } = examples[kind];
  const written = files.map((file, i) => ({
    path: join(folder, i === 0 ? `${name}.mjs` : file),
    text: readFileSync(join(packageRoot, 'examples', from, file), 'utf8').replaceAll(
      `'${old}'`,
      `'${name}'`,
    ),
  }));
  const taken = written.find(({ path }) => existsSync(resolve(path)));
  if (taken)
    throw new ExtensionError(`${taken.path} is there already; take another name or folder`);
  mkdirSync(resolve(folder), { recursive: true });
  for (const { path, text } of written) writeFileSync(resolve(path), text);
  const paths = written.map(({ path }) => path);
  return { paths, tryIt: tries[kind](`./${paths[0]}`) };
}
