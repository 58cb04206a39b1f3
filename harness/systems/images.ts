/** Images that the systems in the box are built into. */
import type { BuiltImage } from '../cluster/program.ts';
import { systems } from './index.ts';

export function builtImages(): BuiltImage[] {
  return Object.values(systems).flatMap((system) => {
    const { image } = system.program({ options: system.options.parse({}), nodeFaults: [] });
    return typeof image === 'string' ? [] : [image];
  });
}
