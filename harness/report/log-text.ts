/** A line of a log, shorter: of a JSON object what is not shown beside it anyway. */

const REPEATED = new Set(['time', 'level', 'node', 'ts', 'timestamp']);

export function logText(text: string): string {
  if (!text.startsWith('{')) return text;
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    return text;
  }
  if (typeof fields !== 'object' || fields === null) return text;
  return Object.entries(fields)
    .filter(([name]) => !REPEATED.has(name))
    .map(([name, value]) => {
      const shown = typeof value === 'string' ? value : JSON.stringify(value);
      return name === 'event' || name === 'msg' || name === 'message' ? shown : `${name}=${shown}`;
    })
    .join('  ');
}
