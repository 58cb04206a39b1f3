/** Files as a tar archive (POSIX ustar), the form in which an engine takes them into a container. */
import type { NodeFile } from '../program.ts';

const blockBytes = 512;
const nameBytesMax = 100;
const defaultMode = 0o644;
/** Folders are made where they are missing; whoever runs the program must be able to write there. */
const folderMode = 0o777;

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function header(name: string, size: number, mode: number, type: '0' | '5'): Buffer {
  const block = Buffer.alloc(blockBytes);
  if (Buffer.byteLength(name) > nameBytesMax) {
    throw new RangeError(`${name}: a path in a node has at most ${nameBytesMax} bytes`);
  }
  block.write(name, 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write('        ', 148);
  block.write(type, 156);
  block.write('ustar\0', 257, 'latin1');
  block.write('00', 263);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return block;
}

/** All folders above a path, the topmost first: "a/", "a/b/". */
function foldersAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, i) => `${parts.slice(0, i + 1).join('/')}/`);
}

/** An archive to be unpacked at `/`. Relative paths are below `dataDir`. */
export function archiveOf(files: readonly NodeFile[], dataDir: string): Buffer {
  const blocks: Buffer[] = [];
  const made = new Set<string>();
  for (const { path, content, mode = defaultMode } of files) {
    const whole = (path.startsWith('/') ? path : `${dataDir}/${path}`).replace(/^\/+/, '');
    const data = `${dataDir.replace(/^\/+/, '')}/`;
    for (const folder of foldersAbove(whole)) {
      // Folders of the image, such as etc/, keep what they are.
      if (made.has(folder) || !folder.startsWith(data)) continue;
      made.add(folder);
      blocks.push(header(folder, 0, folderMode, '5'));
    }
    const bytes = Buffer.from(content);
    blocks.push(header(whole, bytes.length, mode, '0'), bytes);
    blocks.push(Buffer.alloc((blockBytes - (bytes.length % blockBytes)) % blockBytes));
  }
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}
