/** The ends of the virtual network, the sessions between them, and the calls that run over those. */
import { type RpcBody, RpcError, type RpcHandler } from '../env.ts';
import { forget, type Planned } from './schedule.ts';

/** One end of the network: one life of one node. */
export interface Endpoint {
  readonly id: string;
  alive: boolean;
  /** What happened to a node that sleeps (SIGSTOP), in order; null while it is awake. */
  asleep: (() => void)[] | null;
  /** Those that it has opened, by the other node. */
  readonly sessions: Map<string, Session>;
  /** Told of what the node throws; where nobody is, the world ends with it. */
  readonly onPanic?: (error: unknown) => void;
  onDatagram: ((from: string, bytes: Uint8Array) => void) | null;
  onCall: RpcHandler | null;
}

/** Lets something happen to a node: not when it is dead, and later when it sleeps. */
export function happen(endpoint: Endpoint, run: () => void): void {
  if (!endpoint.alive) return;
  if (endpoint.asleep) {
    endpoint.asleep.push(run);
    return;
  }
  try {
    run();
  } catch (error) {
    if (!endpoint.onPanic) throw error;
    endpoint.onPanic(error);
  }
}

export interface Session {
  readonly from: Endpoint;
  readonly to: Endpoint;
  broken: boolean;
  /** Those that wait for an answer. */
  readonly calls: Set<Call>;
  /** When the last packet of each direction arrives: none overtakes it. */
  readonly arrivesMs: { forth: number; back: number };
  /** Packets that wait for the way to open. */
  readonly held: Packet[];
  /** Packets in the queue before a narrow link, in order. */
  readonly queued: { readonly packet: Packet; readonly arrival: Planned }[];
}

export interface Packet {
  readonly forth: boolean;
  readonly body: RpcBody;
  readonly deliver: () => void;
}

/** A call under way. It is over when it is answered or has failed, of which the caller hears unless it is dead. */
export class Call {
  readonly from: Endpoint;
  readonly to: string;
  readonly method: string;
  readonly body: RpcBody;
  readonly #resolve: (answer: RpcBody) => void;
  readonly #reject: (error: RpcError) => void;
  deadline: Planned | null = null;
  session: Session | null = null;
  over = false;

  constructor(
    from: Endpoint,
    to: string,
    method: string,
    body: RpcBody,
    resolve: (answer: RpcBody) => void,
    reject: (error: RpcError) => void,
  ) {
    this.from = from;
    this.to = to;
    this.method = method;
    this.body = body;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  answer(value: RpcBody): void {
    if (this.#end()) happen(this.from, () => this.#resolve(value));
  }

  fail(code: RpcError['code'], reason: string): void {
    if (!this.#end()) return;
    const sent = this.session !== null;
    happen(this.from, () => {
      this.#reject(new RpcError(code, `${this.method} to ${this.to}: ${reason}`, sent));
    });
  }

  /** False where it was over already. */
  #end(): boolean {
    if (this.over) return false;
    this.over = true;
    if (this.deadline) forget(this.deadline);
    this.session?.calls.delete(this);
    return true;
  }
}
