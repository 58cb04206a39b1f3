/** What is done to the data folder of a node that does not run, by programs in its sidecar. */
import type { Spoiling } from '../../powers.ts';
import { program } from './programs.ts';

/**
 * argv: folder, then "truncate" BYTES or "flip" BITS SEED. On the file that was changed last, as a crash of a disk
 * would find it; says what it did to which file.
 */
const damageProgram = `
const fs = require('node:fs');
const [folder, what, amount, seed] = process.argv.slice(1);
const files = fs.readdirSync(folder, { recursive: true })
  .map((name) => ({ name, path: folder + '/' + name }))
  .map((file) => ({ ...file, status: fs.lstatSync(file.path) }))
  .filter(({ status }) => status.isFile() && status.size > 0)
  .sort((left, right) => right.status.mtimeMs - left.status.mtimeMs || (left.name < right.name ? -1 : 1));
const [file] = files;
if (!file) throw new Error('the data folder has no file with content');
const { size } = file.status;
if (what === 'truncate') {
  const left = Math.max(0, size - Number(amount));
  fs.truncateSync(file.path, left);
  process.stdout.write(file.name + ' is ' + left + ' bytes long, and was ' + size);
} else {
  let state = BigInt(seed) + 1n;
  const below = (limit) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return Number((state >> 33n) % BigInt(limit));
  };
  const content = fs.readFileSync(file.path);
  for (let i = 0; i < Number(amount); i++) content[below(size)] ^= 1 << below(8);
  const fd = fs.openSync(file.path, 'r+');
  fs.writeSync(fd, content, 0, size, 0);
  fs.closeSync(fd);
  process.stdout.write(amount + ' bits of ' + file.name + ' (' + size + ' bytes) are turned round');
}`;

/** $1: data folder. It stays; what is in it goes. */
const emptyScript = 'find "$1" -mindepth 1 -delete';

/** $1: data folder, $2: copy. */
const keepScript = 'rm -rf "$2" && mkdir -p "$2" && cp -a "$1/." "$2/"';
const bringBackScript = `[ -d "$2" ] || { echo "no copy was kept" >&2; exit 1; }
find "$1" -mindepth 1 -delete && cp -a "$2/." "$1/"`;

/** $1: folder of the undo log. Its records are about files that are not there any more. */
const forgetScript = 'rm -f "$1"/log "$1"/keep.*';

function script(source: string, ...args: readonly string[]): string[] {
  return ['/bin/sh', '-c', source, 'amnesia', ...args];
}

/** Programs to be run one after the other, as argument arrays. */
export function spoilScripts(
  how: Spoiling,
  data: string,
  control: string,
  undo: string,
): string[][] {
  const copy = `${control}/copy`;
  const forget = script(forgetScript, undo);
  switch (how.kind) {
    case 'truncate':
      return [program(damageProgram, data, 'truncate', String(how.bytes)), forget];
    case 'flip':
      return [program(damageProgram, data, 'flip', String(how.bits), String(how.seed)), forget];
    case 'empty':
      return [script(emptyScript, data), forget];
    case 'keep':
      return [script(keepScript, data, copy)];
    case 'bring-back':
      return [script(bringBackScript, data, copy), forget];
    default:
      return how satisfies never;
  }
}
