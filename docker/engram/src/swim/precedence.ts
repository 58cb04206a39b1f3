/** Which of two claims about a member is believed. */
import type { Member, MemberState } from './membership.ts';
import type { Claim } from './message.ts';

const strength: Readonly<Record<MemberState, number>> = { alive: 0, suspect: 1, dead: 2, left: 3 };

/** Section 4.2 of the paper: a higher incarnation wins; within one, the worse state does. */
export function overrides(claim: Claim, known: Member): boolean {
  if (claim.incarnation !== known.incarnation) return claim.incarnation > known.incarnation;
  return strength[claim.state] > strength[known.state];
}
