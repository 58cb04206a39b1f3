/**
 * Picks a small subnet that nobody uses. An engine's own pools hold about thirty networks, and a run in containers
 * needs thirty-two addresses. Pure, except for the look at this machine's interfaces and routes.
 */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

export interface Subnet {
  /** a.b.c.d/27 */
  readonly cidr: string;
  readonly gateway: string;
  /** Address of node 1..nodesMax. */
  address(node: number): string;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

/** A /16 that is divided into subnets of the same size. */
export interface Pool {
  readonly base: number;
  readonly prefixLength: number;
}

/** 10.213.0.0/16 for containers: 2,048 subnets. */
const containerPool: Pool = { base: (10 * 256 + 213) * 65536, prefixLength: 27 };
/** 10.214.0.0/16 for network namespaces: 256 subnets, since there may be more nodes in each. */
export const namespacePool: Pool = { base: (10 * 256 + 214) * 65536, prefixLength: 24 };

const sizeOf = ({ prefixLength }: Pool): number => 2 ** (32 - prefixLength);
const subnetCountOf = (pool: Pool): number => 65536 / sizeOf(pool);
/** Without the network's own address, the gateway's, and broadcast. */
export const nodesMaxOf = (pool: Pool): number => sizeOf(pool) - 3;
export const subnetCount = subnetCountOf(containerPool);
export const nodesMax = nodesMaxOf(containerPool);

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

/** Null for what is no IPv4 network. A prefix of 0 is the default route and hides nothing. */
function rangeOf(cidr: string): Range | null {
  const match = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(cidr);
  if (!match || match[2] === '0') return null;
  const length = 2 ** (32 - Number(match[2]));
  const first = Math.floor(toNumber(match[1]) / length) * length;
  return { first, last: first + length - 1 };
}

export function subnetAt(index: number, pool: Pool = containerPool): Subnet {
  const first = pool.base + (index % subnetCountOf(pool)) * sizeOf(pool);
  return {
    cidr: `${toText(first)}/${pool.prefixLength}`,
    gateway: toText(first + 1),
    address: (node) => toText(first + 1 + node),
  };
}

/** All subnets from number `start` on, round to it again, without those that overlap with `used` (CIDRs). */
export function* freeSubnets(
  used: readonly string[],
  start: number,
  pool: Pool = containerPool,
): Generator<Subnet> {
  const taken = used.map(rangeOf).filter((range) => range !== null);
  for (let i = 0; i < subnetCountOf(pool); i++) {
    const subnet = subnetAt(start + i, pool);
    const range = rangeOf(subnet.cidr)!;
    if (!taken.some((each) => each.first <= range.last && each.last >= range.first)) yield subnet;
  }
}

/** CIDRs in the text of /proc/net/route, where addresses are hexadecimal words in host order. */
export function routesIn(text: string): string[] {
  const little = (hex: string): number[] => [...Buffer.from(hex, 'hex')].reverse();
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .filter((fields) => fields.length > 7)
    .map((fields) => {
      const ones = little(fields[7])
        .map((byte) => byte.toString(2).replaceAll('0', '').length)
        .reduce((sum, bits) => sum + bits, 0);
      return `${little(fields[1]).join('.')}/${ones}`;
    });
}

/** CIDRs of this machine's own interfaces and routes. */
export function ownNetworks(): string[] {
  const interfaces = Object.values(networkInterfaces())
    .flat()
    .map((each) => each?.cidr)
    .filter((cidr) => typeof cidr === 'string' && cidr.includes('.')) as string[];
  try {
    return [...interfaces, ...routesIn(readFileSync('/proc/net/route', 'utf8'))];
  } catch {
    return interfaces;
  }
}
