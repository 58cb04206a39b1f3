/**
 * What is run on the hosts of a cluster: constant texts for bash, whose data are arguments. A node has a folder there
 * with `data`, `log`, `pid` (process id and the time of its start, since ids are used again) and `owner`.
 */

/** $1: folder. */
export const prepareScript = 'umask 077; mkdir -p "$1/data" && : >"$1/log" && cat >"$1/owner"';

/** $1: path; its content comes as input. */
export const writeScript = 'mkdir -p "$(dirname "$1")" && cat >"$1" && chmod "$2" "$1"';

const read = `
alive() {
  read -r pid started <"$1/pid" 2>/dev/null || return 1
  stat=$(cat "/proc/$pid/stat" 2>/dev/null) || return 1
  set -- \${stat##*) }
  [ "$1" != Z ] && [ "\${20}" = "$started" ] && letter=$1
}
`;

/** $1: folder; then program and arguments, which get a session and a process group of their own. */
export const startScript = `${read}
alive "$1" && exit 0
dir=$1; shift
rm -f "$dir/pid"
cd "$dir/data" || exit 1
setsid sh -c '
  stat=$(cat /proc/$$/stat)
  dir=$0
  rest=\${stat##*) }
  echo "$$ $(echo "$rest" | cut -d " " -f 20)" >"$dir/pid.new" && mv "$dir/pid.new" "$dir/pid"
  exec "$@"' "$dir" "$@" </dev/null >>"$dir/log" 2>&1 &
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  [ -s "$dir/pid" ] && exit 0
  sleep 0.05
done
echo "it did not start" >&2
exit 1`;

/** $1: folder. Ends when nothing of the process group is left, or with 1 after ten seconds. */
export const killScript = `${read}
alive "$1" || exit 0
kill -9 -- "-$pid" 2>/dev/null
kill -CONT -- "-$pid" 2>/dev/null
for _ in $(seq 200); do
  alive "$1" || exit 0
  sleep 0.05
done
exit 1`;

/** $1: folder, $2: STOP or CONT. Ends when the process has that state. */
export const signalScript = `${read}
alive "$1" || exit 3
kill "-$2" -- "-$pid" || exit 1
for _ in $(seq 100); do
  alive "$1" || exit 3
  case $2$letter in STOPT | STOPt) exit 0 ;; CONTT | CONTt) ;; CONT*) exit 0 ;; esac
  sleep 0.02
done
exit 1`;

/** $1: folder. Prints the letter of the process' state and its network namespace; nothing for a dead one. */
export const stateScript = `${read}
alive "$1" || exit 0
echo "$letter $(readlink "/proc/$pid/ns/net" 2>/dev/null)"`;

/** $1: folder. Kills what runs there and removes all of it. */
export const removeScript = `${read}
alive "$1" && kill -9 -- "-$pid" 2>/dev/null
for _ in $(seq 200); do
  alive "$1" || break
  sleep 0.05
done
rm -rf -- "$1"`;

/** $1: folder of all runs. Prints a line for each node that is there: its folder, a tab, its owner. */
export const listScript = `
for each in "$1"/*/*; do
  [ -f "$each/owner" ] && printf '%s\\t%s\\n' "$each" "$(head -n 1 "$each/owner")"
done
exit 0`;

/** $1: how many lines, $2: folder. */
export const logScript = 'tail -n "$1" "$2/log"';
