#!/bin/bash
# rig.sh net         make the host-only bridge: the broker listens on its address (the one of `rig.sh host`)
# rig.sh host        print that address
# rig.sh up [N]      start the spawner and N controllers (c1..cN, default 2) on what `net` made
# rig.sh down        stop everything that `up` started (by pid), keep the data
# rig.sh wipe        down, then remove all data, network namespaces and the bridge (the binaries stay)
# rig.sh env         print what to export for the juju client
# RJ_JWKS  where the controllers fetch the broker's keys; it has to answer while they start. RJ_CA  the CA of that server.
# RJ_CONFIG  more controller config, "key=value key=value"
. "$(dirname "$(readlink -f "$0")")/env.sh"
H=$RJ_H; cd "$H" || exit 1
alive() { [ -s $RJ_ROOT/$1.pid ] && kill -0 $(cat $RJ_ROOT/$1.pid) 2>/dev/null; }
bg() { alive $1 && return; n=$1; shift; setsid nohup "$@" >> $RJ_ROOT/$n.log 2>&1 < /dev/null & echo $! > $RJ_ROOT/$n.pid; }
case $1 in
host) echo "$RJ_NET.0.1" ;;
net)
  ./check.sh run || exit 1
  mkdir -p $RJ_ROOT
  ./netup.sh ;;
up)
  bg spawner python3 $H/spawner.py
  [ -n "$RJ_JWKS" ] && RJ_CONFIG="login-token-refresh-url=$RJ_JWKS $RJ_CONFIG"
  names=
  for i in $(seq ${2:-2}); do
    [ -s $RJ_ROOT/c$i/pid ] && kill -0 $(cat $RJ_ROOT/c$i/pid) 2>/dev/null || ./start.sh c$i $RJ_NET.0.1$i $RJ_CONFIG || exit 1
    names="$names c$i"
  done
  python3 client.py $RJ_ROOT/client $names
  $H/rig.sh env ;;
down)
  for d in $RJ_ROOT/c*/; do n=$(basename $d); [ -s $d/pid ] && ./stop.sh $n; done
  if alive spawner; then p=$(cat $RJ_ROOT/spawner.pid); kill $p; for i in $(seq 100); do kill -0 $p 2>/dev/null || break; sleep 0.2; done; fi
  rm -f $RJ_ROOT/spawner.pid ;;
wipe)
  $H/rig.sh down
  for n in $(ip netns list | awk -v p="^$RJ_NS-" '$1 ~ p {print $1}'); do ip netns del $n; done
  ip link del ${RJ_NS}br0 2>/dev/null
  rm -rf $RJ_ROOT ;;
env) echo "export JUJU_DATA=$RJ_ROOT/client RJ_ROOT=$RJ_ROOT PATH=$RJ_BIN:\$PATH" ;;
*) sed -n 2,10p $H/rig.sh ;;
esac
