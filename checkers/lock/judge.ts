/**
 * A lock by holds that are certain. A hold of a session is certain from the end of an acknowledged acquire to the
 * earliest invocation of a release of that session, whatever became of the release. It is never certain where a release
 * had been invoked by then and had not ended strictly before the acquire was invoked: it may have taken effect
 * after it. An acquire whose answer was lost counts as a release too, since clients cancel them; so does a
 * release that failed, for somebody did not hold what he should have.
 *
 * Two sessions may not certainly hold at once, and a later acquire has a larger fencing token. Operations that touch at
 * one moment overlap, and prove nothing.
 */
import { isLost, isOk, type ObjectOperation } from '../history/objects.ts';
import type { Budget } from '../verdict/checker.ts';
import {
  type ObjectFinding,
  type ObjectJudgement,
  stepAt,
  tally,
} from '../verdict/object-verdict.ts';

interface Hold {
  readonly acquire: ObjectOperation;
  readonly session: string;
  readonly token: number | null;
  readonly from: number;
  /** The release that ended it; null where it was held to the end. */
  readonly release: ObjectOperation | null;
  readonly until: number;
}

export function judgeLock(ops: readonly ObjectOperation[], budget: Budget): ObjectJudgement {
  const strange: Record<string, number> = {};
  const acquires: ObjectOperation[] = [];
  const releases = new Map<string, ObjectOperation[]>();
  let judged = 0;
  for (const [i, op] of ops.entries()) {
    stepAt(i, budget);
    if (op.f !== 'acquire' && op.f !== 'release' && op.f !== 'revoke') {
      tally(strange, op.f);
      continue;
    }
    judged++;
    if (op.f === 'acquire' && isOk(op)) acquires.push(op);
    if (op.f !== 'acquire' || isLost(op)) {
      const session = sessionOf(op);
      const list = releases.get(session);
      if (list) list.push(op);
      else releases.set(session, [op]);
    }
  }
  const holds = acquires.map((op) => holdOf(op, releases.get(sessionOf(op)) ?? []));
  const findings = [...overlaps(holds, budget), ...tokens(holds, budget)];
  return {
    findings: Object.keys(strange).length === 0 ? findings : [],
    judged,
    strange,
    figures: {
      'acquired-count': acquires.length,
      'certain-holds-count': holds.filter((hold) => hold.until > hold.from).length,
    },
  };
}

/** The session with the lock service, where operations name one; else that of the history. */
function sessionOf({ session, value }: ObjectOperation): string {
  const named = fieldOf(value, 'session') ?? fieldOf(value, 'lease');
  return named === undefined ? `${session}` : `named ${JSON.stringify(named)}`;
}

function tokenOf(value: unknown): number | null {
  const token = fieldOf(value, 'token') ?? value;
  return typeof token === 'number' ? token : null;
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)[field]
    : undefined;
}

function holdOf(acquire: ObjectOperation, releases: readonly ObjectOperation[]): Hold {
  const from = acquire.complete;
  let release: ObjectOperation | null = null;
  let until = Number.POSITIVE_INFINITY;
  for (const each of releases) {
    if (each.invoke > from) {
      if (each.invoke >= until) continue;
      // Told that it was not held any more: since when is not known.
      until = isOk(each) || isLost(each) ? each.invoke : from;
      release = each;
    } else if (!(each.complete < acquire.invoke)) {
      until = from;
      break;
    }
  }
  const token = tokenOf(acquire.value);
  return { acquire, session: sessionOf(acquire), token, from, release, until };
}

const name = (hold: Hold): string => `operation ${hold.acquire.row}`;

function overlaps(holds: readonly Hold[], budget: Budget): ObjectFinding[] {
  const findings: ObjectFinding[] = [];
  const certain = holds.filter((hold) => hold.until > hold.from).sort((a, b) => a.from - b.from);
  // The two that reach furthest, of different sessions: one of them is another's.
  let furthest: Hold | null = null;
  let second: Hold | null = null;
  for (const [i, hold] of certain.entries()) {
    stepAt(i, budget);
    const other = furthest !== null && furthest.session !== hold.session ? furthest : second;
    if (other !== null && hold.from < other.until) {
      const ends = [other.release, hold.release].filter((each) => each !== null);
      findings.push({
        pattern: 'held-twice',
        violates: 'mutual exclusion',
        ops: [other.acquire, hold.acquire, ...ends],
        summary: `two sessions held the lock at once, by ${name(other)} and ${name(hold)}`,
      });
    }
    if (furthest === null || hold.session === furthest.session) {
      if (furthest === null || hold.until > furthest.until) furthest = hold;
    } else if (hold.until > furthest.until) {
      second = furthest;
      furthest = hold;
    } else if (second === null || hold.until > second.until) {
      second = hold;
    }
  }
  return findings;
}

/** What ended before another one began has the smaller token, and no token belongs to two sessions. */
function tokens(holds: readonly Hold[], budget: Budget): ObjectFinding[] {
  const findings: ObjectFinding[] = [];
  const violates = 'fencing tokens';
  const marked = holds.filter((hold) => hold.token !== null);
  const owner = new Map<number, Hold>();
  for (const hold of marked) {
    const other = owner.get(hold.token ?? 0);
    if (other === undefined) {
      owner.set(hold.token ?? 0, hold);
    } else if (other.session !== hold.session) {
      const summary = `token ${hold.token} was given to two sessions`;
      const ops = [other.acquire, hold.acquire];
      findings.push({ pattern: 'token-twice', violates, ops, summary });
    }
  }
  const byEnd = [...marked].sort((a, b) => a.acquire.complete - b.acquire.complete);
  const byBegin = [...marked].sort((a, b) => a.acquire.invoke - b.acquire.invoke);
  // The two largest tokens so far, of different sessions.
  let largest: Hold | null = null;
  let second: Hold | null = null;
  let ended = 0;
  for (const [i, hold] of byBegin.entries()) {
    stepAt(i, budget);
    while (ended < byEnd.length && byEnd[ended].acquire.complete < hold.acquire.invoke) {
      const each = byEnd[ended++];
      if (largest === null || each.session === largest.session) {
        if (largest === null || (each.token ?? 0) > (largest.token ?? 0)) largest = each;
      } else if ((each.token ?? 0) > (largest.token ?? 0)) {
        second = largest;
        largest = each;
      } else if (second === null || (each.token ?? 0) > (second.token ?? 0)) {
        second = each;
      }
    }
    const other: Hold | null =
      largest !== null && largest.session !== hold.session ? largest : second;
    if (other === null || (other.token ?? 0) <= (hold.token ?? 0)) continue;
    const summary = `token ${hold.token} was given after ${other.token}, which is larger`;
    const ops = [other.acquire, hold.acquire];
    findings.push({ pattern: 'token-back', violates, ops, summary });
  }
  return findings;
}
