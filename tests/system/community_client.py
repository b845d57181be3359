# SPDX-License-Identifier: Apache-2.0
"""An SNMPv1 and SNMPv2c manager made of pysnmp's messages, which tells silence from slowness without waiting."""
import select
import socket

from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api
from pysnmp_client import STATUSES, Answer, value_of

VERSIONS = {"v1": api.protoModules[api.protoVersion1], "v2c": api.protoModules[api.protoVersion2c]}
PDUS = {"get": "GetRequestPDU", "getnext": "GetNextRequestPDU", "getbulk": "GetBulkRequestPDU", "set": "SetRequestPDU"}
REPETITIONS = 30


def wire(module, value):
    """None, a number, or octets, in the types of that version; numbers as Unsigned32 and Gauge, which travel alike."""
    if value is None:
        return module.Null("")
    if isinstance(value, bytes):
        return module.OctetString(value)
    return module.Gauge(value) if hasattr(module, "Gauge") else module.Unsigned32(value)


class Community:
    """Sends requests to an agent; `barrier` makes one more request, of whatever kind, that the agent does answer."""

    def __init__(self, target, barrier):
        host, _, port = target.rpartition(":")
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((host, int(port)))
        self.barrier = barrier
        self.number = 0

    def close(self):
        self.socket.close()

    def message(self, version, community, kind, pairs):
        module = VERSIONS[version]
        pdu, message = getattr(module, PDUS[kind])(), module.Message()
        settings = module.apiBulkPDU if kind == "getbulk" else module.apiPDU
        settings.setDefaults(pdu)
        self.number += 1
        settings.setRequestID(pdu, self.number)
        if kind == "getbulk":
            settings.setNonRepeaters(pdu, 0)
            settings.setMaxRepetitions(pdu, REPETITIONS)
        settings.setVarBinds(pdu, [(module.ObjectIdentifier(name), wire(module, value)) for name, value in pairs])
        module.apiMessage.setDefaults(message)
        module.apiMessage.setCommunity(message, module.OctetString(community))
        module.apiMessage.setPDU(message, pdu)
        return encoder.encode(message)

    def read(self, version, numbers):
        """One answer that has come, as (its request's number, Answer)."""
        module = VERSIONS[version]
        message, rest = decoder.decode(self.socket.recv(65536), asn1Spec=module.Message())
        pdu = module.apiMessage.getPDU(message)
        number = int(module.apiPDU.getRequestID(pdu))
        assert not rest and number in numbers, "an answer to nothing that was asked"
        binds = tuple((tuple(name), value_of(value)) for name, value in module.apiPDU.getVarBinds(pdu))
        status = STATUSES[int(module.apiPDU.getErrorStatus(pdu))]
        return number, Answer(status, int(module.apiPDU.getErrorIndex(pdu, muteErrors=True)), binds)

    def ask(self, version, community, *requests):
        """The answers to requests, each (kind, [(name, value or None), ...]): an Answer, or None for silence.

        snmpd takes packets in the order in which they come: what is not answered when it answers the barrier never
        will be.
        """
        numbers, answers = [], {}
        for kind, pairs in requests:
            self.socket.send(self.message(version, community, kind, pairs))
            numbers.append(self.number)
        self.barrier()
        while select.select([self.socket], [], [], 0)[0]:
            number, answer = self.read(version, numbers)
            answers[number] = answer
        return [answers.get(number) for number in numbers]
