# SPDX-License-Identifier: Apache-2.0
"""A device's keys as a manager with raw PDUs sees them, and what lies on disk beside that, judged with openssl."""
import hashlib
import os
import re
import ssl
from dataclasses import dataclass

import yaml
from authority import openssl
from conftest import wait_until
from device import Device
from mib_objects import MIB

P256 = {"KeyType": "ecdsa", "KeyCurve": "p256"}
SEGMENT = 1024
CREATE_AND_GO, DESTROY = 4, 6  # RFC 2579, RowStatus
FILES = {"key": ".key", "request": ".csr", "certificate": ".pem"}  # columns of a key in the settings
SHOWN = ("devsecCertStatus", "devsecCertName", "devsecCertFingerprint")


@dataclass(frozen=True)
class Job:
    """A row of devsecJobTable."""

    status: str
    cause: str
    message: str
    slot: int


def column(name, *index):
    return MIB[name].oid + index


class KeyDevice(Device):
    """Device, with devsecJobTable, devsecUploadTable and devsecCertTable."""

    def upload(self, number, text):
        """What a job is to read."""
        for part, at in enumerate(range(0, len(text), SEGMENT), start=1):
            answer = self.client.set(
                (column("devsecUploadData", number, part), MIB["devsecUploadData"].wire(text[at:at + SEGMENT])),
                (column("devsecUploadRowStatus", number, part), MIB["devsecUploadRowStatus"].wire(CREATE_AND_GO)))
            assert answer.status == "noError", (answer, self.text("devsecLastSetError"))

    def start(self, number, operation, **columns):
        """One SET that starts a job; returns the Answer."""
        row = {"Operation": operation, **columns, "RowStatus": CREATE_AND_GO}
        return self.client.set(*[(column(f"devsecJob{name}", number), MIB[f"devsecJob{name}"].wire(value))
                                 for name, value in row.items()])

    def job(self, number):
        """The row, None if there is none."""
        names = ("Status", "Cause", "Message", "Slot")
        answer = self.client.get(*[column(f"devsecJob{name}", number) for name in names])
        assert answer.status == "noError", answer
        values = [value.plain for value in answer.values]
        if values[0] is None:
            return None
        words = [next(label for label, known in MIB[f"devsecJob{name}"].labels.items() if known == value)
                 for name, value in zip(names[:2], values)]
        return Job(*words, values[2].decode(), values[3])

    def wait_job(self, number):
        """How it ended; None if there is no such job."""
        found = []
        wait_until(lambda: found.append(self.job(number)) or not found[-1] or
                   found[-1].status in ("succeeded", "failed"))
        return found[-1]

    def run(self, number, operation, upload="", **columns):
        """A job from its creation to its end; the row of an earlier one goes."""
        if self.job(number):
            self.destroy(number)
        self.upload(number, upload)
        answer = self.start(number, operation, **columns)
        assert answer.status == "noError", (answer, self.text("devsecLastSetError"))
        return self.wait_job(number)

    def good(self, number, operation, upload="", **columns):
        """A job that has to succeed; returns the slot that it worked on."""
        job = self.run(number, operation, upload, **columns)
        assert (job.status, job.cause) == ("succeeded", "none"), job
        return job.slot

    def destroy(self, number):
        answer = self.client.set((column("devsecJobRowStatus", number), MIB["devsecJobRowStatus"].wire(DESTROY)))
        assert answer.status == "noError", answer

    def export(self, slot, kind):
        """A text of devsecPemTable: kind 1 is a request, 2 a certificate, 3 a chain."""
        root = column("devsecPemData", slot, kind)
        found = self.client.walk(root, lambda name: self.client.get_bulk(0, 10, name))
        return b"".join(value.plain for _, value in found).decode("ascii")

    def certs(self, name):
        """A column of devsecCertTable, {slot: value}."""
        root = MIB[name].oid
        return {at[-1]: value.plain for at, value in self.client.walk(
            root, lambda name: self.client.get_bulk(0, 10, name))}

    def keys(self):
        """What every slot holds: {slot: (status, name, fingerprint)}."""
        status, names, prints = (self.certs(name) for name in SHOWN)
        words = {number: label for label, number in MIB["devsecCertStatus"].labels.items()}
        # RFC 5246: a fingerprint is the number of the hash, then the digest.
        return {slot: (words[status[slot]], names[slot].decode(), prints[slot][1:].hex()) for slot in status}

    def use(self, number=1):
        """The slot of the key that tls(1), or another one, uses."""
        return self.client.get(column("devsecUsageSlot", number, 1)).values[0].plain


# ---- on disk ----

def rows(box):
    """The keys of the settings."""
    return yaml.safe_load(box.settings).get("keys") or []


def material(box):
    return box.dir / "store" / "material"


def missing(box):
    """Files that the settings refer to and that are not there, or are not what their names say."""
    found = []
    for row in rows(box):
        for name, suffix in FILES.items():
            path = material(box) / (row.get(name, "") + suffix)
            if row.get(name) and not (
                    path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == row[name]):
                found.append(f"slot {row['slot']}: {path.name}")
    return found


def left_over(box):
    """Private keys that nothing refers to, and files that were not finished."""
    wanted = {row["key"] + ".key" for row in rows(box)} | {"lock"}
    return [name for name in os.listdir(material(box))
            if ".new-" in name or name.endswith(".key") and name not in wanted]


def public_key(path, *words):
    return openssl(*words, "-in", path, "-noout", "-pubkey")


def assert_match(box):
    """Every certificate and request of the settings is of the private key beside it, and nobody else's."""
    assert not missing(box)
    keys = set()
    for row in rows(box):
        text = (material(box) / (row["key"] + ".key")).read_text(encoding="ascii")
        key = re.match(r"-----BEGIN PUBLIC KEY-----\n.*?-----END PUBLIC KEY-----\n", text, re.S)[0]
        assert key not in keys, f"slot {row['slot']} has a key that another slot has, too"
        keys.add(key)
        for name, words in (("certificate", ["x509"]), ("request", ["req"])):
            if row.get(name):
                assert public_key(material(box) / (row[name] + FILES[name]), *words) == key, (row["slot"], name)


def assert_listed(box, count):
    """devsecctl opens every key and finds nothing damaged."""
    done = box.ctl("cert", "list", "-o", "yaml")
    assert done.returncode == 0 and not done.stderr, done.text
    listed = yaml.safe_load(done.stdout) or []
    assert [row["status"] for row in listed] == ["installed"] * count, done.text
    assert not [row for row in listed if "trouble" in row], done.text


def fingerprint(pem):
    end = "-----END CERTIFICATE-----"
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.partition(end)[0] + end)).hexdigest()


def applied(box):
    """The fingerprint of the certificate that TLS servers are to present; empty if there is none."""
    text = (box.dir / "applied" / "tls-certificate.pem").read_text(encoding="ascii")
    found = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", text, re.S)
    return fingerprint(found[0]) if found else ""
