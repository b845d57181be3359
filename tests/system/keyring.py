# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates of a device as a manager with net-snmp's tools sees them: jobs, uploads, texts in segments."""
import itertools
from dataclasses import dataclass

from conftest import wait_until

MODULE = "DEVICE-SECURITY-MIB::"
TYPES = {"Operation": "i", "Slot": "u", "KeyType": "i", "KeyBits": "u", "KeyCurve": "i", "Hash": "i", "Usage": "i",
         "UsageInstance": "u", "NotBefore": "x", "NotAfter": "x"}  # all others are texts
SEGMENT = 1024
KINDS = {"request": 1, "certificate": 2, "chain": 3}
JOB_SECONDS = 60


@dataclass
class Outcome:
    """What became of a job."""

    status: str
    cause: str
    message: str
    slot: int


class Keyring:
    """devsecJobTable, devsecUploadTable, devsecPemTable of one sandbox."""

    indexes = itertools.count(1000)

    def __init__(self, sandbox):
        self.sandbox = sandbox

    def value(self, name):
        """As net-snmp prints it, without quotes."""
        return self.sandbox.value(name).strip('"')

    @staticmethod
    def words(index, columns):
        """The words of snmpset for the columns of a job's row."""
        words = []
        for name, value in columns.items():
            words += [f"{MODULE}devsecJob{name}.{index}", TYPES.get(name, "s"), str(value)]
        return words

    def start(self, operation, upload=None, **columns):
        """Starts a job, with what it is to read; returns its index."""
        index = next(self.indexes)
        if upload is not None:
            self.upload(index, upload)
        done = self.sandbox.set(*self.words(index, {"Operation": operation, **columns}),
                                f"{MODULE}devsecJobRowStatus.{index}", "i", "createAndGo")
        assert done.returncode == 0, (done.text, self.value("devsecLastSetError.0"))
        return index

    def upload(self, index, content, size=SEGMENT):
        octets = content.encode("ascii") if isinstance(content, str) else content
        for number, at in enumerate(range(0, len(octets), size), start=1):
            done = self.sandbox.set(
                f"{MODULE}devsecUploadData.{index}.{number}", "x", octets[at:at + size].hex(),
                f"{MODULE}devsecUploadRowStatus.{index}.{number}", "i", "createAndGo")
            assert done.returncode == 0, (done.text, self.value("devsecLastSetError.0"))

    def outcome(self, index):
        return Outcome(self.value(f"devsecJobStatus.{index}"), self.value(f"devsecJobCause.{index}"),
                       self.value(f"devsecJobMessage.{index}"), int(self.value(f"devsecJobSlot.{index}")))

    def wait(self, index, seconds=JOB_SECONDS):
        wait_until(lambda: self.value(f"devsecJobStatus.{index}") in ("succeeded", "failed"), seconds)
        return self.outcome(index)

    def run(self, operation, upload=None, **columns):
        """A job from its creation to its end."""
        return self.wait(self.start(operation, upload, **columns))

    def good(self, operation, upload=None, **columns):
        """A job that has to succeed; returns the slot that it worked on."""
        outcome = self.run(operation, upload, **columns)
        assert (outcome.status, outcome.cause) == ("succeeded", "none"), outcome
        return outcome.slot

    def bad(self, cause, operation, upload=None, **columns):
        """A job that has to fail just so; returns its sentence."""
        outcome = self.run(operation, upload, **columns)
        assert (outcome.status, outcome.cause) == ("failed", cause), outcome
        assert outcome.message
        return outcome.message

    def export(self, slot, kind):
        """A whole text of devsecPemTable, put together from a walk."""
        done = self.sandbox.walk(f"{MODULE}devsecPemData.{slot}.{KINDS[kind]}", options=None)
        assert done.returncode == 0, done.text
        done = self.sandbox.snmp("snmpwalk", "-Oqvx", f"{MODULE}devsecPemData.{slot}.{KINDS[kind]}")
        return bytes.fromhex("".join(done.stdout.replace('"', "").split())).decode("ascii")

    def slots(self):
        """The slots that have a key."""
        done = self.sandbox.snmp("snmpwalk", "-Oqn", f"{MODULE}devsecCertStatus")
        return [int(line.split()[0].rpartition(".")[2]) for line in done.stdout.splitlines() if "No Such" not in line]

    def column(self, name, slot):
        return self.value(f"devsecCert{name}.{slot}")
