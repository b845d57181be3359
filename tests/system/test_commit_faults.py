# SPDX-License-Identifier: Apache-2.0
"""A running devsecd whose disk fails: commitFailed, what was there before stays, and the next SET works."""
import fcntl
import re
import threading

import pytest
from conftest import wait_until
from daemon import Daemon, Faults
from device import Device
from pysnmp.proto.api import v2c

BEFORE = [("devsecSmtpPort", 2500), ("devsecSmtpHost", "before.example"), ("devsecTlsPermitMode", "ciphertextPriority")]
AFTER = [("devsecSmtpPort", 2600), ("devsecSmtpHost", "after.example"), ("devsecTlsPermitMode", "ciphertextOnly")]

FULL, BROKEN, READ_ONLY = "No space left on device", "Input/output error", "Read-only file system"
FAILED, REFUSED = ("failed", "critical"), ("readOnly", "warning")  # devsecStoreStatus, devsecHealth

# What fails, as strace says it; what is said of it; what state that is
FAULTS = [
    ("write:error=ENOSPC", f"cannot write settings.yaml.tmp: {FULL}", FAILED),
    ("write:error=EIO", f"cannot write settings.yaml.tmp: {BROKEN}", FAILED),
    ("write:error=EROFS", f"cannot write settings.yaml.tmp: {READ_ONLY}", REFUSED),
    ("fsync:error=ENOSPC", f"cannot sync settings.yaml.tmp to disk: {FULL}", FAILED),
    ("fsync:error=EIO", f"cannot sync settings.yaml.tmp to disk: {BROKEN}", FAILED),
    ("fsync:error=EROFS", f"cannot sync settings.yaml.tmp to disk: {READ_ONLY}", REFUSED),
    ("renameat:error=ENOSPC", f"cannot rename settings.yaml.tmp to settings.yaml: {FULL}", FAILED),
    ("renameat:error=EIO", f"cannot rename settings.yaml.tmp to settings.yaml: {BROKEN}", FAILED),
    ("renameat:error=EROFS", f"cannot rename settings.yaml.tmp to settings.yaml: {READ_ONLY}", REFUSED),
    ("renameat:error=EACCES", "cannot rename settings.yaml.tmp to settings.yaml: Permission denied", REFUSED),
    ("openat:error=EROFS", READ_ONLY, REFUSED),
    ("openat:error=EMFILE", "Too many open files", FAILED),
    ("openat:error=ENOSPC:when=2+", FULL, FAILED),
    ("openat:error=EROFS:when=3+", READ_ONLY, REFUSED),
    ("unlinkat:error=EROFS", READ_ONLY, REFUSED),
    ("fsync:error=EIO:when=2", f"cannot sync the directory of settings.yaml to disk: {BROKEN}", FAILED),
    ("fsync:error=EIO:when=2+", f"cannot sync the directory of settings.yaml to disk: {BROKEN}", FAILED),
]


@pytest.fixture
def device(shared):
    shared.accept(*BEFORE)
    # The copy of this generation is written after the answer; what it does must not be counted as part of the next SET.
    copy = shared.sandbox.dir / "store" / "generations" / f"{shared.generation:010}.yaml"
    wait_until(copy.exists)
    shared.settle()
    assert (shared.label("devsecStoreStatus"), shared.text("devsecStoreStatusText")) == ("ok", "")
    assert shared.label("devsecHealth") != "critical"
    return shared


@pytest.mark.parametrize("injection, said, state", FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_failing_disk_changes_nothing(device, injection, said, state):
    before = device.picture()
    with Faults(device.sandbox, injection) as faults:
        for _ in range(2 if "when" not in injection else 1):
            device.refuse("commitFailed", 1, *AFTER)
        assert faults.happened
    assert said in device.text("devsecLastSetError")
    assert said in device.text("devsecStoreStatusText")
    assert (device.label("devsecStoreStatus"), device.label("devsecHealth")) == state
    assert said in device.text("devsecHealthText")
    assert device.picture() == before
    device.accept(*AFTER)
    assert device.stored["smtp.host"] == "after.example" and device.number("devsecSmtpPort") == 2600
    assert (device.label("devsecStoreStatus"), device.text("devsecStoreStatusText")) == ("ok", "")
    assert device.label("devsecHealth") in ("ok", "warning")
    assert said not in device.text("devsecHealthText")


@pytest.mark.parametrize("injection", ["fsync:error=EIO", "fsync:error=EIO:when=2+", "renameat:error=EIO"])
def test_what_was_refused_is_not_there_after_a_restart_either(device, injection):
    before = device.picture()[1]
    with Faults(device.sandbox, injection):
        device.refuse("commitFailed", 1, *AFTER)
        device.sandbox.kill("devsecd")
    device.sandbox.restart("devsecd")
    assert device.sandbox.settings.encode() == before
    assert device.read("devsecSmtpPort", "devsecSmtpHost") == [2500, b"before.example"]
    assert device.label("devsecStoreStatus") == "ok"
    device.accept(*AFTER)


def test_a_fault_and_bad_values_do_not_mix(device):
    """While nothing can be written, what is wrong is refused for that, and a SET that changes nothing is fine."""
    with Faults(device.sandbox, "write:error=ENOSPC"):
        device.refuse("commitFailed", 1, *AFTER)
        device.refuse("wrongValue", 4, *AFTER, ("devsecSmtpPort", 0))
        device.accept(*BEFORE)
        assert device.label("devsecStoreStatus") == "failed"
        serial = device.number("devsecSetSerialNo")
        device.refuse("commitFailed", 1, *AFTER, ("devsecSetSerialNo", serial))
    device.accept(*AFTER, ("devsecSetSerialNo", serial))


def test_the_answer_leaves_after_everything_is_synced(device):
    with Faults(device.sandbox, paths=False, trace="fsync,fdatasync,renameat,rename,renameat2,sendto,sendmsg") as trace:
        device.accept(*AFTER)
    calls = re.findall(r"^\d+ +(\w+)\(", trace.log.read_text(encoding="utf-8"), re.MULTILINE)
    steps = ["send" if call.startswith("send") else call for call in calls]
    # TestSet's answer, the commit, CommitSet's answer; what CleanupSet does comes behind
    assert steps[:5] == ["send", "fsync", "renameat", "fsync", "send"], steps


# ---- the writers' lock ----

def hold_lock(device):
    lock = open(device.sandbox.dir / "store" / "lock", "r+b")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def test_a_writer_that_keeps_the_lock(device):
    health = device.label("devsecHealth")
    with hold_lock(device):
        device.refuse("commitFailed", 1, *AFTER)
        assert "another process has been writing to" in device.text("devsecLastSetError")
        assert device.label("devsecStoreStatus") == "ok"  # the store is well, only taken
        assert device.label("devsecHealth") == health
    device.accept(*AFTER)


def test_a_writer_that_is_done_in_time(device):
    lock = hold_lock(device)
    threading.Timer(0.05, lock.close).start()
    device.accept(*AFTER)
    assert device.stored["smtp.port"] == "2600"


# ---- UndoSet ----

PASS = """#!/bin/sh
case "$1" in
-s) echo wrong-value ;;
-g) printf '%s\\ninteger\\n1\\n' "$2" ;;
esac
"""


def test_a_commit_that_cannot_be_undone(make_sandbox, tmp_path):
    program, extra = tmp_path / "pass.sh", tmp_path / "pass.conf"
    program.write_text(PASS)
    program.chmod(0o755)
    extra.write_text(f"pass .1.3.6.1.4.1.32474.1 {program}\n")
    device = Device(make_sandbox("--snmpd-conf", extra))
    device.accept(*BEFORE)
    copy = device.sandbox.dir / "store" / "generations" / f"{device.generation:010}.yaml"
    wait_until(copy.exists)
    device.settle()
    before = device.generation
    with Faults(device.sandbox, "fsync:error=EIO:when=3+"):
        answer = device.set(*AFTER, ((1, 3, 6, 1, 4, 1, 32474, 1, 0), v2c.Integer32(2)))
        assert answer.status == "undoFailed", answer
    # What is served is what is on disk, and it is said that it should not be.
    assert device.number("devsecSmtpPort") == int(device.stored["smtp.port"]) == 2600
    assert device.generation == int(device.stored["generation"]) == before + 1
    assert device.label("devsecStoreStatus") == "failed"
    assert BROKEN in device.text("devsecLastSetError")
    device.accept(*BEFORE)
    assert device.label("devsecStoreStatus") == "ok"


# ---- the end of the process at each call of a commit ----

@pytest.mark.parametrize("call", [
    "openat:when=1", "openat:when=2", "openat:when=3", "unlinkat:when=1", "fchmod:when=1", "write:when=1",
    "fsync:when=1", "renameat:when=1", "fsync:when=2",
])
def test_killed_at_each_call_of_a_commit(shared_daemon, call):
    device, daemon = shared_daemon
    name, _, when = call.partition(":")
    daemon.start()
    device.wait_served()
    device.accept(*BEFORE)
    device.settle()
    with Faults(device.sandbox, f"{name}:signal=KILL:{when}", pid=daemon.process.pid):
        answer = device.set(*AFTER)
        assert answer.status != "noError", answer
        wait_until(lambda: daemon.process.poll() is not None)
    daemon.start()
    device.wait_served()
    values = device.read("devsecSmtpPort", "devsecSmtpHost")
    assert values in ([2500, b"before.example"], [2600, b"after.example"])
    assert device.stored["smtp.port"] == str(values[0])
    assert device.label("devsecStoreStatus") == "ok", device.text("devsecStoreStatusText")
    assert device.walk()
    device.accept(*AFTER)
    device.accept(*BEFORE)
    assert daemon.end() == 0


@pytest.fixture(scope="module")
def shared_daemon(make_module_sandbox):
    sandbox = make_module_sandbox()
    device, daemon = Device(sandbox), Daemon(sandbox)
    yield device, daemon
    daemon.end()
    device.client.close()
