# SPDX-License-Identifier: Apache-2.0
"""Reading by GET, GETNEXT and GETBULK of any shape: pysnmp and net-snmp's tools see one and the same MIB."""
import bisect
import random
import re

import pytest
from conftest import run
from device import Device
from mib_objects import MIB

ROOT = "." + ".".join(map(str, MIB.root))
MULTI_LINE = re.compile(r"\n(?!\.)")  # a value that net-snmp's tools broke into lines


@pytest.fixture(scope="module")
def device(module_sandbox):
    device = Device(module_sandbox)
    device.accept(("devsecSmtpHost", "m\u00fcnchen.example".encode("idna")), ("devsecTlsVersions", ["tls12", "tls13"]),
                  ("devsecTlsRsaKeyExchange", True), ("devsecTlsSha1Digest", True))
    yield device
    device.client.close()


@pytest.fixture(scope="module")
def all_there_is(device):
    return device.walk()


def printed(name, value):
    """As net-snmp's tools print it with -On -Ox and no MIB."""
    if value.type != "STRING":
        return f".{'.'.join(map(str, name))} = {value.type}: {value.plain}"
    text = "Hex-STRING: " + "".join(f"{octet:02X} " for octet in value.plain) if value.plain else '""'
    return f".{'.'.join(map(str, name))} = {text.strip()}"


def walked(device, tool, *flags):
    """The lines of a walk by a tool of net-snmp's."""
    options = device.sandbox.env["SNMP_ARGS"].split()
    done = run([tool, *options, "-On", "-Ox", *flags, device.sandbox.target, ROOT],
               env={**device.sandbox.env, "MIBS": ""})
    assert done.returncode == 0 and done.stderr == "", done.text
    return [line.strip() for line in MULTI_LINE.sub("", done.stdout.rstrip("\n")).split("\n")]


def test_the_walk_holds_every_object(all_there_is):
    names = [name for name, _ in all_there_is]
    for entry in MIB.scalars:
        assert entry.instance in names, entry.name
    for name, value in all_there_is:
        entry = MIB.at(name)
        assert entry, name
        expected = {"INTEGER": "INTEGER", "UNSIGNED": "Gauge32", "COUNTER32": "Counter32", "OCTET STRING": "STRING"}
        assert value.type == expected[entry.base], entry.name
        if entry.labels and entry.base == "INTEGER":
            assert value.plain in entry.labels.values(), entry.name
        if entry.meaning == "date":
            assert len(value.plain) == 11 and value.plain[8:] == b"+\0\0", entry.name


def test_pysnmp_walks_alike_by_getnext_and_getbulk(device, all_there_is):
    assert device.client.walk(MIB.root, device.client.get_next) == all_there_is
    for repetitions in (1, 2, 7, 25, 100, 1000):
        found = device.client.walk(MIB.root, lambda name: device.client.get_bulk(0, repetitions, name))
        assert found == all_there_is, repetitions


@pytest.mark.parametrize("tool, flags", [("snmpwalk", []), ("snmpwalk", ["-Cc"])] + [
    ("snmpbulkwalk", [f"-Cr{repetitions}"]) for repetitions in (1, 3, 10, 50, 200)])
def test_the_tools_walk_alike(device, all_there_is, tool, flags):
    assert walked(device, tool, *flags) == [printed(name, value) for name, value in all_there_is]


def test_get_of_everything_in_one_pdu(device, all_there_is):
    answer = device.client.get(*[name for name, _ in all_there_is])
    assert (answer.status, list(answer.binds)) == ("noError", all_there_is)


def test_get_mixes_values_and_exceptions(device):
    port = MIB["devsecSmtpPort"]
    column = MIB["devsecTlsSuiteName"]
    answer = device.client.get(MIB["devsecTlsSuiteIndex"].oid + (1,), port.instance, port.oid + (1,),
                               MIB.root + (1, 3, 99, 0), column.oid + (1,), column.oid + (60000,), MIB.root, port.oid,
                               MIB["devsecNotifyChangedGroups"].instance)
    assert answer.status == "noError"
    assert [value.type for value in answer.values] == [
        "noSuchObject", "Gauge32", "noSuchInstance", "noSuchObject", "STRING", "noSuchInstance", "noSuchObject",
        "noSuchInstance", "noSuchObject"]


def starts(names):
    """Names to start from: each instance, what comes right before and behind it, its prefixes, and names by chance."""
    dice = random.Random("starts")
    tries = {MIB.root, MIB.root + (0,), MIB.root[:-1], MIB.root[:-1] + (2,)}
    for name in names:
        tries |= {name, name + (0,), name[:-1], name[:-2], name[:-1] + (2 ** 32 - 1,), name[:-2] + (name[-2] + 1,)}
    for _ in range(100):
        name = dice.choice(names)
        tries.add(name[:dice.randrange(len(MIB.root), len(name) + 1)] + (dice.randrange(2 ** 32),) * dice.randrange(3))
    return sorted(tries)


def test_getnext_from_anywhere(device, all_there_is):
    names = [name for name, _ in all_there_is]
    for start in starts(names):
        place = bisect.bisect_right(names, start)
        answer = device.client.get_next(start)
        assert answer.status == "noError", (start, answer)
        if place < len(names):
            assert answer.binds == (all_there_is[place],), start
        else:
            assert answer.names[0][:len(MIB.root)] != MIB.root or answer.values[0].type == "endOfMibView", start


def expected_bulk(names, non_repeaters, repetitions, wanted):
    """The names of a GETBULK's answer (RFC 3416, 4.2.3), as far as they lie in the subtree; None where it is left."""
    def behind(name):
        place = bisect.bisect_right(names, name)
        return names[place] if place < len(names) else None

    found = [behind(name) for name in wanted[:non_repeaters]]
    row = wanted[non_repeaters:]
    for _ in range(repetitions if row else 0):
        row = [name and behind(name) for name in row]
        found += row
    return found


def test_getbulk_of_any_shape(device, all_there_is):
    dice = random.Random("bulk")
    names = [name for name, _ in all_there_is]
    values = dict(all_there_is)
    for _ in range(150):
        wanted = [dice.choice(names + [MIB.root]) for _ in range(dice.randrange(1, 6))]
        non_repeaters, repetitions = dice.randrange(0, 5), dice.choice((0, 1, 2, 5, 20))
        answer = device.client.get_bulk(non_repeaters, repetitions, *wanted)
        expected = expected_bulk(names, non_repeaters, repetitions, wanted)
        context = (non_repeaters, repetitions, wanted, answer)
        assert answer.status == "noError", context
        # An agent may end early (RFC 3416, 4.2.3), after whole repetitions or at the size of a message.
        assert len(answer.binds) <= len(expected), context
        assert len(answer.binds) == len(expected) or None in expected, context
        for (name, value), at in zip(answer.binds, expected):
            if at:
                assert (name, value) == (at, values[at]), context
            else:
                assert name[:len(MIB.root)] != MIB.root or value.type == "endOfMibView", context


def test_columns_side_by_side(device, all_there_is):
    columns = [MIB[name].oid for name in ("devsecTlsSuiteName", "devsecTlsSuiteIanaName", "devsecTlsSuiteVersions")]
    rows = sum(name[:-1] == columns[0] for name, _ in all_there_is)
    answer = device.client.get_bulk(0, rows, *columns)
    assert answer.names == [column + (row,) for row in range(1, rows + 1) for column in columns]
    assert rows > 5 and all(value.type == "STRING" and value.plain for value in answer.values)
