#!/usr/bin/env bash
# Makes this machine ready: a container engine that answers, the base image, the node's image. Can be run
# as often as you like; what is there already is left alone. Without an engine it still succeeds, and
# says what is missing: everything but running clusters works without one.
set -euo pipefail
cd "$(dirname "$0")/.."

base_image=amnesia-base:1
bundle=docker/engram/dist/engram.cjs
dockerd_log=/var/log/amnesia-dockerd.log

say() { printf 'setup: %s\n' "$*"; }

missing() {
  say "$*"
  say 'clusters cannot be run yet: amnesia check, list, show and sql work, amnesia test does not'
  exit 0
}

engine_answers() { command -v docker >/dev/null && timeout 10 docker info >/dev/null 2>&1; }

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root=(sudo -n); fi
fi

can_install() {
  [ -f /etc/debian_version ] && command -v apt-get >/dev/null &&
    { [ "$(id -u)" -eq 0 ] || [ "${#as_root[@]}" -gt 0 ]; }
}

install_packages() {
  say "installing $* from the distribution's packages"
  # One source that cannot be reached must not matter if the packages can be had from another.
  "${as_root[@]}" apt-get update -qq >/dev/null 2>&1 || true
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "$@" >/dev/null 2>&1
}

start_engine() {
  if [ -d /run/systemd/system ] && "${as_root[@]}" systemctl start docker 2>/dev/null; then
    :
  else
    # No init system runs. A pid file of an engine that is gone would keep the new one from starting.
    local pid_file=/var/run/docker.pid
    if [ -f "$pid_file" ] && ! kill -0 "$(cat "$pid_file")" 2>/dev/null; then
      "${as_root[@]}" rm -f "$pid_file"
    fi
    say "starting dockerd; its log is $dockerd_log"
    "${as_root[@]}" touch "$dockerd_log"
    "${as_root[@]}" setsid --fork dockerd </dev/null >"$dockerd_log" 2>&1
  fi
  for _ in $(seq 1 60); do
    if engine_answers; then return 0; fi
    sleep 0.5
  done
  return 1
}

ensure_engine() {
  if engine_answers; then return; fi
  if ! command -v dockerd >/dev/null || ! command -v iptables >/dev/null; then
    can_install || missing 'install docker and iptables, or run setup as root on Debian or Ubuntu'
    install_packages docker.io iptables || missing 'docker.io and iptables could not be installed by apt-get'
  fi
  start_engine || missing "dockerd does not answer; its last words are in $dockerd_log"
}

configured_mirror() {
  local found
  found=$(sed -n -E 's/^(URIs:|deb( \[[^]]*\])?) +(https?:[^ ]*debian\/?)( .*)?$/\3/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -v security | head -n 1 || true)
  printf '%s' "${found:-http://deb.debian.org/debian}"
}

base_from_registry() {
  timeout 60 docker pull -q node:20-bookworm-slim >/dev/null 2>&1 || return 1
  local context=docker/base
  DOCKER_BUILDKIT=0 docker build -q -t "$base_image" "$context" >/dev/null 2>&1
}

base_from_packages() {
  command -v debootstrap >/dev/null || install_packages debootstrap || return 1
  local folder
  folder=$(mktemp -d)
  say "building the base image from the distribution's packages (half a minute)"
  "${as_root[@]}" debootstrap --variant=minbase --include=iptables,iproute2 bookworm "$folder" \
    "$(configured_mirror)" >"$folder.log" 2>&1 || { tail -n 5 "$folder.log" >&2; return 1; }
  "${as_root[@]}" rm -rf "$folder"/var/cache/apt/archives/* "$folder"/var/lib/apt/lists/* \
    "$folder"/usr/share/doc/* "$folder"/usr/share/man/* "$folder"/usr/share/locale/*
  "${as_root[@]}" cp "$(readlink -f "$(command -v node)")" "$folder/usr/local/bin/node"
  "${as_root[@]}" tar -C "$folder" -c . | docker import - "$base_image" >/dev/null
  "${as_root[@]}" rm -rf "$folder" "$folder.log"
}

ensure_base() {
  if docker image inspect "$base_image" >/dev/null 2>&1; then return; fi
  # A registry that does not answer within seconds is none.
  if timeout 5 node docker/base/registry-answers.mjs && base_from_registry; then
    say 'base image: from node:20-bookworm-slim'
    return
  fi
  base_from_packages || missing 'the base image could not be built: neither a registry nor debootstrap worked'
  say 'base image: from packages and this machine'"'"'s Node'
}

ensure_node_image() {
  [ -f "$bundle" ] || npm run --silent build --workspace docker/engram
  local tag
  tag="amnesia-engram:$(sha256sum "$bundle" | cut -c1-12)"
  if docker image inspect "$tag" >/dev/null 2>&1; then return; fi
  local words
  if ! words=$(DOCKER_BUILDKIT=0 docker build -q -t "$tag" -f docker/engram/Dockerfile docker/engram 2>&1); then
    printf '%s\n' "$words" >&2
    missing "the node's image could not be built"
  fi
  say "node image: $tag"
}

ensure_engine
ensure_base
ensure_node_image
say 'ready'
