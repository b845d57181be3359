# SPDX-License-Identifier: Apache-2.0
"""A manager that shares no code with net-snmp, end to end through pysnmp's own commands, as its users write them."""
import threading

import pytest
from device import Device
from mib_objects import MIB
from pysnmp.hlapi import (
    ContextData, ObjectIdentity, ObjectType, SnmpEngine, UdpTransportTarget, UsmUserData, bulkCmd, getCmd, nextCmd,
    setCmd, usmAesCfb128Protocol, usmHMAC192SHA256AuthProtocol, usmNoPrivProtocol)
from pysnmp.proto import rfc1905
from pysnmp.proto.api import v2c
from pysnmp_client import Client, NoAnswer, pass_phrases

SECONDS = 20


class Manager:
    """pysnmp's high-level interface with one user."""

    def __init__(self, sandbox, private=True):
        auth, priv = pass_phrases(sandbox, "admin")
        self.user = UsmUserData("admin", auth, priv if private else None, authProtocol=usmHMAC192SHA256AuthProtocol,
                                privProtocol=usmAesCfb128Protocol if private else usmNoPrivProtocol)
        host, _, port = sandbox.target.rpartition(":")
        self.target = UdpTransportTarget((host, int(port)), timeout=SECONDS, retries=0)
        self.engine = SnmpEngine()

    def one(self, command, *arguments):
        """The first answer: error indication, error status by its name, error index, values by name."""
        indication, status, index, binds = next(command(self.engine, self.user, self.target, ContextData(), *arguments,
                                                        lookupMib=False))
        return indication, status and status.prettyPrint(), int(index), {tuple(name): value for name, value in binds}

    def walk(self, command, *arguments):
        found = []
        for indication, status, _, binds in command(self.engine, self.user, self.target, ContextData(), *arguments,
                                                    lookupMib=False, lexicographicMode=False):
            assert not indication and not status, (indication, status)
            # Past the end bulkCmd hands out endOfMibView under the name before.
            found += [tuple(name) for name, value in binds if not isinstance(value, rfc1905.EndOfMibView)]
        return found


def bind(name, value=None):
    identity = MIB[name].instance if isinstance(name, str) else name
    return ObjectType(ObjectIdentity(identity), v2c.Null("") if value is None else value)


@pytest.fixture(scope="module")
def device(module_sandbox):
    device = Device(module_sandbox)
    yield device
    device.client.close()


@pytest.fixture(scope="module")
def manager(device):
    return Manager(device.sandbox)


def test_get(manager):
    indication, status, index, values = manager.one(getCmd, bind("devsecDeviceModel"), bind("devsecTlsVersions"),
                                                    bind("devsecSmtpPort"), bind("devsecHealth"))
    assert (indication, status, index) == (None, 0, 0)
    assert bytes(values[MIB["devsecDeviceModel"].instance]) == b"Sandbox MFP"
    assert bytes(values[MIB["devsecTlsVersions"].instance]) == b"\x18"
    assert int(values[MIB["devsecSmtpPort"].instance]) == 25
    assert int(values[MIB["devsecHealth"].instance]) == 1


def test_set_of_several_then_get(device, manager):
    before = device.generation
    pairs = {"devsecTlsPermitMode": v2c.Integer32(3), "devsecTlsVersions": v2c.OctetString(b"\x10"),
             "devsecTlsCiphers": v2c.OctetString(b"\x40"), "devsecSmtpSecure": v2c.Integer32(1)}
    answer = manager.one(setCmd, *[bind(name, value) for name, value in pairs.items()])
    stored = device.stored
    assert answer[:3] == (None, 0, 0)
    assert (stored["tls.permit-mode"], stored["tls.versions"], stored["tls.ciphers"]) == (
        "ciphertextOnly", "[tls12]", "[aes256]")
    assert (stored["smtp.secure"], stored["smtp.port"], stored["generation"]) == ("true", "465", str(before + 1))
    values = manager.one(getCmd, *[bind(name) for name in pairs])[3]
    read = {name: bytes(value) if isinstance(value, v2c.OctetString) else int(value) for name, value in values.items()}
    assert read == {
        MIB["devsecTlsPermitMode"].instance: 3, MIB["devsecTlsVersions"].instance: b"\x10",
        MIB["devsecTlsCiphers"].instance: b"\x40", MIB["devsecSmtpSecure"].instance: 1}


@pytest.mark.parametrize("name, value, status", [
    ("devsecSmtpPort", v2c.Integer32(1), "wrongType"), ("devsecSmtpPort", v2c.Unsigned32(0), "wrongValue"),
    ("devsecSmtpHost", v2c.OctetString(b"x" * 256), "wrongLength"),
    ("devsecTlsCiphers", v2c.OctetString(b""), "inconsistentValue"),
    ("devsecAgentVersion", v2c.OctetString(b"2"), "notWritable"),
    (MIB["devsecSmtpPort"].oid + (1,), v2c.Unsigned32(1), "noCreation"),
])
def test_error_status_and_index(device, manager, name, value, status):
    before = device.picture()
    good = bind("devsecNotifyMinInterval", v2c.Unsigned32(77))
    for position in (1, 2, 3):
        pairs = [good, good]
        pairs.insert(position - 1, bind(name, value))
        answer = manager.one(setCmd, *pairs)
        assert answer[:3] == (None, status, position)
    assert device.picture() == before
    assert device.text("devsecLastSetError")


def test_walks_agree(device, manager):
    names = [name for name, _ in device.walk()]
    assert manager.walk(nextCmd, bind(MIB.root)) == names
    for repetitions in (1, 10, 100):
        assert manager.walk(bulkCmd, 0, repetitions, bind(MIB.root)) == names


def test_several_managers_at_once(device):
    """Each writes an object of its own; everyone's SETs take effect, one commit each."""
    streams = {"devsecSmtpPort": range(2500, 2530), "devsecSmtpHost": [f"h{number}" for number in range(30)],
               "devsecNotifyMinInterval": range(100, 130)}
    before, faults = device.generation, []

    def stream(name, values):
        manager = Client(device.sandbox)
        for value in values:
            wire = MIB[name].wire(value)
            answers = [manager.set((MIB[name].instance, wire)), manager.get(MIB[name].instance)]
            read = bytes(wire) if isinstance(wire, v2c.OctetString) else int(wire)
            if [answer.status for answer in answers] != ["noError"] * 2 or answers[1].values[0].plain != read:
                faults.append(answers)
        manager.close()

    writers = [threading.Thread(target=stream, args=item) for item in streams.items()]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert faults == []
    assert device.generation == before + sum(len(values) for values in streams.values())
    assert (device.stored["smtp.port"], device.stored["smtp.host"]) == ("2529", "h29")


def test_authnopriv_gets_nothing(device):
    before = device.picture()
    manager = Manager(device.sandbox, private=False)
    # "rwuser admin priv" lets nobody in below authPriv, anywhere.
    for command, value in ((getCmd, None), (setCmd, v2c.Unsigned32(2600))):
        answer = manager.one(command, bind("devsecSmtpPort", value))
        assert answer[0] or answer[1] in ("authorizationError", "noAccess"), answer
    assert device.picture() == before


@pytest.mark.parametrize("keywords", [{"user": "mallory"}, {"auth": "wrong-wrong"}, {"priv": "wrong-wrong"}], ids=str)
def test_the_wrong_user_and_the_wrong_keys_get_nothing(device, keywords):
    stranger = Client(device.sandbox, seconds=1, **keywords)
    with pytest.raises(NoAnswer):
        stranger.get(MIB["devsecSmtpPort"].instance)
    stranger.close()


def test_the_reader_reads_and_cannot_write(device):
    monitor = Client(device.sandbox, user="monitor")
    name = MIB["devsecSmtpPort"].instance
    assert monitor.get(name).values == device.client.get(name).values
    before = device.picture()
    answer = monitor.set((name, v2c.Unsigned32(2600)))
    assert (answer.status, answer.index) == ("noAccess", 1)
    assert device.picture() == before
    monitor.close()
