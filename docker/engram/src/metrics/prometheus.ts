/**
 * Figures of a node in the text format of Prometheus (version 0.0.4). Pure. Names follow its habits:
 * counters end in `_total`, units are last; all carry the node as a label.
 *
 * Only plain numbers: a node counts, it does not sample, so a client library would bring registries and
 * event-loop monitors that nobody asked for.
 */

/** What a figure means, where its name does not say it all. */
const help: Readonly<Record<string, string>> = {
  requests_total: 'HTTP requests taken',
  writes_total: 'Writes accepted by this node and made durable',
  writes_deferred_total: 'Writes that wait for what their session had seen elsewhere',
  replicated_writes_total: 'Writes of other nodes made durable here',
  merged_versions_total: 'Versions taken over by anti-entropy',
  wal_syncs_total: 'Syncs of the write-ahead log; each makes a group of writes durable',
  replication_batches_total: 'Batches shipped to other owners',
  replication_failed_batches_total: 'Batches that were not acknowledged and are sent again',
  anti_entropy_rounds_total: 'Comparisons with another owner',
  reads_waited_total: 'Reads whose context was not visible here yet',
  reads_stale_total: 'Reads answered as stale',
  forwarded_total: 'Requests passed on to an owner',
  stale_routes_total: 'Requests that were corrected by the node asked',
  promotions_total: 'Times this node took over as primary of a space',
  swim_datagrams_rejected_total: 'Datagrams that are foreign or malformed',
  swim_namesakes_total: 'Datagrams of another node with the id of this one: a mistake in settings',
  datagrams_unauthenticated_total: 'Datagrams without the key of the cluster',
  datagram_send_errors_total: 'Datagrams that the system refused to send',
  resident_bytes: 'Memory of the process',
};

/** `figures` by name, without prefix. Figures that are not finite are left out. */
export function prometheusText(node: string, figures: Readonly<Record<string, number>>): string {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(figures)) {
    if (!Number.isFinite(value)) continue;
    const full = `engram_${name.replace(/[^a-zA-Z0-9_]/g, '_')}`;
    if (help[name] !== undefined) lines.push(`# HELP ${full} ${help[name]}`);
    lines.push(`# TYPE ${full} ${name.endsWith('_total') ? 'counter' : 'gauge'}`);
    lines.push(`${full}{node="${escapeLabel(node)}"} ${value}`);
  }
  return `${lines.join('\n')}\n`;
}

function escapeLabel(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
