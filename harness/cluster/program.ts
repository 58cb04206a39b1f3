/**
 * What a runtime starts on its nodes, as plain data: which system it is, no runtime needs to know. A system
 * fills this in; containers take the image, runtimes without containers take the command.
 */

/** An image that is built from a folder; its tag is the digest of the sources. */
export interface BuiltImage {
  readonly repository: string;
  /** Absolute path of the folder with the Dockerfile. */
  readonly folder: string;
  /** Paths in the folder, the Dockerfile first. */
  readonly sources: readonly string[];
  /** The build fetches packages: it takes longer, and needs the network. */
  readonly fetches?: boolean;
  /** Label that gets the digest; images of earlier sources are found by it. */
  readonly label?: string;
}

/** A file of one node. */
export interface NodeFile {
  /** Absolute, or below the node's data folder. */
  readonly path: string;
  readonly content: string;
  /** 0o644 where left out. */
  readonly mode?: number;
}

/** A node whose program is to be described. */
export interface NodePlace {
  /** n1, n2 ... */
  readonly name: string;
  /** Inside the cluster's network. */
  readonly address: string;
  /** http://host:port of the clients' port. */
  readonly url: string;
  /** 1, 2 ... */
  readonly number: number;
  /** Its data folder, as the program sees it. */
  readonly dataDir: string;
}

export interface NodeProgram {
  /** Program and arguments; those of the image where left out. */
  readonly argv?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Written before the first start only: what a program made of them survives its restarts. */
  readonly files: readonly NodeFile[];
}

export interface Program {
  /** Name of an image that is there, or how to build one. */
  readonly image: string | BuiltImage;
  /** Program and arguments where nodes are processes of a machine; a system without them lives in containers only. */
  readonly command?: readonly string[];
  /** Absolute paths of files that are words of `command`: a node on another machine gets them uploaded. */
  readonly uploads?: readonly string[];
  /** Where clients connect. */
  readonly clientPort: number;
  /** Data folder in a container; other runtimes have one for each node. It survives kill and start. */
  readonly dataDir: string;
  /** Log files beside standard output and standard error; absolute, or below the data folder. */
  readonly logFiles: readonly string[];
  readonly memoryBytesMax: number;
  readonly pidsMax: number;
  node(self: NodePlace, all: readonly NodePlace[]): NodeProgram;
}

export const defaultLimits = { memoryBytesMax: 512 * 1024 * 1024, pidsMax: 256 } as const;
