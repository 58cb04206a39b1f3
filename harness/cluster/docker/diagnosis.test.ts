import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engramImage } from '../../systems/engram/program.ts';
import { diagnose } from './diagnosis.ts';

let before: string | undefined;
beforeEach(() => {
  before = process.env.DOCKER_HOST;
});
afterEach(() => {
  if (before === undefined) delete process.env.DOCKER_HOST;
  else process.env.DOCKER_HOST = before;
});

describe('a machine without an engine', () => {
  it.each([
    ['unix:///no/such/socket', 'npm run setup'],
    ['tcp://127.0.0.1:1', 'npm run setup'],
    ['http:::', 'DOCKER_HOST'],
  ])('is told so, with what to do (%s)', async (host, words) => {
    process.env.DOCKER_HOST = host;
    const findings = await diagnose('results', engramImage);
    const engine = findings.find((each) => each.name === 'engine');
    expect(engine).toMatchObject({ ok: false, needed: true, text: expect.stringContaining(words) });
    expect(findings.find((each) => each.name === 'node')?.ok).toBe(true);
  });

  it('has its disk looked at where the results will be, before there are any', async () => {
    process.env.DOCKER_HOST = 'unix:///no/such/socket';
    const findings = await diagnose('no/such/folder/yet', engramImage);
    expect(findings.find((each) => each.name === 'disk')?.text).toMatch(/GiB free/);
  });
});
