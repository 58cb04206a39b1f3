import { expect, test } from 'vitest';
import { SimWorld } from '../cluster/sim/world.ts';
import { limit } from '../generator/combinators.ts';
import type { Generator } from '../generator/generator.ts';
import type { Completion, Invocation, OperationRow } from '../generator/operation.ts';
import { sequence, source } from '../generator/sources.ts';
import { rate } from '../generator/timing.ts';
import type { Client } from '../systems/client.ts';
import { startClock } from '../world/clock.ts';
import { makeRng } from '../world/rng.ts';
import { Interpreter } from './interpreter.ts';

const ms = 1e6;
/** Virtual: nothing in here waits for the machine. */
const { clock } = new SimWorld(1, 1);

interface Made {
  readonly thread: number;
  readonly node: string;
  readonly session: unknown;
  closed: boolean;
}

interface Rig {
  readonly interpreter: Interpreter;
  readonly invoked: OperationRow[];
  readonly completed: OperationRow[];
  readonly made: Made[];
}

function rig(
  concurrency: number,
  answer: (op: Invocation, node: string) => Promise<Completion>,
  timeoutMs = 60_000,
  noClient?: Error,
): Rig {
  const invoked: OperationRow[] = [];
  const completed: OperationRow[] = [];
  const made: Made[] = [];
  let next = 0;
  const interpreter = new Interpreter({
    clock: startClock(clock),
    recorder: {
      invoke: (row) => void invoked.push(row),
      complete: (row) => void completed.push(row as OperationRow),
      fault: () => {},
      sample: () => {},
      phase: () => {},
      onFailure: () => {},
    },
    rng: makeRng(1),
    concurrency,
    nodes: ['n1', 'n2'],
    workloadOf: () => 'w',
    newSession: () => ({}),
    effectOf: (_, f) => (f === 'read' ? 'read' : 'write'),
    timeoutMs,
    makeClient: (thread, node, session): Client => {
      if (noClient) throw noClient;
      const one: Made = { thread, node, session, closed: false };
      made.push(one);
      return {
        invoke: (op) => answer(op, node),
        close: async () => {
          one.closed = true;
        },
      };
    },
    nextIndex: () => next++,
    phase: () => 'chaos',
    onComplete: () => {},
  });
  return { interpreter, invoked, completed, made };
}

async function after(latencyMs: number, completion: Partial<Completion> = {}): Promise<Completion> {
  await clock.sleep(latencyMs);
  return { outcome: 'ok', value: null, ...completion };
}

const writes = (count: number): Generator =>
  limit(
    count,
    source(makeRng(1), 1, (n) => ({
      invocation: { f: 'write', key: 'k', value: n },
      state: n + 1,
    })),
  );

test('each process has one operation in flight at most', async () => {
  const { interpreter, completed } = rig(4, () => after(3));
  await interpreter.run(writes(40));
  expect(completed).toHaveLength(40);
  for (const process of [0, 1, 2, 3]) {
    const rows = completed
      .filter((each) => each.process === process)
      .sort((left, right) => left.invoked - right.invoked);
    for (let i = 1; i < rows.length; i++) {
      expect(rows[i].invoked).toBeGreaterThanOrEqual(rows[i - 1].completed!);
    }
  }
});

test('a thread keeps to its node', async () => {
  const { interpreter, completed } = rig(4, () => after(1));
  await interpreter.run(writes(40));
  for (const { thread, node } of completed) expect(node).toBe(thread % 2 === 0 ? 'n1' : 'n2');
});

test('an indeterminate end retires the process; the thread goes on with a new client and the same contexts', async () => {
  let calls = 0;
  const { interpreter, completed, made } = rig(3, () =>
    after(1, { outcome: ++calls === 1 ? 'info' : 'ok' }),
  );
  await interpreter.run(writes(30));
  const retired = completed.find((each) => each.outcome === 'info')!;
  const later = completed.filter(
    (each) => each.thread === retired.thread && each.invoked > retired.completed!,
  );
  expect(later.length).toBeGreaterThan(0);
  expect(later.every((each) => each.process === (retired.process as number) + 3)).toBe(true);
  const [before, successor] = made.filter((each) => each.thread === retired.thread);
  expect(before!.closed).toBe(true);
  expect(successor!.session).toBe(before!.session);
});

test('a failed or good end retires nobody', async () => {
  let calls = 0;
  const { interpreter, completed } = rig(2, () =>
    after(1, { outcome: ++calls % 2 === 0 ? 'fail' : 'ok' }),
  );
  await interpreter.run(writes(20));
  expect(new Set(completed.map((each) => each.process))).toEqual(new Set([0, 1]));
});

test('a node that refuses connections does not draw the load to itself', async () => {
  const refused: Completion = { outcome: 'fail', value: null, error: 'refused' };
  const { interpreter, completed } = rig(2, (_, node) =>
    node === 'n1' ? Promise.resolve(refused) : after(5),
  );
  await interpreter.run(writes(40));
  const onDown = completed.filter((each) => each.node === 'n1');
  expect(onDown.length).toBeGreaterThan(0);
  expect(onDown.length).toBeLessThan(10);
});

test('a client that throws is a defect of ours, and its operation indeterminate', async () => {
  const { interpreter, completed } = rig(1, () => Promise.reject(new Error('oops')));
  await interpreter.run(writes(1));
  expect(completed[0]).toMatchObject({ outcome: 'info', error: 'client-defect' });
});

test('late operations keep the time at which they were due', async () => {
  const { interpreter, invoked } = rig(1, () => after(30));
  const arrivals = { perSecond: 100, spacing: 'fixed', rng: makeRng(1) } as const;
  await interpreter.run(rate(arrivals, writes(6)));
  const first = invoked[0].scheduled;
  expect(invoked.map((each) => Math.round((each.scheduled - first) / ms))).toEqual([
    0, 10, 20, 30, 40, 50,
  ]);
  // One thread that needs 30 ms for each: the sixth is due at 50 ms and starts after 150 ms.
  expect(invoked[5].invoked - invoked[5].scheduled).toBeGreaterThan(90 * ms);
});

test('final reads go to the node that they name, and belong to no session', async () => {
  const { interpreter, completed, made } = rig(1, () => after(1));
  const read = (node: string): Invocation => ({
    f: 'read',
    key: 'k',
    value: null,
    final: true,
    node,
  });
  await interpreter.run(sequence([read('n2'), read('n1'), read('n2')]));
  expect(completed.map((each) => each.node)).toEqual(['n2', 'n1', 'n2']);
  expect(completed.every((each) => each.final === true)).toBe(true);
  expect(made.map((each) => each.session)).toEqual([null, null]);
});

test('stopping starts nothing more and waits for what is in flight', async () => {
  const ends: (() => void)[] = [];
  const { interpreter, invoked, completed } = rig(
    2,
    () => new Promise((resolve) => ends.push(() => resolve({ outcome: 'ok', value: null }))),
  );
  const running = interpreter.run(writes(1000));
  expect(invoked).toHaveLength(2);
  interpreter.stop();
  for (const end of ends.splice(0)) end();
  await running;
  expect(invoked).toHaveLength(2);
  expect(completed).toHaveLength(2);
  const again = interpreter.run(writes(2));
  for (const end of ends.splice(0)) end();
  await again;
  expect(completed).toHaveLength(4);
});

test('a client that hangs beyond its time-out is given up, and another one goes on', async () => {
  let asked = 0;
  const hangOnce = () => (++asked === 1 ? new Promise<Completion>(() => {}) : after(1));
  const { interpreter, completed, made } = rig(1, hangOnce, 100);
  await interpreter.run(writes(2));
  expect(completed.map(({ outcome, error }) => [outcome, error])).toEqual([
    ['info', 'timeout'],
    ['ok', undefined],
  ]);
  expect(made.map(({ closed }) => closed)).toEqual([true, false]);
});

test('a client that cannot be made ends the load with its error', async () => {
  const noClient = new Error('no library for that');
  const { interpreter, invoked } = rig(1, () => after(1), 60_000, noClient);
  await expect(interpreter.run(writes(2))).rejects.toBe(noClient);
  expect(invoked).toEqual([]);
});
