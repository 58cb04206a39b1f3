import { describe, expect, it } from 'vitest';
import { buildHistory, type PlainOperation } from '../history/build.ts';
import { parseHistory } from '../oracle/notation.ts';
import { unlimited } from '../verdict/checker.ts';
import { defaultCheckOptions } from '../verdict/compose.ts';
import { lostWrites } from './lost-writes.ts';

const judge = (text: string, options = {}) =>
  lostWrites.check(parseHistory(text), { ...defaultCheckOptions, ...options }, unlimited);

const realTime = { realTime: true };

describe('lost-writes of sets', () => {
  it('passes what is in a final read', () => {
    const verdict = judge('A add 1; B add 2; A readall {1 2} final; B readall {1 2} final');
    expect(verdict.valid).toBe(true);
    expect(verdict.figures).toMatchObject({ 'acknowledged-count': 2, 'stable-count': 2 });
  });

  it('finds an acknowledged element that no final read has (T02)', () => {
    const verdict = judge('A add 1; B readall {} final');
    expect(verdict.valid).toBe(false);
    expect(verdict.counts).toEqual({ lost: 1 });
    expect(verdict.anomalies[0]).toMatchObject({
      pattern: 'lost',
      key: 's',
      ops: [0, 1],
      confirmed: true,
      minimal: true,
    });
  });

  it('does not call an element lost that comes back in the end (T03)', () => {
    const verdict = judge('A add 1; A readall {}; A readall {1} final; B readall {1} final');
    expect(verdict.valid).toBe(true);
    expect(verdict.figures).toMatchObject({ 'stale-count': 1, 'stable-count': 1 });
  });

  it('counts an indeterminate element that is there as recovered (T06)', () => {
    const verdict = judge('A add 1 info; B readall {1} final; C readall {1} final');
    expect(verdict.valid).toBe(true);
    expect(verdict.figures['recovered-count']).toBe(1);
  });

  it('owes nothing to an indeterminate element that nobody saw', () => {
    expect(judge('A add 1 info; B readall {} final').valid).toBe(true);
  });

  it('misses an indeterminate element that somebody saw and no final read has', () => {
    const verdict = judge('A add 1 info; B readall {1}; B readall {} final; C readall {} final');
    expect(verdict.counts).toEqual({ lost: 1 });
    expect(verdict.anomalies[0].summary).toContain('never acknowledged but was read');
  });

  it('counts an element that came, went and came back as flickering (T09)', () => {
    const verdict = judge(
      'A add 1; B readall {1}; B readall {}; A readall {1} final; B readall {1} final',
    );
    expect(verdict.valid).toBe(true);
    expect(verdict.figures['flickering-count']).toBe(1);
  });

  it('leaves an element that only some nodes have to convergence', () => {
    const verdict = judge('A add 1; A readall {1} final; B readall {} final');
    expect(verdict.valid).toBe(true);
    expect(verdict.figures['diverged-count']).toBe(1);
  });

  it('wants it in every final read where real time is promised', () => {
    const verdict = judge('A add 1; A readall {1} final; B readall {} final', realTime);
    expect(verdict.counts).toEqual({ lost: 1 });
  });

  it('finds a failed element that was read', () => {
    const verdict = judge('A add 1 fail; B readall {1}; B readall {} final');
    expect(verdict.counts).toEqual({ resurrected: 1 });
  });

  it('finds an element that nobody attempted', () => {
    expect(judge('A add 1; B readall {1 9} final').counts).toEqual({ phantom: 1 });
  });

  it('finds an element that is there twice', () => {
    const verdict = judge('A add 1; B readall {1 1} final');
    expect(verdict.counts).toEqual({ duplicated: 1 });
    expect(verdict.anomalies[0]).toMatchObject({ confirmed: true, minimal: true });
  });

  it('excuses what was deleted, acknowledged or not', () => {
    expect(judge('A add 1; B del s 1; A readall {} final').valid).toBe(true);
    expect(judge('A add 1; B del s 1 info; A readall {} final').valid).toBe(true);
    expect(judge('A add 1; B del s 1 fail; A readall {} final').counts).toEqual({ lost: 1 });
  });

  it('finds a deleted element that is there in the end', () => {
    const verdict = judge('A add 1; A del s 1; A readall {1} final; B readall {1} final');
    expect(verdict.counts).toEqual({ resurrected: 1 });
  });

  describe('with versions', () => {
    const wrote = (process: string, at: number, more: Partial<PlainOperation>): PlainOperation => ({
      process,
      f: 'add',
      key: 's',
      value: 1,
      invoke: at,
      complete: at + 5,
      status: 'ok',
      ...more,
    });
    const read = (process: string, at: number, value: number[], more = {}): PlainOperation =>
      wrote(process, at, { f: 'read-all', value, ...more });
    const add = wrote('A', 0, { dot: 'n1:1' });
    const knowing = wrote('B', 20, { f: 'delete', dot: 'n2:1', context: { n1: 1 } });
    const blind = { ...knowing, context: {} };
    const ends = (value: number[]): PlainOperation[] => [
      read('A', 90, value, { final: true }),
      read('C', 90, value, { final: true }),
    ];
    const judged = (ops: PlainOperation[]) =>
      lostWrites.check(buildHistory(ops), defaultCheckOptions, unlimited);

    it('finds what a delete of another session knew and did not end', () => {
      const verdict = judged([add, knowing, ...ends([1])]);
      expect(verdict.counts).toEqual({ resurrected: 1 });
      expect(verdict.anomalies[0]).toMatchObject({ confirmed: true, minimal: true });
      expect(judged([add, knowing, ...ends([])]).valid).toBe(true);
    });

    it('says nothing about what a delete did not know', () => {
      expect(judged([add, blind, ...ends([1])]).valid).toBe(true);
      expect(judged([add, { ...knowing, complete: 95 }, ...ends([1])]).valid).toBe(true);
      const unsure = { ...knowing, status: 'info', complete: null, dot: null } as const;
      expect(judged([add, unsure, ...ends([1])]).valid).toBe(true);
    });

    it('leaves what only some nodes have forgotten to delete to convergence', () => {
      expect(judged([add, knowing, ends([1])[0], ends([])[1]]).valid).toBe(true);
    });

    it('finds in mid-run what a read shows whose context covers the delete', () => {
      const seen = (context: Record<string, number>, more = {}) =>
        judged([add, knowing, read('C', 40, [1], { context, ...more }), ...ends([])]);
      const verdict = seen({ n1: 1, n2: 1 });
      expect(verdict.counts).toEqual({ resurrected: 1 });
      expect(verdict.anomalies[0]).toMatchObject({ ops: [0, 1, 2], confirmed: true });
      expect(seen({ n1: 1 }).valid).toBe(true);
      expect(seen({ n1: 1, n2: 1 }, { stale: true }).valid).toBe(true);
    });

    it('finds it where it was there all the time, too', () => {
      const ops = [read('C', 10, [1]), read('C', 40, [1], { context: { n2: 1 } })];
      expect(judged([add, knowing, ...ops, ...ends([])]).counts).toEqual({ resurrected: 1 });
      const blindly = judged([add, blind, ...ops, ...ends([])]);
      expect(blindly.valid).toBe(true);
    });
  });

  it('says nothing about a deleted element that another session had added at the same time', () => {
    expect(judge('A add 1 || B del s 1; A readall {1} final').valid).toBe(true);
  });

  it('is unknown without a final read', () => {
    const verdict = judge('A add 1; A readall {1}');
    expect(verdict).toMatchObject({ valid: 'unknown', reason: 'no-final-read' });
  });

  it('accuses nobody while a node that was asked has not answered', () => {
    const verdict = judge('A add 1; B readall {} final; C readall fail final');
    expect(verdict).toMatchObject({ valid: 'unknown', reason: 'no-final-read' });
    expect(verdict.message).toContain('n3');
    expect(verdict.figures['unresolved-count']).toBe(1);
  });

  it('takes the last of several rounds', () => {
    const rounds =
      'B readall {} final; C readall {} final; B readall {1} final; C readall {1} final';
    expect(judge(`A add 1; ${rounds}`).valid).toBe(true);
  });

  it('does not take a final read for evidence that began before the acknowledgement', () => {
    const verdict = judge('A add 1 @1-3; B readall {} final @2-2; B readall {} final @4-4');
    expect(verdict.counts).toEqual({ lost: 1 });
    expect(judge('A add 1 @1-3; B readall {} final @2-2').counts).toEqual({});
  });

  it('takes no answer that is marked stale for an absence', () => {
    const verdict = judge('A add 1; B readall {1}; B readall {} stale; B readall {1} final');
    expect(verdict.figures).toMatchObject({ 'stale-count': 0, 'flickering-count': 0 });
    expect(judge('A add 1; B readall {} final stale').valid).toBe('unknown');
  });

  it('gives latencies and the worst of them as set-full does', () => {
    const verdict = judge(
      'A add 1 t[0,10]; B readall {} t[100,110]; B readall {1} t[200,210]; B readall {1} t[300,310] final',
    );
    expect(verdict.figures).toMatchObject({ 'stable-count': 1, 'stale-count': 1 });
    expect(verdict.figures['stable-latency-max-ms']).toBe(90);
    expect(verdict.details?.['worst-stale']).toMatchObject([{ element: '1', key: 's', op: 0 }]);
  });

  it('judges lists by the same rules', () => {
    expect(judge('A append 1; B readlist [] final').counts).toEqual({ lost: 1 });
    expect(judge('A append 1; B readlist [1] final').valid).toBe(true);
    const moved = judge('A append 1; A append 2; B readlist [2,1]; B readlist [1,2] final');
    expect(moved.figures).toMatchObject({ 'flickering-count': 0, 'stale-count': 0 });
  });
});

describe('lost-writes of registers without versions', () => {
  it('finds the write that an older one of its session survived (E04)', () => {
    const verdict = judge('A w x 1; A w x 2; A r x 1 final; B r x 1 final');
    expect(verdict.counts).toEqual({ lost: 1 });
    expect(verdict.anomalies[0]).toMatchObject({ confirmed: true, minimal: true });
  });

  it('lets a concurrent write win (E06), unless real time is promised', () => {
    const text = 'A w x 1; B w x 2; A r x 1 final; B r x 1 final';
    expect(judge(text).valid).toBe(true);
    expect(judge(text, realTime).counts).toEqual({ lost: 1 });
  });

  it('does not call divergence loss (E02)', () => {
    const text = 'A w x 1 || B w x 2; A r x 1 final; B r x 2 final';
    expect(judge(text).valid).toBe(true);
    expect(judge(text, realTime).valid).toBe(true);
  });

  it('calls nothing lost that one reader shows, or shows replaced, while another is behind', () => {
    const shown = judge('A w x 1; B r x 0 final; C r x 1 final');
    expect(shown.valid).toBe(true);
    const replaced = judge('A w x 1; A w x 2; B r x 0 final; C r x 2 final');
    expect(replaced.valid).toBe(true);
    const behind = 'A w x 1; A w x 2; A w x 3; B r x 1 final; C r x 2 final';
    expect(judge(behind).counts).toEqual({ lost: 1 });
    expect(judge(behind).anomalies[0].confirmed).toBe(true);
  });

  it('owes nothing to an indeterminate write (E07)', () => {
    expect(judge('A w x 1 info; A r x 0 final; B r x 0 final').valid).toBe(true);
  });

  it('finds an acknowledged write after which the register is as at the beginning', () => {
    expect(judge('A w x 1; A r x 0 final; B r x 0 final').counts).toEqual({ lost: 1 });
    expect(judge('A w x 1; A del x; A r x 0 final; B r x 0 final').valid).toBe(true);
  });

  it('follows causality through reads of other keys', () => {
    const text = 'A w x 1; A w y 1; B r y 1; B w x 2; A r x 1 final; B r x 1 final';
    const verdict = judge(text);
    expect(verdict.counts).toEqual({ lost: 1 });
    expect(verdict.anomalies[0]).toMatchObject({ ops: [0, 1, 2, 3, 5], confirmed: true });
    expect(judge(text.replace('B r y 1', 'B r y 0')).counts).toEqual({});
  });

  it('lets nothing of a session follow from its indeterminate write', () => {
    const text = 'A w x 1 info; A w x 2; B r x 1 final; C r x 1 final';
    expect(judge(text).valid).toBe(true);
    expect(judge(text.replace(' info', '')).counts).toEqual({ lost: 1 });
  });

  it('finds failed and never attempted values in any read', () => {
    expect(judge('A w x 1 fail; B r x 1; B r x 0 final').counts).toEqual({ resurrected: 1 });
    expect(judge('A w x 1; B r x 7; B r x 1 final').counts).toEqual({ phantom: 1 });
  });
});

/** A register of a server with versions, step by step. */
function versioned(...ops: readonly Partial<PlainOperation>[]) {
  const history = buildHistory(
    ops.map((op, i) => ({
      process: op.session ?? 'A',
      f: op.f ?? 'write',
      key: 'x',
      invoke: i * 10,
      complete: op.status === 'info' ? null : i * 10 + 9,
      status: 'ok' as const,
      node: op.final ? `n${1 + (i % 2)}` : 'n1',
      ...op,
    })),
  );
  return lostWrites.check(history, defaultCheckOptions, unlimited);
}

const final = (value: unknown, siblings?: unknown[]) =>
  [1, 2].map((i) => ({
    f: 'read',
    session: `F${i}`,
    value,
    siblings: siblings ?? null,
    final: true,
    node: `n${i}`,
  }));

describe('lost-writes of registers with versions', () => {
  const first = { session: 'A', value: 1, dot: 'n1:1', context: {} };
  const concurrent = { session: 'B', value: 2, dot: 'n2:1', context: {} };
  const replacing = { session: 'B', value: 2, dot: 'n2:1', context: { n1: 1 } };

  it('finds both writes among the siblings', () => {
    expect(versioned(first, concurrent, ...final(2, [2, 1])).valid).toBe(true);
  });

  it('finds the sibling that was dropped', () => {
    const verdict = versioned(first, concurrent, ...final(2, [2]));
    expect(verdict.counts).toEqual({ lost: 1 });
    expect(verdict.anomalies[0]).toMatchObject({ ops: [0, 2, 3], confirmed: true, minimal: true });
  });

  it('counts what a later context covers as superseded', () => {
    const verdict = versioned(first, replacing, ...final(2));
    expect(verdict.valid).toBe(true);
    expect(verdict.figures['superseded-count']).toBe(1);
  });

  it('lets an indeterminate write supersede only if somebody saw it', () => {
    const maybe = { ...replacing, dot: null, status: 'info' as const };
    expect(versioned(first, maybe, ...final(2)).valid).toBe(true);
    expect(versioned(first, maybe, ...final(null)).counts).toEqual({ lost: 1 });
  });

  it('lets a failed write supersede nothing', () => {
    const failed = { ...replacing, dot: null, status: 'fail' as const };
    expect(versioned(first, failed, ...final(null)).counts).toEqual({ lost: 1 });
  });

  it('lets a write without a context supersede what it may have found', () => {
    const blind = { session: 'B', value: 2, dot: 'n2:1', context: null };
    expect(versioned(first, blind, ...final(2)).valid).toBe(true);
    expect(versioned(blind, first, ...final(2)).counts).toEqual({ lost: 1 });
  });

  it('finds in mid-run what a context covers and a read does not show', () => {
    const read = { f: 'read', session: 'A', value: 2, context: { n1: 1, n2: 1 } };
    const later = { session: 'A', value: 3, dot: 'n1:2', context: { n1: 1, n2: 1 } };
    const verdict = versioned(first, concurrent, read, later, ...final(3));
    expect(verdict.counts).toEqual({ lost: 1 });
    expect(verdict.anomalies[0]).toMatchObject({ ops: [0, 2], confirmed: true, minimal: true });
    const honest = { ...read, siblings: [2, 1] };
    expect(versioned(first, concurrent, honest, later, ...final(3)).valid).toBe(true);
    const stale = { ...read, stale: true };
    expect(versioned(first, concurrent, stale, later, ...final(3)).valid).toBe(true);
  });

  it('does not look for what a delete wrote', () => {
    const gone = { f: 'delete', session: 'B', value: null, dot: 'n2:1', context: { n1: 1 } };
    const read = { f: 'read', session: 'B', value: null, context: { n1: 1, n2: 1 } };
    const verdict = versioned(first, gone, read, ...final(null));
    expect(verdict).toMatchObject({ valid: true, counts: {} });
  });

  it('accuses nobody while a node has not answered', () => {
    const [answered, silent] = final(2, [2]);
    const verdict = versioned(first, concurrent, answered!, { ...silent!, status: 'fail' });
    expect(verdict.valid).toBe('unknown');
    expect(verdict.figures['unresolved-count']).toBe(1);
  });
});
