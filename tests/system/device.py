# SPDX-License-Identifier: Apache-2.0
"""A device under test as its manager sees it: objects by name over pysnmp, and what lies on disk beside it."""
import re
import time

from conftest import wait_until
from mib_objects import MIB
from pysnmp_client import Client, NoAnswer


def settings_of(text):
    """A settings document as {"tls.permit-mode": "ciphertextOnly", "generation": "3", ...}, texts as they stand."""
    found, group = {}, ""
    for line in text.splitlines():
        match = re.match(r"( *)([a-z0-9-]+):(?: (.*))?$", line)
        if match and match.group(3) is None:
            group = match.group(2) + "."
        elif match:
            found[(group if match.group(1) else "") + match.group(2)] = match.group(3).strip('"')
    return found


class Device:
    """A sandbox and a manager of it."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.client = Client(sandbox)

    def reconnect(self):
        """To be called after snmpd was started anew: its engine's boots and time are others."""
        self.client.close()
        self.sandbox.refresh()
        self.client = Client(self.sandbox)

    def read(self, *names):
        """The values of scalars, as plain numbers and octets."""
        answer = self.client.get(*[MIB[name].instance for name in names])
        assert answer.status == "noError", answer
        for name, value in answer.binds:
            assert value.plain is not None, f"{name}: {value.type}"
        return [value.plain for value in answer.values]

    def number(self, name):
        return int(self.read(name)[0])

    def text(self, name):
        return self.read(name)[0].decode("utf-8")

    def label(self, name):
        """An enumeration's value by its label."""
        number = self.number(name)
        return next(label for label, value in MIB[name].labels.items() if value == number)

    def labels(self, name):
        """A BITS value as a set of labels."""
        octets = self.read(name)[0]
        return {label for label, bit in MIB[name].labels.items()
                if bit // 8 < len(octets) and octets[bit // 8] & 0x80 >> bit % 8}

    def set(self, *pairs):
        """set((name, value), ...): one PDU; a name is an object's (its first instance is meant) or an OID."""
        wires = []
        for name, value in pairs:
            entry = MIB[name] if isinstance(name, str) else None
            wires.append((entry.instance, entry.wire(value)) if entry else (name, value))
        return self.client.set(*wires)

    def accept(self, *pairs):
        """A SET that has to succeed."""
        answer = self.set(*pairs)
        assert (answer.status, answer.index) == ("noError", 0), (answer, pairs, self.text("devsecLastSetError"))

    def refuse(self, status, index, *pairs):
        """A SET that has to be refused just so, and to change nothing."""
        before = self.picture()
        answer = self.set(*pairs)
        assert (answer.status, answer.index) == (status, index), (answer, pairs, self.text("devsecLastSetError"))
        assert self.picture() == before, pairs

    def reset(self):
        """Every setting as it came from the factory; costs a commit only where one differs."""
        self.accept(*[(entry.name, entry.default) for entry in MIB.settings])

    @property
    def generation(self):
        return self.number("devsecStoreGeneration")

    @property
    def stored(self):
        """What settings.yaml says, see settings_of."""
        return settings_of(self.sandbox.settings)

    def settle(self):
        """Waits until devsecd has done what comes behind an answer: its loop has then been round twice."""
        for _ in range(3):
            self.number("devsecStoreGeneration")

    def served(self):
        """Whether the subtree is there."""
        try:
            answer = self.client.get(MIB["devsecStoreGeneration"].instance)
        except NoAnswer:
            return False
        return answer.status == "noError" and answer.values[0].type == "Gauge32"

    def wait_served(self):
        """Asks more often than wait_until does: some tests wait hundreds of times."""
        wait_until(lambda: any(self.served() or time.sleep(0.005) for _ in range(20)))

    def picture(self):
        """Everything that a refused SET must leave alone: each writable value, the generation, the file's octets."""
        names = [entry.name for entry in MIB.scalars if entry.writable]
        values = self.read("devsecStoreGeneration", "devsecStoreLastChange", *names)
        return values, (self.sandbox.dir / "store" / "settings.yaml").read_bytes()

    def walk(self):
        """All of the subtree, by GETBULK."""
        return self.client.walk(MIB.root, lambda name: self.client.get_bulk(0, 50, name))
