import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultRefused, refuseImpossible } from '../../../nemesis/index.ts';
import type { ClusterSpec } from '../cluster.ts';
import { createExternalCluster, nodesAt } from './external.ts';

const urls = ['http://10.0.0.1:7432', 'http://10.0.0.2:7432/'];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'amnesia-external-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const specOf = (faultCommand: readonly string[], given = urls): ClusterSpec =>
  ({
    runId: 'external',
    nodes: 2,
    inquiries: { answers: async () => true, missing: async () => null },
    readyTimeoutMs: 1000,
    external: { urls: given, faultCommand },
  }) as unknown as ClusterSpec;

/** A program that writes down how it was called and prints what `answers` says for the verb. */
function command(name: string, answers: Readonly<Record<string, string>>): string[] {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(
    path,
    `import { appendFileSync } from 'node:fs';
     const args = process.argv.slice(2);
     appendFileSync(${JSON.stringify(join(folder, `${name}.calls`))}, JSON.stringify(args) + '\\n');
     const answer = ${JSON.stringify(answers)}[args[0]];
     if (answer === 'FAIL') { console.error('the switch is on fire'); process.exit(1); }
     if (answer) console.log(answer);`,
  );
  chmodSync(path, 0o755);
  return [process.execPath, path];
}
const callsOf = (name: string): string[][] =>
  readFileSync(join(folder, `${name}.calls`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string[]);

describe('a cluster that others run', () => {
  it('has a node for each URL, and no faults', async () => {
    const cluster = await createExternalCluster(specOf([]));
    expect(cluster.nodes.map(({ name, url }) => `${name} ${url}`)).toEqual([
      'n1 http://10.0.0.1:7432',
      'n2 http://10.0.0.2:7432',
    ]);
    for (const kind of ['kill', 'pause', 'partition']) {
      expect(() => refuseImpossible(cluster, [kind])).toThrow(FaultRefused);
    }
    await expect(cluster.kill('n1')).rejects.toThrow('--fault-command');
    expect(await cluster.state('n1')).toBe('running');
    await cluster.destroy();
  });

  it('is refused where a URL is none, or there are too few', async () => {
    expect(() => nodesAt(['n1:7432x'])).toThrow('accepted are URLs');
    expect(() => nodesAt(['ftp://n1/'])).toThrow('accepted are URLs');
    await expect(createExternalCluster(specOf([], urls.slice(1)))).rejects.toThrow('--urls');
  });

  it('has the faults that its command says, each called with arguments of their own', async () => {
    const probe = JSON.stringify({ open: { n2: false }, dropped: { n2: 4 } });
    const argv = command('good', { capabilities: 'kill cut', state: 'exited', probe });
    const cluster = await createExternalCluster(specOf(argv));
    refuseImpossible(cluster, ['kill', 'partition']);
    expect(() => refuseImpossible(cluster, ['pause'])).toThrow(FaultRefused);
    await cluster.kill('n1');
    expect(await cluster.state('n1')).toBe('exited');
    await cluster.network?.cut({ n1: ['n2'] }, null);
    expect(await cluster.network?.probe('n1', 200)).toEqual({
      open: { '10.0.0.2:7432': false },
      dropped: { '10.0.0.2:7432': 4 },
      chained: true,
    });
    await cluster.destroy();
    expect(callsOf('good')).toEqual([
      ['capabilities'],
      ['kill', 'n1'],
      ['state', 'n1'],
      ['cut', '{"n1":["n2"]}'],
      ['probe', 'n1'],
      ['heal'],
    ]);
  });

  it('says what its command did wrong', async () => {
    const odd = createExternalCluster(specOf(command('odd', { capabilities: 'kill teleport' })));
    await expect(odd).rejects.toThrow('"teleport"; known are kill, pause, cut');
    const argv = command('bad', { capabilities: 'kill', kill: 'FAIL', state: 'asleep' });
    const cluster = await createExternalCluster(specOf(argv));
    await expect(cluster.kill('n1')).rejects.toThrow('the switch is on fire');
    await expect(cluster.state('n1')).rejects.toThrow('"asleep"; known are running');
    const missing = createExternalCluster(specOf(['/no/such/program']));
    await expect(missing).rejects.toThrow('cannot be run');
  });
});
