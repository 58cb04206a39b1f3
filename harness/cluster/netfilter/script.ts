/**
 * The program that works beside a node, in its network namespace: it sets and removes packet filters and tries
 * connections. It is one constant text for bash, which any host and our own images have; what it works on comes as
 * words on its standard input and is never part of a program.
 *
 * A request is one line: a number, a verb, and addresses. Its answer is any number of lines and then
 * `done NUMBER STATUS`. For example `7 cut 10.0.0.2 10.0.0.3` is answered by `done 7 0`.
 */

/** The chain that holds our cuts and nothing else. */
export const chain = 'AMNESIA';
/** The chain that keeps a node from the world outside of its cluster, where a runtime wants that. */
const sealChain = 'AMNESIA_SEAL';

const agentScript = `
export LC_ALL=C
families=(iptables ip6tables)

# The jump to our chain: 1 there, 0 not there, empty where only a look can tell.
declare -A jumps

# All rules of a family come at once, with the jump to them where there is none, since a restore is atomic.
drop_from() {
  local family=$1 peer
  shift
  if [[ -z \${jumps[$family]} ]]; then
    "$family" -w -C INPUT -j ${chain} 2>/dev/null && jumps[$family]=1 || jumps[$family]=0
  fi
  { echo '*filter'; echo ':${chain} - [0:0]'
    for peer in "$@"; do echo "-A ${chain} -s $peer -j DROP"; done
    (( jumps[$family] )) || echo '-I INPUT 1 -j ${chain}'
    echo COMMIT; } | "$family-restore" -w --noflush || { jumps[$family]=; return 1; }
  jumps[$family]=1
}

has_chain() { [[ $'\\n'$("$1" -w -S 2>/dev/null)$'\\n' == *$'\\n-N ${chain}\\n'* ]]; }

# At once; and step by step where there is more than one jump, or only a part of it all.
heal() {
  local family
  for family in "\${families[@]}"; do
    jumps[$family]=
    has_chain "$family" || { jumps[$family]=0; continue; }
    printf '%s\\n' '*filter' '-D INPUT -j ${chain}' '-F ${chain}' '-X ${chain}' COMMIT |
      "$family-restore" -w --noflush 2>/dev/null
    if has_chain "$family"; then
      while "$family" -w -D INPUT -j ${chain} 2>/dev/null; do :; done
      "$family" -w -F ${chain} && "$family" -w -X ${chain} || return 1
      ! has_chain "$family" || return 1
    fi
    jumps[$family]=0
  done
}

cut() {
  local four=() six=() peer
  for peer in "$@"; do
    if [[ $peer == *:* ]]; then six+=("$peer"); else four+=("$peer"); fi
  done
  (( $# > 0 )) || { heal; return; }
  drop_from iptables "\${four[@]}" || return 1
  if (( \${#six[@]} > 0 )) || has_chain ip6tables; then drop_from ip6tables "\${six[@]}"; fi
}

# The kernel would try for two minutes: whoever has no answer in time is ended. A refusal says who refused.
probe() {
  local seconds=$1 port=$2 peer pids=() family
  shift 2
  for peer in "$@"; do
    ( exec 2>&1; exec 3<>"/dev/tcp/$peer/$port" && echo "open $peer" ) &
    pids+=($!)
  done
  ( sleep "$seconds"; kill -9 "\${pids[@]}" ) >/dev/null 2>&1 &
  local clock=$!
  wait "\${pids[@]}" 2>/dev/null
  kill "$clock" 2>/dev/null
  for family in "\${families[@]}"; do "$family" -w -v -S ${chain} 2>/dev/null; done
  echo "namespace $(readlink /proc/self/ns/net)"
}

# Answers to clients may leave, and what stays in the cluster. Everything else ends here.
seal() {
  local subnet=$1 gateway=$2
  { echo '*filter'; echo ':${sealChain} - [0:0]'
    echo '-A ${sealChain} -o lo -j RETURN'
    echo '-A ${sealChain} -p tcp ! --syn -j RETURN'
    echo "-A ${sealChain} -d $gateway -j REJECT"
    echo "-A ${sealChain} -d $subnet -j RETURN"
    echo '-A ${sealChain} -j REJECT'
    echo COMMIT; } | iptables-restore -w --noflush || return 1
  iptables -w -C OUTPUT -j ${sealChain} 2>/dev/null || iptables -w -A OUTPUT -j ${sealChain}
}

while read -r number verb words; do
  case $verb in
    cut | heal | probe | seal) "$verb" $words 2>&1 ;;
    hello) command -v iptables iptables-restore readlink sleep >/dev/null 2>&1 ;;
    *) echo "no such verb"; false ;;
  esac
  echo "done $number $?"
done`;

/** The program and its arguments. */
export const agentCommand: readonly string[] = ['/bin/bash', '-c', agentScript, 'amnesia'];
