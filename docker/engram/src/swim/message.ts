/**
 * Datagrams of SWIM: MessagePack, at most 1400 bytes. Every message says who sends it, as the sender sees
 * itself, and carries gossip. `decode` returns null for whatever is foreign or malformed.
 */
import { pack, unpack } from '../store/codec.ts';
import type { MemberState } from './membership.ts';

export const datagramBytesMax = 1400;

/** A member as it travels: no local times. */
export interface Claim {
  readonly id: string;
  readonly swimAddress: string;
  readonly apiAddress: string;
  readonly rpcAddress: string;
  readonly rack: string;
  readonly zone: string;
  readonly state: MemberState;
  readonly incarnation: number;
}

export type Message =
  | { readonly type: 'ping'; readonly sequence: number; readonly target: string }
  | { readonly type: 'ack'; readonly sequence: number }
  /** Please ping `target` for me, and pass its ack on. */
  | { readonly type: 'ping-req'; readonly sequence: number; readonly target: string }
  /** Push-pull: all members that I know, in as many datagrams as it takes. */
  | { readonly type: 'sync'; readonly wantsAnswer: boolean };

export interface Datagram {
  readonly from: Claim;
  readonly message: Message;
  readonly gossip: readonly Claim[];
}

const magic = 0x5e;
const types = ['ping', 'ack', 'ping-req', 'sync'] as const;
const states: readonly MemberState[] = ['alive', 'suspect', 'dead', 'left'];

function packClaim(claim: Claim): unknown[] {
  return [
    claim.id,
    claim.swimAddress,
    claim.apiAddress,
    claim.rpcAddress,
    claim.rack,
    claim.zone,
    states.indexOf(claim.state),
    claim.incarnation,
  ];
}

function unpackClaim(value: unknown): Claim | null {
  if (!Array.isArray(value) || value.length !== 8) return null;
  const [id, swimAddress, apiAddress, rpcAddress, rack, zone, state, incarnation] = value;
  const texts = [id, swimAddress, apiAddress, rpcAddress, rack, zone];
  if (!texts.every((text) => typeof text === 'string' && text.length <= 260)) return null;
  if (!/^[a-z0-9-]{1,32}$/.test(id) || !Number.isSafeInteger(incarnation) || incarnation < 0) {
    return null;
  }
  const known = states[state as number];
  if (known === undefined) return null;
  return { id, swimAddress, apiAddress, rpcAddress, rack, zone, state: known, incarnation };
}

/** As much gossip as fits goes along; returns how many of `gossip`, from its beginning, did. */
export function encode(
  from: Claim,
  message: Message,
  gossip: readonly Claim[],
): { readonly bytes: Uint8Array; readonly carried: number } {
  const head = [magic, types.indexOf(message.type), packClaim(from)];
  const body =
    message.type === 'sync'
      ? [message.wantsAnswer, '']
      : [message.sequence, message.type === 'ack' ? '' : message.target];
  const claims: unknown[] = [];
  let bytes = pack([...head, ...body, claims]);
  let carried = 0;
  for (const claim of gossip) {
    claims.push(packClaim(claim));
    const longer = pack([...head, ...body, claims]);
    if (longer.length > datagramBytesMax) break;
    bytes = longer;
    carried++;
  }
  // The packer may reuse its buffer.
  return { bytes: Uint8Array.from(bytes), carried };
}

export function decode(bytes: Uint8Array): Datagram | null {
  if (bytes.length > datagramBytesMax) return null;
  let value: unknown;
  try {
    value = unpack(bytes);
  } catch {
    return null;
  }
  if (!Array.isArray(value) || value.length !== 6 || value[0] !== magic) return null;
  const [, type, packedFrom, first, target, packedGossip] = value;
  const from = unpackClaim(packedFrom);
  if (from === null || !Array.isArray(packedGossip) || typeof target !== 'string') return null;
  const gossip: Claim[] = [];
  for (const packed of packedGossip) {
    const claim = unpackClaim(packed);
    if (claim === null) return null;
    gossip.push(claim);
  }
  const message = unpackMessage(types[type as number], first, target);
  return message === null ? null : { from, message, gossip };
}

function unpackMessage(
  type: (typeof types)[number] | undefined,
  first: unknown,
  target: string,
): Message | null {
  if (type === undefined) return null;
  if (type === 'sync') {
    return typeof first === 'boolean' ? { type, wantsAnswer: first } : null;
  }
  if (!Number.isSafeInteger(first)) return null;
  const sequence = first as number;
  return type === 'ack' ? { type, sequence } : { type, sequence, target };
}
