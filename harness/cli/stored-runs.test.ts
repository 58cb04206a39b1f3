import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { runDirectory } from '../store/results.ts';
import { header, makeRun, row, temporaryFolder } from '../store/testing/made-runs.ts';
import { VERSION } from './main.ts';
import { amnesia, printed } from './testing/program.ts';

const good = [
  row(0, { f: 'write', value: 'a', invoked: 1, completed: 2 }),
  row(1, { f: 'read', value: 'a', invoked: 3, completed: 4 }),
];
/** Reads what its own write had replaced. */
const bad = [
  row(0, { f: 'write', value: 'a', invoked: 1, completed: 2 }),
  row(1, { f: 'write', value: '\u001b[2Jb', invoked: 3, completed: 4 }),
  row(2, { f: 'read', value: 'a', error: '\u001b[2J', invoked: 5, completed: 6 }),
];

function results(): { readonly folder: string; readonly good: string; readonly bad: string } {
  const folder = temporaryFolder();
  const at = (name: string, second: number) =>
    runDirectory(folder, { name, seed: second, startedAt: `2026-01-31T12:00:0${second}.000Z` });
  return {
    folder,
    good: makeRun(good, header({ name: 'good', seed: 1 }), at('good', 1)),
    bad: makeRun(bad, header({ name: 'bad', seed: 2 }), at('bad', 2)),
  };
}

describe('amnesia check', () => {
  it('exits with 0, 1 and 2 for valid, invalid and unknown, and stores each check', async () => {
    const { folder, bad: path } = results();
    const only = ['--results', folder, '--checkers', 'causal'];
    expect(await amnesia('check', 'good', ...only)).toBe(0);
    expect(await amnesia('check', 'bad', ...only)).toBe(1);
    expect(printed.out).toContain('INVALID');
    expect(await amnesia('check', '2', ...only, '--json')).toBe(1);
    expect(JSON.parse(printed.out)).toMatchObject({ valid: false, checkNo: 2, name: 'bad' });
    const db = new Database(path);
    db.exec("UPDATE run SET state = 'aborted', state_message = 'why not'");
    db.close();
    expect(await amnesia('check', 'good', '--results', folder, '--checkers', 'convergence')).toBe(
      2,
    );
    expect(await amnesia('check', 'bad', ...only)).toBe(1);
    expect(printed.out).toContain('the run was aborted: why not');
  });

  it('asks for what the run itself asked for, unless told otherwise', async () => {
    const folder = temporaryFolder();
    const dir = runDirectory(folder, header({ name: 'few' }));
    makeRun(good, header({ name: 'few', config: { checkers: ['causal'], model: ['cc'] } }), dir);
    expect(await amnesia('check', 'few', '--results', folder, '--json')).toBe(0);
    expect(
      JSON.parse(printed.out).verdicts.map((each: { checker: string }) => each.checker),
    ).toEqual(['causal']);
    await amnesia('check', 'few', '--results', folder, '--checkers', 'stats,logs', '--json');
    expect(JSON.parse(printed.out).verdicts).toHaveLength(2);
  });

  it('never calls an aborted run valid', async () => {
    const { folder, good: path } = results();
    const db = new Database(path);
    db.exec("UPDATE run SET state = 'aborted'");
    db.close();
    expect(await amnesia('check', 'good', '--results', folder, '--checkers', 'causal')).toBe(2);
    expect(printed.out).toContain('unknown: aborted');
  });

  it('answers unknown for a damaged run and 254 for what is no run', async () => {
    const { folder, good: path } = results();
    truncateSync(path, 20_000);
    expect(await amnesia('check', path)).toBe(2);
    const text = join(folder, 'notes.sqlite');
    writeFileSync(text, 'hello');
    for (const wrong of [text, join(folder, 'nowhere'), join(folder, 'none.edn')]) {
      expect([wrong, await amnesia('check', wrong, '--results', folder)]).toEqual([wrong, 254]);
      expect(printed.err.trim().split('\n')).toHaveLength(1);
    }
  });

  it('refuses options with what it would accept', async () => {
    const { folder } = results();
    const refused = async (...argv: string[]) => {
      expect(await amnesia('check', 'good', '--results', folder, ...argv)).toBe(254);
      return printed.err;
    };
    expect(await refused('--checkers', 'lost')).toContain('accepted are: lost-writes');
    expect(await refused('--model', 'xx')).toContain('cc, ccv, cm, all');
    expect(await refused('--max-anomalies', '0')).toContain('a whole number from 1');
    expect(await refused('--initial', '{')).toContain('accepted is JSON');
    expect(await refused('--nonsense')).toContain('--nonsense');
  });
});

describe('amnesia list, show and sql', () => {
  it('list the runs with their verdicts', async () => {
    const { folder } = results();
    await amnesia('check', 'bad', '--results', folder, '--checkers', 'causal');
    expect(await amnesia('list', '--results', folder)).toBe(0);
    expect(printed.out).toMatch(/2 .*INVALID .*bad\//);
    expect(printed.out).toMatch(/1 .*not judged .*good\//);
    await amnesia('list', '--results', folder, '--json');
    expect(JSON.parse(printed.out)).toMatchObject([{ name: 'bad', valid: false }, { valid: null }]);
    await amnesia('list', '--results', join(folder, 'nothing'));
    expect(printed.out).toContain('no runs below');
  });

  it('show a run, an operation, a key, a process and a violation', async () => {
    const { folder } = results();
    const show = async (...argv: string[]) => {
      expect(await amnesia('show', 'bad', '--results', folder, ...argv)).toBe(0);
      return printed.out;
    };
    expect(await show()).toContain('not judged yet');
    await amnesia('check', 'bad', '--results', folder, '--checkers', 'causal');
    expect(await show()).toContain('INVALID');
    expect(await show('--op', '1')).toMatch(/> +1 /);
    expect(await show('--key', 's-1/x')).toContain('write');
    expect(await show('--process', '0')).toContain('read');
    expect(await show('--anomaly', '1')).toContain('found by causal');
    await show('--op', '1', '--json');
    expect(JSON.parse(printed.out)).toMatchObject({ view: 'op', op: { idx: 1 } });
  });

  it('show hostile values escaped', async () => {
    const { folder } = results();
    for (const what of [
      ['show', 'bad', '--key', 's-1/x'],
      ['sql', 'bad', 'select error from op'],
    ]) {
      await amnesia(...what, '--results', folder);
      expect(printed.out).not.toContain('\u001b');
      expect(printed.out).toContain('\\x1b[2J');
    }
  });

  it('say what is not there', async () => {
    const { folder } = results();
    expect(await amnesia('show', 'bad', '--op', '77', '--results', folder)).toBe(254);
    expect(printed.err).toContain('there is no operation 77: they are numbered 0 to 2');
    expect(await amnesia('show', 'bad', '--op', '1', '--key', 'x', '--results', folder)).toBe(254);
    expect(printed.err).toContain('exclude each other');
  });

  it('ask the latest run when none is named, and only read', async () => {
    const { folder } = results();
    expect(await amnesia('sql', 'select count(*) as n from op', '--results', folder)).toBe(0);
    expect(printed.out).toBe('n\n─\n3\n');
    expect(await amnesia('sql', 'good', 'select f from op', '--json', '--results', folder)).toBe(0);
    expect(JSON.parse(printed.out)).toEqual([{ f: 'write' }, { f: 'read' }]);
    expect(await amnesia('sql', 'select 1; delete from op', '--results', folder)).toBe(254);
    expect(printed.err).toContain('one statement at a time');
    expect(await amnesia('sql', 'latest', '--results', folder)).toBe(254);
  });
});

describe('amnesia import and export', () => {
  it('take a history in and give it out again', async () => {
    const folder = temporaryFolder();
    const input = join(folder, 'my history.jsonl');
    const text = '{"type":"invoke","process":0,"f":"write","value":1}\n';
    writeFileSync(input, text);
    expect(await amnesia('import', input, '--results', folder)).toBe(0);
    expect(printed.out).toContain('1 operations are in');
    const output = join(folder, 'out.jsonl');
    const flags = ['--results', folder, '--format', 'jsonl', '-o', output];
    expect(await amnesia('export', 'my-history', ...flags)).toBe(0);
    expect(readFileSync(output, 'utf8')).toBe(
      '{"type":"invoke","process":0,"f":"write","value":1}\n',
    );
    expect(await amnesia('export', 'my-history', '--results', folder, '-o', folder)).toBe(254);
    writeFileSync(input, '{"type":"invoke"');
    expect(await amnesia('import', input, '--results', folder)).toBe(254);
    expect(printed.err).toContain('line 1, column 17');
  });
});

describe('the program', () => {
  it('says its version, that of the package', async () => {
    const manifest = new URL('../../package.json', import.meta.url);
    expect(VERSION).toBe(JSON.parse(readFileSync(manifest, 'utf8')).version);
    expect(await amnesia('--version')).toBe(0);
    expect(printed.out).toBe(`${VERSION}\n`);
  });

  it('refuses unknown commands and knows help', async () => {
    expect(await amnesia('forget')).toBe(254);
    expect(await amnesia()).toBe(254);
    expect(await amnesia('check', '--help')).toBe(0);
    expect(printed.out).toContain('--max-anomalies');
  });
});
