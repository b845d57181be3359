#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Configures the project under another enterprise number and checks that nothing but the root changes.
# Usage: test_enterprise.sh CMAKE GENERATOR C-COMPILER SOURCE-FOLDER BASE-MIB-FOLDER MIB-BUILD-FOLDER SCRATCH-FOLDER
set -eu

cmake=$1
generator=$2
compiler=$3
source=$4
base=$5
usual=$6
scratch=$7
number=2147483647
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# configure ARGUMENT ...: leaves the exit status in $status, what was said in $scratch/said (on one line, because
# CMake wraps its messages).
configure() {
    rm -rf "$scratch/build"
    status=0
    "$cmake" -G "$generator" -S "$source" -B "$scratch/build" -DCMAKE_C_COMPILER="$compiler" -DBUILD_TESTING=OFF \
        "$@" >"$scratch/log" 2>&1 || status=$?
    tr -s '\n ' '  ' <"$scratch/log" >"$scratch/said"
}

# refuse REASON ARGUMENT ...: configuring must fail and say why.
refuse() {
    reason=$1
    shift
    configure "$@"
    [ "$status" -ne 0 ] || fail "$*: accepted"
    grep -qF -- "$reason" "$scratch/said" || fail "$*: expected \"$reason\", got: $(cat "$scratch/log")"
}

rm -rf "$scratch"
mkdir -p "$scratch/empty"

refuse "run scripts/bootstrap" -DDEVSEC_BASE_MIBS="$scratch/empty"
for wrong in 0 -1 2147483648 99999999999999999999 0x10 acme ''; do
    refuse "DEVSEC_ENTERPRISE is '$wrong'" -DDEVSEC_BASE_MIBS="$base" -DDEVSEC_ENTERPRISE="$wrong"
done

configure -DDEVSEC_BASE_MIBS="$base" -DDEVSEC_ENTERPRISE="$number"
if [ "$status" -ne 0 ] || ! "$cmake" --build "$scratch/build" --target devsec_mib >"$scratch/log" 2>&1; then
    cat "$scratch/log"
    fail "the enterprise number $number cannot be built"
else
    made=$scratch/build/mib
    grep -qF "#define DEVSEC_MIB_ROOT {1, 3, 6, 1, 4, 1, $number, 1}" "$made/devsec_mib.h" ||
        fail "another root: $(grep DEVSEC_MIB_ROOT "$made/devsec_mib.h")"
    grep -qF "::= { enterprises devsec($number) 1 }" "$made/mibs/DEVICE-SECURITY-MIB.txt" ||
        fail "the MIB file has another number"
    # Apart from the one place, both are what they are under the usual number.
    for file in devsec_mib.h mibs/DEVICE-SECURITY-MIB.txt; do
        differing=$(diff "$usual/$file" "$made/$file" | grep -c '^>') || true
        [ "$differing" -le 1 ] || fail "$file: $differing lines differ, expected 1"
    done
    cmp "$usual/devsec_mib.c" "$made/devsec_mib.c" || fail "the table differs"
fi

if [ "$failures" -ne 0 ]; then
    echo "$failures failed"
    exit 1
fi
echo "all passed"
