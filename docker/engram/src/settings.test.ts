/** Settings are refused before anything starts, all problems at once, and secrets are never shown. */
import { describe, expect, it } from 'vitest';
import { faultSwitches } from './faults.ts';
import { parseSettings, settingRows, settingsReference } from './settings.ts';

const least = { ENGRAM_NODE_ID: 'n1' };

function problems(env: Record<string, string | undefined>): readonly string[] {
  const parsed = parseSettings(env);
  return parsed.ok ? [] : parsed.problems;
}

describe('settings', () => {
  it('need nothing but a name: the rest has defaults, on loopback', () => {
    expect(parseSettings(least)).toEqual({
      ok: true,
      settings: {
        nodeId: 'n1',
        bind: '127.0.0.1',
        advertise: '127.0.0.1',
        httpPort: 7432,
        swimPort: 7946,
        rpcPort: 7433,
        dataDir: './data',
        seeds: [],
        faults: [],
        rack: '',
        zone: '',
        clusterKeys: [],
        apiKeys: [],
        replicationFactor: 3,
        drainMs: 8000,
        logLevel: 'info',
      },
    });
  });

  it('take seeds and fault switches as lists', () => {
    const parsed = parseSettings({
      ...least,
      ENGRAM_BIND: '0.0.0.0',
      ENGRAM_ADVERTISE: 'engram-1.example',
      ENGRAM_SEEDS: '10.0.0.1:7946,engram:7946',
      ENGRAM_FAULTS: 'no-refutation,ack-before-log',
    });
    expect(parsed).toMatchObject({
      ok: true,
      settings: {
        advertise: 'engram-1.example',
        seeds: ['10.0.0.1:7946', 'engram:7946'],
        faults: ['no-refutation', 'ack-before-log'],
      },
    });
  });

  it.each([
    ['ENGRAM_NODE_ID', 'N1'],
    ['ENGRAM_NODE_ID', 'x'.repeat(33)],
    ['ENGRAM_BIND', '::1'],
    ['ENGRAM_HTTP_PORT', '0'],
    ['ENGRAM_HTTP_PORT', '65536'],
    ['ENGRAM_RPC_PORT', '7433x'],
    ['ENGRAM_SEEDS', '10.0.0.1'],
    ['ENGRAM_SEEDS', '10.0.0.1:7946,,'],
    ['ENGRAM_SEEDS', '10.0.0.1:99999'],
    ['ENGRAM_REPLICATION_FACTOR', '0'],
    ['ENGRAM_LOG_LEVEL', 'loud'],
    ['ENGRAM_RACK', 'a b'],
  ])('name the variable, the value and what is accepted: %s=%s', (name, value) => {
    const [problem, ...more] = problems({ ...least, [name]: value });
    const row = settingRows.find((each) => each.name === name)!;
    expect(more).toEqual([]);
    expect(problem).toContain(name);
    expect(problem).toContain(JSON.stringify(value));
    expect(problem).toContain(row.accepts);
  });

  it('report all problems at once', () => {
    const found = problems({ ENGRAM_HTTP_PORT: 'x', ENGRAM_LOG_LEVEL: 'y' });
    expect(found.map((problem) => problem.split(' ')[0])).toEqual([
      'ENGRAM_NODE_ID',
      'ENGRAM_HTTP_PORT',
      'ENGRAM_LOG_LEVEL',
    ]);
  });

  it('refuse names that are no setting, since a typo would go unnoticed', () => {
    expect(problems({ ...least, ENGRAM_NODEID: 'n2' })).toHaveLength(1);
    expect(problems({ ...least, PATH: '/bin' })).toEqual([]);
  });

  it('refuse a fault switch that does not exist, and list those that do', () => {
    const [problem] = problems({ ...least, ENGRAM_FAULTS: 'no-refutation,eat-data' });
    expect(problem).toContain('eat-data');
    for (const name of Object.keys(faultSwitches)) expect(problem).toContain(name);
  });

  it('need an address for peers when bound to all addresses', () => {
    expect(problems({ ...least, ENGRAM_BIND: '0.0.0.0' })[0]).toContain('ENGRAM_ADVERTISE');
  });

  it('refuse one TCP port for two listeners', () => {
    const same = { ...least, ENGRAM_HTTP_PORT: '8000', ENGRAM_RPC_PORT: '8000' };
    expect(problems(same)).toHaveLength(1);
  });

  it('never show the cluster key', () => {
    const [problem] = problems({ ...least, ENGRAM_CLUSTER_KEY: 'short-secret' });
    expect(problem).toContain('ENGRAM_CLUSTER_KEY');
    expect(problem).not.toContain('short-secret');
  });

  it('are all in the printed reference, and so are the switches', () => {
    const reference = settingsReference();
    for (const { name } of settingRows) expect(reference).toContain(`\`${name}\``);
    for (const name of Object.keys(faultSwitches)) expect(reference).toContain(`\`${name}\``);
  });
});
