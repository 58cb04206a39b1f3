/** Random small histories for fast-check: any mix of sessions, keys, outcomes and sources. */
import fc from 'fast-check';
import type { PlainOperation } from '../../history/build.ts';

export interface Shape {
  readonly sessions: number;
  readonly keys: number;
  readonly operations: number;
  /** Elements of sets instead of registers. */
  readonly sets: 'none' | 'all' | 'mixed';
  /** Reads may return what is written later. */
  readonly future: boolean;
  /** Operations overlap in time (each session's stay apart). */
  readonly overlapping: boolean;
}

interface Raw {
  readonly session: number;
  readonly key: number;
  readonly write: boolean;
  readonly pick: number;
  readonly subset: number;
  readonly fate: number;
  readonly gap: number;
  readonly length: number;
}

export function operations(shape: Shape): fc.Arbitrary<PlainOperation[]> {
  const raw: fc.Arbitrary<Raw> = fc.record({
    session: fc.nat(shape.sessions - 1),
    key: fc.nat(shape.keys - 1),
    write: fc.boolean(),
    pick: fc.nat(99),
    subset: fc.nat(255),
    fate: fc.nat(99),
    gap: fc.nat(12),
    length: fc.nat(30),
  });
  return fc
    .array(raw, { minLength: 2, maxLength: shape.operations })
    .map((raws) => fromRaw(raws, shape));
}

function fromRaw(raws: readonly Raw[], shape: Shape): PlainOperation[] {
  const isSet = (key: number): boolean =>
    shape.sets === 'all' || (shape.sets === 'mixed' && key % 2 === 1);
  const values: number[][] = Array.from({ length: shape.keys }, () => []);
  const free = new Array<number>(shape.sessions).fill(0);
  let now = 0;
  const times = raws.map((each) => {
    now += shape.overlapping ? each.gap : 20;
    const invoke = Math.max(now, free[each.session] + 1);
    const complete = invoke + (shape.overlapping ? each.length : 10);
    free[each.session] = complete;
    return { invoke, complete };
  });
  raws.forEach((each, i) => {
    if (each.write) values[each.key].push(i + 1);
  });
  return raws.map((each, i): PlainOperation => {
    const set = isSet(each.key);
    const status =
      each.fate < 80
        ? 'ok'
        : each.fate < 90 && each.write
          ? 'info'
          : each.fate < 93
            ? 'fail'
            : 'ok';
    const readable = values[each.key].filter((id) => shape.future || id <= i || each.fate === 1);
    const seen = each.fate === 2 ? [...readable, 1000 + i] : readable;
    const value = each.write
      ? i + 1
      : set
        ? seen.filter((_, j) => (each.subset >> (j % 8)) & 1)
        : (seen[each.pick % (seen.length + 1)] ?? null);
    return {
      process: each.session,
      f: set ? (each.write ? 'add' : 'read-all') : each.write ? 'write' : 'read',
      key: `${set ? 's' : 'x'}${each.key}`,
      value: status === 'ok' || each.write ? value : null,
      invoke: times[i].invoke,
      complete: status === 'info' ? null : times[i].complete,
      status,
    };
  });
}
