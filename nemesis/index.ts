/** All faults by name. */
import type { Fault } from './fault.ts';
import { kill } from './kill.ts';
import { partition } from './partition.ts';
import { pause } from './pause.ts';

export const faults: Readonly<Record<string, Fault>> = { partition, kill, pause };
