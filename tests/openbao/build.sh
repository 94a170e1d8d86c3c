#!/bin/bash
# build.sh: builds the server of the tests of Vault's protocol, once, into the user's cache, and prints where it is.
# The module and all that it needs are pinned by go.mod and go.sum. Without Go nothing is built: exit status 3.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
if ! command -v go >/dev/null; then
  echo "OpenBao: not built, there is no Go toolchain (1.24.6 or newer); tests that need it are skipped" >&2
  exit 3
fi
cd "$here"
if ! GOTOOLCHAIN=local go list -m >/dev/null; then
  echo "OpenBao: not built, this Go toolchain is too old ($(go env GOVERSION)); tests that need it are skipped" >&2
  exit 3
fi
stamp=$(find . -name '*.go' -o -name 'go.*' | LC_ALL=C sort | xargs cat | cat - <(go version) | sha256sum | cut -c1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/jimm-tests/openbao
server=$cache/$stamp/openbao
if [ ! -x "$server" ]; then
  mkdir -p "$cache/$stamp"
  # One builds, the others wait for it.
  exec 9>"$cache/lock"
  flock 9
  if [ ! -x "$server" ]; then
    echo "building OpenBao for the tests" >&2
    GOTOOLCHAIN=local GOFLAGS=-mod=readonly CGO_ENABLED=0 nice go build -p 2 -trimpath -ldflags='-s -w' -o "$server.new" .
    mv "$server.new" "$server"
  fi
fi
echo "$server"
