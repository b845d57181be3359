# SPDX-License-Identifier: Apache-2.0
"""Fixtures for the system tests: private instances made by scripts/sandbox, and net-snmp's tools to speak to them.

DEVSEC_BUILD names the build folder under test (default: build/release, which scripts/sandbox then builds).
"""
import os
import re
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SANDBOX = ROOT / "scripts" / "sandbox"
TOOL_SECONDS = 60


@dataclass
class Result:
    """What a command said."""

    stdout: str
    stderr: str
    returncode: int

    @property
    def text(self):
        return self.stdout + self.stderr


def run(command, env=None, timeout=TOOL_SECONDS, stdin=None):
    """Runs a command to its end, with nothing on its standard input unless `stdin` is a text."""
    done = subprocess.run(
        [str(word) for word in command],
        env=env,
        timeout=timeout,
        input=stdin if stdin is not None else "",
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return Result(done.stdout, done.stderr, done.returncode)


class Sandbox:
    """One instance: started and stopped by scripts/sandbox, spoken to by net-snmp's tools and devsecctl."""

    def __init__(self, folder):
        self.dir = Path(folder)
        self.env = {}

    def command(self, name, *arguments, timeout=300):
        return run([SANDBOX, name, self.dir, *arguments], timeout=timeout)

    def start(self, *arguments):
        """Starts the instance; fails the test with what the script said if that does not work."""
        done = self.command("start", *arguments)
        assert done.returncode == 0, f"sandbox start failed:\n{done.text}"
        self.refresh()
        return self

    def refresh(self):
        """Reads `sandbox env` as a shell does: by eval."""
        script = f'eval "$({shlex.quote(str(SANDBOX))} env {shlex.quote(str(self.dir))})" && env -0'
        done = run(["bash", "-euc", script])
        assert done.returncode == 0, f"sandbox env failed:\n{done.text}"
        self.env = dict(item.split("=", 1) for item in done.stdout.split("\0") if item)

    def stop(self):
        """Stops the instance. What it warns about (a server that had to be killed) fails the test."""
        done = self.command("stop")
        assert done.returncode == 0 and not done.stderr, f"sandbox stop failed:\n{done.text}"

    def restart(self, server):
        done = self.command("restart", server)
        assert done.returncode == 0, f"sandbox restart failed:\n{done.text}"
        self.refresh()

    def kill(self, server, number=signal.SIGKILL):
        """Sends a signal to snmpd or devsecd; after SIGKILL waits until the process is gone."""
        pid = self.pid(server)
        os.kill(pid, number)
        while number == signal.SIGKILL and running(pid):
            time.sleep(0.01)

    def pid(self, server):
        return int(self.env[f"{server.upper()}_PID"])

    @property
    def target(self):
        return self.env["SNMP_TARGET"]

    @property
    def settings(self):
        """The settings document's text."""
        return (self.dir / "store" / "settings.yaml").read_text(encoding="utf-8")

    def log(self, server):
        return (self.dir / "log" / f"{server}.log").read_text(encoding="utf-8", errors="replace")

    def snmp(self, tool, *arguments, user="admin", options=None, timeout=TOOL_SECONDS):
        """Runs a tool of net-snmp's: snmp("snmpget", "-Oqv", oid).

        Without `options` as `user` (admin, or monitor, who only reads) with authPriv; `options` (a list) replaces the
        version and security options whole. Two tries of two seconds.
        """
        if options is None:
            options = [word if word != "admin" else user for word in shlex.split(self.env["SNMP_ARGS"])]
        env = {**self.env, "SNMPCONFPATH": str(self.dir / "client" / user)}
        return run([tool, *options, "-t", "2", "-r", "1", *flags_of(arguments), self.target, *rest_of(arguments)],
                   env=env, timeout=timeout)

    def get(self, *oids, **keywords):
        return self.snmp("snmpget", *oids, **keywords)

    def set(self, *words, **keywords):
        """set(oid, type, value, oid, type, value, ...): one PDU."""
        return self.snmp("snmpset", *words, **keywords)

    def walk(self, oid="DEVICE-SECURITY-MIB::devsecMIB", **keywords):
        return self.snmp("snmpwalk", oid, **keywords)

    def value(self, name):
        """One object's value as net-snmp prints it, without its type; fails the test if there is none."""
        done = self.snmp("snmpget", "-Oqvt", f"DEVICE-SECURITY-MIB::{name}")
        assert done.returncode == 0 and "No Such" not in done.stdout, done.text
        return done.stdout.strip()

    def ctl(self, *arguments, **keywords):
        """devsecctl on this instance's store."""
        return run([*shlex.split(self.env["DEVSECCTL"]), *arguments], env=self.env, **keywords)

    def sanitizer_reports(self):
        """Everything that AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer reported and that is ours."""
        reports = {path.name: ours(path.read_text(errors="replace")) for path in (self.dir / "log").glob("sanitizer.*")}
        return "\n".join(f"{name}:\n{reports[name]}" for name in sorted(reports) if reports[name])


# libsnmp 5.9.3 (snmpUnixDomain.c, netsnmp_unix_recv) loses one struct sockaddr_un (110 octets) when recvfrom fails, as
# it does with ECONNRESET when snmpd is killed. Only that: allocated by libsnmp itself, and of just that size.
LIBRARY_LEAK = re.compile(
    r"Direct leak of (\d+) byte\(s\) in (\d+) object\(s\) allocated from:\n"
    r" +#0 [^\n]* in \S*[cm]alloc [^\n]*\n +#1 [^\n]*/libnetsnmp\.so[^\n]*\n(?: +#[^\n]*\n)*\n?")


def ours(report):
    """A sanitizer's report without the leak that is the library's; nothing if nothing else was reported."""
    def drop(leak):
        return "" if int(leak[1]) == 110 * int(leak[2]) else leak[0]

    rest = LIBRARY_LEAK.sub(drop, report)
    if rest != report and "leak of" not in rest and rest.count("ERROR: ") == 1:
        return ""
    return rest


def flags_of(arguments):
    """The leading option words, each with dash and value in one word (-Oqv, -Cr25)."""
    count = 0
    while count < len(arguments) and str(arguments[count]).startswith("-"):
        count += 1
    return arguments[:count]


def rest_of(arguments):
    return arguments[len(flags_of(arguments)):]


def running(pid):
    """Whether the process exists and is not merely waiting to be reaped."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(") ")[2][:1] not in ("Z", "X")


def wait_until(condition, seconds=20):
    """Waits until `condition()` holds and returns what it returned; fails the test if it never does."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.05)


def factory(folder_factory):
    """A function that starts instances, and what ends them all again."""
    made = []

    def make(*arguments, folder=None):
        """Starts an instance with options of `scripts/sandbox start`, in a new folder unless one is given."""
        sandbox = Sandbox(folder if folder is not None else folder_factory.mktemp("sandbox"))
        made.append(sandbox)
        return sandbox.start(*arguments)

    def end():
        faults = []
        for sandbox in made:
            done = sandbox.command("stop") if sandbox.dir.exists() else Result("", "", 0)
            if done.returncode != 0 or done.stderr:
                faults.append(f"{sandbox.dir}: stop: {done.text}")
            if sandbox.sanitizer_reports():
                faults.append(f"{sandbox.dir}: {sandbox.sanitizer_reports()}")
        assert not faults, "\n".join(faults)

    return make, end


@pytest.fixture
def make_sandbox(tmp_path_factory):
    """make_sandbox(*options, folder=None): instances that end with the test."""
    make, end = factory(tmp_path_factory)
    yield make
    end()


@pytest.fixture
def sandbox(make_sandbox):
    """An instance of the test's own."""
    return make_sandbox()


@pytest.fixture(scope="module")
def make_module_sandbox(tmp_path_factory):
    """As make_sandbox; the instances end with the module's last test."""
    make, end = factory(tmp_path_factory)
    yield make
    end()


@pytest.fixture(scope="module")
def module_sandbox(make_module_sandbox):
    """One instance that the module's tests share."""
    return make_module_sandbox()


@pytest.fixture(scope="module")
def shared(module_sandbox):
    """The module's instance as a manager sees it: SNMP beside what is on disk."""
    from device import Device  # here, because device.py imports this file

    device = Device(module_sandbox)
    yield device
    device.client.close()
