# SPDX-License-Identifier: Apache-2.0
"""Keys with two writers, without their device key, with files that were meddled with, and out of old generations."""
import os
import re
import shutil
import threading

import pytest
import yaml
from conftest import wait_until
from key_device import (FILES, P256, KeyDevice, applied, assert_listed, assert_match, left_over, material, rows)

TLS, OTHER, REQUEST = 1, 2, 3  # slots
ROUNDS = 12
FIXED = (9, 10)  # slots that both writers want
STRAY = "f" * 64 + ".key"  # nothing refers to it
IN_THE_WAY = (r"slot \d+ has a key already|slot \d+ was changed by somebody else|"
              r"slot \d+: other work on it is under way|the row with the slot .* somebody else changed it meanwhile")


@pytest.fixture(name="device", scope="module")
def fixture_device(module_sandbox):
    """A device with the key of tls, another, and a request."""
    device = KeyDevice(module_sandbox)
    assert device.good(1, "createSelfSigned", CommonName="tls.example", Usage="tls", **P256) == TLS
    assert device.good(2, "createSelfSigned", CommonName="other.example", **P256) == OTHER
    assert device.good(3, "createRequest", CommonName="request.example", **P256) == REQUEST
    wait_until(lambda: not left_over(module_sandbox))
    yield device
    device.client.close()


@pytest.fixture(name="box")
def fixture_box(device, tmp_path):
    """The device's files, for a test to spoil. Brought back from a backup they make the device what it was."""
    box, before = device.sandbox, device.keys()
    assert [status for status, _, _ in before.values()] == ["installed", "installed", "requesting"]
    shutil.copytree(material(box), tmp_path / "material")
    shutil.copy2(box.dir / "device.key", tmp_path / "device.key")
    yield box
    if material(box).is_symlink():
        material(box).unlink()
    else:
        shutil.rmtree(material(box))
    shutil.copytree(tmp_path / "material", material(box))
    shutil.copy2(tmp_path / "device.key", box.dir / "device.key")
    restart(device)
    assert device.keys() == before
    assert device.label("devsecHealth") != "critical", device.text("devsecHealthText")
    assert_match(box)
    wait_until(lambda: applied(box) == before[TLS][2])
    assert device.good(4, "createSelfSigned", CommonName="new.example", **P256) == 4
    device.good(4, "deleteKey", Slot=4)


def restart(device):
    device.sandbox.restart("devsecd")
    device.wait_served()


def contents(box):
    """The files that the settings refer to."""
    paths = [material(box) / (row[name] + suffix) for row in rows(box) for name, suffix in FILES.items() if name in row]
    return {path.name: path.read_bytes() for path in paths}


def shown(box, slot):
    done = box.ctl("cert", "show", str(slot), "-o", "yaml")
    assert done.returncode == 0, done.text
    return yaml.safe_load(done.stdout)


# ---- two writers ----

class Writer(threading.Thread):
    """Creates and deletes keys, on whatever slot is free and on fixed ones; remembers which are its own."""

    def __init__(self, name):
        super().__init__(name=name)
        self.own = {}  # {slot: common name}
        self.made = 0
        self.refused = 0
        self.failure = None

    def run(self):
        try:
            for turn in range(ROUNDS):
                for slot in (0, *FIXED):
                    common = f"{self.name}-{turn}-{slot}.example"
                    made = self.create(common, slot) if slot not in self.own else None
                    if made:
                        assert made not in self.own and slot in (0, made), (made, slot)
                        self.own[made] = common
                        self.made += 1
                for slot in [slot for slot in self.own if (slot + turn) % 3 and turn < ROUNDS - 1]:
                    self.delete(slot)
                    del self.own[slot]
        except Exception as error:  # the thread's end is not the test's
            self.failure = error


class Manager(Writer):
    """By SNMP."""

    def __init__(self, box):
        super().__init__("snmp")
        self.device = KeyDevice(box)

    def create(self, common, slot):
        job = self.device.run(1, "createSelfSigned", CommonName=common, Slot=slot, **P256)
        if job.status == "succeeded":
            return job.slot
        assert job.cause in ("slotBusy", "slotOccupied") and re.search(IN_THE_WAY, job.message), job
        self.refused += 1
        return None

    def delete(self, slot):
        assert self.device.good(1, "deleteKey", Slot=slot) == slot


class Panel(Writer):
    """By devsecctl."""

    def __init__(self, box):
        super().__init__("panel")
        self.box = box

    def create(self, common, slot):
        done = self.box.ctl("cert", "create", common, *([f"--slot={slot}"] if slot else []))
        if done.returncode == 0:
            return int(re.match(r"self-signed certificate in slot (\d+),", done.stdout)[1])
        assert done.returncode in (1, 3) and re.search(IN_THE_WAY, done.stderr), done.text
        self.refused += 1
        return None

    def delete(self, slot):
        done = self.box.ctl("cert", "delete", str(slot))
        assert done.returncode == 0, done.text


def test_two_writers_on_the_same_slots(sandbox):
    writers = [Manager(sandbox), Panel(sandbox)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.failure for writer in writers] == [None, None]
    manager, panel = writers
    assert not set(manager.own) & set(panel.own)
    assert manager.made > ROUNDS // 2 and panel.made > ROUNDS // 2
    assert manager.refused + panel.refused, "they never were in each other's way"
    expected = {slot: f"CN={common}" for slot, common in (manager.own | panel.own).items()}
    device = manager.device
    subjects = wait_until(lambda: device.certs("devsecCertSubject"))
    assert {slot: subject.decode() for slot, subject in subjects.items()} == expected
    wait_until(lambda: not left_over(sandbox))
    assert {row["slot"] for row in rows(sandbox)} == set(expected)
    assert_match(sandbox)
    assert_listed(sandbox, len(expected))
    device.client.close()


# ---- the device key ----

DEVICE_KEYS = {
    "missing": lambda path: path.unlink(),
    "cut-short": lambda path: path.write_bytes(path.read_bytes()[:7]),
    "writable-by-others": lambda path: path.chmod(0o666),
}


@pytest.mark.parametrize("what", DEVICE_KEYS)
def test_a_device_key_that_cannot_be_used(device, box, what):
    key = box.dir / "device.key"
    before, files = device.keys(), contents(box)
    DEVICE_KEYS[what](key)
    spoilt = key.read_bytes() if key.exists() else None
    (material(box) / STRAY).write_bytes(b"")
    restart(device)
    assert {slot: status for slot, (status, _, _) in device.keys().items()} == dict.fromkeys(before, "damaged")
    assert device.label("devsecHealth") == "critical"
    assert "device key" in device.text("devsecHealthText")
    for slot in before:
        assert "device key" in shown(box, slot)["trouble"]
    job = device.run(4, "createSelfSigned", CommonName="new.example", **P256)
    assert (job.status, job.cause) == ("failed", "deviceKeyUnavailable") and str(key) in job.message, job
    refused = box.ctl("cert", "create", "new.example")
    assert refused.returncode != 0 and str(key) in refused.stderr, refused.text
    wait_until(lambda: not (material(box) / STRAY).exists())  # what is needless goes even so, and only that
    assert contents(box) == files
    assert (key.read_bytes() if key.exists() else None) == spoilt


def test_another_device_key(device, box):
    """It opens none of the keys, which stay for the one that does, and seals no new ones beside them."""
    key = box.dir / "device.key"
    before, files, right = device.keys(), contents(box), key.read_bytes()
    key.write_bytes(os.urandom(len(right)))
    restart(device)
    assert {slot: status for slot, (status, _, _) in device.keys().items()} == dict.fromkeys(before, "damaged")
    assert device.label("devsecHealth") == "critical"
    assert "device key" in device.text("devsecHealthText")
    assert "sealed with another one" in shown(box, TLS)["trouble"]
    job = device.run(4, "createSelfSigned", CommonName="new.example", **P256)
    assert (job.status, job.cause) == ("failed", "deviceKeyUnavailable") and str(key) in job.message, job
    assert contents(box) == files
    key.write_bytes(right)
    restart(device)
    assert device.keys() == before
    assert device.good(5, "createSelfSigned", CommonName="new.example", **P256) == 4
    device.good(6, "deleteKey", Slot=4)


def test_another_device_key_for_good(sandbox):
    """Where the old one is lost: without the keys that it sealed, the new one serves."""
    device = KeyDevice(sandbox)
    assert device.good(1, "createSelfSigned", CommonName="old.example", **P256) == 1
    (sandbox.dir / "device.key").write_bytes(os.urandom(32))
    restart(device)
    assert device.run(2, "createSelfSigned", CommonName="new.example", **P256).cause == "deviceKeyUnavailable"
    device.good(3, "deleteKey", Slot=1)
    assert device.good(4, "createSelfSigned", CommonName="new.example", **P256) == 1
    device.client.close()


# ---- files ----

def path_of(box, slot, kind="key"):
    row = next(row for row in rows(box) if row["slot"] == slot)
    return material(box) / (row[kind] + FILES[kind])


DAMAGES = {
    "cut-short": (lambda box, path: path.write_bytes(path.read_bytes()[:-20]), "its content has the SHA-256"),
    "empty": (lambda box, path: path.write_bytes(b""), "its content has the SHA-256"),
    "swapped": (lambda box, path: path.write_bytes(path_of(
        box, TLS, "key" if path.suffix == ".key" else "certificate").read_bytes()), "its content has the SHA-256"),
    "deleted": (lambda box, path: path.unlink(), "there is no file"),
    "writable-by-others": (lambda box, path: path.chmod(0o666), "mode 0666"),
    "link": (lambda box, path: (path.rename(box.dir / "moved"), path.symlink_to(box.dir / "moved")), "symbolic link"),
    "folder": (lambda box, path: (path.unlink(), path.mkdir()), "not a regular file"),
}


@pytest.mark.parametrize("kind", ["key", "certificate"])
@pytest.mark.parametrize("what", DAMAGES)
def test_a_file_that_was_meddled_with(device, box, what, kind):
    before, path = device.keys(), path_of(box, OTHER, kind)
    spoil, sentence = DAMAGES[what]
    spoil(box, path)
    restart(device)
    found = device.keys()
    assert found.pop(OTHER)[0] == "damaged"
    assert found == {slot: key for slot, key in before.items() if slot != OTHER}
    text = shown(box, OTHER)["trouble"]
    assert sentence in text and path.name[:12] in text, text
    assert (device.label("devsecHealth"), "slot 2" in device.text("devsecHealthText")) == ("critical", True)
    assert "trouble" not in shown(box, TLS)
    assert device.export(TLS, 2).startswith("-----BEGIN CERTIFICATE-----")
    assert device.good(4, "createSelfSigned", CommonName="new.example", **P256) == 4
    device.good(4, "deleteKey", Slot=4)
    assert device.keys()[OTHER][0] == "damaged"


def test_a_folder_that_is_a_link(device, box):
    """What others could have put in its place is not read, nor written to: a running devsecd says so, none starts."""
    before, folder = device.keys(), material(box)
    folder.rename(box.dir / "moved-folder")
    folder.symlink_to(box.dir / "moved-folder")
    job = device.run(4, "createSelfSigned", CommonName="new.example", **P256)
    assert (job.status, job.cause) == ("failed", "storeFailed"), job
    assert f"{folder} is a symbolic link or a file; expected a folder" in job.message
    assert device.keys() == before
    listed = box.ctl("cert", "list")
    assert listed.returncode == 3 and f"{folder} is a symbolic link" in listed.stderr, listed.text
    refused = box.command("restart", "devsecd")
    assert refused.returncode == 1 and f"{folder} is a symbolic link" in refused.stderr, refused.text
    assert {path.name for path in (box.dir / "moved-folder").iterdir()} >= set(contents(box))


# ---- old generations ----

@pytest.mark.parametrize("how", ["devsecctl", "snmp"])
def test_a_generation_with_a_key_that_was_deleted(device, box, how):
    before = device.keys()
    assert device.good(4, "createSelfSigned", CommonName="gone.example", **P256) == 4
    name = path_of(box, 4)
    device.good(5, "deleteKey", Slot=4)
    wait_until(lambda: not name.exists())
    assert device.keys() == before
    kept = sorted((box.dir / "store" / "generations").glob("*.yaml"))
    generation = next(path for path in reversed(kept) if name.stem in path.read_text(encoding="utf-8"))
    done = box.ctl("store", "restore", str(int(generation.stem)))
    assert done.returncode == 0, done.text
    assert done.stdout.startswith("the key in slot 4 added\ngeneration "), done.text
    assert re.search(r'warning: slot 4 \("Key 4"\) is damaged: private key: .*there is no file', done.stderr), done.text
    wait_until(lambda: device.keys().get(4, ("",))[0] == "damaged")
    assert "there is no file" in shown(box, 4)["trouble"] and name.name[:12] in shown(box, 4)["trouble"]
    assert shown(box, 4)["subject"] == "CN=gone.example"
    assert {slot: key for slot, key in device.keys().items() if slot != 4} == before
    if how == "snmp":
        device.good(5, "deleteKey", Slot=4)
    else:
        done = box.ctl("cert", "delete", "4")
        assert done.returncode == 0, done.text
    wait_until(lambda: device.keys() == before)
