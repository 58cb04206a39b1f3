/** Names are looked up in the background, one at a time, again and again, and a failure is no end. */
import { describe, expect, it } from 'vitest';
import { seedAddresses } from '../discovery/seeds.ts';
import { NameBook } from './names.ts';

class Resolver {
  readonly asked: string[] = [];
  readonly #waiting: { host: string; answer(addresses: string[] | Error): void }[] = [];

  readonly resolve = (host: string): Promise<string[]> => {
    this.asked.push(host);
    return new Promise((resolve, reject) => {
      const answer = (given: string[] | Error): void =>
        given instanceof Error ? reject(given) : resolve(given);
      this.#waiting.push({ host, answer });
    });
  };

  /** Answers the one that waits longest. */
  async answer(addresses: string[] | Error): Promise<void> {
    this.#waiting.shift()!.answer(addresses);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function book(): { names: NameBook; resolver: Resolver; clock: { ms: number }; logs: string[] } {
  const resolver = new Resolver();
  const clock = { ms: 0 };
  const logs: string[] = [];
  const names = new NameBook(
    (_, event) => logs.push(event),
    resolver.resolve,
    () => clock.ms,
  );
  return { names, resolver, clock, logs };
}

describe('the book of names', () => {
  it('knows addresses without asking', () => {
    const { names, resolver } = book();
    expect(names.addresses('10.0.0.1')).toEqual(['10.0.0.1']);
    expect(resolver.asked).toEqual([]);
  });

  it('answers at once with what it knows, and looks up one name at a time', async () => {
    const { names, resolver } = book();
    expect(names.addresses('a')).toEqual([]);
    expect(names.addresses('b')).toEqual([]);
    expect(resolver.asked).toEqual(['a']);
    await resolver.answer(['10.0.0.1', '10.0.0.2']);
    expect(resolver.asked).toEqual(['a', 'b']);
    expect(names.addresses('a')).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  it('looks up again while it runs, and keeps what it knew when that fails', async () => {
    const { names, resolver, clock, logs } = book();
    names.addresses('a');
    await resolver.answer(['10.0.0.1']);
    clock.ms = 6000;
    expect(names.addresses('a')).toEqual(['10.0.0.1']);
    await resolver.answer(new Error('SERVFAIL'));
    expect(names.addresses('a')).toEqual(['10.0.0.1']);
    clock.ms = 7500;
    names.addresses('a');
    await resolver.answer(['10.0.0.7']);
    expect(names.addresses('a')).toEqual(['10.0.0.7']);
    expect(logs).toEqual(['names.unresolved', 'names.resolved']);
  });

  it('says once, not each second, that a name cannot be resolved', async () => {
    const { names, resolver, clock, logs } = book();
    for (let i = 0; i < 5; i++) {
      clock.ms = 2000 * i;
      names.addresses('nowhere');
      await resolver.answer(new Error('ENOTFOUND'));
    }
    expect(resolver.asked).toHaveLength(5);
    expect(logs).toEqual(['names.unresolved']);
  });
});

describe('seeds', () => {
  it('stand for all addresses of their names, without duplicates', () => {
    const addresses = new Map([['engram', ['10.0.0.1', '10.0.0.2']]]);
    const names = { addresses: (host: string) => addresses.get(host) ?? [] };
    expect(seedAddresses(['engram:7946', 'gone:7946'], names)).toEqual([
      '10.0.0.1:7946',
      '10.0.0.2:7946',
    ]);
  });
});
