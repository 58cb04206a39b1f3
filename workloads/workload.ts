/**
 * A workload is one short file, always in this order: data type, promise, operations, generator, final generator,
 * minimum. It knows no system: clients belong to those. The reference page of each is printed from these fields.
 */

import type { Generator } from '../harness/generator/generator.ts';
import type { DataTypeName } from '../harness/systems/data-types.ts';
import type { Rng } from '../harness/world/rng.ts';

export interface WorkloadOptions {
  /** Operations per second that this workload shall start, all threads together. */
  readonly rate: number;
  /** Prefix of the memory spaces, so that workloads of one run never meet. */
  readonly spacePrefix: string;
  readonly nodes: readonly string[];
}

export interface OperationSchema {
  readonly f: string;
  readonly key: string;
  readonly value: string;
  readonly meaning: string;
}

export interface Workload {
  readonly name: string;
  /** What its operations are about; any system with clients for it can be tested by it. */
  readonly dataType: DataTypeName;
  /** What is shown to hold if every checker says valid, for people. */
  readonly promise: string;
  readonly operations: readonly OperationSchema[];
  /** Endless; the run limits it in time. */
  generator(options: WorkloadOptions, rng: Rng): Generator;
  /**
   * One round of final reads: every key that was ever touched, through every node. The run repeats
   * rounds until all nodes agree or the deadline comes. `keys` is what the history has touched.
   */
  finalGenerator(options: WorkloadOptions, keys: readonly string[]): Generator;
  readonly minimumOk: { readonly overall: number; readonly perFaultWindow: number };
}
