/** The run's clock: monotonic ns since the run began. */
export interface Clock {
  nowNs(): number;
  /** Wall clock at time 0, RFC 3339 UTC. */
  readonly startedAt: string;
}

export function startClock(): Clock {
  const zeroMs = performance.now();
  return {
    nowNs: () => Math.round((performance.now() - zeroMs) * 1e6),
    startedAt: new Date().toISOString(),
  };
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = setTimeout(end, ms);
    function end(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    }
    signal?.addEventListener('abort', end);
  });
}
