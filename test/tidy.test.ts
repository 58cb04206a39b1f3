/** House rules that a machine can check, so that no reader has to. */
import { describe, expect, it } from 'vitest';
import { importsOf, listFiles } from './sources.ts';

const generated = /(_pb\.ts|package-lock\.json)$/;
const code = listFiles(/\.(ts|tsx|mts|mjs|js|sh)$/).filter((file) => !generated.test(file.path));
const text = listFiles(
  /\.(ts|tsx|mts|mjs|js|sh|md|json|yml|yaml|txt)$|Dockerfile$|\.ci\/run$/,
).filter((file) => !generated.test(file.path));

function offending(files: typeof code, pattern: RegExp, except?: RegExp): string[] {
  return files.flatMap((file) =>
    except?.test(file.path)
      ? []
      : file.text
          .split('\n')
          .map((line, i) => (pattern.test(line) ? `${file.path}:${i + 1} ${line.trim()}` : ''))
          .filter((line) => line !== ''),
  );
}

/** This file names what it forbids. */
const itself = /^test\/tidy\.test\.ts$/;

describe('tidiness', () => {
  it('looks at the whole project', () => {
    expect(code.length).toBeGreaterThan(50);
  });

  it('no file is longer than 400 lines', () => {
    const long = code
      .map((file) => [file.path, file.text.split('\n').length - 1] as const)
      .filter(([, lines]) => lines > 400);
    expect(long).toEqual([]);
  });

  it('no line of code is longer than 120 columns, unless one literal is', () => {
    const long = offending(
      code.filter((file) => file.path.endsWith('.ts')),
      /^(?!.*[`'"/].{60}).{121,}$/,
      /\.test\.ts$|\/testing\/|litmus/,
    );
    expect(long).toEqual([]);
  });

  it('nothing is left for later', () => {
    const marks =
      /\b(TODO|FIXME|XXX|HACK)\b|not implemented|\b(it|test|describe)\.(skip|only|todo)\(/;
    expect(offending(code, marks, itself)).toEqual([]);
  });

  it('no index bears a non-null mark: typed-array code runs without noUncheckedIndexedAccess', () => {
    expect(
      offending(
        code.filter((file) => file.path.endsWith('.ts')),
        /\]!(?!=)/,
        itself,
      ),
    ).toEqual([]);
  });

  it('no module has a name that says nothing', () => {
    const vague = /(^|\/)(utils?|helpers?|common|managers?|misc|shared|lib)(\.ts|\/)/;
    expect(code.map((file) => file.path).filter((path) => vague.test(path))).toEqual([]);
  });

  it('no path of a developer and no issue number is written down', () => {
    expect(offending(text, /\/work\/(main|\.|shared)|\/home\/\w+\//, itself)).toEqual([]);
    expect(offending(code, /\b(issue|ticket) #?\d+|\(#\d+\)/i, itself)).toEqual([]);
  });

  it('no program is started through a shell', () => {
    const shells = /(?<![.\w])exec(Sync)?\(\s*[`'"]|shell:\s*true|\['(ba)?sh',\s*'-c'/;
    expect(
      offending(
        code.filter((file) => file.path.endsWith('.ts')),
        shells,
        itself,
      ),
    ).toEqual([]);
  });

  it('every module of the product says at its head what it is', () => {
    const headless = code.filter(
      (file) =>
        file.path.endsWith('.ts') &&
        !/\.test\.ts$|\.config\.ts$|\.d\.ts$/.test(file.path) &&
        !/^(\/\*\*|\/\/)/.test(file.text),
    );
    expect(headless.map((file) => file.path)).toEqual([]);
  });

  it('relative imports name the file that they mean', () => {
    const wrong = code
      .filter((file) => file.path.endsWith('.ts'))
      .flatMap((file) =>
        importsOf(file)
          .filter((each) => each.resolved !== null && !/\.(ts|js|json|mjs)$/.test(each.specifier))
          .map((each) => `${file.path} imports ${each.specifier}`),
      );
    expect(wrong).toEqual([]);
  });
});
