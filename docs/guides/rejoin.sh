#!/bin/sh
# rejoin.sh [DIR]: run as root on a machine whose units stayed with the old controller when their model moved.
#
# A unit's agent.conf that names other controllers than the machine's own gets the machine's, and the machine's agent is started
# anew. DIR is where the agents are (/var/lib/juju/agents). With JUJU_RESTART the agent is started anew by that command.
set -eu
agents=${1:-/var/lib/juju/agents}
machine=$(echo "$agents"/machine-*/agent.conf)
[ -f "$machine" ] || { echo "not one machine agent in $agents" >&2; exit 1; }
changed=
for unit in "$agents"/unit-*/agent.conf; do
    [ -f "$unit" ] || continue
    # The keys that say where the controllers are, with the lines that belong to them, come from the machine's file.
    (umask 077; awk '
        /^[^ -]/ { key = $1 }
        { where = key == "apiaddresses:" || key == "cacert:" }
        NR == FNR { if (where) { of[key] = of[key] $0 "\n"; has[key] }; next }
        !where || !(key in has) { print; next }
        key in of { printf "%s", of[key]; delete of[key] }
    ' "$machine" "$unit" > "$unit.new")
    if cmp -s "$unit" "$unit.new"; then
        rm "$unit.new"
    else
        mv "$unit.new" "$unit"
        changed=y
        echo "$unit names the machine's controllers now"
    fi
done
service=$(sed -n 's/^ *AGENT_SERVICE_NAME: *//p' "$machine")
restart=${JUJU_RESTART:-systemctl restart --no-block ${service:-jujud-machine-N}}
if [ -z "$changed" ]; then
    echo "every unit names the machine's controllers already; if one is missed all the same: $restart"
elif ! $restart; then
    echo "the machine's agent could not be started anew, and its units wait for that: $restart" >&2
    exit 1
fi
