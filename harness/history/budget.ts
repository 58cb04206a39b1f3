/** Limits of time and memory for one checker: the clock that checkers themselves do not have. */
import { type Budget, BudgetExceeded } from '../../checkers/checker.ts';

/** Steps between two looks at the memory, which cost some microseconds. */
const STEPS_PER_MEMORY_LOOK = 64;

/** `timeLimitMs` from now on; `memoryMb` (2^20 bytes) is of the whole process. */
export function makeBudget(timeLimitMs: number, memoryMb: number): Budget {
  const deadline = performance.now() + timeLimitMs;
  let steps = 0;
  return {
    step() {
      if (performance.now() > deadline) {
        throw new BudgetExceeded(
          'checker-timeout',
          `not decided within ${timeLimitMs / 1000} s; allow more with --time-limit-s`,
        );
      }
      if (++steps % STEPS_PER_MEMORY_LOOK !== 0) return;
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      if (heapUsed + arrayBuffers > memoryMb * 2 ** 20) {
        throw new BudgetExceeded(
          'checker-memory',
          `not decided within ${memoryMb} MiB; allow more with --memory-mb`,
        );
      }
    },
  };
}
