/**
 * Which keys the hosts of a cluster have, out of a file of the form known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE
 * FORMAT"): plain names, patterns, hashed names, ports in brackets, revoked keys. Pure.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export interface KnownKey {
  readonly hosts: string;
  readonly type: string;
  readonly key: Buffer;
  readonly revoked: boolean;
}

/** Lines that cannot be understood are passed over, as ssh does; so are certificate authorities. */
export function readKnownHosts(text: string): KnownKey[] {
  return text.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
    const [hosts, type, key] = words;
    if (hosts === undefined || hosts.startsWith('#') || key === undefined) return [];
    if (marker !== undefined && marker !== '@revoked') return [];
    return [{ hosts, type, key: Buffer.from(key, 'base64'), revoked: marker === '@revoked' }];
  });
}

/** As it stands in the file: with its port where that is not the usual one. */
const nameOf = (host: string, port: number): string => (port === 22 ? host : `[${host}]:${port}`);

function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'i').test(name);
}

function matchesHashed(entry: string, name: string): boolean {
  const [, , salt = '', digest = ''] = entry.split('|');
  const wanted = Buffer.from(digest, 'base64');
  const found = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return wanted.length === found.length && timingSafeEqual(wanted, found);
}

function matches({ hosts }: KnownKey, name: string): boolean {
  if (hosts.startsWith('|1|')) return matchesHashed(hosts, name);
  const patterns = hosts.split(',');
  const denied = patterns.some(
    (each) => each.startsWith('!') && matchesPattern(each.slice(1), name),
  );
  return !denied && patterns.some((each) => !each.startsWith('!') && matchesPattern(each, name));
}

/** All keys that are written down for this host. */
export function keysOf(known: readonly KnownKey[], host: string, port: number): KnownKey[] {
  return known.filter((each) => matches(each, nameOf(host, port)));
}

export const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

/** Null where the host has shown a key that is written down for it; else a sentence with what to do. */
export function whyUnknown(known: readonly KnownKey[], host: string, port: number, shown: Buffer) {
  const keys = keysOf(known, host, port);
  const same = keys.filter(({ key }) => key.equals(shown));
  const print = fingerprint(shown);
  if (same.some(({ revoked }) => revoked)) return `the key ${print} of ${host} has been revoked`;
  if (same.length > 0) return null;
  if (keys.some(({ revoked }) => !revoked)) {
    return (
      `${host} has shown the key ${print}, which is not the one in known_hosts: somebody may be in between; ` +
      'if the host was set up anew, replace its line there'
    );
  }
  const asked = port === 22 ? host : `-p ${port} ${host}`;
  return (
    `the key of ${host}, ${print}, is unknown; compare it with the one that the host has, then add it: ` +
    `ssh-keyscan ${asked} >>known_hosts`
  );
}
