/** What is wrong with the options of a run. */
import { AmnesiaError } from '../world/exit-codes.ts';

/** Options that cannot be met; one sentence for each problem. */
export class OptionsError extends AmnesiaError {
  readonly code = 'bad-options';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'OptionsError';
    this.problems = problems;
  }
}
