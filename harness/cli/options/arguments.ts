/** Values of options, checked before anything starts; the message says what is accepted. */
import type { Command } from 'commander';
import { UsageError } from '../../world/exit-codes.ts';

/** Where runs lie, unless --results says otherwise. */
export const RESULTS = 'results';

/** Causal models by name; `all` stands for the others. */
export const MODELS = ['cc', 'ccv', 'cm', 'all'] as const;

/** Adds `--results DIR`. */
export function withResults(command: Command): Command {
  return command.option('--results <dir>', 'folder of all runs', RESULTS);
}

/** A number within bounds, for an option of that name. */
export function numberWithin(
  name: string,
  text: string,
  least: number,
  most: number,
  whole = true,
): number {
  const value = Number(text);
  const fits = text.trim() !== '' && value >= least && value <= most;
  if (fits && (!whole || Number.isInteger(value))) return value;
  const kind = whole ? 'a whole number' : 'a number';
  throw new UsageError(
    `${name} is ${JSON.stringify(text)}; accepted is ${kind} from ${least} to ${most}`,
  );
}

/** Names separated by commas, each one of `accepted`. */
export function namesOf<Name extends string>(
  name: string,
  text: string,
  accepted: readonly Name[],
): Name[] {
  return text.split(',').map((part) => {
    const found = accepted.find((each) => each === part.trim());
    if (found !== undefined) return found;
    throw new UsageError(
      `${name} has ${JSON.stringify(part.trim())}; accepted are: ${accepted.join(', ')}`,
    );
  });
}

/** One of a few words. */
export function oneOf<Name extends string>(
  name: string,
  text: string,
  accepted: readonly Name[],
): Name {
  const found = accepted.find((each) => each === text);
  if (found !== undefined) return found;
  throw new UsageError(`${name} is ${JSON.stringify(text)}; accepted are: ${accepted.join(', ')}`);
}
