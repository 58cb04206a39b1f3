/**
 * Good histories of a few operations: sessions beside replicas that get each other's writes late and in order,
 * so that causal convergence, the session guarantees, convergence and no loss hold by construction.
 * Registers (the last writer wins), sets, and sets with deletes, versions and contexts. Pure: all
 * randomness comes in.
 */
import type { PlainOperation } from '../../checkers/history/build.ts';
import type { Rng } from '../world/rng.ts';

export const shapes = ['registers', 'sets', 'deletes'] as const;
export type Shape = (typeof shapes)[number];

const sessions = 3;
const keys = 2;
/** Brute force over what is more takes too long. */
const operationsMax = 9;
const writesMax = 5;

interface Effect {
  readonly f: 'write' | 'add' | 'delete';
  readonly key: string;
  readonly value: number;
  readonly replica: number;
  /** Lamport time, then replica: a total order that extends causality. */
  readonly stamp: number;
}

/** One replica: what it has applied, as far as it matters to a reader. */
class Replica {
  readonly registers = new Map<string, Effect>();
  readonly elements = new Map<string, Set<number>>();
  readonly vector: Record<string, number> = {};
  clock = 0;
  /** How many of all effects it has taken over, in their order. */
  taken = 0;

  apply(effect: Effect): void {
    const { f, key, value, replica, stamp } = effect;
    const shown = this.registers.get(key);
    if (f === 'write' && (!shown || shown.stamp < stamp)) this.registers.set(key, effect);
    if (f === 'add') this.elements.set(key, (this.elements.get(key) ?? new Set()).add(value));
    if (f === 'delete') this.elements.get(key)?.delete(value);
    const actor = `n${replica + 1}`;
    this.vector[actor] = (this.vector[actor] ?? 0) + 1;
    this.clock = Math.max(this.clock, Math.floor(stamp / sessions));
  }

  read(shape: Shape, key: string): unknown {
    if (shape === 'registers') return this.registers.get(key)?.value ?? null;
    return [...(this.elements.get(key) ?? [])].sort((a, b) => a - b);
  }
}

class Store {
  readonly shape: Shape;
  readonly replicas = Array.from({ length: sessions }, () => new Replica());
  readonly effects: Effect[] = [];

  constructor(shape: Shape) {
    this.shape = shape;
  }

  /** Takes over what others did, up to the effect `upTo`. */
  catchUp(replica: number, upTo: number): void {
    const into = this.replicas[replica];
    for (; into.taken < upTo; into.taken++) {
      const effect = this.effects[into.taken];
      if (effect.replica !== replica) into.apply(effect);
    }
  }

  /** Returns the dot. */
  write(replica: number, f: Effect['f'], key: string, value: number): string {
    const at = this.replicas[replica];
    const stamp = (at.clock + 1) * sessions + replica;
    const effect = { f, key, value, replica, stamp };
    this.effects.push(effect);
    at.apply(effect);
    const actor = `n${replica + 1}`;
    return `${actor}:${at.vector[actor]}`;
  }
}

/** A history with two rounds of final reads by a reader of its own beside each replica. */
export function goodHistory(shape: Shape, rng: Rng): PlainOperation[] {
  const store = new Store(shape);
  const free = new Array<number>(sessions).fill(0);
  const ops: PlainOperation[] = [];
  const count = 4 + rng.int(operationsMax - 3);
  let now = 0;
  let written = 0;
  for (let i = 0; i < count; i++) {
    const session = rng.int(sessions);
    now = Math.max(now + 10, free[session] + 2);
    const invoke = Math.max(free[session] + 1, now - rng.int(12));
    const complete = now + 1 + rng.int(14);
    free[session] = complete;
    const at = store.replicas[session];
    store.catchUp(session, at.taken + rng.int(store.effects.length - at.taken + 1));
    const op = {
      process: session,
      node: `n${session + 1}`,
      invoke,
      complete,
      status: 'ok',
    } as const;
    const key = `k${rng.int(keys)}`;
    const context = shape === 'deletes' ? { context: { ...at.vector } } : {};
    const present = shape === 'deletes' ? (at.read(shape, key) as number[]) : [];
    if (present.length > 0 && rng.float() < 0.35) {
      const value = rng.pick(present);
      ops.push(attempt(store, { ...op, ...context, f: 'delete', key, value }, rng));
    } else if (written < writesMax && rng.float() < 0.55) {
      const f = shape === 'registers' ? 'write' : 'add';
      ops.push(attempt(store, { ...op, ...context, f, key, value: ++written }, rng));
    } else {
      const f = shape === 'registers' ? 'read' : 'read-all';
      ops.push({ ...op, ...context, f, key, value: at.read(shape, key) });
    }
  }
  return [...ops, ...finalReads(store, Math.max(now, ...free) + 20)];
}

/** Most writes are acknowledged; some fail without, some end unknown with or without an effect. */
function attempt(store: Store, op: PlainOperation, rng: Rng): PlainOperation {
  const dice = rng.float();
  if (dice < 0.08) return { ...op, status: 'fail' };
  const isUnknown = dice < 0.2;
  if (isUnknown && rng.float() < 0.4) return { ...op, status: 'info', complete: null };
  const dot = store.write(op.process as number, op.f as Effect['f'], op.key!, op.value as number);
  if (isUnknown) return { ...op, status: 'info', complete: null };
  return store.shape === 'deletes' ? { ...op, dot } : op;
}

function finalReads(store: Store, from: number): PlainOperation[] {
  const f = store.shape === 'registers' ? 'read' : 'read-all';
  const ops: PlainOperation[] = [];
  store.replicas.forEach((replica, i) => {
    store.catchUp(i, store.effects.length);
    for (let k = 0; k < keys; k++) {
      const invoke = from + 10 * k;
      const key = `k${k}`;
      const value = replica.read(store.shape, key);
      const node = `n${i + 1}`;
      const process = sessions + i;
      const timed = { process, node, invoke, complete: invoke + 5, status: 'ok' } as const;
      ops.push({ ...timed, f, key, value, final: true, phase: 'final' });
    }
  });
  return ops;
}
