/**
 * Works through the schedule of faults: apply, prove, wait, heal, prove healed. Each fault is an operation of the
 * process `nemesis` in the history, and a record of its own with its proofs. Whatever goes wrong
 * on the way, everything is healed in the end.
 */
import type { Phase } from '../../checkers/history/history.ts';
import type { Fault } from '../../nemesis/fault.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { FaultPlan } from '../generator/fault-plan.ts';
import type { OperationRow } from '../generator/operation.ts';
import type { FaultRecord } from '../store/records.ts';
import type { Clock } from '../world/clock.ts';
import type { LiveRecorder } from './gate.ts';

export interface NemesisOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly recorder: LiveRecorder;
  readonly faults: Readonly<Record<string, Fault>>;
  nextIndex(): number;
  phase(): Phase;
  /** Called when something changed that a person would want to see. */
  onChange(text: string, active: string | null): void;
}

const healAttempts = 3;
/** Of a fault's planned length, the part for which it is in force even where applying it took long. */
const inForceShareMin = 1 / 3;

function sentence(plan: FaultPlan): string {
  const cut = plan.grudge
    ? Object.entries(plan.grudge)
        .filter(([, dropped]) => dropped.length > 0)
        .map(([node, dropped]) => `${node} drops ${dropped.join(' ')}`)
        .join('; ')
    : plan.targets.join(' ');
  const numbers = Object.entries(plan.parameters ?? {}).map(([name, value]) => `${name} ${value}`);
  const how = numbers.length === 0 ? '' : ` (${numbers.join(', ')})`;
  return `${plan.kind} ${plan.variant}: ${cut}${how}`;
}

export class NemesisRunner {
  readonly #options: NemesisOptions;
  #records: FaultRecord[] = [];

  constructor(options: NemesisOptions) {
    this.#options = options;
  }

  get records(): readonly FaultRecord[] {
    return this.#records;
  }

  /**
   * Runs the schedule, its lanes at the same time; times of the plans count from now. Where the machine is slower
   * than planned, faults begin later and keep their length and the calm before them; one that would outlast the load at
   * `endMs` is left out. Ends early, healed, when the signal comes.
   */
  async run(plans: readonly FaultPlan[], endMs: number, signal: AbortSignal): Promise<void> {
    const startNs = this.#options.clock.nowNs();
    const lanes = new Map<string, FaultPlan[]>();
    for (const plan of plans) {
      const lane = plan.lane ?? '';
      lanes.set(lane, [...(lanes.get(lane) ?? []), plan]);
    }
    const work = [...lanes.values()].map((lane) => this.#runLane(lane, startNs, endMs, signal));
    await Promise.all(work);
  }

  async #runLane(
    plans: readonly FaultPlan[],
    startNs: number,
    endMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, onChange } = this.#options;
    const nowMs = (): number => (clock.nowNs() - startNs) / 1e6;
    let plannedEndMs = 0;
    let healedMs = 0;
    for (const plan of plans) {
      const calmMs = plan.atMs - plannedEndMs;
      const lengthMs = plan.untilMs - plan.atMs;
      const beginMs = Math.max(plan.atMs, healedMs + calmMs);
      if (beginMs + lengthMs > endMs) {
        onChange(`${plan.kind} ${plan.variant} left out: no time for it is left`, null);
        return;
      }
      await clock.sleep(Math.max(0, beginMs - nowMs()), signal);
      if (signal.aborted) return;
      await this.#perform(plan, () => {
        const until = Math.max(beginMs + lengthMs, nowMs() + lengthMs * inForceShareMin);
        return clock.sleep(until - nowMs(), signal);
      });
      plannedEndMs = plan.untilMs;
      healedMs = nowMs();
    }
  }

  /** Once more for whatever could not be proved to be gone. */
  async healAll(): Promise<void> {
    const { faults } = this.#options;
    for (const record of this.#records.filter((each) => !each.healed)) {
      await this.#heal(faults[record.plan.kind], record.plan, record);
    }
  }

  async #perform(planned: FaultPlan, wait: () => Promise<void>): Promise<void> {
    const { cluster, clock, faults, onChange } = this.#options;
    const fault = faults[planned.kind];
    let record: FaultRecord = {
      id: planned.id,
      plan: planned,
      description: sentence(planned),
      applied: clock.nowNs(),
    };
    const start = this.#invoke(`start-${planned.kind}`, sentence(planned));
    let plan = planned;
    try {
      plan = (await fault.resolve?.(cluster, planned)) ?? planned;
      record = {
        ...record,
        plan,
        description: sentence(plan),
        targets: plan.targets,
        grudge: plan.grudge,
      };
      this.#save(record);
      const done = (await fault.apply(cluster, plan)) ?? [];
      const proof = await fault.proveActive(cluster, plan);
      record = {
        ...record,
        inForce: clock.nowNs(),
        effective: proof.effective,
        proof: [...done, ...proof.evidence],
      };
      onChange(`${record.description} (${proof.effective})`, record.description);
    } catch (error) {
      record = { ...record, effective: 'none', error: String(error) };
      onChange(`${record.description} failed: ${String(error)}`, null);
    }
    this.#save(record);
    this.#complete(start, `${record.effective}: ${record.description}`);
    await wait();
    await this.#heal(fault, plan, record);
  }

  async #heal(fault: Fault, plan: FaultPlan, before: FaultRecord): Promise<void> {
    const { cluster, clock, onChange } = this.#options;
    let record: FaultRecord = { ...before, healBegan: clock.nowNs() };
    const stop = this.#invoke(`stop-${plan.kind}`, before.description);
    for (let attempt = 1; attempt <= healAttempts && !record.healed; attempt++) {
      try {
        await fault.heal(cluster, plan);
        const { proved, evidence } = await fault.proveGone(cluster, plan);
        const healedAt = proved ? { healedAt: clock.nowNs() } : {};
        record = { ...record, healProof: evidence, healed: proved, ...healedAt };
      } catch (error) {
        record = { ...record, healed: false, error: String(error) };
      }
    }
    this.#save(record);
    this.#complete(stop, record.healed ? 'healed' : 'NOT healed');
    onChange(`${plan.kind} ${plan.variant} ${record.healed ? 'healed' : 'NOT healed'}`, null);
  }

  #save(record: FaultRecord): void {
    this.#records = [...this.#records.filter((each) => each.id !== record.id), record];
    this.#options.recorder.fault(record);
  }

  #invoke(f: string, value: string): OperationRow {
    const { clock, recorder } = this.#options;
    const now = clock.nowNs();
    const row: OperationRow = {
      idx: this.#options.nextIndex(),
      process: 'nemesis',
      thread: -1,
      phase: this.#options.phase(),
      workload: null,
      f,
      key: null,
      value,
      node: null,
      scheduled: now,
      invoked: now,
    };
    recorder.invoke(row);
    return row;
  }

  #complete(row: OperationRow, value: string): void {
    const { clock, recorder } = this.#options;
    recorder.complete({ ...row, value, outcome: 'info', completed: clock.nowNs() });
  }
}
