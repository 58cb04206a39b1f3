/** A system's own options, as one text: `wait=1,appendfsync=always`. */

import { z } from 'zod';
import { AmnesiaError } from '../world/exit-codes.ts';
import type { AnySystem } from './index.ts';

/** What `--system-options` has cannot be used; a sentence for each problem. */
export class SystemOptionsError extends AmnesiaError {
  readonly code = 'bad-options';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'SystemOptionsError';
    this.problems = problems;
  }
}

/** Names of the options that a system takes; none where its schema is no plain object. */
export function optionNames({ options }: AnySystem): string[] {
  return options instanceof z.ZodObject || 'shape' in options
    ? Object.keys((options as unknown as { shape: object }).shape)
    : [];
}

/** Throws SystemOptionsError. */
export function parseSystemOptions(system: AnySystem, text: string): unknown {
  const given: Record<string, string> = {};
  const problems: string[] = [];
  const accepted = optionNames(system);
  const takes = accepted.length === 0 ? 'it takes none' : `it takes ${accepted.join(', ')}`;
  for (const part of text.split(',').filter((each) => each !== '')) {
    const equals = part.indexOf('=');
    const name = part.slice(0, equals);
    if (equals < 1) problems.push(`--system-options has ${part}; write name=value, ${takes}`);
    else if (!accepted.includes(name)) {
      problems.push(`--system-options has ${name}, which ${system.name} does not know; ${takes}`);
    } else given[name] = part.slice(equals + 1);
  }
  if (problems.length > 0) throw new SystemOptionsError(problems);
  const parsed = system.options.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new SystemOptionsError(
    parsed.error.issues.map(
      ({ path, message }) => `--system-options ${path.join('.')} of ${system.name}: ${message}`,
    ),
  );
}
