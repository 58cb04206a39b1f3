/** All workloads by name. */
import { deletes } from './delete.ts';
import { register } from './register.ts';
import { set } from './set.ts';
import type { Workload } from './workload.ts';

export const workloads: Readonly<Record<string, Workload>> = { set, register, delete: deletes };
