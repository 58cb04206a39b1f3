/**
 * The product as users get it: packed, installed into an empty folder, and run from there. The one compiled part is
 * not compiled again but taken from this checkout.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from './sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'amnesia packed '));
const bin = join(folder, 'node_modules/.bin/amnesia');
const minutes = 60_000;

function amnesia(...argv: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(bin, argv, { cwd: folder, encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

beforeAll(() => {
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
  const [packed] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  writeFileSync(join(folder, 'package.json'), '{ "name": "empty", "private": true }\n');
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  execFileSync('npm', ['install', ...flags, `./${packed}`], { cwd: folder });
  const compiled = 'node_modules/better-sqlite3/build';
  cpSync(join(root, compiled), join(folder, compiled), { recursive: true });
}, 5 * minutes);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the packed product', () => {
  it('has what a stranger reads and builds first, and no sources of tests', () => {
    const inside = readdirSync(join(folder, 'node_modules/amnesia'), { recursive: true }).map(
      String,
    );
    expect(inside).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'docker/setup.sh']));
    expect(inside).toContain('docker/engram/dist/engram.cjs');
    expect(inside.filter((path) => /\.test\.|node_modules/.test(path))).toEqual([]);
  });

  it('names its commands and its version', () => {
    expect(amnesia('--version').out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(amnesia('--help').out).toMatch(/ {2}test .*\n(.*\n)* {2}setup /);
  });

  it(
    'runs, keeps a page, and judges again',
    () => {
      const run = amnesia('test', '--runtime', 'sim', '--time-limit', '20', '--seed', '5');
      expect(run.err).not.toMatch(/fault of amnesia/);
      expect(run.out.trimEnd().split('\n').at(-1)).toBe('valid   engram   seed 5');
      expect(run.code).toBe(0);
      expect(readdirSync(join(folder, 'results/engram/latest'))).toContain('report.html');
      expect(amnesia('check').code).toBe(0);
    },
    3 * minutes,
  );

  it('gives its checkers to other programs', () => {
    const program = `import { checkHistory } from 'amnesia/checkers';
      console.log(checkHistory([]).valid);`;
    writeFileSync(join(folder, 'use.mjs'), program);
    const { stdout } = spawnSync(process.execPath, ['use.mjs'], { cwd: folder, encoding: 'utf8' });
    expect(stdout).toBe('unknown\n');
  });
});
