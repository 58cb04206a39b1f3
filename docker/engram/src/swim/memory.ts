/**
 * What a node remembers of the cluster over a restart, so that one that starts inside a partition
 * still knows who belongs to it. A file that cannot be read is forgotten, never fatal: the seeds
 * remain.
 */
import type { Env } from '../env/env.ts';
import type { Member } from './membership.ts';
import { type Claim, isClaim } from './message.ts';

const fileName = 'members.json';
/** Changes come in bursts; one write is enough for each. */
const saveDelayMs = 200;

export async function recallMembers(env: Pick<Env, 'disk' | 'log'>): Promise<readonly Claim[]> {
  const bytes = await env.disk.read(fileName);
  if (bytes === null) return [];
  try {
    const claims: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (Array.isArray(claims) && claims.every(isClaim)) return claims;
    throw new Error('it holds something else than members');
  } catch (error) {
    env.log('warn', 'swim.members-forgotten', { file: fileName, reason: String(error) });
    return [];
  }
}

/** Writes the members some time after each change, one write at a time. */
export class MemberSaver {
  readonly #env: Env;
  readonly #members: () => readonly Member[];
  #changed = false;
  #busy = false;

  constructor(env: Env, members: () => readonly Member[]) {
    this.#env = env;
    this.#members = members;
  }

  changed(): void {
    this.#changed = true;
    if (this.#busy) return;
    this.#busy = true;
    this.#env.timer(saveDelayMs, () => this.#save());
  }

  #save(): void {
    this.#changed = false;
    const claims = this.#members().map(({ changedAtMs: _, ...claim }) => claim);
    const bytes = Buffer.from(JSON.stringify(claims));
    const done = (): void => {
      this.#busy = false;
      if (this.#changed) this.changed();
    };
    this.#env.disk.replace(fileName, bytes).then(done, (error: unknown) => {
      this.#env.log('warn', 'swim.members-not-saved', { reason: String(error) });
      done();
    });
  }
}
