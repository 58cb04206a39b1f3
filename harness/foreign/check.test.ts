import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadOpen, loadRun } from '../columns/columns.ts';
import { checkWhatever } from '../judge/check-file.ts';
import { temporaryFolder } from '../store/testing/made-runs.ts';
import { asRunFile, readForeign, storeImported } from './import.ts';

function file(name: string, text: string): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  return path;
}

describe('checking a history file', () => {
  it('judges it as it stands, without keeping anything', () => {
    const stale = file(
      'stale.jsonl',
      [
        '{"type":"invoke","process":0,"f":"write","value":1}',
        '{"type":"ok","process":0,"f":"write","value":1}',
        '{"type":"invoke","process":0,"f":"read","value":null}',
        '{"type":"ok","process":0,"f":"read","value":null}',
      ].join('\n'),
    );
    const judgement = checkWhatever(temporaryFolder(), stale);
    expect(judgement.valid).toBe(false);
    expect(judgement.checkNo).toBeNull();
    const imported = storeImported(readForeign(stale), temporaryFolder(), 'stale');
    expect(checkWhatever('', imported).valid).toBe(false);
  });

  it('sees the same history in memory and in a run file', () => {
    const path = file(
      'set.edn',
      `{:type :invoke, :f :add, :value 1, :process 0}
       {:type :ok, :f :add, :value 1, :process 0}
       {:type :invoke, :f :read, :value nil, :process 1}
       {:type :ok, :f :read, :value #{1 2}, :process 1}`,
    );
    const memory = asRunFile(readForeign(path));
    const stored = storeImported(readForeign(path), temporaryFolder(), 'set');
    const { valueText: _, ...first } = loadOpen(memory).history;
    const { valueText: __, ...second } = loadRun(join(stored, 'run.sqlite')).history;
    memory.db.close();
    expect(first).toEqual(second);
  });
});
