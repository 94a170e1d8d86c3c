#!/bin/bash
# cutoff.sh MODEL-UUID ADDRESS cut|mend: what the machines of the model send to that address gets lost, or is not any more
. "$(dirname "$(readlink -f "$0")")/env.sh"
n=0
for d in $RJ_ROOT/instances/*/; do
  grep -q "\"$1\"" $d/spec.json || continue
  ns=$RJ_NS-$(basename $d)
  if [ "$3" = cut ]; then ip -n $ns neigh replace $2 lladdr 02:00:00:00:00:01 dev eth0 nud permanent; else ip -n $ns neigh del $2 dev eth0; fi || exit 1
  n=$((n + 1))
done
[ $n -gt 0 ] || { echo "model $1 has no machines here"; exit 1; }
