/**
 * A recorder that can be shut. A run that is given up has operations in flight, which end later than
 * their file; what comes after the shutting is dropped.
 */
import type { Recorder } from '../store/recorder.ts';

/** What goes on while a run lives. */
export type LiveRecorder = Pick<
  Recorder,
  'invoke' | 'complete' | 'fault' | 'sample' | 'phase' | 'onFailure'
>;

export class Gate implements LiveRecorder {
  readonly #recorder: Recorder;
  #open = true;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  shut(): void {
    this.#open = false;
  }

  invoke(row: Parameters<Recorder['invoke']>[0]): void {
    if (this.#open) this.#recorder.invoke(row);
  }

  complete(row: Parameters<Recorder['complete']>[0]): void {
    if (this.#open) this.#recorder.complete(row);
  }

  fault(record: Parameters<Recorder['fault']>[0]): void {
    if (this.#open) this.#recorder.fault(record);
  }

  sample(record: Parameters<Recorder['sample']>[0]): void {
    if (this.#open) this.#recorder.sample(record);
  }

  phase(...[phase, atNs]: Parameters<Recorder['phase']>): void {
    if (this.#open) this.#recorder.phase(phase, atNs);
  }

  onFailure(...[callback]: Parameters<Recorder['onFailure']>): void {
    this.#recorder.onFailure(callback);
  }
}
