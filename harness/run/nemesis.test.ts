import { describe, expect, test } from 'vitest';
import type { Fault } from '../../nemesis/fault.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { SimWorld } from '../cluster/sim/world.ts';
import type { FaultPlan } from '../generator/fault-plan.ts';
import type { OperationRow } from '../generator/operation.ts';
import { startClock } from '../world/clock.ts';
import { NemesisRunner } from './nemesis.ts';

const cluster = {} as Cluster;
/** Virtual: nothing in here waits for the machine. */
const { clock } = new SimWorld(1, 1);

interface Script {
  /** What happened to the cluster, in order. */
  readonly done: string[];
  readonly runner: NemesisRunner;
  readonly rows: OperationRow[];
  readonly told: string[];
}

function script(parts: Partial<Fault> = {}): Script {
  const done: string[] = [];
  const rows: OperationRow[] = [];
  const told: string[] = [];
  let there = false;
  let next = 0;
  const freeze: Fault = {
    kind: 'freeze',
    variants: ['one'],
    describe: 'for tests',
    needs: [],
    plan: () => {
      throw new Error('planned by hand');
    },
    apply: async (_, { id }) => {
      there = true;
      done.push(`apply ${id}`);
    },
    proveActive: async () => ({ effective: there ? 'effective' : 'none', evidence: ['e'] }),
    proveGone: async () => ({ proved: !there, evidence: ['e'] }),
    heal: async (_, { id }) => {
      there = false;
      done.push(`heal ${id}`);
    },
    ...parts,
  };
  const runner = new NemesisRunner({
    cluster,
    clock: startClock(clock),
    recorder: {
      invoke: () => {},
      complete: (row) => void rows.push(row as OperationRow),
      fault: () => {},
      sample: () => {},
      phase: () => {},
      onFailure: () => {},
    },
    faults: { freeze },
    nextIndex: () => next++,
    phase: () => 'chaos',
    onChange: (text) => told.push(text),
  });
  return { done, runner, rows, told };
}

const plan = (id: number, atMs: number, untilMs: number): FaultPlan => ({
  id,
  kind: 'freeze',
  variant: 'one',
  atMs,
  untilMs,
  targets: ['n1'],
});

const never = new AbortController().signal;

test('each fault is applied, proved, healed and proved to be gone, in the history too', async () => {
  const { done, runner, rows } = script();
  await runner.run([plan(1, 10, 30), plan(2, 50, 70)], 1000, never);
  expect(done).toEqual(['apply 1', 'heal 1', 'apply 2', 'heal 2']);
  expect(rows.map((each) => [each.process, each.f, each.outcome])).toEqual([
    ['nemesis', 'start-freeze', 'info'],
    ['nemesis', 'stop-freeze', 'info'],
    ['nemesis', 'start-freeze', 'info'],
    ['nemesis', 'stop-freeze', 'info'],
  ]);
  expect(runner.records).toMatchObject([
    { id: 1, effective: 'effective', healed: true, proof: ['e'], healProof: ['e'] },
    { id: 2, effective: 'effective', healed: true },
  ]);
});

describe('on a slow machine', () => {
  test('a fault keeps the calm before it and its length', async () => {
    const { runner } = script({ apply: () => clock.sleep(100) });
    await runner.run([plan(1, 0, 20), plan(2, 60, 90)], 10_000, never);
    const [first, second] = runner.records;
    expect(second!.applied! - first!.healedAt!).toBeGreaterThan(38e6);
    expect(second!.healBegan! - second!.applied!).toBeGreaterThan(100e6);
    expect(first!.healBegan! - first!.inForce!).toBeGreaterThan(5e6);
  });

  test('a fault that would outlast the load is left out, and it is said', async () => {
    const { done, runner, told } = script({
      proveActive: async () => {
        await clock.sleep(60);
        return { effective: 'none', evidence: [] };
      },
      proveGone: async () => {
        await clock.sleep(60);
        return { proved: true, evidence: [] };
      },
    });
    await runner.run([plan(1, 0, 20), plan(2, 40, 100)], 110, never);
    expect(done).toEqual(['apply 1', 'heal 1']);
    expect(told.at(-1)).toContain('left out');
  });
});

test('faults of different lanes are in force at the same time, those of one lane never', async () => {
  const { done, runner } = script();
  const lanes = [
    { ...plan(1, 10, 150), lane: 'cut' },
    { ...plan(2, 40, 80), lane: 'clock' },
    { ...plan(3, 160, 180), lane: 'cut' },
  ];
  await runner.run(lanes, 1000, never);
  expect(done).toEqual(['apply 1', 'apply 2', 'heal 2', 'heal 1', 'apply 3', 'heal 3']);
});

test('a signal ends the fault that is there, healed, and starts no other', async () => {
  const stop = new AbortController();
  const { done, runner } = script();
  const running = runner.run([plan(1, 0, 60_000), plan(2, 60_001, 60_002)], 100_000, stop.signal);
  await clock.sleep(20);
  stop.abort();
  await running;
  expect(done).toEqual(['apply 1', 'heal 1']);
});

test('a fault whose healing fails at first is healed again, at the latest at the end', async () => {
  let tries = 0;
  const { runner } = script({
    heal: async () => {
      if (++tries <= 3) throw new Error('not yet');
    },
    proveActive: async () => ({ effective: 'effective', evidence: [] }),
    proveGone: async () => ({ proved: tries > 3, evidence: [] }),
  });
  await runner.run([plan(1, 0, 10)], 1000, never);
  expect(runner.records[0]).toMatchObject({ healed: false });
  expect(runner.records[0].healedAt).toBeUndefined();
  await runner.healAll();
  expect(runner.records[0]).toMatchObject({ healed: true });
  expect(tries).toBe(4);
});

test('a fault that fails while it is applied is recorded with the reason, and healed', async () => {
  const { done, runner } = script({
    apply: async () => {
      throw new Error('no rights');
    },
  });
  await runner.run([plan(1, 0, 10)], 1000, never);
  expect(done).toEqual(['heal 1']);
  expect(runner.records[0]).toMatchObject({ effective: 'none', healed: true });
  expect(runner.records[0].error).toContain('no rights');
});
