/** Datagrams of SWIM: what is sent arrives, what is foreign or malformed is refused, and all fits. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { pack } from '../store/codec.ts';
import {
  type Claim,
  claimBytes,
  decode,
  encode,
  gossipBudgetBytes,
  isClaim,
  type Message,
  messageBytesMax,
} from './message.ts';

const states = ['alive', 'suspect', 'dead', 'left'] as const;
const label = fc.stringMatching(/^[A-Za-z0-9._-]{0,64}$/);
const address = fc
  .tuple(fc.stringMatching(/^[A-Za-z0-9._-]{1,60}$/), fc.integer({ min: 1, max: 65_535 }))
  .map(([host, port]) => `${host}:${port}`);
const claims: fc.Arbitrary<Claim> = fc.record({
  id: fc.stringMatching(/^[a-z0-9-]{1,32}$/),
  swimAddress: address,
  apiAddress: address,
  rpcAddress: address,
  rack: label,
  zone: label,
  state: fc.constantFrom(...states),
  incarnation: fc.integer({ min: 0, max: 2 ** 52 }),
});
const sequence = fc.nat();
const target = fc.stringMatching(/^[a-z0-9-]{1,32}$/);
const messages: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant('ping' as const), sequence, target }),
  fc.record({ type: fc.constant('ack' as const), sequence }),
  fc.record({ type: fc.constant('ping-req' as const), sequence, target }),
  fc.record({ type: fc.constant('sync' as const), wantsAnswer: fc.boolean() }),
);

const one: Claim = {
  id: 'n1',
  swimAddress: '10.0.0.1:7946',
  apiAddress: '10.0.0.1:7432',
  rpcAddress: '10.0.0.1:7433',
  rack: '',
  zone: '',
  state: 'alive',
  incarnation: 1,
};

describe('a datagram', () => {
  test.prop([claims, messages, fc.array(claims, { maxLength: 3 })])(
    'arrives as it was sent',
    (from, message, gossip) => {
      expect(decode(encode(from, message, gossip))).toEqual({ from, message, gossip });
    },
  );

  test.prop([claims, messages, fc.array(claims, { maxLength: 40 })])(
    'is never longer than its budget promises',
    (from, message, offered) => {
      let left = gossipBudgetBytes(from, message);
      const gossip = offered.filter((claim) => (left -= claimBytes(claim)) >= 0);
      expect(encode(from, message, gossip).length).toBeLessThanOrEqual(messageBytesMax);
    },
  );

  test.prop([fc.uint8Array({ maxLength: 2000 })])('of random bytes is refused', (bytes) => {
    expect(decode(bytes)).toBeNull();
  });

  test.prop([claims, messages, fc.nat(), fc.integer({ min: 1, max: 255 })])(
    'with one wrong byte is refused or still well formed, and never throws',
    (from, message, position, flip) => {
      const bytes = Uint8Array.from(encode(from, message, [one]));
      bytes[position % bytes.length] ^= flip;
      const found = decode(bytes);
      if (found) expect([found.from, ...found.gossip].every(isClaim)).toBe(true);
    },
  );

  it('that is cut short, or has something behind it, is refused', () => {
    const bytes = encode(one, { type: 'ack', sequence: 1 }, [one]);
    for (let length = 0; length < bytes.length; length++) {
      expect(decode(bytes.subarray(0, length))).toBeNull();
    }
    expect(decode(Buffer.concat([bytes, bytes]))).toBeNull();
  });

  it.each([
    ['an id in capitals', { id: 'N1' }],
    ['an address without a port', { swimAddress: '10.0.0.1' }],
    ['a port that does not exist', { rpcAddress: '10.0.0.1:70000' }],
    ['an address with a path', { apiAddress: '10.0.0.1:7432/x' }],
    ['a label that is too long', { rack: 'x'.repeat(65) }],
    ['an incarnation that cannot be refuted', { incarnation: Number.MAX_SAFE_INTEGER }],
    ['a negative incarnation', { incarnation: -1 }],
    ['no state', { state: 'asleep' }],
  ])('with %s is refused', (_, wrong) => {
    expect(isClaim(one)).toBe(true);
    expect(isClaim({ ...one, ...wrong })).toBe(false);
    const bytes = encode({ ...one, ...wrong } as Claim, { type: 'ack', sequence: 1 }, []);
    expect(decode(bytes)).toBeNull();
  });

  it('of another protocol is refused', () => {
    expect(decode(pack([0x5f, 1, [], 1, '', []]))).toBeNull();
    expect(decode(pack({ hello: 'world' }))).toBeNull();
  });
});
