# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the scripts share: where things are, how a build folder is brought up to date, how processes are told apart.
# Sourced, never run. The sourcing script sets -euo pipefail.

DEVSEC_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# Names of paths go into snmpd.conf, MIBDIRS and word-split variables, none of which can quote.
# shellcheck disable=SC2034 # read by the sourcing scripts
DEVSEC_PLAIN_PATH='^[A-Za-z0-9_./+@%,=-]+$'

note() {
    printf '%s\n' "$*" >&2
}

die() {
    note "${0##*/}: $*"
    exit 1
}

usage_error() {
    note "${0##*/}: $*"
    note "Try 'scripts/${0##*/} --help'."
    exit 2
}

# The comment block at the head of the calling script, without its SPDX line, is its help text.
print_help() {
    awk 'NR > 2 && !/^#/ { exit } NR > 2 { sub(/^# ?/, ""); print }' "$0"
}

base_mibs_folder() {
    printf '%s\n' "$DEVSEC_ROOT/build/base-mibs"
}

# cache_value BUILD NAME: a value of the build folder's CMakeCache.txt, nothing if it is not there
cache_value() {
    sed -n "s/^$2:[A-Z]*=//p" "$1/CMakeCache.txt" 2>/dev/null
}

# configure_preset PRESET: only when ninja could not notice by itself that it is needed
configure_preset() {
    local preset=$1 build=$DEVSEC_ROOT/build/$1 testing=OFF
    # What a device's owner builds needs no test tools: the tests are left out where their library is missing.
    if pkg-config --exists cmocka; then
        testing=ON
    fi
    if [[ -f $build/build.ninja && ! $DEVSEC_ROOT/CMakePresets.json -nt $build/CMakeCache.txt &&
        $(cache_value "$build" BUILD_TESTING) == "$testing" ]]; then
        return 0
    fi
    (cd "$DEVSEC_ROOT" && cmake --preset "$preset" "-DBUILD_TESTING=$testing")
}

# build_preset PRESET [TARGET ...]: one builder at a time a folder. What one failure does not touch is built all the
# same; what was said, without ninja's progress, is shown only when something failed.
build_preset() {
    local preset=$1 build=$DEVSEC_ROOT/build/$1
    shift
    mkdir -p "$build"
    (
        flock 9
        if ! { configure_preset "$preset" && ninja -C "$build" -k 0 "$@"; } >"$build/build.log" 2>&1; then
            grep -vE '^\[[0-9]+/[0-9]+\] ' "$build/build.log" | tail -n 200 >&2
            die "building $build failed; the whole log is $build/build.log"
        fi
    ) 9>"$build.lock" </dev/null
}

# process_stamp PID: PID:STARTTIME, which names a process even after its id is used again; fails if it does not run
process_stamp() {
    local stat fields
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    # The program's name, in parentheses, may hold anything; what follows the last one is plain (proc(5)).
    read -r -a fields <<<"${stat##*) }"
    if [[ ${fields[0]} == Z || ${fields[0]} == X ]]; then
        return 1
    fi
    printf '%s:%s\n' "$1" "${fields[19]}"
}

# process_alive STAMP
process_alive() {
    [[ -n $1 && $(process_stamp "${1%%:*}" || true) == "$1" ]]
}

# process_end STAMP SECONDS: SIGTERM, after the wait SIGKILL; 1 if that was needed. One that does not run is fine.
process_end() {
    local stamp=$1 waits=$(($2 * 20))
    if ! process_alive "$stamp"; then
        return 0
    fi
    kill -TERM "${stamp%%:*}" 2>/dev/null || true
    while process_alive "$stamp" && ((waits-- > 0)); do
        sleep 0.05
    done
    if ! process_alive "$stamp"; then
        return 0
    fi
    kill -KILL "${stamp%%:*}" 2>/dev/null || true
    while process_alive "$stamp"; do
        sleep 0.05
    done
    return 1
}

# spawn LOG COMMAND ...: starts a server in a terminal session of its own that holds none of the caller's descriptors,
# and sets SPAWNED to its stamp
spawn() {
    local log=$1 pid
    shift
    (
        for descriptor in /proc/"$BASHPID"/fd/*; do
            number=${descriptor##*/}
            if ((number > 2)); then
                exec {number}>&-
            fi
        done
        exec setsid "$@"
    ) </dev/null >>"$log" 2>&1 &
    pid=$!
    disown "$pid"
    # Gone already: a stamp of no process, so that whoever waits for the server reads its log.
    # shellcheck disable=SC2034 # read by the sourcing scripts
    SPAWNED=$(process_stamp "$pid" || printf '%s:0\n' "$pid")
}

# free_port PROTOCOL: a port (below the ephemeral range) that nobody has open for udp or tcp right now
free_port() {
    local port hex tries
    for ((tries = 0; tries < 200; tries++)); do
        port=$((20000 + (RANDOM % 12000)))
        hex=$(printf ':%04X ' "$port")
        if ! grep -qs "$hex" /proc/net/"$1" /proc/net/"$1"6; then
            printf '%s\n' "$port"
            return 0
        fi
    done
    die "no free $1 port between 20000 and 31999 was found"
}
