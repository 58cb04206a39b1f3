import { describe, expect, it } from 'vitest';
import { mirrorOf, osRelease } from './mirror.mjs';

const debian = { ID: 'debian', VERSION_CODENAME: 'bookworm' };

describe('the mirror for a base image', () => {
  it('is the one that carries the release of this machine, in stanzas', () => {
    const text = [
      '# a comment',
      'Types: deb',
      'URIs: http://mirror.example/security/',
      'Suites: bookworm-security',
      '',
      'Types: deb deb-src',
      '# http://old.example/debian',
      'URIs: http://mirror.example/debian/',
      'Suites: bookworm',
      ' bookworm-updates',
      'Components: main',
    ].join('\n');
    expect(mirrorOf(debian, [['debian.sources', text]])).toEqual({
      codename: 'bookworm',
      uri: 'http://mirror.example/debian',
    });
  });

  it('is found in lines as well, with options and without', () => {
    const text = [
      '# deb http://off.example/debian bookworm main',
      'deb-src http://src.example/debian bookworm main',
      'deb http://other.example/apt stable main',
      'deb [arch=amd64 signed-by=/k.gpg] https://mirror.example/debian bookworm main',
    ].join('\n');
    expect(mirrorOf(debian, [['/etc/apt/sources.list', text]])?.uri).toBe(
      'https://mirror.example/debian',
    );
  });

  it('is not one that is switched off, or that debootstrap cannot read', () => {
    const off = 'Types: deb\nURIs: http://off.example\nSuites: bookworm\nEnabled: no';
    const files: [string, string][] = [
      ['a.sources', off],
      ['b.list', 'deb cdrom:[Debian] bookworm main'],
    ];
    expect(mirrorOf(debian, files)?.uri).toBe('http://deb.debian.org/debian');
  });

  it('is the public one where none is configured, by distribution', () => {
    const ubuntu = osRelease('NAME="Ubuntu"\nID=ubuntu\nVERSION_CODENAME=noble\n');
    expect(mirrorOf(ubuntu, [])).toEqual({
      codename: 'noble',
      uri: 'http://archive.ubuntu.com/ubuntu',
    });
  });

  it('does not exist for a distribution without apt', () => {
    expect(mirrorOf(osRelease('ID=alpine\nVERSION_ID=3.20\n'), [])).toBeNull();
  });
});
