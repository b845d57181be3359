# SPDX-License-Identifier: Apache-2.0
"""Jobs on keys and certificates over the real path, by snmpset and snmpget: made, watched, refused, given up, ended."""
import os
import re

import pytest
from conftest import running, wait_until
from daemon import Daemon

MIB = "DEVICE-SECURITY-MIB::"
ENDLESS = ["devsecJobKeyType", "i", "rsa", "devsecJobKeyBits", "u", "8192"]
THREADS, QUEUE = 2, 16


def varbinds(job, words):
    """["devsecJobHash", "i", "sha384", ...] as snmpset's words for a row."""
    return [f"{MIB}{word}.{job}" if i % 3 == 0 else word for i, word in enumerate(words)]


def set_job(sandbox, job, *words):
    return sandbox.set(*varbinds(job, words))


def create(sandbox, job, *words, go="createAndGo"):
    done = set_job(sandbox, job, "devsecJobOperation", "i", "createSelfSigned", "devsecJobCommonName", "s",
                   f"host-{job}.test", "devsecJobRowStatus", "i", go, *words)
    assert done.returncode == 0, done.text
    return done


def destroy(sandbox, *jobs):
    for job in jobs:
        done = set_job(sandbox, job, "devsecJobRowStatus", "i", "destroy")
        assert done.returncode == 0, done.text


def read(sandbox, job, column):
    return sandbox.value(f"devsecJob{column}.{job}").strip('"')


def status(sandbox, job):
    return read(sandbox, job, "Status")


def wait_done(sandbox, job, seconds=60):
    wait_until(lambda: status(sandbox, job) in ("succeeded", "failed"), seconds)
    return status(sandbox, job), read(sandbox, job, "Cause"), read(sandbox, job, "Message")


def indexes(sandbox, column):
    """The indexes of a table's rows, by a column; a walk of none says so in its own way."""
    found = sandbox.snmp("snmpwalk", "-Oqs", f"{MIB}{column}")
    return {int(index) for index in re.findall(rf"^{column}\.(\d+) ", found.stdout, re.M)}


def rows(sandbox):
    return indexes(sandbox, "devsecJobRowStatus")


def slots(sandbox):
    return indexes(sandbox, "devsecCertName")


def files(sandbox, kind):
    return sorted(path.name for path in (sandbox.dir / "store" / "material").glob(f"*.{kind}"))


def refused(sandbox, done, error, sentence):
    assert done.returncode != 0
    assert f"Reason: {error}" in done.text, done.text
    assert sentence in sandbox.value("devsecLastSetError.0")


@pytest.fixture
def device(module_sandbox):
    """The shared instance without jobs and without the keys of the test before."""
    sandbox = module_sandbox
    destroy(sandbox, *rows(sandbox))
    for slot in slots(sandbox):
        done = set_job(sandbox, slot, "devsecJobOperation", "i", "deleteKey", "devsecJobSlot", "u", slot,
                       "devsecJobRowStatus", "i", "createAndGo")
        assert done.returncode == 0, done.text
        done = wait_done(sandbox, slot)
        assert done[0] == "succeeded", done
    destroy(sandbox, *rows(sandbox))
    assert not slots(sandbox)
    return sandbox


def test_from_create_and_go_to_a_certificate(device):
    create(device, 4711, "devsecJobKeyName", "s", "Web", "devsecJobCountry", "s", "DE")
    assert wait_done(device, 4711)[:2] == ("succeeded", "none")
    assert read(device, 4711, "Slot") == "1"
    assert read(device, 4711, "RowStatus") == "active"
    assert re.match(r"self-signed certificate in slot 1, ECDSA P-256, valid until ", read(device, 4711, "Message"))
    assert device.value("devsecCertName.1").strip('"') == "Web"
    assert device.value("devsecCertStatus.1") == "installed"
    assert "CN=host-4711.test" in device.value("devsecCertSubject.1")
    wait_until(lambda: device.value("devsecCertVerify.1") == "selfSigned")
    assert len(files(device, "key")) == 1


def test_a_row_column_by_column(device):
    steps = [("devsecJobRowStatus", "i", "createAndWait", "notReady"),
             ("devsecJobOperation", "i", "createRequest", "notInService"),
             ("devsecJobCommonName", "s", "host.test", "notInService"),
             ("devsecJobKeyCurve", "i", "p384", "notInService"),
             ("devsecJobHash", "i", "sha384", "notInService"),
             ("devsecJobChallenge", "s", "tell-nobody", "notInService"),
             ("devsecJobRowStatus", "i", "active", "active")]
    for column, kind, value, state in steps:
        done = set_job(device, 1, column, kind, value)
        assert done.returncode == 0, done.text
        assert read(device, 1, "RowStatus") == state, column
    assert wait_done(device, 1)[:2] == ("succeeded", "none")
    assert read(device, 1, "Challenge") == ""
    assert device.value("devsecCertStatus.1") == "requesting"
    assert device.value("devsecCertKeyCurve.1") == "p384"
    everything = [path for path in device.dir.rglob("*") if path.is_file() and path.suffix != ".conf"]
    assert not [path for path in everything if b"tell-nobody" in path.read_bytes()]


def test_a_started_job_is_not_changed(device):
    create(device, 1, *ENDLESS)
    before = device.settings
    refused(device, set_job(device, 1, "devsecJobCommonName", "s", "other.test"), "inconsistentValue",
            "the job is started, and can no longer be changed")
    assert device.settings == before
    destroy(device, 1)


def test_two_jobs_on_one_slot(device):
    create(device, 1, "devsecJobSlot", "u", "5", *ENDLESS)
    before = device.settings
    done = set_job(device, 2, "devsecJobOperation", "i", "createSelfSigned", "devsecJobCommonName", "s", "host.test",
                   "devsecJobRowStatus", "i", "createAndGo", "devsecJobSlot", "u", "5")
    refused(device, done, "inconsistentValue", "job 1 works on slot 5")
    assert device.settings == before
    assert rows(device) == {1}
    destroy(device, 1)


def test_a_full_queue(device):
    for job in range(1, THREADS + QUEUE + 1):
        create(device, job, *ENDLESS)
        if job <= THREADS:
            wait_until(lambda number=job: status(device, number) == "running")
    assert {status(device, job) for job in range(THREADS + 1, THREADS + QUEUE + 1)} == {"pending"}
    before = device.settings
    done = set_job(device, 99, "devsecJobOperation", "i", "createSelfSigned", "devsecJobCommonName", "s", "host.test",
                   "devsecJobRowStatus", "i", "createAndGo")
    refused(device, done, "resourceUnavailable", "jobs wait for their turn already")
    assert device.settings == before
    destroy(device, *range(1, THREADS + QUEUE + 1))


def test_destroyed_while_it_runs(device):
    create(device, 1, *ENDLESS)
    wait_until(lambda: status(device, 1) == "running")
    destroy(device, 1)
    create(device, 2)  # a thread is left for it
    assert wait_done(device, 2)[0] == "succeeded"
    wait_until(lambda: len(files(device, "key")) == 1)
    assert (slots(device), rows(device)) == ({1}, {2})


def served(sandbox):
    """Whether devsecd is registered; snmpget succeeds with "No Such Object", too."""
    done = sandbox.get(f"{MIB}devsecStoreGeneration.0")
    return done.returncode == 0 and "No Such" not in done.stdout


def test_an_end_in_the_midst_of_a_job_is_prompt(sandbox):
    daemon = Daemon(sandbox).start()
    try:
        wait_until(lambda: served(sandbox))
        create(sandbox, 1, *ENDLESS)
        wait_until(lambda: status(sandbox, 1) == "running")
    finally:
        status_at_end = daemon.end()
    assert status_at_end == 0
    assert "does not end" not in sandbox.log("devsecd")


def test_kill_in_the_midst_of_jobs(sandbox):
    daemon = Daemon(sandbox).start()
    try:
        wait_until(lambda: served(sandbox))
        create(sandbox, 1)
        assert wait_done(sandbox, 1)[0] == "succeeded"
        keys = files(sandbox, "key")
        for job in (2, 3, 4):
            create(sandbox, job, *ENDLESS)
        create(sandbox, 5, go="createAndWait")
        wait_until(lambda: status(sandbox, 2) == "running")
        daemon.kill()
        daemon.start()
        wait_until(lambda: served(sandbox))
        for job in (2, 3, 4):
            done = wait_done(sandbox, job)
            assert done[:2] == ("failed", "interrupted"), job
            assert "start it again" in done[2]
        assert (status(sandbox, 5), read(sandbox, 5, "RowStatus")) == ("pending", "notInService")
        assert slots(sandbox) == {1}
        wait_until(lambda: files(sandbox, "key") == keys)
        destroy(sandbox, 2)
        create(sandbox, 2)
        assert wait_done(sandbox, 2)[0] == "succeeded"
        assert set_job(sandbox, 5, "devsecJobRowStatus", "i", "active").returncode == 0
        assert wait_done(sandbox, 5)[0] == "succeeded"
        assert slots(sandbox) == {1, 2, 3}
    finally:
        assert daemon.end() == 0


def test_without_the_device_key(sandbox):
    create(sandbox, 1)
    assert wait_done(sandbox, 1)[0] == "succeeded"
    key = sandbox.dir / "device.key"
    octets, settings = key.read_bytes(), sandbox.settings
    key.unlink()
    sandbox.restart("devsecd")
    create(sandbox, 2)
    done = wait_done(sandbox, 2)
    assert done[:2] == ("failed", "deviceKeyUnavailable")
    assert str(key) in done[2]
    refused(sandbox, set_job(sandbox, 3, "devsecJobRowStatus", "i", "createAndWait", "devsecJobChallenge", "s", "x"),
            "resourceUnavailable", "the challenge cannot be kept")
    assert not key.exists()
    assert re.search(r"  key: \"?[0-9a-f]{64}", settings)[0] in sandbox.settings
    key.write_bytes(octets)
    key.chmod(0o600)
    sandbox.restart("devsecd")
    assert sandbox.value("devsecCertStatus.1") == "installed"
    create(sandbox, 3)
    assert wait_done(sandbox, 3)[0] == "succeeded"


def test_the_threads_step_back_and_leave_nothing(device):
    pid = device.pid("devsecd")
    create(device, 1, *ENDLESS)
    wait_until(lambda: status(device, 1) == "running")
    nice = {tid: os.getpriority(os.PRIO_PROCESS, int(tid)) for tid in os.listdir(f"/proc/{pid}/task")}
    assert nice.pop(str(pid)) == 0
    assert set(nice.values()) == {19}
    destroy(device, 1)
    assert running(pid)
