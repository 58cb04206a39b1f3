/** The vocabulary of the SWIM state machine: settings, timers, effects. Data only. */
import type { FaultName } from '../faults.ts';
import type { Member } from './membership.ts';
import type { Claim, Message } from './message.ts';

export interface SwimSettings {
  /** Each member is probed about once in this time while the cluster is small. */
  readonly probeIntervalMs: number;
  readonly ackTimeoutMs: number;
  /** k of the paper: how many others are asked to probe a member that does not answer. */
  readonly indirectProbes: number;
  /** How long a suspect may take to refute. */
  readonly suspicionMs: number;
  readonly deadProbeMs: number;
  readonly syncMs: number;
  readonly joinRetryMs: number;
  /** Fault switches, see faults.ts. */
  readonly neverProbeDead: boolean;
  readonly noRefutation: boolean;
}

export const defaultSwimSettings: SwimSettings = {
  probeIntervalMs: 1000,
  ackTimeoutMs: 500,
  indirectProbes: 3,
  suspicionMs: 1500,
  deadProbeMs: 500,
  syncMs: 5000,
  joinRetryMs: 150,
  neverProbeDead: false,
  noRefutation: false,
};

export function swimSettings(faults: readonly FaultName[]): SwimSettings {
  return {
    ...defaultSwimSettings,
    noRefutation: faults.includes('no-refutation'),
    neverProbeDead: faults.includes('never-probe-dead'),
  };
}

/** A timer is data, and carries the state that it was set under. */
export type Timer =
  | { readonly type: 'probe' }
  /** No direct ack so far: ask others. */
  | { readonly type: 'indirect'; readonly sequence: number; readonly target: string }
  /** Time is up for a probe. */
  | { readonly type: 'verdict'; readonly sequence: number; readonly target: string }
  | { readonly type: 'suspicion'; readonly target: string; readonly incarnation: number }
  | { readonly type: 'dead-probe' }
  | { readonly type: 'sync' }
  | { readonly type: 'join' };

export type Effect =
  | {
      readonly type: 'send';
      readonly to: string;
      readonly message: Message;
      readonly gossip: readonly Claim[];
    }
  | { readonly type: 'timer'; readonly afterMs: number; readonly timer: Timer }
  /** A member's state or incarnation is another now; self included. */
  | { readonly type: 'changed'; readonly member: Member };

/** Uniform in [0, 1). */
export type Random = () => number;
