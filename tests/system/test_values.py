# SPDX-License-Identifier: Apache-2.0
"""Every object of the MIB against every kind of bad value, over the wire; a new object needs no line here."""
import random

import pytest
from conftest import running
from device import Device
from mib_objects import MIB
from pysnmp.proto.api import v2c
from pysnmp_client import STATUSES

INT32 = (-2 ** 31, 2 ** 31 - 1)
UINT32 = (0, 2 ** 32 - 1)
LARGEST_OID = (2, 2 ** 32 - 1 - 80) + (2 ** 32 - 1,) * 126  # 128 arcs (RFC 2578, 3.5); BER carries the first two as one

# A value of each type that may stand in a PDU
TYPES = {
    "INTEGER": v2c.Integer32(1), "OCTET STRING": v2c.OctetString(b"1"), "OID": v2c.ObjectIdentifier((1, 3, 6, 1)),
    "largest OID": v2c.ObjectIdentifier(LARGEST_OID), "NULL": v2c.Null(""), "IpAddress": v2c.IpAddress("192.0.2.1"),
    "COUNTER32": v2c.Counter32(1), "UNSIGNED": v2c.Unsigned32(1), "TimeTicks": v2c.TimeTicks(1),
    "Opaque": v2c.Opaque(b"\x9f\x78\x04\x3f\x80\x00\x00"), "Counter64": v2c.Counter64(2 ** 64 - 1),
    "long text": v2c.OctetString(b"x" * 30000),
}
TYPE_OF = {"largest OID": "OID", "long text": "OCTET STRING"}

NOT_UTF8 = {
    "a lone continuation": b"\x80", "a cut sequence": b"a\xe2\x82", "an overlong slash": b"\xc0\xaf",
    "an overlong NUL": b"\xc0\x80", "a surrogate": b"\xed\xa0\x80", "beyond U+10FFFF": b"\xf4\x90\x80\x80",
    "no octet of UTF-8": b"\xff", "Latin-1": "M\u00fcnchen".encode("latin-1"),
}


def wrong_types(entry):
    return [(f"type {kind}", value, {"wrongType"}) for kind, value in TYPES.items()
            if TYPE_OF.get(kind, kind) != entry.base]


def bad_numbers(entry):
    """Numbers that the object does not define."""
    low, high = INT32 if entry.base == "INTEGER" else UINT32
    if entry.labels:
        good = set(entry.labels.values())
        tries = {low, -1, 0, min(good) - 1, max(good) + 1, high, 256 + min(good)}
    else:
        good = set()
        tries = {bound + step for pair in entry.ranges for bound, step in ((pair[0], -1), (pair[1], 1))} | {low, high}
    for number in sorted(tries):
        inside = number in good or any(first <= number <= last for first, last in entry.ranges)
        if low <= number <= high and not inside and (entry.labels or entry.ranges):
            yield f"number {number}", entry.wire(number), {"wrongValue"}


def bad_bits(entry):
    count = max(entry.labels.values()) // 8 + 1
    for bit in sorted(set(range(count * 8 + 8)) - set(entry.labels.values())):
        octets = bytearray(count + 1)
        octets[bit // 8] = 0x80 >> bit % 8
        yield f"bit {bit}", v2c.OctetString(bytes(octets)), {"wrongValue"}
    yield "far too many bits", v2c.OctetString(b"\xff" * 64), {"wrongLength", "wrongValue"}
    for octets in (b"", b"\0"):
        yield f"the empty set {octets}", v2c.OctetString(octets), {"inconsistentValue", "noError"}


def bad_texts(entry):
    low, high = (entry.ranges[0][0], entry.ranges[-1][1]) if entry.ranges else (0, 65535)
    if low > 0:
        yield "too short", v2c.OctetString(b"x" * (low - 1)), {"wrongLength"}
    for length in (high + 1, 2 * high + 1):
        if length <= 30000:  # what a datagram carries
            yield f"{length} octets", v2c.OctetString(b"x" * length), {"wrongLength"}
    for octets in (b"\0", b"a\0", b"\0a", b"mail\0example"):
        yield f"NUL {octets}", v2c.OctetString(octets), {"wrongValue"}
    for kind, octets in NOT_UTF8.items():
        yield kind, v2c.OctetString(octets), {"wrongValue"}


def bad_values(entry):
    """(label, pysnmp object, the statuses it may get) for an instance that is there."""
    yield from wrong_types(entry)
    if entry.meaning == "bits":
        yield from bad_bits(entry)
    elif entry.base == "OCTET STRING":
        yield from bad_texts(entry)
    else:
        yield from bad_numbers(entry)


def good_value(entry):
    """A value of the right type that SYNTAX allows, whatever the rules then say of it."""
    if entry.meaning == "bits":
        return entry.wire(list(entry.labels))
    if entry.base == "OCTET STRING":
        return v2c.OctetString(b"x" * (entry.ranges[0][0] if entry.ranges else 1))
    if entry.base == "OID":
        return v2c.ObjectIdentifier((0, 0))
    return entry.wire(min(entry.labels.values()) if entry.labels else entry.ranges[0][0] if entry.ranges else 1)


@pytest.fixture(scope="module")
def device(module_sandbox):
    device = Device(module_sandbox)
    yield device
    device.client.close()


@pytest.fixture(autouse=True)
def both_live_on(device):
    device.reset()
    yield
    assert [name for name in ("snmpd", "devsecd") if not running(device.sandbox.pid(name))] == []
    assert device.sandbox.sanitizer_reports() == ""


def scalars(condition):
    return [pytest.param(entry, id=entry.name) for entry in MIB.objects if entry.kind == "scalar" and condition(entry)]


def check(device, name, cases):
    """Each value for one name; all that is not accepted changes nothing."""
    before = device.picture()
    for label, value, allowed in cases:
        answer = device.client.set((name, value))
        assert answer.status in allowed and answer.index == (answer.status != "noError"), (label, answer)
        if answer.status == "noError":
            before = device.picture()
    assert device.picture() == before


@pytest.mark.parametrize("entry", scalars(lambda entry: entry.writable))
def test_bad_values(device, entry):
    cases = list(bad_values(entry))
    assert len(cases) >= len(TYPES) - 1
    check(device, entry.instance, cases)


@pytest.mark.parametrize("entry", scalars(lambda entry: entry.writable))
def test_wrong_instances(device, entry):
    value = good_value(entry)
    for index in ((), (1,), (0, 0), (2 ** 32 - 1,), (0,) * (128 - len(entry.oid))):
        check(device, entry.oid + index, [(f"instance {index}", value, {"noCreation"})])
        answer = device.client.get(entry.oid + index)
        assert [value.type for value in answer.values] == ["noSuchInstance"]


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in MIB.objects if not entry.writable])
def test_what_is_not_writable(device, entry):
    cases = [(label, value, {"notWritable"}) for label, value in TYPES.items() if label != "NULL"]
    cases.append(("a good value", good_value(entry), {"notWritable"}))
    cases.append(("NULL", TYPES["NULL"], {"wrongType"}))  # snmpd does not even pass it on
    for name in (entry.instance, entry.oid + (99, 7, 7)):
        check(device, name, cases)


def test_what_is_not_there_at_all(device):
    for below in ((), (0,), (1,), (1, 3), (1, 3, 99, 0), (1, 4, 1, 0), (2, 1), (2 ** 32 - 1,), (9,) * 120):
        check(device, MIB.root + below, [(str(below), v2c.Integer32(1), {"notWritable"})])
        answer = device.client.get(MIB.root + below)
        assert [value.type for value in answer.values] == ["noSuchObject"], below


def accepted_values(entry):
    """Values that SYNTAX allows, its limits among them."""
    if entry.meaning == "bits":
        return [[label] for label in entry.labels] + [list(entry.labels)]
    if entry.labels:
        return sorted(entry.labels.values())
    if entry.base == "OCTET STRING":
        low, high = (entry.ranges[0][0], entry.ranges[-1][1]) if entry.ranges else (0, 255)
        return ["x" * length for length in (low, low + 1, 63, high) if low <= length <= high] + ["\u00fc", "a.example"]
    return [bound for pair in entry.ranges for bound in pair]


@pytest.mark.parametrize("entry", scalars(lambda entry: entry.defval is not None))
def test_what_is_accepted_reads_back(device, entry):
    accepted = 0
    for value in accepted_values(entry):
        wire = entry.wire(value)
        answer = device.client.set((entry.instance, wire))
        assert answer.status in ("noError", "inconsistentValue", "wrongValue"), answer
        if answer.status == "noError":
            accepted += 1
            assert device.read(entry.name) == [bytes(wire) if entry.base == "OCTET STRING" else int(wire)]
    assert accepted > 0


# ---- fuzz ----

FUZZ_SETS = 500
ALLOWED = set(STATUSES) - {"genErr", "badValue", "noSuchName", "readOnly", "tooBig", "commitFailed", "undoFailed",
                           "resourceUnavailable", "authorizationError"}


def random_name(dice):
    entry = dice.choice(MIB.writable if dice.random() < 0.8 else MIB.objects)
    chance = dice.random()
    if chance < 0.85:
        return entry.instance
    if chance < 0.95:
        return entry.oid + tuple(dice.choice((0, 1, 2, 2 ** 32 - 1)) for _ in range(dice.randrange(4)))
    return MIB.root + tuple(dice.randrange(12) for _ in range(dice.randrange(1, 12)))


def random_value(dice, name):
    entry = next((entry for entry in MIB.objects if entry.oid == name[:len(entry.oid)]), None)
    chance = dice.random()
    if entry is None or chance < 0.1:
        return dice.choice(list(TYPES.values()))
    if chance < 0.2:
        return dice.choice(list(bad_values(entry)))[1]
    if chance < 0.3 and entry.base == "OCTET STRING":
        return v2c.OctetString(bytes(dice.randrange(256) for _ in range(dice.randrange(20))))
    return entry.wire(dice.choice(accepted_values(entry))) if accepted_values(entry) else good_value(entry)


def given(pairs):
    """What the varbinds of an accepted SET say, for the objects that keep what is written."""
    for name, wire in pairs:
        entry = next(entry for entry in MIB.objects if entry.instance == name)
        if entry.defval is not None:
            value = bytes(wire) if entry.base == "OCTET STRING" else int(wire)
            if entry.meaning == "bits":
                width = max(entry.labels.values()) // 8 + 1
                value = value[:width].ljust(width, b"\0")
            yield entry.name, value


def test_fuzz(device):
    dice = random.Random("DEVICE-SECURITY-MIB")
    seen = {}
    before = device.picture()
    for number in range(FUZZ_SETS):
        names = [random_name(dice) for _ in range(dice.choice((1, 1, 2, 3, 6)))]
        pairs = [(name, random_value(dice, name)) for name in names]
        if sum(len(bytes(wire)) for _, wire in pairs if isinstance(wire, v2c.OctetString)) > 60000:
            continue
        answer = device.client.set(*pairs)
        context = (number, answer, pairs)
        assert answer.status in ALLOWED, context
        assert answer.index == 0 if answer.status == "noError" else 1 <= answer.index <= len(pairs), context
        seen[answer.status] = seen.get(answer.status, 0) + 1
        if answer.status == "noError":
            for name, value in given(pairs):
                assert device.read(name) == [value], (name, context)
            before = device.picture()
        else:
            assert device.picture() == before, context
    assert len(seen) >= 6 and seen["noError"] > 20, seen
