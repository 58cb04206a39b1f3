/**
 * What was loaded from outside in this process: where each definition came from, and under which words it may be
 * named. Kept in every run file, so that a run can be had again with the same ones.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { DefinitionKind } from '../../../checkers/verdict/definition.ts';

export interface Origin {
  readonly kind: DefinitionKind;
  readonly name: string;
  readonly version: string;
  /** Absolute path of the module. */
  readonly source: string;
  /** First twelve digits of the SHA-256 of that file. */
  readonly digest: string;
}

const origins = new Map<string, Origin>();
const names = new Map<string, string>();

export function remember(origin: Origin, words: readonly string[]): void {
  const { kind, name, source } = origin;
  origins.set(`${kind} ${name}`, origin);
  for (const each of [...words, spelled(origin)]) names.set(`${kind} ${each}`, name);
  names.set(`${kind} ${source}`, names.get(`${kind} ${source}`) ?? name);
}

/** First twelve digits of the SHA-256. */
export function digestOfFile(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 12);
}

/** Null for what is in the box. */
export function originOf(kind: DefinitionKind, name: string): Origin | null {
  return origins.get(`${kind} ${name}`) ?? null;
}

/** How an option names it, wherever it is given. */
export function spelled({ source, name }: Pick<Origin, 'source' | 'name'>): string {
  return `${source}#${name}`;
}

/** The name of what an option calls by a path; other words stay as they are. */
export function nameOf(kind: DefinitionKind, word: string): string {
  return names.get(`${kind} ${word}`) ?? word;
}

/** As `nameOf`, the other way: what to write in a command that shall be understood anywhere. */
export function wordFor(kind: DefinitionKind, name: string): string {
  const origin = originOf(kind, name);
  return origin === null ? name : spelled(origin);
}
