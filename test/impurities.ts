/** Where a file lets time, chance or the outside in. */
import ts from 'typescript';
import { parse, type SourceFile } from './sources.ts';

/** Globals that let time, chance or the outside in. */
const impure = new Set([
  'Date.now',
  'performance.now',
  'process.hrtime',
  'process.env',
  'process.stdout',
  'Math.random',
  'crypto.randomUUID',
  'crypto.getRandomValues',
  'AbortSignal.timeout',
]);
const impureCalls = new Set([
  'setTimeout',
  'setInterval',
  'setImmediate',
  'fetch',
  'queueMicrotask',
]);

/** Every use of them in a file, with its line. */
export function impurities(file: SourceFile): string[] {
  const found: string[] = [];
  const source = parse(file);
  const at = (node: ts.Node): string =>
    `${file.path}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) {
      const name = node
        .getText()
        .replace(/\s/g, '')
        .replace(/^globalThis\./, '');
      if (impure.has(name) || name.startsWith('console.')) found.push(`${at(node)} uses ${name}`);
    } else if (ts.isCallExpression(node) && impureCalls.has(node.expression.getText())) {
      found.push(`${at(node)} calls ${node.expression.getText()}`);
    } else if (
      ts.isNewExpression(node) &&
      node.expression.getText() === 'Date' &&
      (node.arguments?.length ?? 0) === 0
    ) {
      found.push(`${at(node)} asks the clock`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
