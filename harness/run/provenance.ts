/** What a run was made with, for the run file: so that a verdict can be traced to its origin. */
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Cluster } from '../cluster/cluster.ts';

export function versionsOf(): Readonly<Record<string, string>> {
  const here = fileURLToPath(import.meta.url);
  const root = here.replace(/(\/dist)?\/harness\/run\/provenance\.[jt]s$/, '');
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as {
    version: string;
  };
  return { amnesia: version, node: process.version };
}

export function environmentOf(cluster: Cluster): Readonly<Record<string, string>> {
  return {
    ...cluster.environment,
    cores: String(cpus().length),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  };
}
