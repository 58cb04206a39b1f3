/**
 * Picks a small subnet that nobody uses. The engine's own pools hold about thirty networks; a run needs
 * sixteen addresses. Pure, except for the look at this machine's interfaces.
 */
import { networkInterfaces } from 'node:os';

export interface Subnet {
  /** a.b.c.d/28 */
  readonly cidr: string;
  readonly gateway: string;
  /** Addresses of nodes 1..13. */
  address(node: number): string;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

const prefixLength = 27;
const size = 2 ** (32 - prefixLength);
/** 10.213.0.0/16: 2,048 subnets. */
const base = (10 * 256 + 213) * 65536;
const count = 65536 / size;
export const nodesMax = size - 4;

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

function rangeOf(cidr: string): Range | null {
  const match = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(cidr);
  if (!match) return null;
  const length = 2 ** (32 - Number(match[2]));
  const first = Math.floor(toNumber(match[1]!) / length) * length;
  return { first, last: first + length - 1 };
}

export function subnetAt(index: number): Subnet {
  const first = base + (index % count) * size;
  return {
    cidr: `${toText(first)}/${prefixLength}`,
    gateway: toText(first + 1),
    address: (node) => toText(first + 1 + node),
  };
}

/** Subnets in a random order, without those that overlap with `used` (CIDRs). */
export function* freeSubnets(used: readonly string[], start: number): Generator<Subnet> {
  const taken = used.map(rangeOf).filter((range) => range !== null);
  for (let i = 0; i < count; i++) {
    const subnet = subnetAt(start + i);
    const range = rangeOf(subnet.cidr)!;
    if (!taken.some((each) => each.first <= range.last && each.last >= range.first)) yield subnet;
  }
}

/** CIDRs of this machine's own interfaces. */
export function ownNetworks(): string[] {
  return Object.values(networkInterfaces())
    .flat()
    .map((each) => each?.cidr)
    .filter((cidr) => typeof cidr === 'string' && cidr.includes('.')) as string[];
}
