/**
 * What is to be gossiped: for each member with news, how often they were sent. News that were sent
 * least go first, and each goes a number of times that grows with the logarithm of the cluster's
 * size (SWIM section 4.1), so that all hear of it with high probability.
 */
import { type Claim, claimBytes } from './message.ts';

/** Times that an update is sent, in multiples of log2(members). */
const repetition = 3;

export class News {
  readonly #sent = new Map<string, number>();

  add(id: string): void {
    this.#sent.set(id, 0);
  }

  /**
   * The claims to send along, at most `budgetBytes` of them, counted as sent. `claimOf` gives what is
   * held of a member now; `except` is left out, since it travels already.
   */
  take(
    budgetBytes: number,
    members: number,
    claimOf: (id: string) => Claim | undefined,
    except: string | null,
  ): Claim[] {
    const limit = repetition * Math.ceil(Math.log2(members + 2));
    const taken: Claim[] = [];
    let left = budgetBytes;
    for (const [id, sent] of [...this.#sent].sort((one, other) => one[1] - other[1])) {
      const claim = claimOf(id);
      if (!claim || sent >= limit) {
        this.#sent.delete(id);
        continue;
      }
      if (id === except) continue;
      const bytes = claimBytes(claim);
      if (bytes > left) break;
      left -= bytes;
      taken.push(claim);
      this.#sent.set(id, sent + 1);
    }
    return taken;
  }
}
