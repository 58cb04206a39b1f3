import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fingerprint, readKnownHosts, whyUnknown } from './known-hosts.ts';

const key = Buffer.from('a key');
const text = (hosts: string, marker = ''): string =>
  `${marker}${hosts} ssh-ed25519 ${key.toString('base64')} a comment\n`;
const why = (file: string, host: string, port = 22, shown = key): string | null =>
  whyUnknown(readKnownHosts(file), host, port, shown);

function hashed(name: string): string {
  const salt = Buffer.from('some salt');
  const digest = createHmac('sha1', salt).update(name).digest('base64');
  return `|1|${salt.toString('base64')}|${digest}`;
}

describe('the key of a host', () => {
  it('is known by its name, by one of several, by a pattern, and by a hash', () => {
    expect(why(text('n1.example'), 'n1.example')).toBeNull();
    expect(why(text('10.0.0.1,n1.example'), 'n1.example')).toBeNull();
    expect(why(text('*.example'), 'n1.example')).toBeNull();
    expect(why(text(hashed('n1.example')), 'n1.example')).toBeNull();
  });

  it('is known for its port only', () => {
    expect(why(text('[n1]:2222'), 'n1', 2222)).toBeNull();
    expect(why(text('n1'), 'n1', 2222)).toContain('unknown');
    expect(why(text('[n1]:2222'), 'n1')).toContain('unknown');
    expect(why('', 'n1', 2222)).toContain('ssh-keyscan -p 2222 n1');
  });

  it('is unknown to another name, a denied one, and in a comment', () => {
    expect(why(text('n2.example'), 'n1.example')).toContain('is unknown');
    expect(why(text('*.example,!n1.example'), 'n1.example')).toContain('is unknown');
    expect(why(`#${text('n1')}`, 'n1')).toContain(fingerprint(key));
    expect(why(text('n1x'), 'n1')).toContain('is unknown');
    expect(why(text('n.'), 'n1')).toContain('is unknown');
  });

  it('that has changed is something else than an unknown one', () => {
    expect(why(text('n1'), 'n1', 22, Buffer.from('another'))).toContain('in between');
  });

  it('that was revoked is refused although it stands there too', () => {
    expect(why(text('n1') + text('*', '@revoked '), 'n1')).toContain('revoked');
    expect(why(text('n1', '@cert-authority '), 'n1')).toContain('unknown');
  });
});
