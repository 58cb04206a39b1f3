/**
 * Time as the tester knows it. Every wait of a run goes through a Clock, so that the same code runs in real time
 * beside containers and in virtual time in the simulator. The only file of the run's path, besides the
 * other real edges, that asks the machine's clock.
 */
export interface Timer {
  /** Safe to call at any time, also when it is over. */
  cancel(): void;
}

export interface Clock {
  /** Monotonic ns since this clock was started. */
  nowNs(): number;
  /** Wall clock, ms since 1970. In the simulator that of the virtual world. */
  wallMs(): number;
  /** Calls `fn` once after `delayMs`. */
  timer(delayMs: number, fn: () => void): Timer;
  /** Calls `fn` again and again. */
  interval(everyMs: number, fn: () => void): Timer;
  /** Resolves after `delayMs`, or as soon as the signal comes. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** What a world has to tell; the rest of a clock follows from it. */
export type ClockParts = Pick<Clock, 'nowNs' | 'wallMs' | 'timer'>;

export function makeClock({ nowNs, wallMs, timer }: ClockParts): Clock {
  const interval = (everyMs: number, fn: () => void): Timer => {
    let current: Timer;
    const again = (): void => {
      current = timer(everyMs, () => {
        again();
        fn();
      });
    };
    again();
    return { cancel: () => current.cancel() };
  };
  const sleep = (delayMs: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const end = (): void => {
        current.cancel();
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const current = timer(delayMs, end);
      signal?.addEventListener('abort', end);
    });
  return { nowNs, wallMs, timer, interval, sleep };
}

/** The machine's own. Counts from the start of the process. */
export const realClock: Clock = makeClock({
  nowNs: () => Math.round(performance.now() * 1e6),
  wallMs: () => Date.now(),
  timer: (delayMs, fn) => {
    const timer = setTimeout(fn, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
});

/** The same time, counted from now on. */
export function startClock(base: Clock = realClock): Clock {
  const zeroNs = base.nowNs();
  return { ...base, nowNs: () => base.nowNs() - zeroNs };
}
