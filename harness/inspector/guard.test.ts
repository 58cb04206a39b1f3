import { describe, expect, test } from 'vitest';
import { type Asked, hostsOf, refuse } from './guard.ts';

const own = { hosts: hostsOf('127.0.0.1', 7777), token: null };
const guarded = { hosts: hostsOf('10.0.0.5', 7777), token: 'a-token-of-some-length' };

function asked(changes: Partial<Asked> = {}): Asked {
  return {
    method: 'GET',
    host: '127.0.0.1:7777',
    origin: undefined,
    site: undefined,
    authorization: undefined,
    cookie: undefined,
    query: null,
    ...changes,
  };
}

describe('on loopback', () => {
  test('this machine may ask, by any of its names', () => {
    for (const host of own.hosts) expect(refuse(asked({ host }), own)).toBeNull();
  });

  test('a name of somebody else that points here is refused', () => {
    expect(refuse(asked({ host: 'evil.example:7777' }), own)?.status).toBe(403);
    expect(refuse(asked({ host: undefined }), own)?.status).toBe(403);
    expect(refuse(asked({ host: '127.0.0.1:80' }), own)?.status).toBe(403);
  });

  test('a page of another origin is refused, its own is not', () => {
    expect(refuse(asked({ origin: 'http://evil.example' }), own)?.status).toBe(403);
    expect(refuse(asked({ origin: 'null' }), own)?.status).toBe(403);
    expect(refuse(asked({ site: 'cross-site' }), own)?.status).toBe(403);
    expect(refuse(asked({ origin: 'http://127.0.0.1:7777' }), own)).toBeNull();
  });

  test('what would change something is refused', () => {
    expect(refuse(asked({ method: 'DELETE' }), own)?.status).toBe(405);
    expect(refuse(asked({ method: 'PUT' }), own)?.status).toBe(405);
  });
});

describe('with a token', () => {
  const there = (changes: Partial<Asked>) => asked({ host: '10.0.0.5:7777', ...changes });

  test('nobody without it, and nobody with another, may ask', () => {
    expect(refuse(there({}), guarded)?.status).toBe(401);
    expect(refuse(there({ query: 'a-token-of-some-lengtH' }), guarded)?.status).toBe(401);
    expect(refuse(there({ cookie: 'amnesia-token=' }), guarded)?.status).toBe(401);
  });

  test('it counts in the address, in a header and in a cookie', () => {
    expect(refuse(there({ query: guarded.token }), guarded)).toBeNull();
    expect(refuse(there({ authorization: `Bearer ${guarded.token}` }), guarded)).toBeNull();
    expect(refuse(there({ cookie: `a=b; amnesia-token=${guarded.token}` }), guarded)).toBeNull();
  });
});
