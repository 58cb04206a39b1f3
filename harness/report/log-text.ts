/** A line of a log, shorter: of a JSON object what is not said beside it anyway. */

const SAID = new Set(['time', 'level', 'node', 'ts', 'timestamp']);

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
    .filter(([name]) => !SAID.has(name))
    .map(([name, value]) => {
      const said = typeof value === 'string' ? value : JSON.stringify(value);
      return name === 'event' || name === 'msg' || name === 'message' ? said : `${name}=${said}`;
    })
    .join('  ');
}
