/**
 * Random small histories, as fast-check arbitraries: sessions that read and write a few keys, mostly
 * plausibly, with failures, indeterminate endings, stale answers, deletes and final reads.
 */
import fc from 'fast-check';
import type { PlainOperation } from '../../history/build.ts';

interface Draw {
  readonly session: number;
  readonly key: number;
  readonly what: number;
  readonly status: number;
  readonly gap: number;
  readonly duration: number;
  readonly pick: number;
  readonly subset: number;
  readonly mark: number;
}

const draw: fc.Arbitrary<Draw> = fc.record({
  session: fc.nat(2),
  key: fc.nat(1),
  what: fc.nat(9),
  status: fc.nat(9),
  gap: fc.nat(12),
  duration: fc.integer({ min: 1, max: 20 }),
  pick: fc.nat(99),
  subset: fc.nat(0xffff),
  mark: fc.nat(19),
});

const statusOf = (draw: number) => (draw < 7 ? 'ok' : draw < 9 ? 'info' : 'fail');

/** Written so far, by key. */
type Written = Map<string, number[]>;

function timed(each: Draw, clocks: number[], isRead: boolean): PlainOperation {
  const status = isRead ? (each.status < 8 ? 'ok' : 'fail') : statusOf(each.status);
  const invoke = clocks[each.session] + each.gap;
  const complete = invoke + each.duration;
  clocks[each.session] = (status === 'info' ? invoke : complete) + 1;
  return {
    process: each.session,
    f: '',
    key: '',
    invoke,
    complete: status === 'info' ? null : complete,
    status,
    node: `n${each.session + 1}`,
  };
}

function subsetOf(values: readonly number[], bits: number): number[] {
  return values.filter((_, i) => ((bits >>> (i % 16)) & 1) === 1);
}

/** Ends with up to two rounds of final reads, in which a session may not answer. */
function finalReads(
  draws: readonly Draw[],
  clocks: number[],
  make: (each: Draw) => { readonly f: string; readonly key: string; readonly value: unknown },
): PlainOperation[] {
  return draws.map((each) => ({
    ...timed(each, clocks, true),
    ...make(each),
    final: true,
    phase: 'final',
    stale: each.mark === 0,
  }));
}

const lists = fc.tuple(
  fc.array(draw, { minLength: 1, maxLength: 14 }),
  fc.array(draw, { maxLength: 6 }),
);

/** Sets: adds, reads of a few elements of what was attempted, sometimes a phantom or one twice. */
export const setOperations: fc.Arbitrary<PlainOperation[]> = lists.map(([draws, finals]) => {
  const clocks = [0, 0, 0];
  const written: Written = new Map();
  let next = 1;
  const read = (each: Draw) => {
    const key = `s${each.key}`;
    const value = subsetOf(written.get(key) ?? [], each.subset);
    if (each.mark === 1) value.push(900 + each.pick);
    if (each.mark === 2 && value.length > 0) value.push(value[0]);
    return { f: 'read-all', key, value };
  };
  const ops = draws.map((each): PlainOperation => {
    const key = `s${each.key}`;
    if (each.what >= 5) {
      return { ...timed(each, clocks, true), ...read(each), stale: each.mark === 3 };
    }
    const known = written.get(key) ?? [];
    if (each.what === 4 && known.length > 0 && each.pick < 40) {
      const value = known[each.pick % known.length];
      return { ...timed(each, clocks, false), f: 'delete', key, value };
    }
    written.set(key, [...known, next]);
    return { ...timed(each, clocks, false), f: 'add', key, value: next++ };
  });
  return [...ops, ...finalReads(finals, clocks, read)];
});

/** Registers without versions: writes, a few compare-and-sets, reads of what was attempted. */
export const registerOperations: fc.Arbitrary<PlainOperation[]> = lists.map(([draws, finals]) => {
  const clocks = [0, 0, 0];
  const written: Written = new Map();
  let next = 1;
  const choose = (each: Draw, key: string): number | null => {
    const known = written.get(key) ?? [];
    if (each.mark === 1) return 900 + each.pick;
    if (known.length === 0 || each.pick < 12) return null;
    // Newer values are the likelier ones.
    return known[Math.max(known.length - 1 - (each.pick % 4), 0)];
  };
  const read = (each: Draw) => {
    const key = `x${each.key}`;
    return { f: 'read', key, value: choose(each, key) };
  };
  const ops = draws.map((each): PlainOperation => {
    const key = `x${each.key}`;
    if (each.what >= 5) {
      return { ...timed(each, clocks, true), ...read(each), stale: each.mark === 3 };
    }
    const known = written.get(key) ?? [];
    if (each.what === 4 && each.pick < 15) {
      return { ...timed(each, clocks, false), f: 'delete', key, value: null };
    }
    const expected = each.what === 3 ? { f: 'cas', expected: choose(each, key) } : { f: 'write' };
    written.set(key, [...known, next]);
    return { ...timed(each, clocks, false), ...expected, key, value: next++ };
  });
  return [...ops, ...finalReads(finals, clocks, read)];
});

/** One register of a server with versions: dots, contexts that cover some of them, siblings. */
export const versionedOperations: fc.Arbitrary<PlainOperation[]> = lists.map(([draws, finals]) => {
  const clocks = [0, 0, 0];
  const counters = [0, 0, 0];
  let values: number[] = [];
  let next = 1;
  const read = (each: Draw) => {
    const shown = subsetOf(values.slice(-4), each.subset);
    return { f: 'read', key: 'x0', value: shown[0] ?? null, siblings: shown };
  };
  const ops = draws.map((each): PlainOperation => {
    if (each.what >= 5) {
      return { ...timed(each, clocks, true), ...read(each), stale: each.mark === 3 };
    }
    const op = { ...timed(each, clocks, false), key: 'x0' };
    const dot = op.status === 'ok' ? `n${each.session + 1}:${++counters[each.session]}` : null;
    if (each.what === 4 && each.pick < 15) return { ...op, f: 'delete', value: null, dot };
    values = [...values, next];
    return { ...op, f: 'write', value: next++, dot };
  });
  const withContexts = ops.map((op, i): PlainOperation => {
    const { mark, subset } = draws[i];
    if (mark === 4) return op;
    const contextDots = someDots(ops, op.invoke, subset);
    return { ...op, context: someContext(ops, op.invoke, subset), contextDots };
  });
  return [...withContexts, ...finalReads(finals, clocks, read)];
});

/** At times one or two single writes besides, of those that were begun before. */
function someDots(ops: readonly PlainOperation[], before: number, bits: number): string[] {
  const begun = ops.flatMap(({ dot, invoke }) => (dot && invoke < before ? [dot] : []));
  return begun.filter((_, i) => ((bits >>> ((3 * i) % 11)) & 7) === 5).slice(0, 2);
}

/** Covers a part of what was begun before: nobody has seen what was not. */
function someContext(ops: readonly PlainOperation[], before: number, bits: number) {
  const begun = (node: string): number =>
    ops.filter((op) => op.dot?.startsWith(`${node}:`) && op.invoke < before).length;
  return Object.fromEntries(
    ['n1', 'n2', 'n3'].map((node, i) => [node, ((bits >>> (i * 4)) & 15) % (begun(node) + 1)]),
  );
}
