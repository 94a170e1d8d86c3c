#!/bin/bash
# build.sh: gobakery, the Go macaroon bakery as the other side of the tests, from the pinned modules of go.mod and go.sum.
# Built once for each state of these files, into a cache outside of the tree; prints where it is. `build.sh --path` only
# prints that.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
STATE=$(cat "$HERE"/main.go "$HERE"/go.mod "$HERE"/go.sum | sha256sum | cut -c1-16)
DIR=${XDG_CACHE_HOME:-$HOME/.cache}/jimm-tests/gobakery-$STATE
[ "${1:-}" = --path ] && { echo "$DIR/gobakery"; exit; }
if [ -x "$DIR/gobakery" ]; then echo "$DIR/gobakery"; exit; fi
if ! command -v go >/dev/null; then
  echo "gobakery: not built, there is no Go toolchain (1.24 or newer); tests that need it are skipped" >&2
  exit 3
fi
echo "building gobakery (once)" >&2
WORK=$(mktemp -d) && trap 'rm -rf "$WORK"' EXIT
cd "$HERE"
go build -mod=readonly -buildvcs=false -ldflags '-s -w' -o "$WORK/gobakery" . >&2
mkdir -p "$DIR"
mv "$WORK/gobakery" "$DIR/gobakery"
echo "$DIR/gobakery"
