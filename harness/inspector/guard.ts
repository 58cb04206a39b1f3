/**
 * Who may ask the inspector: this machine, or whoever has the token. Names in `Host` and `Origin` are looked at so
 * that a page of somebody else, opened in the same browser, can neither read runs nor have its own name point here.
 * Pure: what a request says in, a refusal or null out.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

export interface Asked {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`, where the browser says it. */
  readonly site: string | undefined;
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
  /** `token` of the address. */
  readonly query: string | null;
}

export interface Admission {
  /** Names by which this server may be called, with its port. */
  readonly hosts: readonly string[];
  /** Null on loopback. */
  readonly token: string | null;
}

export interface Refusal {
  readonly status: 401 | 403 | 405;
  readonly message: string;
}

export const TOKEN_COOKIE = 'amnesia-token';

const loopback = new Set(['127.0.0.1', 'localhost', '::1']);

export function isLoopback(host: string): boolean {
  return loopback.has(host);
}

/** Names under which a server on `host` and `port` is called. */
export function hostsOf(host: string, port: number): string[] {
  const names = isLoopback(host) ? ['127.0.0.1', 'localhost', '[::1]'] : [host];
  return names.map((name) => `${name}:${port}`);
}

/** Null: it may. */
export function refuse(asked: Asked, { hosts, token }: Admission): Refusal | null {
  if (asked.method !== 'GET' && asked.method !== 'HEAD' && asked.method !== 'POST') {
    return {
      status: 405,
      message: `${asked.method} is not answered: there is nothing to be changed`,
    };
  }
  const isWildcard = hosts.some((host) => host.startsWith('0.0.0.0:') || host.startsWith(':::'));
  if (!isWildcard && !hosts.includes(asked.host ?? '')) {
    return { status: 403, message: `this server is ${hosts[0]} and answers to no other name` };
  }
  if (asked.origin !== undefined && asked.origin !== `http://${asked.host}`) {
    return { status: 403, message: 'pages of other origins may not ask' };
  }
  if (asked.site === 'cross-site') {
    return { status: 403, message: 'pages of other sites may not ask' };
  }
  if (token !== null && !hasToken(asked, token)) {
    return {
      status: 401,
      message: 'the token is missing or wrong: open the address that was printed',
    };
  }
  return null;
}

function hasToken({ authorization, cookie, query }: Asked, token: string): boolean {
  const bearer = /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
  const kept = new RegExp(`(?:^|; )${TOKEN_COOKIE}=([^;]+)`).exec(cookie ?? '')?.[1];
  return [bearer, kept, decoded(kept), query].some((each) => each != null && sameText(each, token));
}

/** A cookie is kept as it stands in an address. */
function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Takes as long for a wrong token as for the right one. */
function sameText(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
