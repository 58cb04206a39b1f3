#!/usr/bin/env bash
# Makes this machine ready: a container engine that answers, the base image, the node's image, and those of the
# systems that are named as arguments (redis-sentinel, etcd), which a run would else build itself. Can be run
# as often as you like; what is there already is left alone. Without an engine it still succeeds, and
# says what is missing: everything but running clusters works without one.
set -euo pipefail
cd "$(dirname "$0")/.."

base_image=amnesia-base:2
raw_image=amnesia-base:raw
bundle=docker/engram/dist/engram.cjs
dockerd_log=/var/log/amnesia-dockerd.log
work=$(mktemp -d)
trap clean_up EXIT

as_root=()
if [ "$(id -u)" -ne 0 ] && command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as_root=(sudo -n)
fi

say() { printf 'setup: %s\n' "$*"; }

# debootstrap may have mounted the kernel's file systems there: those are never to be emptied.
clean_up() {
  "${as_root[@]}" umount -q "$work/root/proc" "$work/root/sys" 2>/dev/null || true
  "${as_root[@]}" rm -rf --one-file-system "$work"
}

missing() {
  say "$*"
  say 'clusters cannot be run yet: amnesia check, list, show and sql work, amnesia test does not'
  exit 0
}

last_words() { tail -n "${2:-3}" "$1" 2>/dev/null | sed 's/^/setup:   /'; }

is_root() { [ "$(id -u)" -eq 0 ] || [ "${#as_root[@]}" -gt 0 ]; }

# --- the engine ---------------------------------------------------------------------------------------

engine_answers() { command -v docker >/dev/null && timeout 10 docker info >"$work/info" 2>&1; }

engine_refuses() { grep -qi 'permission denied' "$work/info" 2>/dev/null; }

can_install() { [ -f /etc/debian_version ] && command -v apt-get >/dev/null && is_root; }

install_packages() {
  say "installing $* from the distribution's packages"
  # One source that cannot be reached must not matter if the packages can be had from another.
  "${as_root[@]}" apt-get update -qq >"$work/apt" 2>&1 </dev/null || true
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends "$@" >>"$work/apt" 2>&1 </dev/null; then
    last_words "$work/apt"
    return 1
  fi
}

# A pid file of an engine that is gone keeps a new one from starting, even when its number is in use again.
drop_stale_pid_file() {
  local pid_file=/var/run/docker.pid pid
  [ -f "$pid_file" ] || return 0
  pid=$(cat "$pid_file")
  if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != dockerd ]; then
    "${as_root[@]}" rm -f "$pid_file"
  fi
}

start_by_hand() {
  say "starting dockerd; its log is $dockerd_log"
  drop_stale_pid_file
  # The log belongs to root as the daemon does; its name is an argument, never part of the script.
  "${as_root[@]}" setsid sh -c 'exec dockerd >"$1" 2>&1 </dev/null' sh "$dockerd_log" \
    </dev/null >/dev/null 2>&1 &
  local daemon=$!
  for _ in $(seq 1 80); do
    if engine_answers || engine_refuses; then return 0; fi
    kill -0 "$daemon" 2>/dev/null || "${as_root[@]}" kill -0 "$daemon" 2>/dev/null || return 1
    sleep 0.5
  done
  return 1
}

start_by_init() {
  [ -d /run/systemd/system ] || return 1
  "${as_root[@]}" systemctl start docker 2>/dev/null || return 1
  for _ in $(seq 1 40); do
    if engine_answers || engine_refuses; then return 0; fi
    sleep 0.5
  done
  return 1
}

ensure_engine() {
  if engine_answers; then return; fi
  if engine_refuses; then
    missing 'an engine runs, but this user may not talk to it: join the group docker, or run as root'
  fi
  if [ -n "${DOCKER_HOST:-}" ]; then
    missing "no engine answers at DOCKER_HOST (${DOCKER_HOST}); start it, or unset DOCKER_HOST"
  fi
  if ! command -v dockerd >/dev/null || ! command -v iptables >/dev/null; then
    can_install || missing 'install docker and iptables, or run setup as root on Debian or Ubuntu'
    install_packages docker.io iptables || missing 'docker.io and iptables could not be installed'
  fi
  # From Debian 13 on the command line is a package of its own.
  if ! command -v docker >/dev/null; then
    can_install && install_packages docker-cli || missing 'install the command docker'
  fi
  if engine_answers || start_by_init || { is_root && start_by_hand; }; then
    engine_answers ||
      missing 'the engine runs now, but this user may not talk to it: join the group docker'
    return
  fi
  is_root || missing 'no engine runs, and starting one takes root: start dockerd, or run setup as root'
  last_words "$dockerd_log"
  missing "dockerd does not run here; mend what it says above (all of it is in $dockerd_log)"
}

# --- the base image -----------------------------------------------------------------------------------

classic_build() { DOCKER_BUILDKIT=0 timeout 180 docker build -q "$@" >"$work/build" 2>&1; }

base_from_registry() {
  # A registry that does not answer within seconds is none.
  timeout 6 node docker/base/registry-answers.mjs || return 1
  timeout 120 docker pull -q node:20-bookworm-slim >/dev/null 2>&1 || return 1
  classic_build -t "$raw_image" docker/base || return 1
  say 'base image: from node:20-bookworm-slim'
}

# A Node from packages brings libraries that the bare system lacks.
copy_node() {
  local root=$1 node library
  node=$(node -p process.execPath)
  "${as_root[@]}" cp -L "$node" "$root/usr/local/bin/node"
  if ! "${as_root[@]}" chroot "$root" /usr/local/bin/node -p 1 >/dev/null 2>&1; then
    ldd "$node" | sed -n -E 's/^.* => (\/[^ ]+) .*$/\1/p' | while read -r library; do
      [ -e "$root$library" ] || "${as_root[@]}" cp -L --parents "$library" "$root"
    done
    "${as_root[@]}" chroot "$root" /usr/local/bin/node -p 1 >/dev/null
  fi
}

base_from_packages() {
  is_root || return 1
  command -v debootstrap >/dev/null || { can_install && install_packages debootstrap; } || return 1
  local root=$work/root suite mirror proxy
  read -r suite mirror < <(node docker/base/mirror.mjs) || return 1
  proxy=$(apt-config dump --format '%v%n' Acquire::http::Proxy 2>/dev/null | head -n 1 || true)
  say "building the base image from the packages of $suite (half a minute)"
  if ! "${as_root[@]}" env ${proxy:+"http_proxy=$proxy"} debootstrap --variant=minbase \
    --include=iptables,iproute2 "$suite" "$root" "$mirror" >"$work/debootstrap" 2>&1 </dev/null; then
    last_words "$work/debootstrap"
    return 1
  fi
  "${as_root[@]}" umount -q "$root/proc" "$root/sys" 2>/dev/null || true
  "${as_root[@]}" rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* \
    "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/info/* \
    "$root"/usr/share/locale/* "$root"/var/log/*
  copy_node "$root" || return 1
  "${as_root[@]}" tar --one-file-system -C "$root" -c . | docker import - "$raw_image" >/dev/null
  say "base image: from packages of $suite and this machine's Node"
}

# Kernels differ in which variant they allow, so both are tried where it matters: in a container.
works_in_container() {
  docker run --rm --network none --cap-drop ALL "${@:2}" "$raw_image" \
    /bin/sh -c '"$1" -w -N PROBE && "$1" -w -A PROBE -s 192.0.2.1 -j DROP' sh "$1" \
    >/dev/null 2>&1
}

name_variant() {
  local variant=none
  if works_in_container iptables-nft --cap-add NET_ADMIN; then
    variant=nft
  elif works_in_container iptables-legacy --cap-add NET_ADMIN --cap-add NET_RAW; then
    variant=legacy
  else
    say 'iptables is not permitted in containers here: partitions will be refused'
  fi
  classic_build -t "$base_image" --build-arg "BASE=$raw_image" --build-arg "VARIANT=$variant" \
    -f docker/base/variant.Dockerfile docker/base
}

ensure_base() {
  if docker image inspect "$base_image" >/dev/null 2>&1; then return; fi
  base_from_registry || base_from_packages ||
    missing 'the base image could not be built: neither a registry nor debootstrap (as root) worked'
  name_variant || { last_words "$work/build"; missing 'the base image could not be finished'; }
  docker rmi "$raw_image" >/dev/null 2>&1 || true
}

# --- the node's image ---------------------------------------------------------------------------------

ensure_node_image() {
  if [ ! -f "$bundle" ] || [ -n "$(find docker/engram/src -newer "$bundle" -name '*.ts' -print -quit)" ]
  then
    npm run --silent build --workspace docker/engram >"$work/bundle" 2>&1 || {
      grep -m 3 -i error "$work/bundle" | sed 's/^/setup:   /'
      missing "the sources of the node do not build; run npm ci first if its packages are missing"
    }
  fi
  # The same digest as harness/cluster/docker/image.ts: of all that goes into the image.
  local digest tag
  digest=$(cat docker/engram/Dockerfile "$bundle" | sha256sum | cut -c1-12)
  tag="amnesia-engram:$digest"
  if docker image inspect "$tag" >/dev/null 2>&1; then return; fi
  classic_build -t "$tag" --label "amnesia.bundle=$digest" docker/engram ||
    { last_words "$work/build"; missing "the node's image could not be built"; }
  say "node image: $tag"
}

# --- the helper's image: programs that make faults ----------------------------------------------------

# Without it there are still partitions, kills and pauses; `amnesia doctor` says what is missing.
ensure_powers_image() {
  # The same digest as harness/cluster/docker/powers-image.ts: of all sources, by name.
  local digest tag
  digest=$(cd docker/powers && find . -type f \( -name '*.[ch]' -o -name Makefile -o -name Dockerfile \) |
    sed 's|^\./||' | LC_ALL=C sort | xargs cat | sha256sum | cut -c1-12)
  tag="amnesia-powers:$digest"
  if docker image inspect "$tag" >/dev/null 2>&1; then return; fi
  say 'building the programs that make faults (half a minute)'
  # The packages are fetched over this machine's own network: the default bridge may be missing.
  if DOCKER_BUILDKIT=0 timeout 300 docker build -q --network host -t "$tag" \
    --label "amnesia.powers=$digest" docker/powers >"$work/build" 2>&1; then
    say "helper image: $tag"
  else
    last_words "$work/build"
    say 'the programs that make faults could not be built: slow links, power loss and wrong clocks'
    say 'will be refused; mend what it says above and run setup again'
  fi
}

# The same digest as harness/cluster/docker/image.ts; packages are fetched, so the build needs the network.
ensure_system_image() {
  local name=$1 digest tag
  [ -f "docker/$name/Dockerfile" ] ||
    missing "there is no system $name here; docker/ has redis-sentinel and etcd"
  digest=$(sha256sum <"docker/$name/Dockerfile" | cut -c1-12)
  tag="amnesia-$name:$digest"
  if docker image inspect "$tag" >/dev/null 2>&1; then return; fi
  say "building $tag from the distribution's packages"
  classic_build --network host -t "$tag" --label "amnesia.bundle=$digest" "docker/$name" ||
    { last_words "$work/build"; missing "the image of $name could not be built"; }
}

ensure_engine
ensure_base
ensure_node_image
ensure_powers_image
for name in "$@"; do ensure_system_image "$name"; done
say 'ready'
