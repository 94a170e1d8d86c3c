# sourced by the other scripts: where things are and what they are called
RJ_H=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
export RJ_HOME=${RJ_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/real-juju}   # source copy, build, binaries, data
export RJ_BIN=${RJ_BIN:-$RJ_HOME/bin} RJ_ROOT=${RJ_ROOT:-$RJ_HOME/run}
export RJ_NET=${RJ_NET:-10.98}          # the first two numbers of the rig's own /16; the host is .0.1, controller N is .0.1N
export RJ_NS=${RJ_NS:-rj}               # prefix of namespaces, bridge and interfaces
export RJ_JWKS=${RJ_JWKS:-} RJ_CA=${RJ_CA:-}
