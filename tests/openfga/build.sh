#!/bin/bash
# build.sh: the OpenFGA server that the tests ask, from its Go module at a pinned version. The module and all it needs are
# checked against Go's checksum database, and the module itself against the sum below. Built once, into a cache outside of
# the tree; prints where it is. `build.sh --path` only prints that.
set -euo pipefail
V=v1.22.1
SUM=h1:gl5DiX841ZK3GSTAbgUUYEpiAfAK4EZFMQYW1NQmK8U=
DIR=${XDG_CACHE_HOME:-$HOME/.cache}/jimm-tests/openfga-$V
[ "${1:-}" = --path ] && { echo "$DIR/openfga"; exit; }
if [ -x "$DIR/openfga" ]; then echo "$DIR/openfga"; exit; fi
if ! command -v go >/dev/null; then
  echo "OpenFGA: not built, there is no Go toolchain (1.26 or newer); tests that need it are skipped" >&2
  exit 3
fi
echo "building OpenFGA $V (some minutes, once)" >&2
cd "$(mktemp -d)" && trap 'rm -rf "$PWD"' EXIT
found=$(go mod download -json "github.com/openfga/openfga@$V" | sed -n 's/.*"Sum": "\(.*\)".*/\1/p')
[ "$found" = "$SUM" ] || { echo "OpenFGA $V has other content than it should: $found" >&2; exit 1; }
mkdir -p "$DIR"
GOBIN=$PWD/bin go install -ldflags '-s -w' "github.com/openfga/openfga/cmd/openfga@$V" >&2
mv "$PWD/bin/openfga" "$DIR/openfga.$$"
mv "$DIR/openfga.$$" "$DIR/openfga"
echo "$DIR/openfga"
