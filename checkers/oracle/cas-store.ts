/**
 * Generated histories of one compare-and-set register with few values, in the shape of the published etcd
 * logs: clients that read, write and swap without pause, a share of the answers lost. Each operation
 * takes effect at one moment between its beginning and its end (a lost one perhaps later, perhaps
 * never), so the history is linearizable; `staleShare` of the reads return what was there before.
 */
import {
  Actions,
  type Calls,
  type Model,
  moving,
  observing,
  writing,
} from '../linearizable/calls.ts';
import { randomOf } from './lww-store.ts';

export interface CasStoreShape {
  readonly operations: number;
  readonly clients: number;
  readonly values: number;
  /** Share of operations whose answer is lost. */
  readonly infoShare: number;
  readonly staleShare?: number;
  readonly seed: number;
}

export interface CasOperation {
  readonly process: number;
  readonly f: 'read' | 'write' | 'cas';
  readonly value: number | null;
  readonly expected?: number;
  readonly invoke: number;
  /** null: nobody knows how it ended. */
  readonly complete: number | null;
  readonly status: 'ok' | 'fail' | 'info';
}

interface Begun {
  readonly f: CasOperation['f'];
  readonly process: number;
  readonly invoke: number;
  readonly written: number;
  readonly expected: number;
  effectAt: number;
  readonly endsAt: number;
  result: number | null;
  isDone: boolean;
}

export function casHistory(shape: CasStoreShape): CasOperation[] {
  const random = randomOf(shape.seed);
  const below = (max: number): number => Math.floor(random() * max);
  const done: CasOperation[] = [];
  const running: (Begun | null)[] = new Array(shape.clients).fill(null);
  /** Operations whose answer was lost and that may still take effect. */
  const lost: Begun[] = [];
  const names = Array.from({ length: shape.clients }, (_, client) => client);
  let register: number | null = null;
  let before: number | null = null;
  let begun = 0;
  const takeEffect = (op: Begun): void => {
    op.effectAt = Number.POSITIVE_INFINITY;
    if (op.f === 'read') {
      op.result = random() < (shape.staleShare ?? 0) ? before : register;
    } else if (op.f === 'write' || register === op.expected) {
      before = register;
      register = op.written;
      op.isDone = true;
    }
  };
  for (let now = 1; done.length < shape.operations; now++) {
    for (const [client, op] of running.entries()) {
      if (op === null) {
        if (begun >= shape.operations || random() < 0.3) continue;
        begun++;
        const kind = below(3);
        const length = 1 + below(12);
        const isLost = random() < shape.infoShare;
        running[client] = {
          f: kind === 0 ? 'read' : kind === 1 ? 'write' : 'cas',
          process: names[client],
          invoke: now,
          written: 1 + below(shape.values),
          expected: 1 + below(shape.values),
          effectAt: now + below(isLost ? 60 : length),
          endsAt: isLost ? Number.POSITIVE_INFINITY : now + length,
          result: null,
          isDone: false,
        };
        const began = running[client];
        if (isLost) {
          // The client waits no longer; the thread goes on under another number.
          lost.push(began);
          names[client] += shape.clients;
          running[client] = null;
          done.push(operation(began, null));
        }
        continue;
      }
      if (op.effectAt <= now) takeEffect(op);
      if (op.endsAt > now) continue;
      done.push(operation(op, now));
      running[client] = null;
    }
    for (const op of lost) {
      if (op.effectAt > now) continue;
      if (random() < 0.5) takeEffect(op);
      op.effectAt = Number.POSITIVE_INFINITY;
    }
  }
  return done.sort((a, b) => a.invoke - b.invoke || a.process - b.process);
}

function operation(op: Begun, complete: number | null): CasOperation {
  const { f, process, invoke, written, expected } = op;
  const failed = complete !== null && f === 'cas' && !op.isDone;
  return {
    process,
    f,
    value: f === 'read' ? op.result : written,
    ...(f === 'cas' ? { expected } : {}),
    invoke,
    complete,
    status: complete === null ? 'info' : failed ? 'fail' : 'ok',
  };
}

/** The same as input of the search. */
export function casCalls(operations: readonly CasOperation[]): { calls: Calls; model: Model } {
  const actions = new Actions();
  const kept = operations.filter(
    ({ f, status }) => status !== 'fail' && (f !== 'read' || status === 'ok'),
  );
  const calls: Calls = {
    n: kept.length,
    invoke: Float64Array.from(kept, ({ invoke }) => invoke),
    complete: Float64Array.from(kept, ({ complete }) => complete ?? Number.POSITIVE_INFINITY),
    action: Int32Array.from(kept, ({ f, value, expected }) => {
      const v = value ?? 0;
      if (f === 'read') return actions.id(`r ${v}`, () => observing(v));
      if (f === 'write') return actions.id(`w ${v}`, () => writing(v));
      return actions.id(`cas ${expected} ${v}`, () => moving(expected ?? 0, v));
    }),
  };
  return { calls, model: { initial: 0, actions: actions.list } };
}
