/** Bundles the programs of the pages into a folder. */
export function buildPages(outdir: string): Promise<void>;
