/** Power loss by an undo log, on real programs: what they had synced stays, and only that. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineForTests } from '../../harness/cluster/docker/testing/engine.ts';
import { docker, victimsImage } from './testing/victims.ts';

const answering = await engineForTests();

interface Process {
  readonly static: boolean;
  readonly loaded: boolean;
  readonly ioUring: boolean;
  readonly sharedMappings: number;
}

interface Lines {
  readonly left: number;
  readonly torn: string;
  readonly logBytes: number;
  readonly undone: { readonly writes: number; readonly records: number } | null;
  readonly processes: readonly Process[];
}

interface Acknowledged {
  readonly acknowledged: number;
  readonly found: number;
  readonly lostMs: number;
  readonly integrity: string;
  readonly processes: readonly Process[];
}

interface Names {
  readonly found: readonly string[];
  readonly replaced: string;
}

const power = { loss: ['lose=all'] };
const kill = { loss: null };

describe.skipIf(!answering)('power loss by an undo log', () => {
  const container = `amnesia-test-${process.pid}-undo`;
  beforeAll(async () => {
    const image = await victimsImage();
    const limits = ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
    await docker('run', '-d', '--name', container, '--network', 'none', ...limits, image);
  });
  afterAll(async () => {
    await docker('rm', '-f', container);
  });

  async function scenario<T>(name: string, options: object): Promise<T> {
    const program = ['node', '/scenarios/scenarios.mjs', name, JSON.stringify(options)];
    return JSON.parse(await docker('exec', container, ...program)) as T;
  }

  it('takes from a program that forgets to sync exactly what it did not sync', async () => {
    const written = { every: 10, count: 237 };
    const killed = await scenario<Lines>('lines', { ...written, ...kill });
    expect(killed.left).toBe(237);
    const lost = await scenario<Lines>('lines', { ...written, ...power });
    expect(lost.left).toBe(230);
    expect(lost.torn).toBe('');
    expect(lost.processes[0]).toMatchObject({ static: false, loaded: true, ioUring: false });
  });

  it('leaves a first part of a write where the last ones shall be torn', async () => {
    const loss = ['lose=all', 'torn=1', 'seed=5'];
    const { left, torn } = await scenario<Lines>('lines', { every: 10, count: 15, loss });
    expect(left).toBe(10);
    expect(torn).toMatch(/^0{1,61}(1|11)?$/);
  });

  it('lets a disk have had a part of it by chance, the same one for the same seed', async () => {
    const run = (seed: number) =>
      scenario<Lines>('lines', { every: 100, count: 199, loss: ['lose=random', `seed=${seed}`] });
    const [first, again, other] = [await run(1), await run(1), await run(2)];
    for (const { left } of [first, other]) {
      expect(left).toBeGreaterThanOrEqual(100);
      expect(left).toBeLessThanOrEqual(199);
    }
    expect(again.left).toBe(first.left);
    expect(other.left).not.toBe(first.left);
  });

  it('keeps its log short while a program syncs', async () => {
    const { left, logBytes, undone } = await scenario<Lines>('lines', {
      every: 1000,
      count: 300_500,
      ...power,
    });
    expect(left).toBe(300_000);
    expect(undone?.records).toBeLessThan(300_000);
    expect(logBytes).toBeLessThan(10 << 20);
  });

  it('costs Redis about a second with appendfsync everysec, and kill -9 nothing', async () => {
    const everysec = { appendfsync: 'everysec', runMs: 3000 };
    const killed = await scenario<Acknowledged>('redis', { ...everysec, ...kill });
    expect(killed.found).toBe(killed.acknowledged);
    const lost = await scenario<Acknowledged>('redis', { ...everysec, ...power });
    expect(lost.found).toBeLessThan(lost.acknowledged);
    expect(lost.found).toBeGreaterThan(0);
    expect(lost.lostMs).toBeGreaterThan(0);
    expect(lost.lostMs).toBeLessThan(2500);
  });

  it('costs Redis nothing with appendfsync always, and everything with no', async () => {
    const always = { appendfsync: 'always', runMs: 700, ...power };
    const synced = await scenario<Acknowledged>('redis', always);
    expect(synced.acknowledged).toBeGreaterThan(0);
    expect(synced.found).toBe(synced.acknowledged);
    const never = await scenario<Acknowledged>('redis', { ...always, appendfsync: 'no' });
    expect(never.acknowledged).toBeGreaterThan(0);
    expect(never.found).toBe(0);
  });

  it('costs SQLite what its synchronous setting says', async () => {
    const wal = { journal: 'wal', runMs: 1500, ...power };
    const full = await scenario<Acknowledged>('sqlite', { ...wal, sync: 'full' });
    expect(full).toMatchObject({ integrity: 'ok', found: full.acknowledged });
    const normal = await scenario<Acknowledged>('sqlite', { ...wal, sync: 'normal' });
    expect(normal.integrity).toBe('ok');
    expect(normal.found).toBeLessThan(normal.acknowledged);
    // The index of the log is a shared mapping, which no wrapper sees.
    expect(normal.processes[0].sharedMappings).toBeGreaterThan(0);
    const extra = { journal: 'delete', sync: 'extra', runMs: 700, ...power };
    const exact = await scenario<Acknowledged>('sqlite', extra);
    expect(exact).toMatchObject({ integrity: 'ok', found: exact.acknowledged });
  });

  it('undoes names that no sync had made durable', async () => {
    const none = await scenario<Names>('names', { sync: 'none', ...power });
    expect(none.found).toEqual(['folder', 'new', 'removed', 'replaced']);
    expect(none.replaced).toBe('old');
    const folder = await scenario<Names>('names', { sync: '.', ...power });
    expect(folder.found).toEqual(['folder', 'removed', 'replaced']);
    expect(folder.replaced).toBe('new');
  });

  it('holds a name for durable after any sync, or only after one of its folder, as asked', async () => {
    const loss = ['lose=all', 'names=strict'];
    const ordered = await scenario<Names>('names', { sync: 'replaced', ...power });
    expect(ordered.replaced).toBe('new');
    const strict = await scenario<Names>('names', { sync: 'replaced', names: 'strict', loss });
    expect(strict.replaced).toBe('old');
  });

  it('finds what it cannot see: static programs, and writes by io_uring', async () => {
    expect(await scenario('staticProgram', {})).toMatchObject({ static: true, loaded: false });
    const env = { UV_USE_IO_URING: '1' };
    const ring = await scenario<Lines>('lines', { every: 10, count: 15, env, ...kill });
    // Where the engine forbids io_uring Node does without, and the wrappers see everything.
    expect(ring.processes[0]?.ioUring || ring.logBytes > 0).toBe(true);
  });
});
