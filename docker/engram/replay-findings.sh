#!/usr/bin/env bash
# Runs the scenarios of docs/engram/findings.md on an older commit of the node, by default the one before the first
# mend, where those of its list are red. Needs the dependencies of this clone (npm ci), and leaves nothing behind.
#
#   docker/engram/replay-findings.sh [commit] [name of a scenario, or a part of it]
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
commit=${1:-5392e46}
only=${2:-}
there=$(mktemp -d)
cleanup() {
  git -C "$here" worktree remove --force "$there/node" >/dev/null 2>&1 || true
  rm -rf "$there"
}
trap cleanup EXIT
git -C "$here" worktree add --quiet --detach "$there/node" "$commit"
ln -s "$here/node_modules" "$there/node/node_modules"
# The scenarios, and what of the simulator they need: copies of disks, and stops.
for part in scenarios testing/cluster.ts env/virtual/disk.ts; do
  rm -rf "$there/node/docker/engram/src/$part"
  cp -r "$here/docker/engram/src/$part" "$there/node/docker/engram/src/$part"
done
cd "$there/node"
npx vitest run --project unit docker/engram/src/scenarios ${only:+-t "$only"}
