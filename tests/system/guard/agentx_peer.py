# SPDX-License-Identifier: Apache-2.0
"""A subagent that says whatever a test wants: AgentX (RFC 2741) by hand, over a unix socket, in network byte order."""
import socket
import struct

OPEN, CLOSE, REGISTER, UNREGISTER, GET_NEXT, GET_BULK, RESPONSE = 1, 2, 3, 4, 6, 7, 18
INTEGER, OCTET_STRING, OBJECT_IDENTIFIER, OPAQUE, COUNTER64 = 2, 4, 6, 68, 70
NUMBERS = (INTEGER, 65, 66, 67, COUNTER64)  # Counter32, Gauge32 and TimeTicks among them
END_OF_MIB_VIEW = 130
HEADER = struct.Struct(">BBBBIIII")
NETWORK_BYTE_ORDER = 0x10
PRIORITY = 127


def encode_oid(arcs):
    return struct.pack(f">BBBB{len(arcs)}I", len(arcs), 0, 0, 0, *arcs)


def encode_octets(octets):
    return struct.pack(">I", len(octets)) + octets + bytes(-len(octets) % 4)


def varbind(name, kind=OCTET_STRING, value=b""):
    """`value` is octets, sub-identifiers or a number, as the type has it; types without a value ignore it."""
    encoded = b""
    if isinstance(value, bytes) and kind in (OCTET_STRING, 64, OPAQUE):
        encoded = encode_octets(value)
    elif isinstance(value, list):
        encoded = encode_oid(value)
    elif isinstance(value, int) and kind in NUMBERS:
        encoded = struct.pack(">Q" if kind == COUNTER64 else ">I", value)
    return struct.pack(">HH", kind, 0) + encode_oid(name) + encoded


class Request:
    """What the master asks: for a Get of any kind, `ranges` is a list of (start, end)."""

    def __init__(self, header, payload):
        _, self.kind, _, _, self.session, self.transaction, self.packet, _ = header
        self.non_repeaters, self.repetitions = struct.unpack(">HH", payload[:4]) if self.kind == GET_BULK else (0, 0)
        self.ranges = []
        rest = payload[4:] if self.kind == GET_BULK else payload
        while self.kind in (GET_NEXT, GET_BULK) and rest:
            start, rest = decode_oid(rest)
            end, rest = decode_oid(rest)
            self.ranges.append((start, end))


def decode_oid(octets):
    count, prefix = octets[0], octets[1]
    arcs = list(struct.unpack(f">{count}I", octets[4:4 + 4 * count]))
    return ([1, 3, 6, 1, prefix] if prefix else []) + arcs, octets[4 + 4 * count:]


class Peer:
    """A session with the master, of a process that has connected to the guard's announcement before if there is one."""

    def __init__(self, agentx, guard=None):
        self.guard = None
        if guard:
            self.guard = socket.socket(socket.AF_UNIX)
            self.guard.connect(str(guard))
            self.guard.recv(4096)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(str(agentx))
        self.packet = self.session = 0
        self.session = self.ask(OPEN, bytes(4) + encode_oid([0, 0]) + encode_octets(b"peer"))

    def send(self, kind, payload, session=None, transaction=0, packet=None):
        self.packet += 1
        self.socket.sendall(HEADER.pack(1, kind, NETWORK_BYTE_ORDER, 0, self.session if session is None else session,
                                        transaction, self.packet if packet is None else packet, len(payload)) + payload)

    def receive(self):
        header = HEADER.unpack(self.read(HEADER.size))
        return Request(header, self.read(header[-1]))

    def read(self, length):
        octets = b""
        while len(octets) < length:
            more = self.socket.recv(length - len(octets))
            if not more:
                raise EOFError("snmpd has closed the connection")
            octets += more
        return octets

    def ask(self, kind, payload):
        """Sends something of its own and returns the session in the answer; what else comes meanwhile is lost."""
        self.send(kind, payload)
        while (answer := self.receive()).kind != RESPONSE:
            pass
        return answer.session

    def register(self, root):
        self.ask(REGISTER, struct.pack(">BBBB", 0, PRIORITY, 0, 0) + encode_oid(root))

    def unregister(self, root):
        self.ask(UNREGISTER, struct.pack(">BBBB", 0, PRIORITY, 0, 0) + encode_oid(root))

    def respond(self, request, varbinds=(), error=0, index=0):
        self.send(RESPONSE, struct.pack(">IHH", 0, error, index) + b"".join(varbinds), request.session,
                  request.transaction, request.packet)

    def close(self):
        self.socket.close()
        if self.guard:
            self.guard.close()
