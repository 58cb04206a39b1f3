/** A machine of the virtual world: its disk, its clock, and the lives of the node on it. */
import type { HttpRequest, HttpResponse } from '../env.ts';
import type { Endpoint } from './calls.ts';
import type { VirtualDisk } from './disk.ts';

/** The client's end of a connection broke. Only `reset` leaves open whether the request took effect. */
export class ConnectionLost extends Error {
  readonly code: 'refused' | 'reset' | 'connect-timeout';
  constructor(code: ConnectionLost['code'], node: string) {
    super(`${node}: connection ${code}`);
    this.name = 'ConnectionLost';
    this.code = code;
  }
}

export interface Life {
  readonly endpoint: Endpoint;
  onHttp: ((request: HttpRequest) => Promise<HttpResponse>) | null;
  /** Clients that wait for an answer; `silently`: the machine went, too, and tells nobody. */
  readonly waiting: Set<(error: ConnectionLost, silently: boolean) => void>;
  /** How it ended. */
  ended: 'killed' | 'without-power' | null;
}

/** What is wrong with a machine's wall clock. */
export interface ClockError {
  readonly offsetMs: number;
  /** By how many millionths it is too fast. */
  readonly driftPpm: number;
}

export interface Machine {
  readonly disk: VirtualDisk;
  lives: number;
  life: Life | null;
  /** How the life before ended, while there is none. */
  lastEnd: Life['ended'];
  clock: ClockError & { readonly sinceMs: number };
}

/** By how many ms the machine's wall clock is ahead. */
export function aheadMs({ clock }: Machine, nowMs: number): number {
  return clock.offsetMs + ((nowMs - clock.sinceMs) * clock.driftPpm) / 1e6;
}
