/**
 * Stands for `amnesia test` in tests of campaigns, and for a worker where there is a parent to answer:
 * writes a small run file, judges it, and ends as a real run does. What it does depends on its seed and
 * on the environment, with seeds as lists: FAKE_BAD (a session reads what it had replaced), FAKE_CRASH
 * (dies without a run file), FAKE_DIE (dies while it records), FAKE_HANG. FAKE_MS: how long it takes. FAKE_LOG: a file
 * that gets a line at the start and at the end of each run.
 */

import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { saveRun } from '../../columns/save.ts';
import { judgeRun } from '../../judge/judge.ts';
import type { StoredRow } from '../../store/fields.ts';
import { openRun } from '../../store/recorder.ts';
import { runDirectory } from '../../store/results.ts';

function seedsOf(name: string): ReadonlySet<string> {
  return new Set((process.env[name] ?? '').split(','));
}

function note(line: string): void {
  const path = process.env.FAKE_LOG;
  if (path !== undefined) appendFileSync(path, `${line}\n`);
}

/** A value is read back; or, where `bad`, the one before it. */
function rows(bad: boolean): StoredRow[] {
  const values: readonly [string, string][] = [
    ['write', '1'],
    ['write', '2'],
    ['read', bad ? '1' : '2'],
  ];
  return values.map(([f, value], idx) => ({
    idx,
    process: 0,
    thread: 0,
    phase: 'chaos',
    workload: 'register',
    f,
    key: 's-1/x',
    value: Number(value),
    node: 'n1',
    scheduled: 10 * idx,
    invoked: 10 * idx,
    completed: 10 * idx + 5,
    outcome: 'ok',
  }));
}

async function perform(options: Readonly<Record<string, string>>): Promise<number> {
  const seed = options.seed!;
  note(`start ${seed}`);
  if (seedsOf('FAKE_CRASH').has(seed)) {
    process.stderr.write('amnesia: the fake dies\n');
    process.exit(255);
  }
  if (seedsOf('FAKE_HANG').has(seed)) await sleep(600_000);
  const startedAt = new Date().toISOString();
  const dir = runDirectory(options.results ?? 'results', {
    name: options.name!,
    startedAt,
    seed: Number(seed),
  });
  const recorder = openRun(dir, {
    runId: `fake-${seed}`,
    name: options.name!,
    seed: Number(seed),
    startedAt,
    nodes: ['n1', 'n2', 'n3'],
    config: { ...options, checkers: ['session'] },
    versions: {},
    environment: {},
    replay: `amnesia test --seed ${seed}`,
  });
  if (seedsOf('FAKE_DIE').has(seed)) process.kill(process.pid, 'SIGKILL');
  await sleep(Number(process.env.FAKE_MS ?? 0));
  for (const row of rows(seedsOf('FAKE_BAD').has(seed))) {
    const { completed: _, outcome: __, ...invocation } = row;
    recorder.invoke(invocation);
    recorder.complete(row as Parameters<typeof recorder.complete>[0]);
  }
  recorder.state('done');
  saveRun(recorder, 3.6e12);
  const { valid } = judgeRun(recorder.path, { checkers: ['session'] });
  note(`end ${seed}`);
  return valid === true ? 0 : valid === false ? 1 : 2;
}

if (process.send === undefined) {
  const words = process.argv.slice(2).filter((word) => word !== 'test' && word !== '--json');
  const options: Record<string, string> = {};
  for (let i = 0; i < words.length; i += 2) options[words[i].slice(2)] = words[i + 1];
  process.exitCode = await perform(options);
} else {
  process.on('disconnect', () => process.exit(0));
  process.on('message', (task: { index: number; options: Record<string, string> }) => {
    void perform(task.options).then((exitCode) =>
      process.send!({ index: task.index, exitCode, message: null }),
    );
  });
}
