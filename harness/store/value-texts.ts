/** Texts of values, for reports, of histories whose columns do not hold them. */
import { openRunFile, type RunFile } from './run-file.ts';

export interface TextSource {
  /** Ids 1..writes were attempted; the texts of the others are `unattempted`. */
  readonly writes: number;
  readonly unattempted: readonly string[];
  /** By row: the index of the operation in the file; by value id: the row of its write. */
  readonly index: Int32Array;
  readonly writeOp: Int32Array;
  /** The texts of the whole file would not fit into memory: each is looked up. Default false. */
  readonly oneByOne?: boolean;
}

/** Texts that are looked up one by one; who wants more gets all of them read at once. */
const lookupsMax = 200;

const textOf = (f: string, value: string | null): string =>
  f === 'cas' ? JSON.stringify(JSON.parse(value!)[1]) : (value ?? 'null');

/** When the file is gone by then, or cannot be read, the number of the value has to do. */
export function valueTexts(path: string, source: TextSource): (id: number) => string {
  const { writes, unattempted, index, writeOp, oneByOne } = source;
  const texts = new Map<number, string>();
  let isComplete = false;
  const read = (idx: number): string | undefined => {
    const known = texts.get(idx);
    if (known !== undefined || isComplete) return known;
    reading(path, (file) => {
      if (oneByOne === true || texts.size < lookupsMax) readOne(file, idx, texts);
      else {
        isComplete = true;
        readAll(file, texts);
      }
    });
    return texts.get(idx);
  };
  return (id) => {
    if (id === 0) return 'initial';
    if (id > writes) return unattempted[id - writes - 1] ?? `value ${id}`;
    return read(index[writeOp[id]]) ?? `value ${id}`;
  };
}

interface TextRow {
  readonly idx: number;
  readonly f: string;
  readonly value: string | null;
}

function readOne(file: RunFile, idx: number, texts: Map<number, string>): void {
  const row = file.db
    .prepare<[number], TextRow>('SELECT idx, f, value FROM op WHERE idx = ?')
    .get(idx);
  if (row !== undefined) texts.set(idx, textOf(row.f, row.value));
}

function readAll(file: RunFile, texts: Map<number, string>): void {
  const rows = file.db
    .prepare<[], TextRow>(
      "SELECT idx, f, value FROM op WHERE f NOT LIKE 'read%' AND process <> 'nemesis'",
    )
    .iterate();
  for (const { idx, f, value } of rows) texts.set(idx, textOf(f, value));
}

/** Stays open for the look-ups that follow at once. */
let open: RunFile | null = null;

function reading(path: string, use: (file: RunFile) => void): void {
  try {
    if (open?.path !== path) {
      close();
      open = openRunFile(path);
      void Promise.resolve().then(close);
    }
    use(open);
  } catch {
    // Moved, deleted or locked.
  }
}

function close(): void {
  open?.db.close();
  open = null;
}
