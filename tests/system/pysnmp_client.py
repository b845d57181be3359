# SPDX-License-Identifier: Apache-2.0
"""An SNMPv3 manager made of pysnmp, which shares no code with net-snmp: raw PDUs out, raw PDUs back."""
import re
from dataclasses import dataclass

from pysnmp.carrier.asyncore.dgram import udp
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import cmdgen
from pysnmp.proto import rfc1902
from pysnmp.proto.api import v2c

# RFC 3416, 3
STATUSES = (
    "noError tooBig noSuchName badValue readOnly genErr noAccess wrongType wrongLength wrongEncoding wrongValue "
    "noCreation inconsistentValue resourceUnavailable commitFailed undoFailed authorizationError notWritable "
    "inconsistentName").split()
EXCEPTIONS = ("noSuchObject", "noSuchInstance", "endOfMibView")
ANSWER_SECONDS = 20  # longer than snmpd waits for a subagent

# What net-snmp's tools call a type, by its tag's first octet
TYPES = {0x02: "INTEGER", 0x04: "STRING", 0x06: "OID", 0x40: "IpAddress", 0x41: "Counter32", 0x42: "Gauge32",
         0x43: "Timeticks", 0x44: "OPAQUE", 0x46: "Counter64", 0x80: "noSuchObject", 0x81: "noSuchInstance",
         0x82: "endOfMibView", 0x05: "NULL"}


class NoAnswer(Exception):
    """The agent stayed silent, or answered by a report of the security layer: the text says which."""


@dataclass(frozen=True)
class Value:
    """A value as it travelled: its type as net-snmp's tools call it, and a number, octets, a tuple or None."""

    type: str
    plain: object


@dataclass(frozen=True)
class Answer:
    """A Response-PDU."""

    status: str
    index: int
    binds: tuple  # of (name, Value)

    @property
    def names(self):
        return [name for name, _ in self.binds]

    @property
    def values(self):
        return [value for _, value in self.binds]


def value_of(wire):
    """A pysnmp object as a Value."""
    kind = TYPES[int(wire.tagSet.superTags[-1].tagClass | wire.tagSet.superTags[-1].tagId)]
    if kind in EXCEPTIONS + ("NULL",):
        return Value(kind, None)
    if kind in ("STRING", "IpAddress", "OPAQUE"):
        return Value(kind, bytes(wire))
    return Value(kind, tuple(wire) if kind == "OID" else int(wire))


def pass_phrases(sandbox, user):
    text = (sandbox.dir / "client" / user / "snmp.conf").read_text(encoding="utf-8")
    return [re.search(rf"def{kind}Passphrase (\S+)", text).group(1) for kind in ("Auth", "Priv")]


class Client:
    """One manager. Not for several threads at once: each has its own."""

    def __init__(self, sandbox, user="admin", level="authPriv", auth=None, priv=None, seconds=ANSWER_SECONDS):
        known = pass_phrases(sandbox, user) if user in ("admin", "monitor") else ["x" * 32] * 2
        host, _, port = sandbox.target.rpartition(":")
        self.engine = engine.SnmpEngine()
        config.addTransport(self.engine, udp.domainName, udp.UdpTransport().openClientMode())
        config.addV3User(self.engine, user, config.usmHMAC192SHA256AuthProtocol, auth or known[0],
                         config.usmAesCfb128Protocol, priv or known[1])
        config.addTargetParams(self.engine, "parameters", user, level)
        # One try only: a SET that is sent twice is two SETs.
        config.addTargetAddr(self.engine, "agent", udp.domainName, (host, int(port)), "parameters", seconds * 100, 0)

    def close(self):
        self.engine.transportDispatcher.closeDispatcher()

    def ask(self, pdu, context=""):
        """Sends a PDU and returns the Answer."""
        results = []

        def keep(_engine, _handle, indication, response, _context):
            results.append((indication, response))

        cmdgen.CommandGenerator().sendPdu(self.engine, "agent", None, context, pdu, keep, None)
        self.engine.transportDispatcher.runDispatcher()
        indication, response = results[0]
        if indication:
            raise NoAnswer(str(indication))
        binds = tuple((tuple(name), value_of(wire)) for name, wire in v2c.apiPDU.getVarBinds(response))
        status = STATUSES[int(v2c.apiPDU.getErrorStatus(response))]
        return Answer(status, int(v2c.apiPDU.getErrorIndex(response, muteErrors=True)), binds)

    def request(self, pdu, pairs, context=""):
        v2c.apiPDU.setDefaults(pdu)
        v2c.apiPDU.setVarBinds(pdu, [(rfc1902.ObjectName(name), wire) for name, wire in pairs])
        return self.ask(pdu, context)

    def get(self, *names, **keywords):
        return self.request(v2c.GetRequestPDU(), [(name, v2c.Null("")) for name in names], **keywords)

    def get_next(self, *names, **keywords):
        return self.request(v2c.GetNextRequestPDU(), [(name, v2c.Null("")) for name in names], **keywords)

    def get_bulk(self, non_repeaters, max_repetitions, *names, context=""):
        pdu = v2c.GetBulkRequestPDU()
        v2c.apiBulkPDU.setDefaults(pdu)
        v2c.apiBulkPDU.setNonRepeaters(pdu, non_repeaters)
        v2c.apiBulkPDU.setMaxRepetitions(pdu, max_repetitions)
        v2c.apiBulkPDU.setVarBinds(pdu, [(rfc1902.ObjectName(name), v2c.Null("")) for name in names])
        return self.ask(pdu, context)

    def set(self, *pairs, **keywords):
        """set((name, pysnmp object), ...): one PDU."""
        return self.request(v2c.SetRequestPDU(), pairs, **keywords)

    def walk(self, root, step):
        """All (name, Value) below `root`; step(name) makes one request and returns its Answer."""
        found = []
        name = tuple(root)
        while True:
            answer = step(name)
            assert answer.status == "noError" and answer.binds, answer
            for name, value in answer.binds:
                if name[:len(root)] != tuple(root) or value.type == "endOfMibView":
                    return found
                assert not found or name > found[-1][0], f"{name} does not come after {found[-1][0]}"
                found.append((name, value))
