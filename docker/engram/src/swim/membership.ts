/**
 * What the rest of the node sees of membership. SWIM (`swim.ts`) is one way to know it; tests use a
 * fixed list.
 */

export type MemberState = 'alive' | 'suspect' | 'dead' | 'left';

export interface Member {
  readonly id: string;
  /** `host:port` of UDP. */
  readonly swimAddress: string;
  /** `host:port` of HTTP. */
  readonly apiAddress: string;
  /** `host:port` of gRPC. */
  readonly rpcAddress: string;
  readonly rack: string;
  readonly zone: string;
  readonly state: MemberState;
  readonly incarnation: number;
  /** Env.monotonicMs() at the last change of state. */
  readonly changedAtMs: number;
}

export interface Membership {
  readonly self: Member;
  /** Every known member, self included, sorted by id. Members that left are not in it. */
  members(): readonly Member[];
  get(id: string): Member | undefined;
  /** Alive or suspect: worth sending to. Self is always reachable. */
  reachable(id: string): boolean;
  /** Called after each change of any member, with the member as it is now. */
  onChange(listener: (member: Member) => void): void;
}
