/** Clusters of the reference node for tests and benchmarks: what a runtime needs to start one. */
import type { ClusterSpec } from '../../../cluster/cluster.ts';
import { engramInquiries } from '../inquiries.ts';
import { type EngramStart, engramProgram } from '../program.ts';

export function engramSpec(
  spec: Pick<ClusterSpec, 'runId' | 'nodes'> & Partial<ClusterSpec>,
  start: EngramStart = {},
): ClusterSpec {
  return {
    program: engramProgram(start),
    inquiries: engramInquiries,
    readyTimeoutMs: 30_000,
    ...spec,
  };
}
