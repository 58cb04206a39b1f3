/** The end of a recording: the file is closed, then its history is sealed as columns. */
import type { Recorder } from '../store/recorder.ts';
import { sealRun } from './seal.ts';

/** Throws RunFileError where the file cannot be written; safe to call twice. */
export function saveRun(recorder: Recorder, durationNs?: number): void {
  const { path, rows, reproducible } = recorder.close(durationNs);
  sealRun(path, rows, reproducible);
}
