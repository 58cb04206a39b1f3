import { describe, expect, it } from 'vitest';
import { engramImage } from '../../systems/engram/program.ts';
import { diagnose } from './diagnosis.ts';
import { openEngine } from './engine.ts';
import { engineForTests } from './testing/engine.ts';

const answering = await engineForTests();

describe.skipIf(!answering)('a machine with an engine', () => {
  it('is tried out, and nothing is left of the trial', async () => {
    const findings = await diagnose('results', engramImage);
    const wrong = findings.filter((each) => each.needed && !each.ok);
    expect(wrong).toEqual([]);
    const tried = findings.map((each) => each.name);
    for (const name of ['iptables in containers', 'freezer', 'netem', 'clock faults']) {
      expect(tried).toContain(name);
    }
    const filters = { name: [`amnesia-doctor-${process.pid}`] };
    expect(await openEngine().listContainers({ all: true, filters })).toEqual([]);
  });
});
