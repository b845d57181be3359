#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs mibgen on broken copies of the MIB: each must be refused with its reason, and nothing be written.
# Usage: test_mibgen.sh MIBGEN MIB-FILE BASE-MIB-FOLDER SCRATCH-FOLDER
set -eu

mibgen=$1
mib=$2
base=$3
scratch=$4
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# run MIB-FILE BASE-FOLDER: leaves the exit status in $status, what was said in $scratch/said.
run() {
    rm -f "$scratch/out.h" "$scratch/out.c"
    status=0
    "$mibgen" "$1" "$2" "$scratch/out.h" "$scratch/out.c" >"$scratch/said" 2>&1 || status=$?
}

# expect_refusal NAME REASON: what `run` did just now must be a refusal that says why.
expect_refusal() {
    [ "$status" -eq 1 ] || fail "$1: exit status $status, expected 1"
    grep -qF -- "$2" "$scratch/said" || fail "$1: expected \"$2\", got: $(cat "$scratch/said")"
    if [ -e "$scratch/out.h" ] || [ -e "$scratch/out.c" ]; then
        fail "$1: something was written"
    fi
}

# refuse NAME REASON SED-SCRIPT: the MIB, edited, must be refused.
refuse() {
    sed -e "$3" "$mib" >"$scratch/broken.txt"
    if cmp -s "$mib" "$scratch/broken.txt"; then
        fail "$1: the edit changed nothing"
    fi
    run "$scratch/broken.txt" "$base"
    expect_refusal "$1" "$2"
}

# within OBJECT SED-COMMAND: a sed script that edits the definition of one object only.
within() {
    printf '/^%s /,/::=/ { %s\n}' "$1" "$2"
}

rm -rf "$scratch"
mkdir -p "$scratch/empty"

# What cannot be parsed, or is not there.
refuse 'cut off' '(EOF): At line ' '/^devsecStoreStatus /q'
refuse 'not a MIB' 'does not define the module DEVICE-SECURITY-MIB' 's/.*/nothing/'
refuse 'another module' 'does not define the module DEVICE-SECURITY-MIB' 's/^DEVICE-SECURITY-MIB /OTHER-MIB /'
refuse 'no root' 'Undefined identifier: devsecMIB' '/^devsecMIB MODULE-IDENTITY/,/::=/d'
refuse 'root of another kind' 'no MODULE-IDENTITY' \
    '/^devsecMIB MODULE-IDENTITY/,/::=/ { /::=/!d; s/.*/devsecMIB OBJECT IDENTIFIER ::= { enterprises 1 }/; }'
refuse 'import left out' 'its SYNTAX is unknown' 's/TruthValue, //'
refuse 'import that its module lacks' 'TruthValues' 's/TruthValue, /TruthValues, &/'
refuse 'module that is not there' 'Cannot find module (SNMP-FRAMEWORK-MIBS)' 's/FROM SNMP-FRAMEWORK-MIB/&S/'
run "$scratch/missing.txt" "$base"
expect_refusal 'file that is not there' 'missing.txt'
run "$mib" "$scratch/empty"
expect_refusal 'no base modules' 'run scripts/bootstrap'

# Syntax.
refuse 'misspelt type' 'devsecSmtpPort: its SYNTAX is unknown' "$(within devsecSmtpPort 's/Unsigned32/Unsigned33/')"
refuse 'type without a place' 'devsecStoreGeneration: its SYNTAX (libsnmp' \
    "s/Counter32, enterprises/Counter64, &/; $(within devsecStoreGeneration 's/Unsigned32/Counter64/')"
refuse 'enumeration from 0' 'devsecHealth: ok(0): enumerations start at 1' "$(within devsecHealth 's/ok(1),/ok(0),/')"
refuse 'number twice' 'devsecHealth: ok and warning have the same number' \
    "$(within devsecHealth 's/warning(2),/warning(1),/')"
refuse 'bit beyond a mask' 'devsecNotifyChangedGroups: notify(32): bits go up to 31' \
    "$(within devsecNotifyChangedGroups 's/notify(9)/notify(32)/')"
refuse 'range backwards' 'devsecSmtpPort: a range that ends before it starts' \
    "$(within devsecSmtpPort 's/1\.\.65535/65535..1/')"

# Limits of what can be written.
refuse 'number without a range' 'devsecSmtpPort: a writable number needs a range or labels' \
    "$(within devsecSmtpPort 's/ (1\.\.65535)//')"
refuse 'string without a size' 'devsecSmtpHost: a writable string needs a SIZE' \
    "$(within devsecSmtpHost 's/SnmpAdminString (SIZE (0\.\.255))/OCTET STRING/')"
refuse 'writable counter' 'devsecNotifySuppressed: a counter cannot be writable' \
    "$(within devsecNotifySuppressed 's/read-only/read-write/')"
refuse 'default out of range' 'devsecSmtpPort: DEFVAL { 0 } is outside its range' \
    "$(within devsecSmtpPort 's/{ 25 }/{ 0 }/')"
refuse 'default that is no number' 'devsecSmtpPort: DEFVAL { smtp } is no number' \
    "$(within devsecSmtpPort 's/{ 25 }/{ smtp }/')"
refuse 'default that is no label' 'devsecTlsPermitMode: DEFVAL { cleartext } is none of its labels' \
    "$(within devsecTlsPermitMode 's/{ ciphertextCleartext }/{ cleartext }/')"
refuse 'default with a bit too many' 'devsecTlsVersions: DEFVAL { tls12,tls14 } is none of its labels' \
    "$(within devsecTlsVersions 's/tls12, tls13/tls12, tls14/')"
refuse 'default of another size' 'devsecSmtpHost: DEFVAL { "long" } is outside its SIZE' \
    "$(within devsecSmtpHost 's/(0\.\.255)/(0..3)/; s/{ "" }/{ "long" }/')"
refuse 'default without quotes' 'devsecSmtpHost: the DEFVAL of a string must be written in quotes' \
    "$(within devsecSmtpHost 's/{ "" }/{ mail }/')"

# Structure.
refuse 'OID twice' 'have the same OID' "$(within devsecSmtpPort 's/devsecTls 13/devsecTls 12/')"
refuse 'accessible table' 'devsecApplyTable: tables and entries are not-accessible' \
    "$(within devsecApplyTable 's/not-accessible/read-only/')"
refuse 'unknown index' 'devsecApplyEntry names devsecApplyNumber' \
    "$(within devsecApplyEntry 's/{ devsecApplyIndex }/{ devsecApplyNumber }/')"
refuse 'index without its length' 'devsecApplyEntry: IMPLIED indexes are not supported' \
    "$(within devsecApplyEntry 's/{ devsecApplyIndex }/{ IMPLIED devsecApplyIndex }/')"
refuse 'augmented entry that is not there' 'devsecApplyEntry augments devsecAdminRow, which is no entry' \
    "$(within devsecApplyEntry 's/INDEX  *{ devsecApplyIndex }/AUGMENTS { devsecAdminRow }/')"
refuse 'index without limits' 'its index devsecApplyIndex needs a range or labels' \
    "$(within devsecApplyIndex 's/ (1\.\.65535)//')"
refuse 'unknown object in a notification' 'devsecStoreDegraded names devsecStoreMood' \
    "$(within devsecStoreDegraded 's/devsecStoreStatusText/devsecStoreMood/')"
refuse 'notification of what nobody can read' 'devsecApplyIndex is not-accessible, so it cannot be sent' \
    "$(within devsecStoreDegraded 's/devsecStoreStatusText/devsecApplyIndex/')"

# The good MIB gives the same octets twice, whatever this machine's SNMP tools are told.
run "$mib" "$base"
if [ "$status" -ne 0 ] || [ -s "$scratch/said" ]; then
    fail "the MIB itself: exit status $status, $(cat "$scratch/said")"
fi
mv "$scratch/out.h" "$scratch/first.h"
mv "$scratch/out.c" "$scratch/first.c"
mkdir "$scratch/home"
echo 'mibs +NO-SUCH-MIB' >"$scratch/home/snmp.conf"
(
    export MIBS=ALL MIBDIRS="$scratch/empty" MIBFILES="$scratch/broken.txt" HOME="$scratch/home"
    export SNMPCONFPATH="$scratch/home" SNMP_PERSISTENT_DIR="$scratch/persistent"
    "$mibgen" "$mib" "$base" "$scratch/out.h" "$scratch/out.c"
) >"$scratch/said" 2>&1 || fail "under another environment: exit status $?"
[ ! -s "$scratch/said" ] || fail "under another environment: $(cat "$scratch/said")"
cmp "$scratch/first.h" "$scratch/out.h" || fail "the header differs under another environment"
cmp "$scratch/first.c" "$scratch/out.c" || fail "the table differs under another environment"
[ ! -e "$scratch/persistent" ] || fail "a folder for persistent data was made"

# expect_failure NAME STATUS REASON ARGUMENT ...
expect_failure() {
    name=$1
    expected=$2
    reason=$3
    shift 3
    status=0
    "$mibgen" "$@" >"$scratch/said" 2>&1 || status=$?
    [ "$status" -eq "$expected" ] || fail "$name: exit status $status, expected $expected"
    grep -qF -- "$reason" "$scratch/said" || fail "$name: expected \"$reason\", got: $(cat "$scratch/said")"
}

# The command line, and outputs that cannot be written.
expect_failure 'wrong arguments' 2 'usage: mibgen ' "$mib"
expect_failure 'no folder' 1 'no/out.h: cannot write: ' "$mib" "$base" "$scratch/no/out.h" "$scratch/out.c"
ln -s /dev/full "$scratch/full"
expect_failure 'a full disk' 1 'full: cannot write: ' "$mib" "$base" "$scratch/full" "$scratch/out.c"
[ -c "$scratch/full" ] || fail 'a full disk: what is no regular file was removed'

if [ "$failures" -ne 0 ]; then
    echo "$failures failed"
    exit 1
fi
echo "all passed"
