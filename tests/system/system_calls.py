# SPDX-License-Identifier: Apache-2.0
"""Programs run under strace, which makes one of their system calls fail, or kills them at it."""
import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("DEVSEC_BUILD", ROOT / "build" / "release")).resolve()
CLOCK_TICK = 0.025  # seconds; more than the longest tick that file times have

# Calls that can fail with such errors on a file system.
FALLIBLE = {
    "openat", "read", "write", "fsync", "fdatasync", "rename", "renameat", "renameat2", "link", "linkat", "unlink",
    "unlinkat", "mkdir", "mkdirat", "fchmod", "ftruncate", "newfstatat", "fstat", "flock", "getdents64",
}  # fmt: skip
CALL = re.compile(r"^(?:\d+ +)?([a-z_0-9]+)\((.*)$")


def built(folder, name):
    """A program of the tests, and strace."""
    program = BUILD / "tests" / "system" / folder / name
    assert program.exists(), f"{program} is not built"
    assert shutil.which("strace"), "strace is not installed; scripts/bootstrap does that"
    return program


def run(command):
    # LeakSanitizer traces its own process, which strace is doing already.
    environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def words(output):
    return [tuple(line.split()) for line in output.splitlines() if line]


def fresh(template, folder, *parts):
    """A copy of the store, old enough that its times alone tell whether it changed: every run makes the same calls."""
    directory = folder / "-".join(map(str, parts))
    shutil.copytree(template, directory)
    time.sleep(CLOCK_TICK)
    return directory


def calls_of(command, trace):
    """The calls between "begin" and "done": (name, which one of that name since the start, its arguments)."""
    result = run(["strace", "-o", trace, *command])
    assert result.returncode == 0, result.stderr
    seen, found, inside = {}, [], False
    for line in trace.read_text().splitlines():
        match = CALL.match(line)
        if not match:
            continue
        name, arguments = match.groups()
        seen[name] = seen.get(name, 0) + 1
        if arguments.startswith('1, "begin'):
            inside = True
        elif arguments.startswith('1, "done'):
            break
        elif inside:
            found.append((name, seen[name], arguments))
    names = [name for name, _, _ in found]
    assert names.count("fsync") >= 2 and any(name.startswith("rename") for name in names), names
    return found


def fallible(calls):
    return [c for c in calls if c[0] in FALLIBLE and not c[2].startswith(("1, ", "2, ")) and "/etc/" not in c[2]]


def inject(command, trace, name, fault):
    """Runs it with a fault at calls of this name, which must not come before "begin"."""
    traced = ["-e", f"trace={name},write", "-e", f"inject={name}:{fault}"]
    result = run(["strace", "-o", trace, *traced, *command])
    lines = trace.read_text().splitlines()
    begin = next((i for i, line in enumerate(lines) if '"begin' in line), None)
    assert begin is not None, f"the fault came before the commit: {result.stderr}"
    if "error=" in fault:
        assert not any("INJECTED" in line for line in lines[:begin]), "the fault came before the commit"
        assert any("INJECTED" in line for line in lines), "the fault did not come"
    return result


def each(cases, work):
    """Runs every case, in two threads, and reports all that fail."""
    failures = []

    def guarded(case):
        try:
            work(*case)
        except AssertionError as error:
            failures.append(f"{' '.join(map(str, case))}: {error}")

    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(guarded, cases))
    assert not failures, "\n".join(failures)
