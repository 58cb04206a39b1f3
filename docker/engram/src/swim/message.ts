/**
 * Datagrams of SWIM: MessagePack, at most 1372 bytes, so that there is room for 28 bytes of
 * authentication in the 1400 that every network carries. Every message says who sends it, as the
 * sender sees itself, and carries gossip. `decode` returns null for whatever is foreign or
 * malformed.
 */
import { pack, unpack } from '../store/codec.ts';
import type { MemberState } from './membership.ts';

export const messageBytesMax = 1372;

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
/** Far beyond any clock, and far enough from where integers end to be refuted. */
const incarnationMax = 2 ** 52;
const idPattern = /^[a-z0-9-]{1,32}$/;
const addressPattern = /^[A-Za-z0-9._-]{1,253}:([1-9]\d{0,4})$/;
const labelPattern = /^[A-Za-z0-9._-]{0,64}$/;
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
  const [id, swimAddress, apiAddress, rpcAddress, rack, zone, number, incarnation] = value;
  const state = states[number as number];
  const claim = { id, swimAddress, apiAddress, rpcAddress, rack, zone, state, incarnation };
  return isClaim(claim) ? claim : null;
}

/** Whether something from outside is a claim, within its limits. */
export function isClaim(value: unknown): value is Claim {
  if (typeof value !== 'object' || value === null) return false;
  const claim = value as Record<keyof Claim, unknown>;
  const { id, swimAddress, apiAddress, rpcAddress, rack, zone, state, incarnation } = claim;
  if (typeof id !== 'string' || !idPattern.test(id)) return false;
  if (![swimAddress, apiAddress, rpcAddress].every(isAddress)) return false;
  if (![rack, zone].every((text) => typeof text === 'string' && labelPattern.test(text)))
    return false;
  return states.includes(state as MemberState) && isIncarnation(incarnation);
}

function isAddress(value: unknown): boolean {
  const port = typeof value === 'string' ? addressPattern.exec(value)?.[1] : undefined;
  return port !== undefined && Number(port) <= 65_535;
}

function isIncarnation(value: unknown): value is number {
  return (
    Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= incarnationMax
  );
}

/** No more than so many bytes of a datagram are taken by a claim. Text is ASCII here. */
export function claimBytes(claim: Claim): number {
  const { id, swimAddress, apiAddress, rpcAddress, rack, zone } = claim;
  const texts = [id, swimAddress, apiAddress, rpcAddress, rack, zone];
  return texts.reduce((sum, text) => sum + text.length + 3, 1 + 1 + 9);
}

/** What is left for gossip beside the message itself. */
export function gossipBudgetBytes(from: Claim, message: Message): number {
  const target = 'target' in message ? message.target.length : 0;
  return messageBytesMax - claimBytes(from) - target - 3 - 9 - 8;
}

export function encode(from: Claim, message: Message, gossip: readonly Claim[]): Uint8Array {
  const [first, target] =
    message.type === 'sync'
      ? [message.wantsAnswer, '']
      : [message.sequence, message.type === 'ack' ? '' : message.target];
  const type = types.indexOf(message.type);
  return pack([magic, type, packClaim(from), first, target, gossip.map(packClaim)]);
}

export function decode(bytes: Uint8Array): Datagram | null {
  if (bytes.length > messageBytesMax) return null;
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
