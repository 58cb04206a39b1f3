/**
 * A scene: a history in the small notation, and what stood around it. The first lines are the history; then,
 * one on each line, with times in seconds:
 *
 *   sample 1.5 n1 /cluster/health {"partition":{...}}     an answer, as JSON; null: there was none
 *   log 1.5 n1 error panic: index out of range            a line of a node's log
 *   fault partition 1-3 n1,n2                             a cut of n1 and n2 from the rest
 *   fault kill 1-3 n1 none                                a fault of n1 that could not be proved
 *   fault pause 1-never n1                                a fault that was not healed
 */
import { buildHistory } from '../history/build.ts';
import type { ClusterSample, FaultWindow, History, LogLine } from '../history/history.ts';
import { parseOperations } from './notation.ts';

const nsPerS = 1e9;

/** Throws SyntaxError, and HistoryError. */
export function parseScene(text: string): History {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const isAround = (line: string): boolean => /^(sample|log|fault) /.test(line);
  const ops = parseOperations(lines.filter((line) => !isAround(line)).join(' '));
  const around = lines.filter(isAround);
  const named = new Set(ops.map((op) => op.node ?? ''));
  for (const line of around) for (const name of line.match(/\bn\d+\b/g) ?? []) named.add(name);
  named.delete('');
  const nodes = [...named].sort();
  const samples: ClusterSample[] = [];
  const logs: LogLine[] = [];
  const faults: FaultWindow[] = [];
  for (const line of around) {
    const [what] = line.split(' ');
    if (what === 'sample') samples.push(sample(line, nodes));
    else if (what === 'log') logs.push(logLine(line, nodes));
    else faults.push(fault(line, nodes, faults.length + 1));
  }
  return buildHistory(ops, { nodes, samples, logs, faults });
}

function match(line: string, pattern: RegExp): RegExpExecArray {
  const found = pattern.exec(line);
  if (!found) throw new SyntaxError(`"${line}" is not ${pattern.source}`);
  return found;
}

function sample(line: string, nodes: readonly string[]): ClusterSample {
  const [, time, node, path, body] = match(line, /^sample ([\d.]+) (n\d+) (\S+) (.+)$/);
  return {
    time: Number(time) * nsPerS,
    node: nodes.indexOf(node!),
    path: path!,
    body: JSON.parse(body!),
  };
}

function logLine(line: string, nodes: readonly string[]): LogLine {
  const [, time, node, level, text] = match(line, /^log ([\d.]+) (n\d+) (\S+) (.+)$/);
  return {
    time: Number(time) * nsPerS,
    node: nodes.indexOf(node!),
    level: level!,
    text: text!,
  };
}

function fault(line: string, nodes: readonly string[], id: number): FaultWindow {
  const pattern = /^fault (\S+) ([\d.]+)-([\d.]+|never) (\S+)(?: (effective|partial|none))?$/;
  const [, kind, start, end, who, proof] = match(line, pattern);
  const targets = who!.split(',').map((name) => nodes.indexOf(name));
  const all = nodes.map((_, node) => node);
  const cut = all.map((node) =>
    all.filter((peer) => targets.includes(node) !== targets.includes(peer)),
  );
  return {
    id,
    kind: kind!,
    variant: '',
    start: Number(start) * nsPerS,
    end: end === 'never' ? Number.POSITIVE_INFINITY : Number(end) * nsPerS,
    effective: (proof ?? 'effective') as FaultWindow['effective'],
    healed: end !== 'never',
    targets,
    grudge: kind === 'partition' ? cut : null,
    description: line,
  };
}
