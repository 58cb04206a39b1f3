/** Labels on everything that a run makes in the engine: whose it is, and who may remove it. */
import { type Owner, thisProcess } from '../owner.ts';

export const labelNames = {
  run: 'amnesia.run',
  pid: 'amnesia.pid',
  started: 'amnesia.started',
  where: 'amnesia.where',
} as const;

/** Labels of everything that belongs to a run, and who may remove it. */
export function labelsOf(runId: string): Record<string, string> {
  const { pid, started, where } = thisProcess();
  return {
    [labelNames.run]: runId,
    [labelNames.pid]: String(pid),
    [labelNames.started]: started,
    [labelNames.where]: where,
  };
}

export function ownerOf(labels: Readonly<Record<string, string>>): Owner {
  return {
    pid: Number(labels[labelNames.pid]),
    started: labels[labelNames.started] ?? '',
    where: labels[labelNames.where] ?? '',
  };
}
