import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freeSubnets, nodesMax, routesIn, subnetAt, subnetCount } from './subnet.ts';

const firstFree = (used: string[], start = 0): string | undefined =>
  freeSubnets(used, start).next().value?.cidr;

describe('subnets', () => {
  it('hold a gateway and as many nodes as they say, all within', () => {
    const subnet = subnetAt(1);
    expect(subnet.cidr).toBe('10.213.0.32/27');
    expect(subnet.gateway).toBe('10.213.0.33');
    expect(subnet.address(1)).toBe('10.213.0.34');
    expect(subnet.address(nodesMax)).toBe('10.213.0.62');
  });

  it('are never handed out where somebody else is, however large or small their network', () => {
    expect(firstFree([])).toBe('10.213.0.0/27');
    expect(firstFree(['10.213.0.0/27'])).toBe('10.213.0.32/27');
    expect(firstFree(['10.213.0.7/32'])).toBe('10.213.0.32/27');
    expect(firstFree(['10.213.0.1/24'])).toBe('10.213.1.0/27');
    expect(firstFree(['10.0.0.0/8'])).toBeUndefined();
    expect(firstFree(['10.212.0.0/16', '192.168.1.0/24', 'fe80::/64'])).toBe('10.213.0.0/27');
  });

  it('are not hidden by a default route', () => {
    expect(firstFree(['0.0.0.0/0'])).toBe('10.213.0.0/27');
  });

  it('are all tried once, from any start', () => {
    fc.assert(
      fc.property(fc.nat(65_535), (start) => {
        const all = [...freeSubnets([], start)].map((each) => each.cidr);
        expect(new Set(all).size).toBe(subnetCount);
      }),
      { numRuns: 20 },
    );
  });
});

describe('routes', () => {
  it('are read from the words of the kernel', () => {
    const header =
      'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT';
    const text = [
      header,
      'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
      'tun0\t0000D50A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
      '',
    ].join('\n');
    expect(routesIn(text)).toEqual(['0.0.0.0/0', '10.213.0.0/16']);
  });
});
