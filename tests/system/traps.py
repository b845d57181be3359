# SPDX-License-Identifier: Apache-2.0
"""A notification receiver: net-snmp's snmptrapd, which takes nothing below SNMPv3 authPriv."""
import os
import re
import socket
import subprocess
from pathlib import Path

from conftest import wait_until
from mib_objects import MIB

ENGINE_ID = "0x80001f8804" + b"devsec-traps".hex()
USER, AUTH, PRIV = "trapper", "authentication-of-traps", "privacy-of-traps"
TRAP_OID = (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)


def oid_of(text):
    return tuple(int(arc) for arc in text.strip(".").split("."))


class Trap:
    """A notification: its name and the values of its objects, numbers as such and texts as octets."""

    def __init__(self, text):
        binds = dict(bind.split(" = ", 1) for bind in text.split("|"))
        self.binds = {oid_of(name): self.plain(text.strip()) for name, text in binds.items()}
        kind = oid_of(self.binds.get(TRAP_OID, "0.0"))
        self.name = next((name for name, oid in MIB.notifications.items() if oid == kind), ".".join(map(str, kind)))

    @staticmethod
    def plain(text):
        if re.fullmatch(r'"(?:[0-9A-F]{2} )*"', text):
            return bytes.fromhex(text.strip('"'))
        return int(text) if re.fullmatch(r"-?\d+", text) else text

    def __getitem__(self, name):
        return self.binds[MIB[name].instance]

    @property
    def groups(self):
        octets = self["devsecNotifyChangedGroups"]
        return {label for label, bit in MIB["devsecNotifyChangedGroups"].labels.items()
                if octets[bit // 8] & 0x80 >> bit % 8}

    def __repr__(self):
        return f"{self.name} {self.binds}"


class Receiver:
    """snmptrapd on a free port of loopback; `snmpd_conf` is what an agent needs to send to it."""

    def __init__(self, folder, informs=False):
        self.folder = Path(folder)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = self.folder / "traps"
        # A trap comes under the engine ID of its sender, an inform under that of its receiver (RFC 3414, 1.5.1).
        whose = "" if informs else f"-e {ENGINE_ID} "
        config = self.folder / "snmptrapd.conf"
        config.write_text(f'createUser {whose}{USER} SHA-256 "{AUTH}" AES "{PRIV}"\nauthUser log {USER} authPriv\n')
        self.snmpd_conf = self.folder / "trapsess.conf"
        kind = "-Ci" if informs else f"-e {ENGINE_ID}"
        self.snmpd_conf.write_text(
            f"exactEngineID {ENGINE_ID}\nrocommunity public\n"
            f"trapsess {kind} -v3 -u {USER} -l authPriv -a SHA-256 -A {AUTH} -x AES -X {PRIV} 127.0.0.1:{self.port}\n")
        env = {"PATH": os.environ["PATH"], "MIBS": "", "SNMPCONFPATH": str(self.folder),
               "SNMP_PERSISTENT_DIR": str(self.folder / "persistent")}
        command = ["snmptrapd", "-f", "-C", "-c", config, "-Lf", self.log, "-On", "-OQ", "-Ox", "-F", "%V|%v#\n",
                   f"udp:127.0.0.1:{self.port}"]
        with open(self.folder / "snmptrapd.err", "wb") as errors:
            self.process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        local = f"0100007F:{self.port:04X} "
        wait_until(lambda: local in Path("/proc/net/udp").read_text(encoding="utf-8"))

    def end(self):
        self.process.terminate()
        self.process.wait(30)

    def all(self, name=None):
        """The devsec notifications received so far, of one kind or of all."""
        if not self.log.exists():
            return []
        # snmptrapd's own words stand in the log too, long values are broken into lines, the last may not be all there.
        found = re.findall(r"^(\.1\.3\.6\.1\.[^#]*)#$", self.log.read_text(encoding="utf-8", errors="replace"),
                           re.MULTILINE)
        traps = [Trap(text.replace("\n", "")) for text in found]
        return [trap for trap in traps if trap.name in MIB.notifications and name in (None, trap.name)]

    def wait_for(self, count, name):
        """Waits for the notifications of one kind to be `count`, and returns them."""
        return wait_until(lambda: len(self.all(name)) >= count and self.all(name))
