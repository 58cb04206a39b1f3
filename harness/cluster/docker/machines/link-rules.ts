/** Rules that hand the packets of a network namespace to the link forwarder, in chains of our own. */

export const queueNumber = 7432;
const [arriving, leaving] = ['AMNESIA_IN', 'AMNESIA_OUT'];
/** On copies that the forwarder has made: they are not copied again. */
const copyMark = '0x77';

/**
 * For both versions of IP. With a bypass: where the forwarder is not there, packets pass; that shows in the proof,
 * and is no partition that nobody asked for. Delays belong where packets arrive; see docker/powers/forwarder/main.c.
 */
export const divertScript = `
for tool in iptables ip6tables; do
  { echo '*mangle'; echo ':${arriving} - [0:0]'; echo ':${leaving} - [0:0]'
    echo '-A ${arriving} ! -i lo -j NFQUEUE --queue-num ${queueNumber} --queue-bypass'
    echo '-A ${leaving} -m mark --mark ${copyMark} -j RETURN'
    echo '-A ${leaving} ! -o lo -j NFQUEUE --queue-num ${queueNumber} --queue-bypass'
    echo COMMIT; } | $tool-restore -w --noflush || exit 1
  $tool -w -t mangle -C INPUT -j ${arriving} 2>/dev/null ||
    $tool -w -t mangle -I INPUT 1 -j ${arriving} || exit 1
  $tool -w -t mangle -C OUTPUT -j ${leaving} 2>/dev/null ||
    $tool -w -t mangle -I OUTPUT 1 -j ${leaving} || exit 1
done`;

/** Removes the chains and the jumps to them; fine where there are none. */
export const undivertScript = `
for tool in iptables ip6tables; do
  while $tool -w -t mangle -D INPUT -j ${arriving} 2>/dev/null; do :; done
  while $tool -w -t mangle -D OUTPUT -j ${leaving} 2>/dev/null; do :; done
  for chain in ${arriving} ${leaving}; do
    $tool -w -t mangle -F $chain 2>/dev/null
    $tool -w -t mangle -X $chain 2>/dev/null
    ! $tool -w -t mangle -L $chain -n >/dev/null 2>&1 || exit 1
  done
done`;
