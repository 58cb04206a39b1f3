/**
 * The floors of the house, from the ground up. A file imports only from its own floor and from floors that stand
 * before it in this list, so that a reader who goes down never has to come up again. Pure: files in, sentences out.
 */
import { dirname } from 'node:path';
import { importsOf, type SourceFile } from './sources.ts';

/**
 * One entry for each floor: the folders that share it. `checkers/*` are the folders of the checkers, which may
 * import from each other as long as no circle of files comes of it.
 */
export const floors: readonly (readonly string[])[] = [
  ['checkers/history/'],
  ['checkers/verdict/'],
  ['checkers/*/'],
  ['checkers/'],
  ['harness/world/'],
  ['harness/generator/'],
  ['harness/store/'],
  ['harness/columns/'],
  ['harness/foreign/'],
  ['harness/cluster/'],
  ['harness/systems/'],
  ['nemesis/'],
  ['workloads/'],
  ['harness/judge/'],
  ['harness/run/'],
  ['harness/report/', 'harness/inspector/'],
  ['harness/campaign/'],
  ['harness/selftest/'],
  ['harness/cli/'],
];

/** More files than this in one folder, and a reader cannot see what it is about. */
const folderFilesMax = 25;

function matches(pattern: string, path: string): boolean {
  if (!pattern.includes('*')) return path.startsWith(pattern);
  return new RegExp(`^${pattern.replace('*', '[^/]+')}`).test(path);
}

/** The floor of a file, by its most special pattern; -1 for what stands outside of the house. */
export function floorOf(path: string): number {
  return floors.findIndex((patterns) => patterns.some((pattern) => matches(pattern, path)));
}

/** Imports that run up the house, types included. */
export function upward(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const own = floorOf(file.path);
    if (own < 0) return [];
    return importsOf(file)
      .filter(({ resolved }) => resolved !== null && floorOf(resolved) > own)
      .map(({ specifier }) => `${file.path} imports ${specifier}, which stands on a later floor`);
  });
}

/** Circles of files that import each other, types included; each is named once, by all of its files. */
export function circles(files: readonly SourceFile[]): string[] {
  const known = new Set(files.map((file) => file.path));
  const targets = new Map(
    files.map((file) => [
      file.path,
      importsOf(file).flatMap(({ resolved }) =>
        resolved !== null && known.has(resolved) ? [resolved] : [],
      ),
    ]),
  );
  // Tarjan's strongly connected components (SIAM J. Computing, 1972).
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[] = [];
  const visit = (path: string): void => {
    index.set(path, index.size);
    low.set(path, index.size - 1);
    stack.push(path);
    for (const target of targets.get(path) ?? []) {
      if (!index.has(target)) visit(target);
      if (stack.includes(target)) {
        low.set(path, Math.min(low.get(path) as number, low.get(target) as number));
      }
    }
    if (low.get(path) !== index.get(path)) return;
    const component = stack.splice(stack.indexOf(path));
    if (component.length > 1) found.push(component.sort().join(' <-> '));
  };
  for (const { path } of files) if (!index.has(path)) visit(path);
  return found;
}

/** Folders that hold too many product files, and folders of a single one without folders below it. */
export function illSized(files: readonly SourceFile[]): string[] {
  const counts = new Map<string, number>();
  for (const { path } of files) {
    counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  }
  const hasFolders = (folder: string): boolean =>
    [...counts.keys()].some((other) => other.startsWith(`${folder}/`));
  return [...counts].flatMap(([folder, count]) => {
    if (count > folderFilesMax) return [`${folder} holds ${count} files`];
    if (count === 1 && !hasFolders(folder)) return [`${folder} holds a single file`];
    return [];
  });
}
