/**
 * What users write outside of this repository, as they use it: from an empty folder with the built package in
 * node_modules, by the command. Needs `npm run build`, as an installed package does.
 */
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineForTests } from '../../cluster/docker/testing/engine.ts';
import { packageRoot } from '../../world/package-root.ts';

const answering = await engineForTests();
const isBuilt = existsSync(join(packageRoot, 'dist/harness/systems/door.js'));
const folder = mkdtempSync(join(tmpdir(), 'amnesia-user-'));
const short = ['--time-limit', '15', '--rate', '60', '--seed', '4'];

interface Printed {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function amnesia(cwd: string, ...args: readonly string[]): Promise<Printed> {
  const program = join(folder, 'node_modules/amnesia/bin/amnesia.mjs');
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, ...args],
      { cwd, timeout: 200_000, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const exitCode = typeof error?.code === 'number' ? error.code : error === null ? 0 : -1;
        resolve({ exitCode, stdout, stderr });
      },
    );
  });
}

beforeAll(() => {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(packageRoot, join(folder, 'node_modules/amnesia'));
  cpSync(join(packageRoot, 'examples'), join(folder, 'examples'), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!answering || !isBuilt)('outside of the repository', () => {
  test('a system of one file is tested, found out, and had again from its run file', async () => {
    expect((await amnesia(folder, 'new', 'system', 'store')).stdout).toMatch(/wrote store\.mjs/);
    const cut = ['--system', './store.mjs', '--partitions', 'isolate-one', ...short];
    const { exitCode, stdout, stderr } = await amnesia(folder, 'test', ...cut);
    expect(exitCode, stderr).toBe(1);
    expect(stdout).toContain('violates convergence');
    const elsewhere = mkdtempSync(join(tmpdir(), 'amnesia-elsewhere-'));
    try {
      const results = ['--results', join(folder, 'results')];
      const again = await amnesia(elsewhere, 'replay', ...results, '--times', '1');
      expect(again.exitCode, again.stderr).toBe(1);
      expect(again.stdout).toMatch(/convergence diverged.*returned 1 of 1 times/);
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
    rmSync(join(folder, 'store.mjs'));
    const gone = await amnesia(folder, 'replay', '--times', '1');
    expect(gone.exitCode).toBe(254);
    expect(gone.stderr).toMatch(/its system store 1 came from .*store\.mjs, which is not there/);
  });

  test('a workload, a checker and a fault of a folder are named in amnesia.config.mjs', async () => {
    const own = join(folder, 'examples/own');
    const checkers = ['--checkers', 'lost-writes,never-empty,vacuity'];
    const named = ['--system', 'toy', '--workload', 'one-set', '--nemesis', 'stutter', ...checkers];
    const { exitCode, stdout, stderr } = await amnesia(own, 'test', '--json', ...named, ...short);
    expect([0, 1], stderr).toContain(exitCode);
    const { verdicts, faults } = JSON.parse(stdout) as {
      verdicts: { checker: string; valid: unknown }[];
      faults: { kind: string; effective: string }[];
    };
    expect(verdicts.map((each) => each.checker)).toContain('never-empty');
    expect(faults[0]).toMatchObject({ kind: 'stutter', effective: 'effective' });
  });

  test.each(['python', 'bash'])('a client in another language is a program: %s', async (name) => {
    const system = ['--system', `./examples/clients/in-${name}.mjs`, '--nemesis', 'none'];
    const load = ['--concurrency', '6', '--time-limit', '6', '--rate', '30', '--seed', '4'];
    const { stdout, stderr } = await amnesia(folder, 'test', '--json', ...system, ...load);
    const { counts } = JSON.parse(stdout) as { counts: { ok: number; info: number } };
    expect(counts.ok, stderr).toBeGreaterThan(30);
    expect(counts.info).toBe(0);
  });

  test.each([
    ['./none.mjs', /there is no file .*none\.mjs/],
    ['rediss', /--system is "rediss"; accepted are engram, redis-sentinel, etcd, or a file/],
  ])('--system %s is refused with what to do', async (system, message) => {
    const { exitCode, stderr } = await amnesia(folder, 'test', '--system', system);
    expect(exitCode).toBe(254);
    expect(stderr).toMatch(message);
  });
});

test('clients in other languages fit on a page', () => {
  for (const name of ['client.py', 'client.sh']) {
    const text = readFileSync(join(packageRoot, 'examples/clients', name), 'utf8');
    expect(text.split('\n').length, name).toBeLessThanOrEqual(41);
  }
});
