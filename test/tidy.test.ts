/** House rules that a machine can check, so that no reader has to. */
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { importsOf, listFiles, parse } from './sources.ts';

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

/** Words that say something only to who made them up; the glossary of docs/architecture.md has the field's. */
const privateWord = /^(harvest\w*|carr(y|ies|ied|ier)|weather|valve|yields?|sittings?|said|gave)$/;

/** Identifiers that contain such a word, with their lines. */
function privateWords(file: (typeof code)[number]): string[] {
  const source = parse(file);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
      const words = node.text.replace(/([a-z\d])([A-Z])/g, '$1 $2').split(/[\s_#$]+/);
      if (words.some((word) => privateWord.test(word.toLowerCase()))) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart());
        found.push(`${file.path}:${line + 1} ${node.text}`);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
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

  it('names are words of the field: none of our own where it has one', () => {
    const files = code.filter((file) => /\.tsx?$/.test(file.path) && !/^docker\//.test(file.path));
    expect(files.length).toBeGreaterThan(50);
    expect(files.flatMap(privateWords)).toEqual([]);
    const planted = { path: 'a.ts', text: 'const runHarvest = (weather: number) => weather;' };
    expect(privateWords(planted)).toEqual([
      'a.ts:1 runHarvest',
      'a.ts:1 weather',
      'a.ts:1 weather',
    ]);
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
