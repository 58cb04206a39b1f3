/** What a stored run had from outside, loaded once more. */
import { loadExtensions } from '../../run/extensions/load.ts';
import { changedSince, type StoredRun } from './stored.ts';

/** Says on standard error what is no longer as it was. Rejects with ExtensionError. */
export async function loadAgain({ path, options }: StoredRun): Promise<void> {
  await loadExtensions(options);
  for (const each of changedSince(path)) process.stderr.write(`amnesia: ${each}\n`);
}
