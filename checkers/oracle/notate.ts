/** A history back in the notation, for messages of tests. Steps follow the order of the list. */
import type { PlainOperation } from '../history/build.ts';

const verbs: Readonly<Record<string, string>> = {
  write: 'w',
  read: 'r',
  'read-all': 'readall',
  'read-list': 'readlist',
};

export function notate(ops: readonly PlainOperation[]): string {
  return ops
    .map((op) => {
      const session = String.fromCharCode(65 + Number(op.process));
      const value = Array.isArray(op.value) ? `{${op.value.join(' ')}}` : (op.value ?? 0);
      const status = op.status === 'ok' ? '' : ` ${op.status}`;
      const time = ` t[${op.invoke},${op.complete ?? 'info'}]`;
      return `${session} ${verbs[op.f] ?? op.f} ${op.key} ${value}${status}${time}`;
    })
    .join('; ');
}
