#!/bin/bash
# behind.sh MODEL-UUID keep    remember what the units on the model's machines know of their controllers
# behind.sh MODEL-UUID back    have them know that again, and start the machines' agents anew: as if they had missed a move
# behind.sh MODEL-UUID rejoin  do on every machine what the guide on moving models says: docs/guides/rejoin.sh
. "$(dirname "$(readlink -f "$0")")/env.sh"
n=0
for d in $RJ_ROOT/instances/*/; do
  grep -q "\"$1\"" $d/spec.json || continue
  i=$(basename $d) n=$((n + 1))
  again="pkill -TERM -P $(cat $d/pid)"     # spawner.py starts it anew
  agents=$RJ_ROOT/$i/rootfs/var/lib/juju/agents
  case $2 in
  keep) for unit in $agents/unit-*; do cp -p $unit/agent.conf $RJ_ROOT/$i/$(basename $unit).kept || exit 1; done ;;
  back) for unit in $agents/unit-*; do cp -p $RJ_ROOT/$i/$(basename $unit).kept $unit/agent.conf || exit 1; done
        $again || exit 1 ;;
  rejoin) JUJU_RESTART=$again sh $RJ_H/../../docs/guides/rejoin.sh $agents || exit 1 ;;
  *) sed -n 2,4p "$0"; exit 2 ;;
  esac
done
[ $n -gt 0 ] || { echo "model $1 has no machines here"; exit 1; }
