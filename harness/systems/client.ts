/**
 * A client is what one process does its operations with. It never retries and never throws: every
 * ending is a Completion, classified by the table in `outcomes.ts`.
 */

import type { Completion, Invocation } from '../generator/operation.ts';
import type { World } from '../world/world.ts';

export interface Client {
  /** Performs the operation within the client's time-out. */
  invoke(invocation: Invocation): Promise<Completion>;
  close(): Promise<void>;
}

export interface ClientTarget {
  /** n1, n2 ... */
  readonly node: string;
  /** http://host:port */
  readonly url: string;
  /** Where the node lives; the real world where left out. */
  readonly world?: World;
}
