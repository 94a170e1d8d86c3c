#!/bin/bash
# enter.sh NAME COMMAND...: run a command in NAME's private view of the machine: own network, pid and mount namespace;
# /etc /usr/bin /var/lib are overlays (with RJ_CA among the trusted certificates), /home /root /var/log are its own directories, /run is empty, the environment is cleared
set -e
. "$(dirname "$(readlink -f "$0")")/env.sh"
n=$1; shift
R=$(readlink -f "$RJ_ROOT/$n"); I=$(readlink -f "$RJ_ROOT")/instances
mkdir -p $R/ovl/{etc,bin,lib}/{u,w} $R/rootfs/{home,root} $R/rootfs/var/log $R/rootfs/var/lib/juju $I
export R I RIG_NET=$RJ_NET
exec ip netns exec $RJ_NS-$n unshare --mount --pid --fork --kill-child --propagation private bash -c '
set -e
cp -n $R/rootfs/etc/os-release $R/ovl/etc/u/os-release 2>/dev/null || true
[ -z "$RJ_CA" ] || { mkdir -p $R/ovl/etc/u/ssl/certs; cp "$RJ_CA" $R/ovl/etc/u/ssl/certs/broker.pem; }     # trusted beside the systems roots
mount -t tmpfs tmpfs /mnt; mkdir /mnt/{data,rig,log,home,root}     # a place to stand on while the paths below change
mount --bind $R/rootfs/var/lib/juju /mnt/data; mount --bind $I /mnt/rig; mount --bind $R/rootfs/var/log /mnt/log
mount --bind $R/rootfs/home /mnt/home; mount --bind $R/rootfs/root /mnt/root
ov() { mount -t overlay overlay -o lowerdir=$1,upperdir=$R/ovl/$2/u,workdir=$R/ovl/$2/w $1; }
ov /etc etc; ov /usr/bin bin; ov /var/lib lib
mkdir -p /var/lib/juju /var/lib/rig
mount --move /mnt/data /var/lib/juju; mount --move /mnt/rig /var/lib/rig; mount --move /mnt/log /var/log
mount --move /mnt/home /home; mount --move /mnt/root /root; umount /mnt
mount -t tmpfs tmpfs /run; mkdir -p /run/lock /run/juju
mount -t proc proc /proc
id syslog >/dev/null 2>&1 || useradd -r syslog
id ubuntu >/dev/null 2>&1 || useradd -m -s /bin/bash ubuntu
cd /
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root USER=root LANG=C.UTF-8 RIG_STATE=/var/lib/rig RIG_NET=$RIG_NET "$@"' rj "$@"
