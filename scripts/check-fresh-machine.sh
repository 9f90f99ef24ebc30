#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check-fresh-machine.sh [install] [serve] [test]: checks that the README's commands work on a
# machine without installed packages. Without arguments: serve and test.
#
# Makes a minimal Debian 12 below $TMPDIR (or /var/tmp), clones the committed sources into it, and
# runs the commands there. From this machine it takes the package mirror, the name servers, the
# proxies and the trusted certificates, so it works wherever apt-get works. Needs root and
# debootstrap. It uses an existing root again: remove the folder to start over.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
  echo "check-fresh-machine.sh: $*" >&2
  exit 1
}
((EUID == 0)) || fail "needs root, for debootstrap and chroot"
command -v debootstrap >/dev/null || fail "needs debootstrap: apt-get install debootstrap"

base=${TMPDIR:-/var/tmp}
root=$base/lockstep-fresh-machine
port=17717
steps=("${@:-serve test}")
read -r -a steps <<<"${steps[*]}"

make_root() {
  local mirror
  mirror=$(apt-get indextargets --format '$(RELEASE) $(SITE)' 'Created-By: Packages' |
    sed -n 's/^bookworm //p' | head -n 1)
  [[ -n $mirror ]] || fail "apt has no mirror of bookworm: add one to /etc/apt/sources.list"
  echo "== making $root from $mirror"
  debootstrap --variant=minbase bookworm "$root.part" "$mirror" >"$root.log" 2>&1 ||
    { tail -n 20 "$root.log"; fail "debootstrap failed"; }
  apt-get indextargets --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    grep -E ' bookworm(-updates|-security)? ' | sort -u >"$root.part/etc/apt/sources.list"
  apt-config dump | grep -E '^Acquire::[a-z]+::[Pp]roxy ' \
    >"$root.part/etc/apt/apt.conf.d/99proxy" || true
  mkdir -p "$root.part/usr/local/share"
  [[ ! -d /usr/local/share/ca-certificates ]] ||
    cp -r /usr/local/share/ca-certificates "$root.part/usr/local/share/"
  mv "$root.part" "$root"
}

copy_sources() {
  rm -rf "$root/home/lockstep"
  mkdir -p "$root/home/lockstep"
  git clone -q --no-hardlinks "file://$PWD" "$root/home/lockstep/main"
  # Some tests read recorded streams next to the sources, if they exist.
  [[ ! -d ../shared/data ]] || { mkdir -p "$root/home/lockstep/shared" &&
    cp -r ../shared/data "$root/home/lockstep/shared/"; }
}

# Runs a command in the root, with only the network's variables of this machine's environment.
inside() {
  local keep=() name
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY npm_config_registry; do
    [[ -z ${!name:-} ]] || keep+=("$name=${!name}")
  done
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  cp -L /etc/hosts "$root/etc/hosts"
  unshare --mount bash -c '
    mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" &&
    root=$0 && shift 0 && exec chroot "$root" env -i "$@"' "$root" \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    CI=true NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "${keep[@]}" \
    bash -c "cd /home/lockstep/main || exit 1
$1" </dev/null
}

# Starts the server, waits until its port answers, and stops it with SIGTERM.
serve_inside() {
  inside "
    scripts/serve --listen 127.0.0.1:$port & server=\$!
    for ((second = 0; second < 1800; ++second)); do
      kill -0 \$server 2>/dev/null || { echo 'serve ended by itself'; exit 1; }
      if (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null; then
        exec 3<>/dev/tcp/127.0.0.1/$port
        printf 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:$port\r\nConnection: close\r\n\r\n' >&3
        head -n 1 <&3
        kill -TERM \$server
        wait \$server
        exit
      fi
      sleep 1
    done
    exit 1"
}

[[ -d $root ]] || make_root
copy_sources
for step in "${steps[@]}"; do
  echo "== $step"
  started=$SECONDS
  case $step in
    install) inside scripts/install.sh ;;
    serve) serve_inside ;;
    test) inside scripts/test ;;
    *) fail "unknown step '$step' (install, serve, test)" ;;
  esac
  echo "== $step: passed in $((SECONDS - started)) s"
done
