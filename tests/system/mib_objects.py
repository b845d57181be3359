# SPDX-License-Identifier: Apache-2.0
"""The MIB as the daemon under test was built with: objects with their limits, and values made from plain Python."""
import json
import os
import subprocess
from pathlib import Path

from conftest import ROOT
from pysnmp.proto.api import v2c

BUILD = Path(os.environ.get("DEVSEC_BUILD", ROOT / "build" / "release")).resolve()
SANITIZED = "DEVSEC_SANITIZE:BOOL=ON" in (BUILD / "CMakeCache.txt").read_text(encoding="utf-8")


class Object:
    """One OBJECT-TYPE; the members are those of struct mib_object."""

    def __init__(self, entry):
        self.name = entry["name"]
        self.oid = tuple(entry["oid"])
        self.kind = entry["kind"]
        self.base = entry["base"]
        self.meaning = entry["meaning"]
        self.access = entry["access"]
        self.ranges = [tuple(pair) for pair in entry["ranges"]]
        self.labels = entry["labels"]
        self.defval = entry["defval"]

    @property
    def writable(self):
        return self.access in ("read-write", "read-create")

    @property
    def readable(self):
        return self.writable or self.access == "read-only"

    @property
    def instance(self):
        """A column's first row, everything else's one instance."""
        return self.oid + ((1,) if self.kind == "column" else (0,))

    @property
    def default(self):
        """The DEFVAL, as something that wire() takes."""
        if self.meaning == "truth":
            return self.defval == "true"
        if self.meaning == "bits":
            return [label for label in self.defval.split(",") if label]
        return self.defval if self.labels or self.base == "OCTET STRING" else int(self.defval)

    def octets(self, labels):
        """A BITS value of these labels, in as many octets as the defined bits need."""
        value = bytearray(max(self.labels.values()) // 8 + 1)
        for label in labels:
            value[self.labels[label] // 8] |= 0x80 >> self.labels[label] % 8
        return bytes(value)

    def wire(self, value):
        """Numbers, labels, truth values, sets of labels and texts as pysnmp objects; those themselves as they are."""
        if not isinstance(value, (int, str, bytes, list, set, tuple)):
            return value
        if self.meaning == "truth" and isinstance(value, bool):
            value = 1 if value else 2
        elif self.meaning == "enum" and isinstance(value, str):
            value = self.labels[value]
        elif self.meaning == "bits" and not isinstance(value, bytes):
            value = self.octets(value)
        if self.base == "OCTET STRING":
            return v2c.OctetString(value.encode() if isinstance(value, str) else value)
        return {"INTEGER": v2c.Integer32, "UNSIGNED": v2c.Unsigned32, "COUNTER32": v2c.Counter32}[self.base](value)


class Mib:
    """The table, by name and in OID order."""

    def __init__(self):
        program = BUILD / "tests" / "system" / "mib_table"
        assert program.exists(), f"{program} is not there: build all of {BUILD}"
        table = json.loads(subprocess.run([program], capture_output=True, check=True, text=True).stdout)
        self.root = tuple(table["root"])
        self.objects = [Object(entry) for entry in table["objects"]]
        self.named = {entry.name: entry for entry in self.objects}
        self.by_oid = {entry.oid: entry for entry in self.objects if entry.readable}
        self.notifications = {entry["name"]: tuple(entry["oid"]) for entry in table["notifications"]}

    def __getitem__(self, name):
        return self.named[name]

    @property
    def writable(self):
        return [entry for entry in self.objects if entry.writable]

    @property
    def settings(self):
        """What comes from the factory with a value that managers change."""
        return [entry for entry in self.scalars if entry.writable and entry.defval is not None]

    def at(self, name):
        """The object that an instance is one of; None if there is none that can be read."""
        return next((self.by_oid[name[:end]] for end in range(len(name) - 1, 0, -1) if name[:end] in self.by_oid), None)

    @property
    def scalars(self):
        return [entry for entry in self.objects if entry.kind == "scalar" and entry.readable]


MIB = Mib()
