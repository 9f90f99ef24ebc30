#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# install.sh [build] [test] [lint]: installs the Debian 12 packages that are missing, and nothing
# else.
#
# Without arguments: all groups. Only this file names packages. It checks the installed packages
# without the network, so a second run takes no time.
set -euo pipefail

# For the binary. The build links RocksDB's compression libraries, so they are named here although
# its package depends on them. npm is added below.
build=(
  g++ cmake ninja-build ccache mold pkg-config git ca-certificates
  librocksdb-dev libsnappy-dev zlib1g-dev libbz2-dev liblz4-dev libzstd-dev libgflags-dev
  libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
  capnproto libcapnp-dev libssl-dev libcli11-dev libtomlplusplus-dev libspdlog-dev
  prometheus-cpp-dev libutf8proc-dev libcmark-dev
)
# The tests run the page in a real browser, and type the commands of the documents.
test=(libgtest-dev libgmock-dev libbenchmark-dev librapidcheck-dev chromium
  fonts-dejavu-core curl)
# clang 19: older versions reject std::expected of this standard library. It also builds the fuzz
# targets.
lint=(clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev)

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
  fail "this is not Debian: install the packages that scripts/install.sh names in another way"

wanted=()
wants_npm=no
for group in "${@:-build test lint}"; do
  for name in $group; do
    case $name in
      build) wanted+=("${build[@]}") && wants_npm=yes ;;
      test) wanted+=("${test[@]}") && wants_npm=yes ;;
      lint) wanted+=("${lint[@]}") ;;
      *) fail "unknown group '$name' (build, test, lint)" ;;
    esac
  done
done
# The lock files name the Node that builds and runs the page and the tests; npm is only needed to
# fetch it. A Node from elsewhere brings its own npm, which conflicts with Debian's package.
[[ $wants_npm == no ]] || command -v npm >/dev/null || wanted+=(npm)

installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p')
missing=()
for package in "${wanted[@]}"; do
  grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  exit 0
fi

echo "install.sh: installing ${missing[*]}"
as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null ||
    fail "not root, and sudo is missing: run as root: apt-get install ${missing[*]}"
  as_root=(sudo)
fi
get=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y
  -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
"${get[@]}" update </dev/null || fail "apt-get update failed: check the network and the package mirror"
"${get[@]}" install --no-install-recommends "${missing[@]}" </dev/null ||
  fail "apt-get could not install: ${missing[*]} (Debian 12 has them all in its main section)"
