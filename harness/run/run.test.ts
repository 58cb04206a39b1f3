import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Valid } from '../../checkers/verdict/verdict.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { loadRun } from '../columns/columns.ts';
import { openRunFile, readSummary } from '../store/run-file.ts';
import { parseOptions, type RawOptions } from './options.ts';
import { performRun, RunInterrupted, type RunResult } from './run.ts';
import { createFakeCluster, type FakeCluster } from './testing/fake-cluster.ts';
import type { Lies } from './testing/fake-engram.ts';

const results = mkdtempSync(join(tmpdir(), 'amnesia-run-'));
afterAll(() => rmSync(results, { recursive: true, force: true }));

const quick: RawOptions = {
  results,
  nodes: '3',
  nemesis: 'none',
  'time-limit': '1.2',
  'warm-up': '0.3',
  rate: '300',
  concurrency: '8',
  settle: '0.2',
  'final-deadline': '4',
  'op-timeout': '1',
};

interface Told {
  readonly phases: string[];
  readonly events: string[];
  readonly cluster: FakeCluster;
}

interface Play {
  readonly lies?: Lies;
  /** Called with each phase as it begins. */
  onPhase?(phase: string, stop: AbortController, halt: AbortController): void;
  /** Puts something before the cluster. */
  wrap?(cluster: FakeCluster): Cluster;
}

async function play(given: RawOptions, { lies, onPhase, wrap }: Play = {}) {
  const stop = new AbortController();
  const halt = new AbortController();
  const phases: string[] = [];
  const events: string[] = [];
  let cluster: FakeCluster | undefined;
  const result = await performRun(parseOptions({ ...quick, ...given }, 1), {
    createCluster: async (spec) => {
      cluster = await createFakeCluster(spec, lies);
      return wrap ? wrap(cluster) : cluster;
    },
    stop: stop.signal,
    halt: halt.signal,
    observer: {
      phase: (phase) => {
        phases.push(phase);
        onPhase?.(phase, stop, halt);
      },
      event: (text) => events.push(text),
      progress: () => {},
    },
  });
  const told: Told = { phases, events, cluster: cluster! };
  return { result, told };
}

function verdictOf(result: RunResult, checker: string): Valid | undefined {
  return result.judgement?.verdicts.find((each) => each.checker === checker)?.valid;
}

/** Rows of a query against the run file. */
function ask<Row>(result: RunResult, sql: string): Row[] {
  const file = openRunFile(join(result.dir, 'run.sqlite'));
  try {
    return file.db.prepare<[], Row>(sql).all();
  } finally {
    file.db.close();
  }
}

describe('a run of an honest cluster', () => {
  test('is valid under kills and pauses, and goes through all phases in order', async () => {
    const { result, told } = await play({
      nemesis: 'kill,pause',
      'time-limit': '4',
      'fault-time': '0.6',
      'calm-time': '0.3',
    });
    const judged = result.judgement!.verdicts.filter((each) => each.informational !== true);
    expect(judged.filter((each) => each.valid !== true)).toEqual([]);
    expect(result).toMatchObject({ state: 'done', message: null, problems: [] });
    const all = ['set-up', 'warm-up', 'chaos', 'heal', 'final', 'check', 'tear-down', 'done'];
    expect(told.phases).toEqual(all);
    expect(told.cluster.destroyed).toBe(true);
    const faults = ask<{ effective: string; healed: number; kind: string }>(
      result,
      'SELECT kind, effective, healed FROM fault',
    );
    expect(new Set(faults.map((each) => each.kind))).toEqual(new Set(['kill', 'pause']));
    expect(faults.every((each) => each.effective === 'effective' && each.healed === 1)).toBe(true);
    const open = ask(result, "SELECT idx FROM op WHERE outcome IS NULL AND process <> 'nemesis'");
    expect(open).toEqual([]);
  });

  test('leaves a sealed history with every operation, samples and logs', async () => {
    const { result } = await play({});
    const { summary, history, from, notes } = loadRun(join(result.dir, 'run.sqlite'));
    expect([from, notes, summary.state]).toEqual(['chunks', [], 'done']);
    expect(Object.keys(summary.phases)).toEqual(['warm-up', 'chaos', 'heal', 'final']);
    expect(history.n).toBeGreaterThan(200);
    expect(history.samples.length).toBeGreaterThan(0);
    const finals = ask<{ key: string; nodes: number }>(
      result,
      'SELECT key, count(DISTINCT node) AS nodes FROM op WHERE final = 1 GROUP BY key',
    );
    const touched = ask<{ key: string }>(result, 'SELECT DISTINCT key FROM op WHERE key NOTNULL');
    expect(finals).toHaveLength(touched.length);
    expect(finals.every((each) => each.nodes === 3)).toBe(true);
    const levels = ask(result, 'SELECT DISTINCT level FROM node_log ORDER BY level');
    expect(levels).toEqual([{ level: 'info' }, { level: 'text' }]);
  });

  test('with the same seed does the same operations at the same times', async () => {
    const load = async () => {
      const { result } = await play({ seed: '77', 'time-limit': '1' });
      const rows = ask<{ workload: string; f: string; key: string; asked: string }>(
        result,
        `SELECT workload, f, key, CASE WHEN f IN ('add', 'write') THEN value END AS asked
         FROM op WHERE final IS NULL AND process <> 'nemesis' ORDER BY workload, scheduled`,
      );
      return {
        set: rows.filter((each) => each.workload === 'set').slice(0, 60),
        register: rows.filter((each) => each.workload === 'register').slice(0, 60),
      };
    };
    const first = await load();
    expect(first.set).toHaveLength(60);
    expect(await load()).toEqual(first);
  });

  test('counts an answer of 500 as unknown and retires the process', async () => {
    const { result } = await play({}, { lies: { failEvery: 10 } });
    expect(result.judgement?.valid).toBe(true);
    const retired = ask<{ process: number; thread: number }>(
      result,
      "SELECT process, thread FROM op WHERE outcome = 'info' AND f IN ('add', 'write')",
    );
    expect(retired.length).toBeGreaterThan(5);
    const processes = retired.map((each) => each.process);
    expect(new Set(processes).size).toBe(processes.length);
    expect(retired.every(({ process, thread }) => process % 8 === thread)).toBe(true);
  });
});

describe('a run of a lying cluster', () => {
  test('that loses acknowledged writes is invalid by lost-writes', async () => {
    const { result } = await play({ 'final-deadline': '1' }, { lies: { loseEvery: 25 } });
    expect(result.judgement?.valid).toBe(false);
    expect(verdictOf(result, 'lost-writes')).toBe(false);
  });

  test('whose nodes never agree is invalid by convergence, after the deadline', async () => {
    const { result } = await play({ 'final-deadline': '1' }, { lies: { blindNode: 'n2' } });
    expect(result.state).toBe('done');
    expect(verdictOf(result, 'convergence')).toBe(false);
  });
});

describe('a run that is stopped', () => {
  test('once heals, reads finally and is judged as aborted', async () => {
    const { result, told } = await play(
      { nemesis: 'kill', 'time-limit': '60', 'fault-time': '20', 'calm-time': '0.2' },
      {
        onPhase: (phase, stop) => {
          if (phase === 'chaos') setTimeout(() => stop.abort(), 1500);
        },
      },
    );
    expect(result).toMatchObject({ state: 'aborted', message: 'interrupted', halted: false });
    expect(told.phases).toContain('final');
    expect(verdictOf(result, 'lost-writes')).toBe(true);
    expect(result.judgement?.valid).toBe('unknown');
    expect(ask(result, 'SELECT healed FROM fault')).toEqual([{ healed: 1 }]);
    expect(told.cluster.destroyed).toBe(true);
  });

  test('twice keeps what it has, judges nothing and removes the cluster', async () => {
    const { result, told } = await play(
      { 'time-limit': '60' },
      {
        onPhase: (phase, _, halt) => {
          if (phase === 'chaos') setTimeout(() => halt.abort(), 300);
        },
      },
    );
    expect(result).toMatchObject({ state: 'aborted', halted: true, judgement: null });
    expect(told.phases).toEqual(['set-up', 'warm-up', 'chaos', 'tear-down', 'done']);
    const { summary, history } = loadRun(join(result.dir, 'run.sqlite'));
    expect(summary.state).toBe('aborted');
    expect(history.n).toBeGreaterThan(50);
    expect(told.cluster.destroyed).toBe(true);
  });

  test('by the wall clock is judged as it is', async () => {
    const { result } = await play({ 'time-limit': '60', 'wall-clock': '1' });
    expect(result).toMatchObject({ state: 'aborted', message: 'the wall clock struck' });
    expect(verdictOf(result, 'convergence')).toBe(true);
    expect(result.judgement?.valid).toBe('unknown');
  });

  test('before its first operation leaves no run and no cluster', async () => {
    const before = readdirSync(results);
    const stopping = play(
      { name: 'never' },
      { onPhase: (phase, stop) => phase === 'set-up' && stop.abort() },
    );
    await expect(stopping).rejects.toThrow(RunInterrupted);
    expect(readdirSync(results)).toEqual(before);
  });
});

describe('what goes wrong around a run', () => {
  test('a cluster that cannot be removed changes no verdict', async () => {
    const { result, told } = await play(
      {},
      {
        wrap: (cluster) => ({
          ...cluster,
          destroy: async () => {
            throw new Error('the engine is gone');
          },
        }),
      },
    );
    expect(result.judgement?.valid).toBe(true);
    expect(result.problems).toEqual([expect.stringContaining('amnesia clean')]);
    await told.cluster.destroy();
  });

  test('logs that cannot be read change no verdict', async () => {
    const { result } = await play(
      {},
      { wrap: (cluster) => ({ ...cluster, logs: () => Promise.reject(new Error('no logs')) }) },
    );
    expect(result.judgement?.valid).toBe(true);
    expect(result.problems).toEqual([expect.stringContaining('no logs')]);
  });

  test('a fault that cannot be applied makes the run unknown, and is healed all the same', async () => {
    const { result } = await play(
      { nemesis: 'pause', 'time-limit': '3', 'fault-time': '0.5', 'calm-time': '0.3' },
      {
        wrap: (cluster) => ({
          ...cluster,
          pause: () => Promise.reject(new Error('no freezer here')),
        }),
      },
    );
    expect(result.state).toBe('done');
    expect(result.judgement?.valid).toBe('unknown');
    const faults = ask<{ effective: string; healed: number; error: string }>(
      result,
      'SELECT effective, healed, error FROM fault',
    );
    expect(faults[0]).toMatchObject({ effective: 'none', healed: 1 });
    expect(faults[0].error).toContain('no freezer here');
  });

  test('a cluster that cannot be made leaves no run file', async () => {
    const name = 'no-cluster';
    const running = performRun(parseOptions({ ...quick, name }, 1), {
      createCluster: () => Promise.reject(new Error('no engine')),
      stop: new AbortController().signal,
      halt: new AbortController().signal,
      observer: { phase: () => {}, event: () => {}, progress: () => {} },
    });
    await expect(running).rejects.toThrow('no engine');
    expect(existsSync(join(results, name))).toBe(false);
  });

  test('a results folder that cannot be made is refused before a cluster is started', async () => {
    let asked = false;
    const file = join(results, 'a-file');
    writeFileSync(file, '');
    const running = performRun(parseOptions({ ...quick, results: join(file, 'below') }, 1), {
      createCluster: () => {
        asked = true;
        return Promise.reject(new Error('never'));
      },
      stop: new AbortController().signal,
      halt: new AbortController().signal,
      observer: { phase: () => {}, event: () => {}, progress: () => {} },
    });
    await expect(running).rejects.toMatchObject({ name: 'RunFileError' });
    expect(asked).toBe(false);
  });
});

test('the summary tells how to run it again', async () => {
  const { result } = await play({ seed: '5', 'time-limit': '1' });
  const file = openRunFile(join(result.dir, 'run.sqlite'));
  const { replay } = readSummary(file);
  file.db.close();
  expect(replay).toContain('--seed 5');
  expect(replay).toContain('--time-limit 1');
});
