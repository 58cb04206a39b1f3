/**
 * One seed gives one history: nothing on the way of a simulated run may ask the machine for time or chance. The way
 * is everything that a run imports, and that of the virtual nodes; the real edges on it are named.
 */
import { describe, expect, it } from 'vitest';
import { impurities } from './impurities.ts';
import { importsOf, listFiles, type SourceFile } from './sources.ts';

const begins = ['harness/run/run.ts', 'harness/cluster/sim/sim.ts'];

/** The queue of events takes turns with the runtime's loop; no time passes in that. */
const turns = /(virtual\/schedule|sim\/world)\.ts:\d+ calls (setImmediate|queueMicrotask)$/;

/** Files that may, and why that changes no operation. */
const realEdges: Readonly<Record<string, string>> = {
  'harness/world/clock.ts': 'holds the real clock, which the simulator does not use',
  'harness/world/real-world.ts': 'HTTP of the real world',
  'harness/world/tcp.ts': 'TCP of the real world, for systems that do not live in the simulator',
  'harness/run/identity.ts': 'names of a run, which are no part of its history',
  'harness/store/recorder.ts': 'batches by timer in real runs only; notes when a run ended',
  'harness/judge/two-threads.ts': 'limits the time of checkers, when the history is complete',
  'harness/store/verdicts.ts': 'notes when a history was judged',
};

const chance = /\b(randomUUID|randomBytes|randomInt|getRandomValues|webcrypto)\b/;

const files = new Map(
  listFiles(/\.ts$/)
    .filter(({ path }) => !/(\.test\.ts$|\/testing\/)/.test(path))
    .map((file) => [file.path, file]),
);

/** All files that are there at run time. */
function reached(): SourceFile[] {
  const found = new Map<string, SourceFile>();
  const visit = (path: string): void => {
    const file = files.get(path);
    if (!file || found.has(path)) return;
    found.set(path, file);
    for (const { resolved, typeOnly } of importsOf(file)) {
      if (resolved !== null && !typeOnly) visit(resolved);
    }
  };
  begins.forEach(visit);
  return [...found.values()];
}

/** Reading the environment or writing to the terminal is neither time nor chance. */
const harmless = /uses (process\.env|process\.stdout|console\.\w+)$/;

describe('the way of a simulated run', () => {
  const way = reached();
  const paths = way.map((file) => file.path);

  it('is found, from the command to the core of the node', () => {
    for (const path of [
      ...begins,
      ...['harness/run/interpreter.ts', 'nemesis/link.ts', 'workloads/register.ts'],
      ...['docker/engram/src/swim/swim.ts', 'docker/engram/src/env/virtual/schedule.ts'],
    ]) {
      expect(paths).toContain(path);
    }
    expect(paths).not.toContain('docker/engram/src/env/real.ts');
    expect(paths).not.toContain('harness/cluster/docker/docker.ts');
  });

  it('asks no real clock and draws no real chance, but at its named edges', () => {
    const wrong = way
      .filter((file) => realEdges[file.path] === undefined)
      .flatMap((file) => [
        ...impurities(file).filter((each) => !harmless.test(each) && !turns.test(each)),
        ...(chance.test(file.text) ? [`${file.path} draws real chance`] : []),
      ]);
    expect(wrong).toEqual([]);
  });

  it('has no edge that is named and none', () => {
    for (const path of Object.keys(realEdges)) {
      expect(paths, path).toContain(path);
      expect(impurities(files.get(path)!), path).not.toEqual([]);
    }
  });
});
