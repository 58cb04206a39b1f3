/**
 * The data plane of one node: writes, reads, and what peers ask for. See data.ts for the model.
 */
import { laterClock, tick } from '../conflict/clock.ts';
import { emptyContext } from '../conflict/context.ts';
import { covers, coversDot, join, withDot } from '../conflict/knowledge.ts';
import { formatDot } from '../conflict/vector.ts';
import { inheritedRank } from '../conflict/versions.ts';
import type {
  Context,
  DataPlane,
  Knowledge,
  MemoryState,
  MemoryVersion,
  Placement,
  ReadResult,
  SpaceSummary,
  Standing,
  WriteRequest,
  WriteResult,
} from '../data.ts';
import type { Env, RpcBody } from '../env/env.ts';
import type { Faults } from '../faults.ts';
import { AntiEntropy } from '../gossip/antientropy.ts';
import { cosine, vectorOf } from '../query/embedding.ts';
import { Shipper } from '../replication/shipper.ts';
import type { Membership } from '../swim/membership.ts';
import { CatchUp } from './catchup.ts';
import type { LogLimits } from './journal.ts';
import { Replica } from './replica.ts';
import type { SpaceState } from './space.ts';
import { Voids } from './voids.ts';

/** How long a write waits for its dependencies before it is deferred. */
const writeCatchUpMs = 150;
const conflictsMax = 1000;
/** How soon the peers hear that the log cannot be written, and how often that is tried. */
const logWatchMs = 500;
/** Of random unit vectors of 768 dimensions (deviation 0.036), 3 in 1000 are that close. */
const alikeCosine = 0.1;

class NodeData implements DataPlane {
  readonly #env: Env;
  readonly #faults: Faults;
  readonly #membership: Membership;
  readonly #placement: Placement;
  readonly #replica: Replica;
  readonly #shipper: Shipper;
  readonly #antiEntropy: AntiEntropy;
  readonly #catchUp: CatchUp;
  readonly #voids: Voids;
  #stopped = false;
  #stopping = false;
  readonly #counters = { staleReads: 0, waitedReads: 0 };

  constructor(
    env: Env,
    faults: Faults,
    membership: Membership,
    placement: Placement,
    limits: LogLimits,
  ) {
    this.#env = env;
    this.#faults = faults;
    this.#membership = membership;
    this.#placement = placement;
    this.#replica = new Replica(env, faults, limits);
    this.#shipper = new Shipper(this.#replica, membership, placement);
    this.#antiEntropy = new AntiEntropy(this.#replica, membership, placement);
    this.#voids = new Voids(this.#replica, membership, placement);
    this.#catchUp = new CatchUp(this.#replica, membership, placement, this.#antiEntropy);
  }

  async start(): Promise<void> {
    await this.#replica.open(this.#membership.self.id, this.#shipper);
    await this.#shipper.load();
    this.#shipper.start();
    this.#antiEntropy.start();
    this.#voids.start();
    this.#watchLog();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#shipper.stop();
    this.#antiEntropy.stop();
    this.#voids.stop();
    await this.#replica.close();
  }

  async write(request: WriteRequest, deadlineMs: number): Promise<WriteResult> {
    const until = this.#env.monotonicMs() + deadlineMs;
    const state = this.#replica.ensure(request.space);
    if (request.context) state.observeClock(request.context.t);
    const twin = this.#faults.has('dedup-distinct-ids') ? lookalike(request, state) : null;
    if (twin) {
      const context = this.#contextOf(state);
      return { version: twin, context, copies: 1, satisfied: true, deferred: false };
    }
    const { v, d } = request.context ?? state.known;
    const deps: Knowledge = { v, d };
    const waitMs = Math.min(writeCatchUpMs, deadlineMs);
    const current =
      covers(state.known, deps) || (await this.#catchUp.reach(request.space, deps, waitMs));
    const version = this.#version(request, state, deps, current);
    let sequence = 0;
    await this.#replica.commitOwn(request.space, version, () => {
      sequence = this.#shipper.push(request.space, version);
      this.#shipper.kick();
    });
    const needed = this.#needed(request);
    const leftMs = Math.max(0, until - this.#env.monotonicMs());
    const copies =
      needed <= 1 ? 1 : await this.#shipper.copies(sequence, request.space, needed, leftMs);
    const deferred = !coversDot(state.known, version.actor, version.counter);
    return {
      version,
      context: this.#tokenOf(request, state, version),
      copies,
      satisfied: copies >= needed,
      deferred,
    };
  }

  /** What the client had brought, and its own dot: what else the node knows nobody has shown to it. */
  #tokenOf(
    request: WriteRequest,
    state: SpaceState,
    { actor, counter, hlc, rank }: MemoryVersion,
  ): Context {
    const brought = request.context ?? emptyContext;
    const dot = withDot(brought, actor, counter);
    const seen = this.#faults.has('token-too-wide') ? join(state.known, dot) : dot;
    return { ...seen, t: laterClock(brought.t, hlc), r: Math.max(brought.r, rank) };
  }

  #version(
    request: WriteRequest,
    state: SpaceState,
    deps: Knowledge,
    current: boolean,
  ): MemoryVersion {
    const { actor, counter } = this.#replica.nextDot(request.space, !current);
    const nowMs = this.#env.nowMs();
    const hlc = tick(state.clock, nowMs);
    state.observeClock(hlc);
    if (!current) this.#replica.counters.deferredWrites++;
    // What is not here is known by the context alone, and only with one something is missing.
    const inherited = current
      ? inheritedRank(state.versions(request.id), deps)
      : request.context!.r;
    return {
      id: request.id,
      dot: formatDot(actor, counter),
      actor,
      counter,
      deps,
      rank: Math.max(request.confidence, inherited),
      inherited,
      hlc,
      node: this.#membership.self.id,
      deleted: request.deleted,
      content: request.content,
      confidence: request.confidence,
      tags: request.tags,
      memoryType: request.memoryType,
      observedAtMs: request.observedAtMs,
      storedAtMs: nowMs,
      embedding: request.embedding,
    };
  }

  /** How many durable copies a write asks for. */
  #needed({ space, durability }: WriteRequest): number {
    if (durability === 'primary') return 1;
    if (durability === 'replica') return 2;
    const owners = this.#placement.owners(space);
    // The copy of a node that is no owner counts as durable, and as none of the owners'.
    const stranger = owners.includes(this.#membership.self.id) ? 0 : 1;
    return stranger + (durability === 'all' ? owners.length : Math.floor(owners.length / 2) + 1);
  }

  async read(
    space: string,
    id: string,
    context: Context | null,
    deadlineMs: number,
  ): Promise<ReadResult<MemoryState | null>> {
    const stale = !this.#covers(space, context) && (await this.#stale(space, context!, deadlineMs));
    const state = this.#replica.peek(space);
    return { value: state.memory(id), context: this.#contextOf(state), stale };
  }

  async list(
    space: string,
    context: Context | null,
    deadlineMs: number,
  ): Promise<ReadResult<readonly MemoryState[]>> {
    const stale = !this.#covers(space, context) && (await this.#stale(space, context!, deadlineMs));
    const state = this.#replica.peek(space);
    return { value: state.list(), context: this.#contextOf(state), stale };
  }

  #contextOf(state: SpaceState): Context {
    return { ...state.known, t: state.clock, r: state.rank };
  }

  #covers(space: string, context: Context | null): boolean {
    if (!context || this.#faults.has('ignore-context')) return true;
    return covers(this.#replica.peek(space).known, context);
  }

  async #stale(space: string, context: Context, deadlineMs: number): Promise<boolean> {
    this.#counters.waitedReads++;
    const current = await this.#catchUp.reach(space, context, deadlineMs);
    if (!current) {
      this.#counters.staleReads++;
      this.#voids.want(space, { v: context.v, d: context.d });
    }
    return !current;
  }

  siblingsBeside(space: string, id: string, context: Context | null): number {
    if (context === null) return 0;
    const versions = this.#replica.peek(space).versions(id);
    return versions.filter(({ actor, counter }) => !coversDot(context, actor, counter)).length;
  }

  get trouble(): string | null {
    return this.#replica.trouble;
  }

  /** Tells the peers when its log fails, and when that is over. */
  #watchLog(): void {
    this.#env.timer(logWatchMs, () => {
      if (this.#stopped) return;
      const before = this.trouble;
      void (before === null ? Promise.resolve() : this.#replica.probe()).then(() => {
        const sick = this.trouble !== null;
        if (sick !== this.#antiEntropy.sick && !this.#stopping) this.#antiEntropy.announce(sick);
        this.#watchLog();
      });
    });
  }

  announceStopping(): void {
    this.#stopping = true;
    this.#antiEntropy.announce(true);
    this.#shipper.kick();
  }

  undelivered(): number {
    return this.#shipper.undelivered();
  }

  isSick(peer: string): boolean {
    return this.#antiEntropy.honesty.views.isSick(peer);
  }

  standing(space: string): Standing {
    return this.#antiEntropy.honesty.standing(space);
  }

  servingOwner(space: string): string | null {
    const { honesty } = this.#antiEntropy;
    return honesty.serves(space) ? this.#membership.self.id : honesty.servingOwner(space);
  }

  heardSince(peer: string, sinceMs: number): boolean {
    return this.#antiEntropy.honesty.views.heardAtMs(peer) >= sinceMs;
  }

  spaces(): readonly string[] {
    return this.#replica.names();
  }

  createSpace(space: string): Promise<void> {
    return this.#replica.logSpace(space);
  }

  summary(space: string): SpaceSummary | null {
    const state = this.#replica.get(space);
    if (!state) return null;
    const self = this.#membership.self.id;
    const peers = this.#placement.owners(space).filter((owner) => owner !== self);
    return {
      space,
      memories: state.size,
      known: state.known,
      merkleRoot: state.merkle.root(),
      deferred: state.deferredCount,
      replicationLag: Object.fromEntries(
        peers.map((peer) => [peer, this.#shipper.lag(peer, space)]),
      ),
    };
  }

  conflicts(): readonly { readonly space: string; readonly memory: MemoryState }[] {
    const found: { space: string; memory: MemoryState }[] = [];
    for (const space of this.#replica.names()) {
      for (const memory of this.#replica.peek(space).list()) {
        if (memory.siblings.length > 1) found.push({ space, memory });
        if (found.length === conflictsMax) return found;
      }
    }
    return found;
  }

  metrics(): Readonly<Record<string, number>> {
    const { writes, replicated, merged, deferredWrites } = this.#replica.counters;
    return {
      writes_total: writes,
      writes_deferred_total: deferredWrites,
      replicated_writes_total: replicated,
      merged_versions_total: merged,
      wal_syncs_total: this.#replica.syncs,
      wal_snapshots_total: this.#replica.snapshots,
      replication_batches_total: this.#shipper.counters.batches,
      replication_failed_batches_total: this.#shipper.counters.failedBatches,
      anti_entropy_rounds_total: this.#antiEntropy.counters.rounds,
      anti_entropy_pulls_total: this.#antiEntropy.transfers.counters.pulls,
      anti_entropy_broken_pulls_total: this.#antiEntropy.transfers.counters.brokenPulls,
      anti_entropy_versions_total: this.#antiEntropy.transfers.counters.pulledVersions,
      anti_entropy_differing_buckets_total: this.#antiEntropy.counters.differingBuckets,
      reads_waited_total: this.#counters.waitedReads,
      reads_stale_total: this.#counters.staleReads,
    };
  }

  handleRpc(method: string, body: RpcBody): RpcBody | Promise<RpcBody> {
    switch (method) {
      case 'data.ship':
        return this.#shipper.receive(body);
      case 'data.digest':
        return this.#antiEntropy.handleDigest(body);
      case 'data.sync':
        return this.#antiEntropy.handleSync(body);
      case 'data.tree':
        return this.#antiEntropy.handleTree(body);
      case 'data.pull':
        return this.#antiEntropy.transfers.handlePull(body);
      case 'data.holds':
        return this.#voids.handleHolds(body);
      case 'data.void':
        return this.#voids.handleVoid(body);
      case 'data.more':
        return this.#antiEntropy.transfers.handleMore(body);
      default:
        throw new Error(`unknown method ${method}`);
    }
  }
}

/** dedup-distinct-ids: what is shown of another memory that resembles what is to be written. */
function lookalike({ id, embedding }: WriteRequest, state: SpaceState): MemoryVersion | null {
  if (embedding === null) return null;
  const found = state
    .list()
    .find(({ id: other, shown }) => other !== id && isAlike(shown.embedding, embedding));
  return found?.shown ?? null;
}

function isAlike(left: Uint8Array | null, right: Uint8Array): boolean {
  return left !== null && cosine(vectorOf(left), vectorOf(right)) > alikeCosine;
}

export function createDataPlane(
  env: Env,
  faults: Faults,
  membership: Membership,
  placement: Placement,
  limits: LogLimits = {},
): DataPlane {
  return new NodeData(env, faults, membership, placement, limits);
}
