/**
 * Random small histories of one object with few values, so that values come again. Half of the answers are those
 * of a store that keeps to the definition, half are anything.
 */
import {
  type Action,
  Actions,
  type Calls,
  type Model,
  moving,
  observing,
  writing,
} from '../../linearizable/calls.ts';
import { acquire, QueueStates, release, TextStates } from '../../linearizable/models.ts';

export type RandomObject = 'register' | 'cas-register' | 'queue' | 'lock' | 'kv';

export interface RandomCalls {
  readonly calls: Calls;
  readonly model: Model;
  /** For messages. */
  readonly text: string;
}

interface Draft {
  readonly invoke: number;
  readonly complete: number;
  readonly name: string;
  readonly action: number;
}

type Random = () => number;

export function randomCalls(object: RandomObject, random: Random): RandomCalls {
  const actions = new Actions();
  const draw = drawerOf(object, random);
  const n = 2 + Math.floor(random() * 7);
  const processes = 1 + Math.floor(random() * 4);
  const free = new Array<number>(processes).fill(0);
  const drafts: Draft[] = [];
  for (let i = 0; i < n; i++) {
    const process = Math.floor(random() * processes);
    const invoke = free[process] + Math.floor(random() * 6);
    const end = invoke + Math.floor(random() * 10);
    const isLost = random() < 0.15;
    free[process] = end + 1;
    const { name, make } = draw(process, isLost);
    const complete = isLost ? Number.POSITIVE_INFINITY : end;
    drafts.push({ invoke, complete, name, action: actions.id(name, make) });
  }
  return {
    calls: {
      n,
      invoke: Float64Array.from(drafts, (each) => each.invoke),
      complete: Float64Array.from(drafts, (each) => each.complete),
      action: Int32Array.from(drafts, (each) => each.action),
    },
    model: { initial: 0, actions: actions.list },
    text: drafts.map((each) => `${each.name} [${each.invoke},${each.complete}]`).join('; '),
  };
}

interface Drawn {
  readonly name: string;
  readonly make: () => Action;
}

function drawerOf(
  object: RandomObject,
  random: Random,
): (process: number, isLost: boolean) => Drawn {
  const below = (max: number): number => Math.floor(random() * max);
  const values = 1 + below(3);
  const value = (): number => below(values + 1);
  switch (object) {
    case 'register':
    case 'cas-register':
      return () => {
        const kind = random();
        const v = value();
        if (kind < 0.4) return { name: `r ${v}`, make: () => observing(v) };
        if (kind < 0.7 || object === 'register') return { name: `w ${v}`, make: () => writing(v) };
        const to = value();
        return { name: `cas ${v} ${to}`, make: () => moving(v, to) };
      };
    case 'lock':
      return (process) => {
        const holder = process + 1;
        return random() < 0.5
          ? { name: `acquire ${holder}`, make: () => acquire(holder) }
          : { name: `release ${holder}`, make: () => release(holder) };
      };
    case 'queue': {
      const states = new QueueStates();
      return (_, isLost) => {
        const kind = random();
        const v = value();
        if (kind < 0.55) return { name: `enq ${v}`, make: () => states.enqueue(v) };
        if (isLost) return { name: 'deq ?', make: () => states.dequeue(-1) };
        if (kind < 0.9) return { name: `deq ${v}`, make: () => states.dequeue(v) };
        return { name: 'deq none', make: () => states.findEmpty() };
      };
    }
    case 'kv': {
      const states = new TextStates();
      const text = (): string => 'aab'.slice(below(3), 3).slice(0, below(3));
      return () => {
        const kind = random();
        const v = text();
        if (kind < 0.4) return { name: `get ${v}`, make: () => states.get(v) };
        if (kind < 0.65) return { name: `put ${v}`, make: () => states.put(v) };
        return { name: `append ${v}`, make: () => states.append(v) };
      };
    }
    default:
      return object satisfies never;
  }
}
