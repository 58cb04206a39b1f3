/**
 * Loads what options name by a path, by a package, or from `amnesia.config.mjs` in the working folder, before
 * options are validated. A path may name one of several: `./mine.mjs#toy`.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkers } from '../../../checkers/index.ts';
import {
  type DefinitionKind,
  definitionKind,
  definitionKinds,
} from '../../../checkers/verdict/definition.ts';
import { faults } from '../../../nemesis/index.ts';
import { workloads } from '../../../workloads/index.ts';
import { systems } from '../../systems/index.ts';
import { digestOfFile, originOf, remember } from './origins.ts';

/** Something from outside cannot be loaded; the message says what to do. */
export class ExtensionError extends Error {
  readonly code = 'bad-extension';
  readonly exitCode = 254;
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ExtensionError';
  }
}

/** Which option names which kind. */
const optionOf: Readonly<Record<DefinitionKind, string>> = {
  system: 'system',
  workload: 'workload',
  checker: 'checkers',
  fault: 'nemesis',
};

const doorOf: Readonly<Record<DefinitionKind, string>> = {
  system: "defineSystem of 'amnesia/system'",
  workload: "defineWorkload of 'amnesia/workload'",
  checker: "defineChecker of 'amnesia/checker'",
  fault: "defineFault of 'amnesia/fault'",
};

/** Everything by name; what is loaded is added here, for the whole process. */
const tables: Readonly<Record<DefinitionKind, Record<string, unknown>>> = {
  system: systems,
  workload: workloads as Record<string, unknown>,
  checker: checkers as Record<string, unknown>,
  fault: faults as Record<string, unknown>,
};

const configName = 'amnesia.config.mjs';

type Defined = { readonly name?: string; readonly kind?: string; readonly version?: string };

const isPath = (word: string): boolean =>
  word.startsWith('./') || word.startsWith('../') || isAbsolute(word) || /\.[cm]?[jt]s$/.test(word);

/** All definitions that a module exports: by themselves, in a list, or in lists of an object. */
function definitionsIn(value: unknown, depth = 0): Defined[] {
  if (definitionKind(value) !== null) return [value as Defined];
  if (typeof value !== 'object' || value === null || depth > 2) return [];
  return Object.values(value).flatMap((each) => definitionsIn(each, depth + 1));
}

async function importFrom(path: string): Promise<Defined[]> {
  if (!existsSync(path)) throw new ExtensionError(`there is no file ${path}`);
  try {
    const module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
    return [...new Set(definitionsIn({ ...module }))];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ExtensionError(`${path} does not load: ${why}`, { cause: error });
  }
}

/** The file of a package, as seen from the working folder; null where there is none. */
function fileOfPackage(name: string): string | null {
  if (!/^(@[a-z0-9-][a-z0-9._-]*\/)?[a-z0-9-][a-z0-9._-]*(\/[\w.-]+)*$/.test(name)) return null;
  try {
    return createRequire(join(process.cwd(), 'here.js')).resolve(name);
  } catch {
    return null;
  }
}

/** Adds a definition. One that came from the same file is replaced, one of the box never. */
function add(value: Defined, source: string, words: readonly string[]): void {
  const kind = definitionKind(value);
  if (kind === null) return;
  const name = String(kind === 'fault' ? value.kind : value.name);
  const table = tables[kind];
  const known = originOf(kind, name);
  if (Object.hasOwn(table, name) && known?.source !== source) {
    const where = known === null ? 'in the box' : `in ${known.source}`;
    throw new ExtensionError(
      `${source}: the name ${name} is taken by a ${kind} ${where}; rename it`,
    );
  }
  table[name] = value;
  const version = value.version ?? '1';
  remember({ kind, name, version, source, digest: digestOfFile(source) }, words);
}

/** Loads what a word of an option means, where that is not in the box. */
async function load(kind: DefinitionKind, word: string): Promise<void> {
  if (word === '' || Object.hasOwn(tables[kind], word)) return;
  const [place, wanted] = word.split('#', 2);
  const path = isPath(place) ? resolve(place) : fileOfPackage(place);
  // A misspelt name is told by whoever knows all of them.
  if (path === null) return;
  const found = (await importFrom(path)).filter((each) => definitionKind(each) === kind);
  const chosen = found.filter(
    (each) => wanted === undefined || wanted === (kind === 'fault' ? each.kind : each.name),
  );
  if (chosen.length === 0) {
    const what = wanted === undefined ? `no ${kind}` : `no ${kind} ${wanted}`;
    throw new ExtensionError(`${path} exports ${what}; make one by ${doorOf[kind]} and export it`);
  }
  if (chosen.length > 1) {
    const each = chosen.map((one) => `${word}#${kind === 'fault' ? one.kind : one.name}`);
    throw new ExtensionError(`${path} exports several; say which: ${each.join(', ')}`);
  }
  add(chosen[0], path, [word]);
}

/** Rejects with ExtensionError, and with DefinitionError of what is loaded. */
export async function loadExtensions(raw: Readonly<Record<string, unknown>>): Promise<void> {
  const config = resolve(configName);
  if (existsSync(config)) for (const each of await importFrom(config)) add(each, config, []);
  for (const kind of definitionKinds) {
    const words = String(raw[optionOf[kind]] ?? '').split(/[,;]/);
    for (const word of words) await load(kind, word.trim());
  }
}
