/**
 * The borders between the rooms of the house. A border that no file is measured against is no
 * border, so each rule also fails when it saw no files.
 */
import { describe, expect, it } from 'vitest';
import { impurities } from './impurities.ts';
import { importsOf, listFiles } from './sources.ts';

const sources = listFiles(/\.(ts|tsx|mts)$/).filter((file) => !/(\.gen|_pb)\.ts$/.test(file.path));
const shipped = sources.filter((file) => !/(\.test\.ts$|\/testing\/|^test\/)/.test(file.path));

/** Rooms that get time, randomness and ids as arguments. */
const pureRooms: Readonly<Record<string, RegExp>> = {
  'the checkers': /^checkers\//,
  'the generators': /^harness\/generator\//,
  'the nemesis planners': /^nemesis\/(plan|grudge)/,
  SWIM: /^docker\/engram\/src\/swim\//,
  'partition handling': /^docker\/engram\/src\/partition\//,
  placement: /^docker\/engram\/src\/placement\//,
  'conflict resolution': /^docker\/engram\/src\/conflict\//,
  'the log': /^docker\/engram\/src\/wal\//,
  replication: /^docker\/engram\/src\/replication\//,
  gossip: /^docker\/engram\/src\/gossip\//,
  'the store': /^docker\/engram\/src\/store\//,
  routing: /^docker\/engram\/src\/routing\//,
  queries: /^docker\/engram\/src\/query\//,
  'the HTTP interface': /^docker\/engram\/src\/api\//,
};

/** What a pure room may use at run time: calculation only. Of zlib that is its checksum, bytes in, number out. */
const purePackages = /^(pure-rand(\/.*)?|msgpackr|zod|node:zlib)$/;

/** Files outside of the pure rooms that a pure room may import at run time. */
function mayImport(from: string, to: string): boolean {
  if (from.startsWith('checkers/')) return to.startsWith('checkers/');
  if (from.startsWith('harness/generator/')) {
    return /^(harness\/(world|generator)\/|checkers\/)/.test(to);
  }
  if (from.startsWith('nemesis/'))
    return /^(nemesis\/(plan|grudge)|harness\/(world|generator)\/)/.test(to);
  return to.startsWith('docker/engram/src/') && !/\/src\/(env\/(?!env\.ts)|main\.ts)/.test(to);
}

describe('pure rooms', () => {
  for (const [name, pattern] of Object.entries(pureRooms)) {
    const files = shipped.filter((file) => pattern.test(file.path));
    it(`${name}: there is something to be measured`, () => {
      expect(files.length).toBeGreaterThan(0);
    });
    it(`${name}: import no I/O and nothing from outside`, () => {
      const wrong = files.flatMap((file) =>
        importsOf(file)
          .filter((each) => !each.typeOnly)
          .filter((each) =>
            each.resolved === null
              ? !purePackages.test(each.specifier)
              : !mayImport(file.path, each.resolved),
          )
          .map((each) => `${file.path} imports ${each.specifier}`),
      );
      expect(wrong).toEqual([]);
    });
    it(`${name}: use no clock, no chance, no logger`, () => {
      expect(files.flatMap(impurities)).toEqual([]);
    });
  }
});

describe('walls', () => {
  it('nothing outside the node imports from it, except the simulator', () => {
    const outside = sources.filter(
      (file) =>
        !file.path.startsWith('docker/engram/') && !/^harness\/cluster\/sim\//.test(file.path),
    );
    expect(outside.length).toBeGreaterThan(0);
    const wrong = outside.flatMap((file) =>
      importsOf(file)
        .filter(
          (each) => each.resolved?.startsWith('docker/engram/') || each.specifier === 'engram',
        )
        .map((each) => `${file.path} imports ${each.specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  it('only its own folder knows the paths and the switches of Engram', () => {
    const elsewhere = shipped.filter(
      ({ path }) =>
        /^(harness|nemesis|workloads)\//.test(path) && !path.startsWith('harness/systems/engram/'),
    );
    expect(elsewhere.length).toBeGreaterThan(100);
    const knowing = elsewhere.filter(({ text }) => /ENGRAM_|['"`/]api\/v1|x-engram/i.test(text));
    expect(knowing.map(({ path }) => path)).toEqual([]);
  });

  it('the node imports nothing from outside of itself', () => {
    const inside = sources.filter((file) => file.path.startsWith('docker/engram/src/'));
    expect(inside.length).toBeGreaterThan(0);
    const wrong = inside.flatMap((file) =>
      importsOf(file)
        .filter((each) => each.resolved !== null && !each.resolved.startsWith('docker/engram/'))
        .map((each) => `${file.path} imports ${each.specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  const homes: readonly [string, RegExp][] = [
    ['dockerode', /^harness\/cluster\/docker\/engine(\.test)?\.ts$/],
    ['ssh2', /^harness\/cluster\/ssh\//],
    ['better-sqlite3', /^harness\/(store\/|.*\.test\.ts$)/],
  ];
  for (const [name, home] of homes) {
    it(`${name} is imported in its own place only`, () => {
      const users = sources.filter((file) =>
        importsOf(file).some(
          (each) => each.specifier === name || each.specifier.startsWith(`${name}/`),
        ),
      );
      expect(users.map((file) => file.path).filter((path) => !home.test(path))).toEqual([]);
      if (name !== 'ssh2') expect(users.length).toBeGreaterThan(0);
    });
  }
});
