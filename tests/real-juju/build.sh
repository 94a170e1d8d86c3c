#!/bin/bash
# build.sh: fetch Juju as a Go module, put the two shim files into a private copy of its source, and build what the rig
# runs: the controller's agent, jujuc, the client of the same revision, and the client of 3.6. Built once: the stamp of
# these scripts and revisions says whether there is anything to do. `build.sh --check` only tells that (exit status).
# Installs nothing. Needs Go (1.26.5 or newer), gcc (cgo, for SQLite), Python 3; says what is missing.
set -e
. "$(dirname "$(readlink -f "$0")")/env.sh"
V=v0.0.0-20260713142945-570e41eadd7e                      # branch main, 4.1-beta2, 2026-07-13
SUM=h1:tlggDEkW5PfqRsPPLsA291gFTDk5spMKq5KovETqyxE=
MODSUM=h1:rPHlEJxDyeS6iKRh5f0iH/9xGaZNJ4KBBJP2r+w8a58=
V36=v0.0.0-20251015133347-17876b918429                    # 3.6.11
SUM36=h1:cwro63toNQY/v/RC/EtRJySZNL2pRZoM00qcLpAQ5J0=
MODSUM36=h1:+N0XQ4SWapbqvLfD1jTo0C6dSTHSoMIqbGhvRHK/KjY=
STAMP=$(cat "$RJ_H/build.sh" "$RJ_H/app.go" "$RJ_H/rig.go" | sha256sum | cut -c1-16)
built() { [ "$(cat "$RJ_BIN/STAMP" 2>/dev/null)" = "$STAMP" ]; }
[ "$1" = --check ] && { built; exit; }
built && exit 0
"$RJ_H/check.sh" build || exit 1
mkdir -p "$RJ_BIN"

# fetch VERSION SUM MODSUM: the module's directory, its content checked against these sums
fetch() {
  local d=$RJ_HOME/fetch/$1 json
  mkdir -p "$d" && cd "$d"
  printf 'module realjuju/fetch\n\ngo 1.26\n\nrequire github.com/juju/juju %s\n' "$1" > go.mod
  printf 'github.com/juju/juju %s %s\ngithub.com/juju/juju %s/go.mod %s\n' "$1" "$2" "$1" "$3" > go.sum
  json=$(go mod download -json "github.com/juju/juju@$1") || { echo "$json" >&2; return 1; }
  case $json in *"\"Sum\": \"$2\""*) ;; *) echo "Juju $1 has other content than it should: $json" >&2; return 1 ;; esac
  echo "$json" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p'
}

# --- the controller and its client --------------------------------------------------------------------------------
B=$RJ_HOME/build S=$RJ_HOME/juju-src
SRC=$(fetch "$V" "$SUM" "$MODSUM")
mkdir -p "$B"
if [ "$(cat "$S.version" 2>/dev/null)" != "$V" ]; then
  rm -rf "$S"; cp -r "$SRC" "$S"; chmod -R u+w "$S"; echo "$V" > "$S.version"
fi
cp "$RJ_H/app.go" "$S/internal/database/app/dqlite_other.go"       # SQLite files instead of a dqlite node
cp "$RJ_H/rig.go" "$S/internal/provider/unmanaged/rig.go"          # the process cloud
sed -i 's/p := UnmanagedProvider{}/p := rigProvider{}/' "$S/internal/provider/unmanaged/init.go"
grep -q rigProvider "$S/internal/provider/unmanaged/init.go" || { echo "the provider's registration looks different in this version"; exit 1; }
# Without the dqlite tag three workers are compiled as do-nothing stand-ins (they are there so that the client builds); the
# controller needs the real ones: without `trace` the lease manager never starts, without `migrationflag` nothing pauses
# while a model migrates. The real files use nothing of dqlite, only the tag is in the way.
for w in migrationflag secretsdrainworker trace; do
  w=$S/internal/worker/$w; sed 's#^//go:build dqlite.*#//go:build !dqlite#' "$w/manifold_linux.go" > "$w/manifold_other.go"
done
# the node that is not there has no leader; a nil here would crash the controller when its introspection page is read
sed -i '/) Leader(/,/^}/s/return nil, nil/return \&dqlite.NodeInfo{}, nil/' "$S/internal/database/client/dqlite_other.go"
# deleting a model's database without dqlite empties the tables first, which their own triggers forbid: only drop them
sed -i 's/stmts = append(stmts, fmt.Sprintf("DELETE FROM %q;", name))/_ = name/' "$S/internal/database/deletedb_other.go"
# A gap of this revision (closed upstream by pull request 23059): a target does not let the agents of a model that is still
# importing log in, so a model with machines never gets past VALIDATION.
M=$S/domain/model/state/controller/state.go
cp "$SRC/domain/model/state/controller/state.go" "$M"; chmod u+w "$M"
python3 - "$M" <<'EOP'
import re, sys
p = sys.argv[1]; s = open(p).read()
live = "(activated OR uuid IN (SELECT model_uuid FROM model_migration_import))"
n = 0
for old, new in ((r"FROM v_model WHERE uuid = \$dbModelUUID\.uuid\n", f"FROM model WHERE uuid = $dbModelUUID.uuid AND {live}\n"),     # does it exist?
                 (r"FROM v_model\nWHERE uuid = \$dbModel\.uuid\n", f"FROM v_model_all\nWHERE uuid = $dbModel.uuid AND {live}\n"),       # what is it?
                 (r"FROM v_model AS m\nWHERE uuid = \$dbUUID\.uuid\n", f"FROM v_model_all AS m\nWHERE uuid = $dbUUID.uuid AND {live}\n")):  # its type
    s, k = re.subn(old, lambda m: new, s); n += k
if n != 3:
    sys.exit(f"importing models: {n} queries of 3 are there to patch in this version")
open(p, "w").write(s)
EOP
# own go.mod: Juju's requirements and replacements, less the one that points into a nested module that is not shipped
cd "$B"
sed -e 's#^module .*#module realjuju/build#' -e '/testhelpers\/compat/d' "$SRC/go.mod" > go.mod
printf '\nrequire github.com/juju/juju %s\n\nreplace github.com/juju/juju => ../juju-src\n' "$V" >> go.mod
cp "$SRC/go.sum" go.sum; chmod u+w go.sum
nice -n 10 go build -mod=mod -p "${P:-2}" -tags notest,minimal,provider_manual,provider_kubernetes,provider_lxd -o "$RJ_BIN/" \
  github.com/juju/juju/cmd/jujuagentd github.com/juju/juju/cmd/juju github.com/juju/juju/cmd/jujuc

# --- the older client, unmodified ---------------------------------------------------------------------------------
SRC=$(fetch "$V36" "$SUM36" "$MODSUM36")
mkdir -p "$RJ_HOME/client36" && cd "$RJ_HOME/client36"
sed -e 's#^module .*#module realjuju/client36#' "$SRC/go.mod" > go.mod
printf '\nrequire github.com/juju/juju %s\n' "$V36" >> go.mod
cp "$SRC/go.sum" go.sum; chmod u+w go.sum
printf 'github.com/juju/juju %s %s\ngithub.com/juju/juju %s/go.mod %s\n' "$V36" "$SUM36" "$V36" "$MODSUM36" >> go.sum
CGO_ENABLED=0 nice -n 10 go build -mod=mod -p "${P:-2}" -tags minimal,provider_manual,provider_lxd -o "$RJ_BIN/juju36" github.com/juju/juju/cmd/juju

mkdir -p "$RJ_HOME/no-data"          # a client without a data directory tries to fetch the list of public clouds
JUJU_DATA=$RJ_HOME/no-data "$RJ_BIN/juju" version > "$RJ_BIN/VERSION"
echo "$STAMP" > "$RJ_BIN/STAMP"
echo "built: Juju $(cat "$RJ_BIN/VERSION") and the client of $(JUJU_DATA=$RJ_HOME/no-data "$RJ_BIN/juju36" version), in $RJ_BIN"
