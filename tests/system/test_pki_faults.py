# SPDX-License-Identifier: Apache-2.0
"""Jobs on keys of a devsecd that is killed, or whose disk fails, at each system call: before or after, never between.

Every round has a device as it was before, copied from one that a good job was watched on. What is watched is made to
happen again, and one call of it is the last one, or fails.
"""
import os
import queue
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from authority import Authority
from conftest import wait_until
from daemon import Daemon, Faults
from key_device import P256, KeyDevice, applied, assert_match, fingerprint, left_over, missing, rows
from mib_objects import SANITIZED

# The sanitizers add nothing to a process that is killed: a part of the calls will do there.
STEP = 4 if SANITIZED else 1
LANES = 6  # devices that work side by side: most of a round is waiting
JOB = 4711
CALL = re.compile(r"^(?:(\d+) +)?(\w+)\((.*)$")
WRITING = "openat,write,fsync,renameat,unlinkat,fchmod,flock,mkdirat,close"
UNFINISHED = re.compile(r"\.(tmp|new-\w+)>|/lock>")  # what is closed after it was written, or locked
OTHERS = re.compile(r'/log/|/applied/\.lock>|/applied>, "\.lock"')  # what every look at the settings does, too
TLS, REQUESTED, DELETED, MADE = 1, 2, 3, 4  # slots
SENTENCES = {"ENOSPC": "No space left on device", "EIO": "Input/output error", "EROFS": "Read-only file system"}


@dataclass(frozen=True)
class Call:
    """One system call of a job: whose it is (devsecd's main thread's, or a worker's), and which of that name. What the
    main thread opens is counted by its name: how often it looks at the settings depends on the clock."""

    main: bool
    name: str
    path: str
    number: int
    words: str

    def __str__(self):
        return f"{'main' if self.main else 'worker'} {self.name} {self.number} ({self.words[:140]})"


class Lane:
    """A device that can be what it was again, with a devsecd that may die."""

    def __init__(self, sandbox, template=None, before=None):
        self.box = sandbox
        self.device = KeyDevice(sandbox)
        self.daemon = Daemon(sandbox)
        self.template = template
        self.before = before

    def start(self):
        self.daemon.start()
        self.device.wait_served()

    def kill(self):
        if self.daemon.process and self.daemon.process.poll() is None:
            self.daemon.kill()

    def fault(self, call, what):
        """To be entered: from then on this happens at that call."""
        return Faults(self.box, f"{call.name}:{what}", paths=[call.path] if call.path else False,
                      threads=self.threads(call.main))

    def prepare(self, task):
        """The template's store and device key, and a devsecd whose worker thread has looked at its certificates and
        that has what the task is to read."""
        self.kill()
        shutil.rmtree(self.box.dir / "store")
        shutil.copytree(self.template / "store", self.box.dir / "store")
        shutil.copy2(self.template / "device.key", self.box.dir / "device.key")
        self.start()
        wait_until(lambda: self.device.certs("devsecCertVerify").get(TLS) == 3)  # selfSigned
        self.device.upload(JOB, task.upload)

    def threads(self, main):
        pid = self.daemon.process.pid
        return [pid] if main else [int(name) for name in os.listdir(f"/proc/{pid}/task") if name != str(pid)]

    def picture(self):
        return self.device.keys(), self.device.use()

    def settle(self):
        """Until nothing is left that nothing refers to, and TLS servers have what they are to present."""
        wait_until(lambda: not left_over(self.box))
        keys, use = self.picture()
        wait_until(lambda: applied(self.box) == keys[use][2])
        assert not missing(self.box)

    def end(self):
        status = self.daemon.end()
        self.device.client.close()
        return status


@dataclass
class Task:
    """A job, and what the device's picture is after it."""

    name: str
    operation: str
    columns: dict
    upload: str = ""

    def start(self, device):
        """Only the SET that starts it; what it is to read has to be there."""
        return device.start(JOB, self.operation, **self.columns)

    def run(self, device):
        return device.run(JOB, self.operation, self.upload, **self.columns)

    def after(self, before, found):
        """The picture that there has to be; the fingerprint of a new certificate is as it was found."""
        keys, use = dict(before[0]), before[1]
        if self.name == "install":
            keys[REQUESTED] = ("installed", keys[REQUESTED][1], fingerprint(self.upload))
        elif self.name == "delete":
            del keys[DELETED]
        else:
            new = found[0].get(MADE, ("", "", ""))[2]
            assert new not in {known[2] for known in keys.values()}
            keys[MADE], use = ("installed", f"Key {MADE}", new), MADE
        return keys, use


@pytest.fixture(name="tasks", scope="module")
def fixture_tasks(make_module_sandbox, tmp_path_factory):
    """The jobs, and a template of the device that they are started on: (tasks, folder, picture)."""
    authority = Authority(tmp_path_factory.mktemp("authority") / "ca")
    lane = Lane(make_module_sandbox())
    lane.start()
    device = lane.device
    assert device.good(1, "createSelfSigned", CommonName="tls.example", Usage="tls", **P256) == TLS
    assert device.good(2, "createRequest", CommonName="requested.example", **P256) == REQUESTED
    assert device.good(3, "createSelfSigned", CommonName="deleted.example", **P256) == DELETED
    issued = authority.issue(device.export(REQUESTED, 1))
    for number in (1, 2, 3):
        device.destroy(number)
    lane.settle()
    before = lane.picture()
    assert lane.end() == 0
    folder = tmp_path_factory.mktemp("template")
    shutil.copytree(lane.box.dir / "store", folder / "store")
    shutil.copy2(lane.box.dir / "device.key", folder / "device.key")
    found = [
        Task("install", "installCertificate", {}, upload=issued + authority.intermediate),
        Task("delete", "deleteKey", {"Slot": DELETED}),
        Task("create", "createSelfSigned", {"CommonName": "made.example", "Usage": "tls", **P256}),
    ]
    return {task.name: task for task in found}, folder, before


@pytest.fixture(name="lanes", scope="module")
def fixture_lanes(tasks, make_module_sandbox):
    made = [Lane(make_module_sandbox(), *tasks[1:]) for _ in range(LANES)]
    yield made
    assert [lane.end() for lane in made] == [0] * LANES


def calls_of(lane, task):
    """The calls of a good job, from its SET to the removal of what is not needed any more, that change a file."""
    lane.prepare(task)
    seen, found = {}, []
    with Faults(lane.box, trace=WRITING, paths=False, pid=lane.daemon.process.pid) as trace:
        assert task.start(lane.device).status == "noError"
        wait_until(lambda: "finished" in lane.box.settings and not left_over(lane.box))
        lane.device.settle()
    for line in trace.log.read_text(encoding="utf-8").splitlines():
        match = CALL.match(line)
        if not match:
            continue
        thread, name, words = match.groups()
        main = int(thread) == lane.daemon.process.pid
        path = re.search(r'"(.*?)"', words)[1] if main and name == "openat" else ""
        seen[thread, name, path] = seen.get((thread, name, path), 0) + 1
        if (f"{lane.box.dir}/" in words and not OTHERS.search(words) and (name != "openat" or "O_CREAT" in words) and
                (name != "close" or UNFINISHED.search(words))):
            found.append(Call(main, name, path, seen[thread, name, path], words))
    assert task.after(lane.before, lane.picture()) == lane.picture()
    return found


def show(case):
    return " ".join(map(str, case)) if isinstance(case, tuple) else str(case)


def each(lanes, calls, work):
    """Runs work(lane, call) for all calls, side by side; reports all that fail; returns what they returned."""
    free = queue.SimpleQueue()
    for lane in lanes:
        free.put(lane)
    failures = []

    def guarded(call):
        lane = free.get()
        try:
            return work(lane, call)
        except AssertionError as error:
            failures.append(f"{show(call)}: {error}\n{lane.box.log('devsecd')[-600:]}")
            return None
        finally:
            free.put(lane)

    with ThreadPoolExecutor(max_workers=len(lanes)) as pool:
        results = list(pool.map(guarded, calls))
    assert not failures, "\n".join(failures)
    return results


# ---- the end of the process ----

def look_after_the_end(lane, task):
    """Before or after, and the job's row says which; what was not done can be done."""
    lane.start()
    job = lane.device.wait_job(JOB)
    found = lane.picture()
    assert lane.device.label("devsecStoreStatus") == "ok", lane.device.text("devsecStoreStatusText")
    assert not missing(lane.box)
    assert lane.device.walk()
    if job and job.status == "succeeded":
        assert found == task.after(lane.before, found)
    else:
        assert job is None or (job.status, job.cause) == ("failed", "interrupted") and "start it again" in job.message
        assert found == lane.before
        done = task.run(lane.device)
        assert (done.status, done.cause) == ("succeeded", "none"), done
        found = lane.picture()
        assert found == task.after(lane.before, found)
    lane.settle()
    done = lane.box.ctl("check")
    assert done.returncode == 0, done.text
    return job.status if job else "not there"


def kill_at(lane, task, call):
    """Kills devsecd at the call; says what became of the job, or that the call did not come."""
    lane.prepare(task)
    with lane.fault(call, f"signal=KILL:when={call.number}"):
        task.start(lane.device)
        try:
            wait_until(lambda: lane.daemon.process.poll() is not None, 3)
        except AssertionError:
            return "not killed"
    return look_after_the_end(lane, task)


@pytest.mark.parametrize("name", ["install", "delete", "create"])
def test_killed_at_each_call_of_a_job(tasks, lanes, name):
    task = tasks[0][name]
    calls = calls_of(lanes[0], task)
    assert {call.name for call in calls} == set(WRITING.split(","))
    calls = calls[::STEP]
    results = each(lanes, calls, lambda lane, call: kill_at(lane, task, call))
    # What is read besides is not the same every time, so that a few calls may be missed.
    assert results.count("not killed") <= len(calls) // 10, list(zip(map(str, calls), results))
    assert {"failed", "succeeded"} <= set(results), results
    assert STEP > 1 or "not there" in results, results


# ---- a disk that fails ----

def faulty_calls(calls):
    """Those that write a job's files and its result. What comes before its row is there is the SET's, and fails that;
    what comes after the result are copies."""
    renamed = [at for at, call in enumerate(calls) if call.name == "renameat" and '"settings.yaml")' in call.words]
    assert len(renamed) == 2, list(map(str, calls))
    begin = max(at for at, call in enumerate(calls[:renamed[1]]) if call.path == "lock")
    return [call for at, call in enumerate(calls)
            if call.name in ("openat", "write", "fsync", "renameat") and
            (not call.main or begin <= at <= renamed[1] + 1)]


def fail_at(lane, task, call, error, for_good):
    """The job fails, and says why, at once, and on disk once that can be written; the next one does not."""
    lane.prepare(task)
    with lane.fault(call, f"error={error}:when={call.number}{'+' if for_good else ''}") as faults:
        answer = task.start(lane.device)
        assert answer.status == "noError", (answer, lane.device.text("devsecLastSetError"))
        wait_until(lambda: faults.happened)
        job = lane.device.wait_job(JOB)
        assert (job.status, job.cause) == ("failed", "storeFailed"), job
        assert SENTENCES[error] in job.message, job
        assert lane.picture() == lane.before
        if for_good:
            status = "readOnly" if error == "EROFS" else "failed"
            assert lane.device.label("devsecStoreStatus") == status
            assert SENTENCES[error] in lane.device.text("devsecStoreStatusText")
            assert lane.device.walk()
    wait_until(lambda: "cause: storeFailed" in lane.box.settings)
    assert lane.device.job(JOB) == job
    assert lane.device.label("devsecStoreStatus") == "ok", lane.device.text("devsecStoreStatusText")
    assert lane.picture() == lane.before
    assert not missing(lane.box)
    done = task.run(lane.device)
    assert (done.status, done.cause) == ("succeeded", "none"), done
    found = lane.picture()
    assert found == task.after(lane.before, found)
    lane.settle()


@pytest.mark.parametrize("name", ["install", "delete", "create"])
@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for-good"])
def test_a_disk_that_fails_at_a_call_of_a_job(tasks, lanes, name, for_good):
    task = tasks[0][name]
    calls = [call for call in faulty_calls(calls_of(lanes[0], task))
             if not for_good or call.main and call.name != "openat"][::STEP]
    # Each call fails with one of the errors, and each error comes again and again.
    errors = list(SENTENCES)
    cases = [(call, errors[(at + len(name)) % len(errors)]) for at, call in enumerate(calls)]
    each(lanes, cases, lambda lane, case: fail_at(lane, task, *case, for_good))
