// Prints the distribution's release and a mirror of it ("bookworm http://deb.debian.org/debian"): the first
// source that this machine is configured for and that carries its own release.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** `NAME=value` lines of /etc/os-release. */
export function osRelease(text) {
  const fields = [...text.matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm)];
  return Object.fromEntries(fields.map(([, name, value]) => [name, value]));
}

/** Sources in the older format: one `deb [options] URI suite components` per line. */
function lines(text) {
  return [...text.matchAll(/^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)/gm)].map(
    ([, uri, suite]) => ({
      uri,
      suites: [suite],
    }),
  );
}

/** Sources in deb822 format: stanzas of `Field: value`, comments and folded lines allowed. */
function stanzas(text) {
  return text
    .replaceAll(/^#.*\n?/gm, '')
    .split(/\n\s*\n/)
    .map((stanza) => {
      const fields = {};
      for (const [, name, value] of stanza
        .replaceAll(/\n\s+/g, ' ')
        .matchAll(/^([\w-]+):(.*)$/gm)) {
        fields[name.toLowerCase()] = value.trim().split(/\s+/);
      }
      return fields;
    })
    .filter((fields) => fields.types?.includes('deb') && fields.enabled?.[0] !== 'no')
    .flatMap(({ uris = [], suites = [] }) => uris.map((uri) => ({ uri, suites })));
}

const defaults = {
  debian: 'http://deb.debian.org/debian',
  ubuntu: 'http://archive.ubuntu.com/ubuntu',
};

/** `files`: [name, content] of apt's source files. `null` for a distribution that apt does not serve. */
export function mirrorOf(release, files) {
  const { ID: id, VERSION_CODENAME: codename } = release;
  if (!(id in defaults) || !codename) return null;
  const found = files
    .flatMap(([name, text]) => (name.endsWith('.sources') ? stanzas(text) : lines(text)))
    .find(({ uri, suites }) => /^(https?|file):/.test(uri) && suites.includes(codename));
  return { codename, uri: (found?.uri ?? defaults[id]).replace(/\/$/, '') };
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function sourceFiles() {
  const folder = '/etc/apt/sources.list.d';
  let names = [];
  try {
    names = readdirSync(folder).filter((name) => /\.(list|sources)$/.test(name));
  } catch {
    // No such folder: there is still the single file.
  }
  const paths = ['/etc/apt/sources.list', ...names.sort().map((name) => `${folder}/${name}`)];
  return paths.map((path) => [path, read(path)]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mirror = mirrorOf(osRelease(read('/etc/os-release')), sourceFiles());
  if (mirror === null) process.exit(1);
  process.stdout.write(`${mirror.codename} ${mirror.uri}\n`);
}
