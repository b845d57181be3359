# SPDX-License-Identifier: Apache-2.0
"""devsecd as a child of the test, and system calls of a running one made to fail."""
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from conftest import running, wait_until
from mib_objects import BUILD

END_SECONDS = 30


class Daemon:
    """A devsecd of the test's own, under the configuration of a sandbox and in the place of the sandbox's own."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.process = None
        if sandbox.env["DEVSECD_PID"] and running(sandbox.pid("devsecd")):
            os.kill(sandbox.pid("devsecd"), signal.SIGTERM)
            wait_until(lambda: not running(sandbox.pid("devsecd")))

    def start(self, *arguments, environment=None):
        """Starts it without waiting for more than the process; its words go to the sandbox's log."""
        environment = {
            **(environment or {}),
            "PATH": os.environ["PATH"], "MIBS": "",
            "ASAN_OPTIONS": f"detect_leaks=1:log_path={self.sandbox.dir}/log/sanitizer.devsecd",
            "UBSAN_OPTIONS": f"print_stacktrace=1:log_path={self.sandbox.dir}/log/sanitizer.devsecd",
        }
        with open(self.sandbox.dir / "log" / "devsecd.log", "ab") as log:
            self.process = subprocess.Popen(
                [BUILD / "subagent" / "devsecd", "-f", "-c", self.sandbox.dir / "devsecd.yaml", *arguments],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait(END_SECONDS)

    def end(self):
        """Asks it to end and returns its exit status; None where it does not run."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(END_SECONDS)
            return "killed, as it did not end"


class Faults:
    """with Faults(sandbox, "fsync:error=EIO"): that system call of devsecd's fails where it concerns the store.

    The words are those of strace -e inject. Only calls count that name settings.yaml or its .tmp, or these or the
    directory by a descriptor. With `trace` instead of injections it only watches, and names descriptors;
    with paths=False, wherever it is; with others, there.
    With `threads`, their ids, it has to do with these threads alone; strace counts the calls of each by itself.
    """

    def __init__(self, sandbox, *injections, trace="", paths=True, pid=None, threads=()):
        store = sandbox.dir / "store"
        assert shutil.which("strace"), "strace is not installed; scripts/bootstrap does that"
        self.ids = list(threads) or [pid or sandbox.pid("devsecd")]
        self.log = sandbox.dir / "log" / "strace"
        calls = trace or ",".join(dict.fromkeys(injection.partition(":")[0] for injection in injections))
        self.command = ["strace", "-qq", "-o", self.log, "-e", f"trace={calls}", *([] if threads else ["-f"]),
                        *(["-y"] if trace else [])]
        for number in self.ids:
            self.command += ["-p", str(number)]
        if paths is True:
            names = ("settings.yaml", "settings.yaml.tmp")
            paths = (*names, *[store / name for name in names], store)
        for name in paths or ():
            self.command += ["-P", name]
        for injection in injections:
            self.command += ["-e", f"inject={injection}"]
        self.process = None

    def traced(self):
        """Whether a tracer holds the process, or all of the threads."""
        return all("TracerPid:\t0\n" not in Path(f"/proc/{number}/status").read_text(encoding="utf-8")
                   for number in self.ids)

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + END_SECONDS
        while not self.traced():
            assert self.process.poll() is None, f"strace ended: {self.process.stderr.read()}"
            assert time.monotonic() < deadline, "strace does not attach"
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(END_SECONDS)
        self.process.stderr.close()

    @property
    def happened(self):
        """How many calls were made to fail."""
        return self.log.read_text(encoding="utf-8", errors="replace").count("(INJECTED)")
