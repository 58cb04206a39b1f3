/** The page of a run and the causes in it, for commands: what keeps them from being made is said, and hurts nobody. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Cause } from '../../report/cause/index.ts';
import { readCauses } from '../../report/cause/read.ts';
import { type WrittenReport, writeReport } from '../../report/page/report-file.ts';

function runFileOf(run: string): string {
  return existsSync(run) && statSync(run).isDirectory() ? join(run, 'run.sqlite') : run;
}

function attempt<Made>(what: string, make: () => Made): Made | null {
  try {
    return make();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`amnesia: ${what}: ${reason}\n`);
    return null;
  }
}

/** `run`: a folder or a run file. Null where no page could be written. */
export function writeReportOf(run: string): WrittenReport | null {
  return attempt('the page of the run could not be written', () => writeReport(runFileOf(run)));
}

export function causesOf(run: string): readonly Cause[] {
  return attempt('the causes could not be looked for', () => readCauses(runFileOf(run))) ?? [];
}
