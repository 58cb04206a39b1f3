/** `--promises`: names, or a file that holds them; what the store is held to. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { PROPERTIES, type Property } from '../../../checkers/verdict/checker.ts';
import { UsageError } from '../../world/exit-codes.ts';

/** Other words of the field for the same promise. */
const WORDS: Readonly<Record<string, Property>> = { eventual: 'convergence' };

/** In a file the names are separated by commas, blanks or lines, and `#` begins a remark. */
export function promisesOf(text: string): Property[] {
  const isFile = existsSync(text) && statSync(text).isFile();
  const plain = isFile ? readFileSync(text, 'utf8').replaceAll(/#.*/g, '') : text;
  const names = plain.split(/[\s,]+/).filter((each) => each !== '');
  const where = isFile ? `the file ${text}` : '--promises';
  const known = [...PROPERTIES, ...Object.keys(WORDS)].join(', ');
  if (names.length === 0) throw new UsageError(`${where} names no promise; accepted are: ${known}`);
  return names.map((name) => {
    const found = WORDS[name] ?? PROPERTIES.find((each) => each === name);
    if (found !== undefined) return found;
    throw new UsageError(`${where} has ${JSON.stringify(name)}; accepted are: ${known}`);
  });
}
