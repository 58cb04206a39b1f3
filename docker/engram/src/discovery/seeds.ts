/**
 * Where to ask for the cluster: the static list ENGRAM_SEEDS, in which a host name stands for all
 * addresses that it has at the moment (a headless service, say). Names are looked up by the world behind
 * `Names`, again and again; one that cannot be resolved is simply not there yet.
 */
import type { Address, Names } from '../env/env.ts';

/** Without a book of names each seed is its own address. No duplicates, in the order of the list. */
export function seedAddresses(
  seeds: readonly string[],
  names: Names | undefined,
): readonly Address[] {
  if (!names) return seeds;
  const found = new Set<Address>();
  for (const seed of seeds) {
    const colon = seed.lastIndexOf(':');
    for (const address of names.addresses(seed.slice(0, colon))) {
      found.add(`${address}${seed.slice(colon)}`);
    }
  }
  return [...found];
}
