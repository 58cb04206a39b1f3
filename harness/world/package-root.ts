/** Where this package lies on disk, whether it runs from its sources or from dist. */
import { fileURLToPath } from 'node:url';

export const packageRoot = fileURLToPath(import.meta.url).replace(/(\/dist)?\/harness\/.*$/, '');
