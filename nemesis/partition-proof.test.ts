import { describe, expect, it } from 'vitest';
import type { NodeHandle } from '../harness/cluster/cluster.ts';
import type { Probe } from '../harness/cluster/powers.ts';
import { judge, proofOfCut, proofOfHeal } from './partition-proof.ts';

const nodes: readonly NodeHandle[] = ['n1', 'n2', 'n3'].map((name, i) => ({
  name,
  address: `10.0.0.${i + 1}`,
  url: '',
}));
const [a, b, c] = nodes.map((node) => node.address) as [string, string, string];

const free = (...peers: string[]): Probe => ({
  open: Object.fromEntries(peers.map((peer) => [peer, true])),
  dropped: {},
  chained: false,
});

/** n1 is alone, both ways. */
const grudge = { n1: ['n2', 'n3'], n2: ['n1'], n3: ['n1'] };
const whole: readonly Probe[] = [
  { open: { [b]: false, [c]: false }, dropped: { [b]: 3, [c]: 1 }, chained: true },
  { open: { [a]: false, [c]: true }, dropped: { [a]: 2 }, chained: true },
  { open: { [a]: false, [b]: true }, dropped: { [a]: 2 }, chained: true },
];
const calm = [free(b, c), free(a, c), free(a, b)];

const withProbe = (i: number, change: Partial<Probe>): Probe[] =>
  whole.map((probe, j) => (i === j ? { ...probe, ...change } : probe));

describe('a cut', () => {
  it('is effective when every pair is as the grudge says and every rule has dropped packets', () => {
    const proof = proofOfCut(judge(nodes, whole, grudge));
    expect(proof.effective).toBe('effective');
    expect(proof.evidence).toContain('n1 -> n2: blocked (expected)');
    expect(proof.evidence).toContain('n2 -> n3: open (expected)');
    expect(proof.evidence).toContain('n1: dropped 3 packets of n2 (expected)');
  });

  it('is none when everybody still connects', () => {
    expect(proofOfCut(judge(nodes, calm, grudge)).effective).toBe('none');
  });

  it('is partial when one connection gets through, and that is for certain', () => {
    const seen = judge(nodes, withProbe(1, { open: { [a]: true, [c]: true } }), grudge);
    expect(proofOfCut(seen).effective).toBe('partial');
    expect(seen.unsure).toBe(false);
    expect(seen.evidence).toContain('n2 -> n1: open (NOT EXPECTED)');
  });

  it('is partial when more is cut than was wanted, and that may be a busy machine', () => {
    const seen = judge(nodes, withProbe(1, { open: { [a]: false, [c]: false } }), grudge);
    expect(proofOfCut(seen).effective).toBe('partial');
    expect(seen.unsure).toBe(true);
  });

  it('is partial when a rule has met no packet yet, and that may come', () => {
    const seen = judge(nodes, withProbe(1, { dropped: { [a]: 0 } }), grudge);
    expect(proofOfCut(seen).effective).toBe('partial');
    expect(seen.unsure).toBe(true);
  });

  it('of one direction only is not the same as one of both', () => {
    const oneWay = { n1: ['n2', 'n3'] };
    const seen = judge(nodes, whole, oneWay);
    expect(proofOfCut(seen).effective).toBe('partial');
    expect(seen.evidence).toContain('n2: dropped 2 packets of n1 (NOT EXPECTED)');
    const right = whole.map((probe, i) =>
      i === 0 ? probe : { ...probe, dropped: {}, chained: false },
    );
    expect(proofOfCut(judge(nodes, right, oneWay)).effective).toBe('effective');
  });

  it('is partial when a rule is missing', () => {
    const seen = judge(nodes, withProbe(2, { dropped: {} }), grudge);
    expect(proofOfCut(seen).effective).toBe('partial');
    expect(seen.evidence).toContain('n3: no rule against n1 (NOT EXPECTED)');
  });

  it('is partial when a node could not be asked', () => {
    const seen = judge(nodes, [whole[0], null, whole[2]], grudge);
    expect(proofOfCut(seen).effective).toBe('partial');
    expect(seen.unsure).toBe(false);
  });
});

describe('a healed cut', () => {
  it('is one where everybody connects and no rule is left', () => {
    expect(proofOfHeal(judge(nodes, calm, {})).proved).toBe(true);
  });

  it('is not healed while a connection fails, a chain is left, or a node cannot be asked', () => {
    expect(proofOfHeal(judge(nodes, whole, {})).proved).toBe(false);
    const chained = calm.map((probe) => ({ ...probe, chained: true }));
    expect(proofOfHeal(judge(nodes, chained, {})).proved).toBe(false);
    expect(proofOfHeal(judge(nodes, [null, null, null], {})).proved).toBe(false);
  });
});
