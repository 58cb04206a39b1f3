/**
 * One change to a history, after which somebody may have been told something else than what happened: an
 * operation's effect is dropped, comes late, comes twice, in another order, or back again. Pure.
 * Whether the mutant violates anything is for others to decide.
 */
import type { PlainOperation } from '../../checkers/history/build.ts';
import type { Rng } from '../world/rng.ts';

type Ops = readonly PlainOperation[];
/** Null where the history has nothing to be changed in this way. */
type Mutation = (ops: Ops, rng: Rng) => PlainOperation[] | null;

const isRead = ({ f, status }: PlainOperation): boolean => f.startsWith('read') && status === 'ok';
const isWrite = ({ f }: PlainOperation): boolean => f === 'write' || f === 'add';

function pick<T>(from: readonly T[], rng: Rng): T | null {
  return from.length === 0 ? null : rng.pick(from);
}

function shows({ value }: PlainOperation, what: unknown): boolean {
  return Array.isArray(value) ? value.includes(what) : value === what;
}

function replace(ops: Ops, changes: ReadonlyMap<PlainOperation, unknown>): PlainOperation[] {
  return ops.map((op) => (changes.has(op) ? { ...op, value: changes.get(op) } : op));
}

/** What the register held before a write, as far as the list of operations tells: null at first. */
function before(ops: Ops, write: PlainOperation): unknown {
  const earlier = ops.filter((op) => isWrite(op) && op.status === 'ok' && op.key === write.key);
  return earlier[earlier.indexOf(write) - 1]?.value ?? null;
}

function without(ops: Ops, read: PlainOperation, write: PlainOperation): unknown {
  if (!Array.isArray(read.value)) return before(ops, write);
  return read.value.filter((each) => each !== write.value);
}

/** The effect of an acknowledged write is nowhere. */
const drop: Mutation = (ops, rng) => {
  const seen = (write: PlainOperation): PlainOperation[] =>
    ops.filter((op) => isRead(op) && op.key === write.key && shows(op, write.value));
  const writes = ops.filter((op) => isWrite(op) && op.status === 'ok' && seen(op).length > 0);
  const write = pick(writes, rng);
  if (write === null) return null;
  return replace(ops, new Map(seen(write).map((read) => [read, without(ops, read, write)])));
};

/** One read does not see yet what it should. */
const delay: Mutation = (ops, rng) => {
  const pairs = ops.flatMap((read) =>
    ops
      .filter((op) => isRead(read) && isWrite(op) && op.key === read.key && shows(read, op.value))
      .map((write) => [read, write] as const),
  );
  const pair = pick(pairs, rng);
  return pair && replace(ops, new Map([[pair[0], without(ops, ...pair)]]));
};

/** A list has an element twice; a register shows again what had been replaced. */
const duplicate: Mutation = (ops, rng) => {
  const pairs = ops.flatMap((first, i) =>
    ops
      .slice(Array.isArray(first.value) ? i : i + 1)
      .filter((later) => isRead(first) && isRead(later) && first.key === later.key)
      .map((later) => [first, later] as const),
  );
  const useful = pairs.filter(([first, later]) =>
    Array.isArray(first.value)
      ? first === later && first.value.length > 0
      : first.value !== null && later.value !== first.value,
  );
  const pair = pick(useful, rng);
  if (pair === null) return null;
  const [{ value }, later] = pair;
  const twice = Array.isArray(value) ? [...value, rng.pick(value as unknown[])] : value;
  return replace(ops, new Map([[later, twice]]));
};

/** Two reads of one session saw what they saw the other way round. */
const reorder: Mutation = (ops, rng) => {
  const pairs = ops.flatMap((first, i) =>
    ops
      .slice(i + 1)
      .filter((later) => isRead(first) && isRead(later) && first.process === later.process)
      .filter((later) => first.key === later.key && `${first.value}` !== `${later.value}`)
      .map((later) => [first, later] as const),
  );
  const pair = pick(pairs, rng);
  if (pair === null) return null;
  const [first, later] = pair;
  return replace(
    ops,
    new Map([
      [first, later.value],
      [later, first.value],
    ]),
  );
};

/** A write that failed, or an element that was deleted, is seen: in one read, or in the end by all. */
const resurrect: Mutation = (ops, rng) => {
  const gone = ops.filter(
    (op) => (isWrite(op) && op.status === 'fail') || (op.f === 'delete' && op.status === 'ok'),
  );
  const dead = pick(gone, rng);
  if (dead === null) return null;
  const after = ops.filter(
    (op) => isRead(op) && op.key === dead.key && op.invoke > (dead.complete ?? dead.invoke),
  );
  const unaware = after.filter((read) => !shows(read, dead.value));
  const one = pick(unaware, rng);
  if (one === null) return null;
  const chosen = one.final && rng.float() < 0.5 ? unaware.filter((read) => read.final) : [one];
  const shown = (read: PlainOperation): unknown =>
    Array.isArray(read.value) ? [...read.value, dead.value] : dead.value;
  return replace(ops, new Map(chosen.map((read) => [read, shown(read)])));
};

export const mutations: Readonly<Record<string, Mutation>> = {
  drop,
  delay,
  duplicate,
  reorder,
  resurrect,
};
