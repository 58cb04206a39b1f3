/**
 * What is run inside a node's network namespace: constant programs, given as one argument, with their
 * data as further arguments; and one start of a program for each node instead of one for each rule.
 */

/** The chain that holds all our rules and nothing else. */
export const chain = 'AMNESIA';

/**
 * Arguments: addresses whose packets are dropped. All rules come at once (iptables-restore is atomic). The
 * jump is inserted once. A constant script for the image's shell, which starts in a millisecond; the
 * addresses are its arguments and never part of it.
 */
export const cutScript = `
{ echo '*filter'; echo ':${chain} - [0:0]'
  for peer in "$@"; do echo "-A ${chain} -s $peer -j DROP"; done
  echo COMMIT; } | iptables-restore -w --noflush || exit 1
iptables -w -C INPUT -j ${chain} 2>/dev/null || iptables -w -I INPUT 1 -j ${chain}`;

/** Removes the chain and the jumps to it; fine where there is none. */
export const healScript = `
while iptables -w -D INPUT -j ${chain} 2>/dev/null; do :; done
iptables -w -F ${chain} 2>/dev/null
iptables -w -X ${chain} 2>/dev/null
! iptables -w -L ${chain} -n >/dev/null 2>&1`;

export function script(source: string, ...args: readonly string[]): string[] {
  return ['/bin/sh', '-c', source, 'amnesia', ...args];
}

/**
 * argv: time-out in ms, port, addresses. Prints JSON: for each address whether a connection could be made, and
 * the packets that each of our rules has dropped. A refusal is an answer: packets got there and back.
 */
export const probeProgram = `
const { connect } = require('node:net');
const { spawnSync } = require('node:child_process');
const [timeoutMs, port, ...peers] = process.argv.slice(1);
const attempt = (host) => new Promise((resolve) => {
  const socket = connect({ host, port: Number(port) });
  const end = (open) => { socket.destroy(); resolve([host, open]); };
  socket.setTimeout(Number(timeoutMs), () => end(false));
  socket.on('connect', () => end(true));
  socket.on('error', (error) => end(error.code === 'ECONNREFUSED'));
});
Promise.all(peers.map(attempt)).then((pairs) => {
  const listed = spawnSync('iptables', ['-w', '-L', '${chain}', '-v', '-x', '-n']);
  const dropped = {};
  if (listed.status === 0) {
    for (const line of String(listed.stdout).split('\\n').slice(2)) {
      const fields = line.trim().split(/ +/);
      if (fields.length > 7) dropped[fields[7]] = Number(fields[0]);
    }
  }
  const chained = listed.status === 0;
  process.stdout.write(JSON.stringify({ open: Object.fromEntries(pairs), dropped, chained }));
});`;

export const nodeBinary = '/usr/local/bin/node';

export function program(source: string, ...args: readonly string[]): string[] {
  return [nodeBinary, '-e', source, '--', ...args];
}
