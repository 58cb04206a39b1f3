import { describe, expect, it } from 'vitest';
import { Chance } from './env/virtual/chance.ts';
import type { FaultName } from './faults.ts';
import { VirtualCluster } from './testing/cluster.ts';
import { Account, finalReads, Session } from './testing/sessions.ts';

const chaosMs = 15_000;
const sessions = 7;

/** Cuts, crashes, pauses and heals at random; ends with everything up and healed. */
async function breakThings(cluster: VirtualCluster, chance: () => number, untilMs: number) {
  const { world, ids } = cluster;
  const pick = (): string => ids[Math.floor(chance() * ids.length)];
  const boots: Promise<void>[] = [];
  while (world.nowMs < untilMs) {
    await world.sleep(500 + chance() * 3000);
    const dice = chance();
    if (dice < 0.25) {
      const side = ids.filter(() => chance() < 0.5);
      world.partition(
        side,
        ids.filter((id) => !side.includes(id)),
      );
    } else if (dice < 0.4) {
      // It hears everybody, and nobody hears it: what it is asked to do is done.
      const mute = pick();
      for (const id of ids) if (id !== mute) world.cut(mute, id);
    } else if (dice < 0.6) {
      world.heal();
    } else if (dice < 0.7) {
      const id = pick();
      if (!world.up(id)) continue;
      world.pause(id);
      await world.sleep(chance() * 5000);
      world.resume(id);
    } else {
      const id = pick();
      if (!world.up(id)) continue;
      world.crash(id, { power: chance() < 0.5 });
      await world.sleep(200 + chance() * 3000);
      boots.push(cluster.boot(id));
    }
  }
  world.heal();
  await Promise.all(boots);
}

interface Outcome {
  readonly account: Account;
  /** After how many ms all nodes were equal again; null where they were not within the limit. */
  readonly convergedMs: number | null;
}

async function run(
  seed: number,
  faults: readonly FaultName[] = [],
  convergeMsMax = 60_000,
): Promise<Outcome> {
  const chance = new Chance(seed);
  const split = (name: string): (() => number) => {
    const stream = chance.split(name);
    return () => stream.next();
  };
  const cluster = await VirtualCluster.start(seed, { nodes: 5, faults, weather: { loss: 0.02 } });
  const account = new Account();
  const until = cluster.world.nowMs + chaosMs;
  const lives = Array.from({ length: sessions }, (_, i) => {
    const node = cluster.ids[i % cluster.ids.length];
    return new Session(`s${i}`, cluster, node, account, split(`session ${i}`)).live(until);
  });
  const nemesis = breakThings(cluster, split('nemesis'), until);
  await cluster.until(Promise.all([...lives, nemesis]), 120_000);
  const healedMs = cluster.world.nowMs;
  while (!(await finalReads(cluster, account))) {
    if (cluster.world.nowMs - healedMs > convergeMsMax) return { account, convergedMs: null };
    await cluster.run(200);
  }
  return { account, convergedMs: cluster.world.nowMs - healedMs };
}

describe('a cluster in which links and nodes come and go', () => {
  for (let seed = 1; seed <= 8; seed++) {
    it(`loses nothing, goes back for no session, and converges (seed ${seed})`, async () => {
      const { account, convergedMs } = await run(seed);
      expect(account.problems.slice(0, 5)).toEqual([]);
      expect(convergedMs, 'ms from heal to convergence').not.toBeNull();
      expect(account.counts.ok).toBeGreaterThan(100);
      expect(account.counts.reads).toBeGreaterThan(100);
    });
  }
});

/** Switches, and how a client can tell. What is rare gets more seeds. */
const broken: readonly (readonly [FaultName, seeds: readonly number[], RegExp])[] = [
  ['ack-before-log', [1, 2], /^lost/],
  ['first-write-wins', [1], /went back/],
  ['last-arrival-wins', [1], /went back/],
  ['drop-siblings', [1], /went back|^lost/],
  ['no-anti-entropy', [1], /not equal/],
  ['no-causal-delivery', [1, 2, 3], /went back/],
  ['ignore-context', [1, 3, 4, 5], /went back/],
  ['restart-forgets-log-tail', [1, 2], /^lost/],
];

describe('a cluster that is broken on purpose is found out', () => {
  for (const [fault, seeds, sign] of broken) {
    it(fault, async () => {
      const problems: string[] = [];
      for (const seed of seeds) {
        const { account, convergedMs } = await run(seed, [fault], 15_000);
        problems.push(...account.problems);
        if (convergedMs === null) problems.push('not equal');
        if (problems.some((problem) => sign.test(problem))) return;
      }
      expect(problems).toContainEqual(expect.stringMatching(sign));
    });
  }
});
