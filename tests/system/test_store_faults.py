# SPDX-License-Identifier: Apache-2.0
"""The settings store under real faults: every system call of a commit fails once, fails for good, or is the last one.

After each: the store loads, every acknowledged commit is there, no refused one is, the next commit works, and nothing
is left over. DEVSEC_BUILD names the build folder under test (default: build/release).
"""

import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("DEVSEC_BUILD", ROOT / "build" / "release")).resolve()
FIRST, SECOND, LATER = 2001, 2002, 2003
ERRORS = ("ENOSPC", "EIO", "EROFS", "EMFILE")
STATUS_OK = 1
CLOCK_TICK = 0.025  # seconds; more than the longest tick that file times have

# Calls that can fail with such errors on a file system.
FALLIBLE = {
    "openat", "read", "write", "fsync", "fdatasync", "rename", "renameat", "renameat2", "link", "linkat", "unlink",
    "unlinkat", "mkdir", "mkdirat", "fchmod", "ftruncate", "newfstatat", "fstat", "flock", "getdents64",
}  # fmt: skip
CALL = re.compile(r"^(?:\d+ +)?([a-z_0-9]+)\((.*)$")


@pytest.fixture(scope="module")
def writer():
    program = BUILD / "tests" / "system" / "store_faults" / "store_writer"
    assert program.exists(), f"{program} is not built"
    assert shutil.which("strace"), "strace is not installed; scripts/bootstrap does that"
    return program


def environment():
    # LeakSanitizer traces its own process, which strace is doing already.
    return dict(os.environ, ASAN_OPTIONS="detect_leaks=0")


def run(command):
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)


def words(output):
    return [tuple(line.split()) for line in output.splitlines() if line]


@pytest.fixture(scope="module")
def template(writer, tmp_path_factory):
    """A store with three generations, port 2000 in force."""
    directory = tmp_path_factory.mktemp("template") / "store"
    directory.mkdir(mode=0o700)
    result = run([writer, directory, "commit", "1999", "2000"])
    assert result.returncode == 0, result.stderr
    assert words(result.stdout)[-1] == ("done", "3", "2000")
    return directory


def fresh(template, folder, *parts):
    """A copy of the store, old enough that its times alone tell whether it changed: every run makes the same calls."""
    directory = folder / "-".join(map(str, parts))
    shutil.copytree(template, directory)
    time.sleep(CLOCK_TICK)
    return directory


def calls_of(writer, template, folder, mode):
    """The calls between "begin" and "done": (name, which one of that name since the start, its arguments)."""
    directory = fresh(template, folder, "count", mode)
    trace = folder / f"count-{mode}.trace"
    result = run(["strace", "-o", trace, writer, directory, mode, str(FIRST)])
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


def inject(writer, directory, mode, name, fault, ports):
    trace = directory.with_suffix(".trace")
    traced = ["-e", f"trace={name},write", "-e", f"inject={name}:{fault}"]
    result = run(["strace", "-o", trace, *traced, writer, directory, mode, *map(str, ports)])
    lines = trace.read_text().splitlines()
    begin = next((i for i, line in enumerate(lines) if '"begin' in line), None)
    assert begin is not None, f"the fault came before the commit: {result.stderr}"
    if "error=" in fault:
        assert not any("INJECTED" in line for line in lines[:begin]), "the fault came before the commit"
        assert any("INJECTED" in line for line in lines), "the fault did not come"
    return result


def check(writer, directory, allowed):
    """Loads the store in a new process; it must be one of the allowed states, and then work."""
    result = run([writer, directory, "check"])
    assert result.returncode == 0, result.stderr
    (word, generation, port, status), = words(result.stdout)
    assert word == "current"
    assert (int(generation), int(port)) in allowed, f"found {generation} {port}, expected one of {allowed}"
    assert int(status) == STATUS_OK, result.stderr
    result = run([writer, directory, "commit", str(LATER)])
    after = str(int(generation) + 1)
    assert words(result.stdout)[1:] == [("ack", after, str(LATER)), ("done", after, str(LATER))], result.stderr
    assert sorted(p.name for p in directory.iterdir()) == ["generations", "lock", "settings.yaml"]
    kept = sorted(p.name for p in (directory / "generations").iterdir())
    assert all(re.fullmatch(r"\d{10}\.yaml", name) for name in kept), kept
    assert kept[-1] == f"{int(after):010}.yaml"


def promised(output):
    """The last state that the writer vouched for."""
    state = (3, 2000)
    for word, generation, port in words(output):
        if word in ("ack", "undone", "stands", "done"):
            state = (int(generation), int(port))
    return state


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


def fallible(calls):
    return [c for c in calls if c[0] in FALLIBLE and not c[2].startswith(("1, ", "2, ")) and "/etc/" not in c[2]]


def test_each_call_fails_once(writer, template, tmp_path):
    calls = fallible(calls_of(writer, template, tmp_path, "commit"))

    def work(name, number, error):
        directory = fresh(template, tmp_path, "once", name, number, error)
        result = inject(writer, directory, "commit", name, f"error={error}:when={number}", (FIRST, SECOND))
        assert result.returncode == 0, result.stderr
        said = words(result.stdout)
        answers = [line for line in said if line[0] in ("ack", "refused")]
        assert len(answers) == 2, said
        base = 4
        if answers[0][0] == "refused":
            assert answers[0] == ("refused", "3", str(FIRST)), said
            assert ("done", "3", "2000") in said, said
            base = 3  # or the refused one was taken for somebody else's
        assert answers[1] == ("ack", str(base + 1), str(SECOND)), f"{said} {result.stderr}"
        check(writer, directory, [promised(result.stdout)])

    each([(name, number, error) for name, number, _ in calls for error in ERRORS], work)


def test_each_call_fails_for_good(writer, template, tmp_path):
    """From one call on all of its kind fail, also those that would repair what the first failure left."""
    calls = [c for c in fallible(calls_of(writer, template, tmp_path, "commit"))
             if c[0] in ("fsync", "unlinkat") or c[0].startswith(("rename", "open"))]  # fmt: skip

    def work(name, number):
        directory = fresh(template, tmp_path, "forever", name, number)
        result = inject(writer, directory, "commit", name, f"error=EIO:when={number}+", (FIRST, SECOND))
        assert result.returncode == 0, result.stderr
        check(writer, directory, [promised(result.stdout)])

    each([(name, number) for name, number, _ in calls], work)


def test_killed_at_each_call(writer, template, tmp_path):
    calls = calls_of(writer, template, tmp_path, "commit")

    def work(name, number):
        directory = fresh(template, tmp_path, "killed", name, number)
        result = inject(writer, directory, "commit", name, f"signal=KILL:when={number}", (FIRST,))
        said = words(result.stdout)
        assert not any(line[0] == "done" for line in said), f"not killed: {said}"
        state = promised(result.stdout)
        # What was not answered yet may have happened or not, but as a whole.
        check(writer, directory, [state] if state != (3, 2000) else [state, (4, FIRST)])

    each([(name, number) for name, number, _ in calls], work)


def test_undo_survives_faults(writer, template, tmp_path):
    calls = calls_of(writer, template, tmp_path, "undo")
    half = next(i for i, (name, _, arguments) in enumerate(calls) if arguments.startswith('1, "ack'))
    undo = calls[half + 1 :]

    def fail(name, number, error):
        directory = fresh(template, tmp_path, "undo", name, number, error)
        result = inject(writer, directory, "undo", name, f"error={error}:when={number}", (FIRST,))
        said = words(result.stdout)
        assert said[2] in (("undone", "3", "2000"), ("stands", "4", str(FIRST))), said
        check(writer, directory, [promised(result.stdout)])

    def kill(name, number):
        directory = fresh(template, tmp_path, "undo-killed", name, number)
        result = inject(writer, directory, "undo", name, f"signal=KILL:when={number}", (FIRST,))
        undone = any(line[0] == "undone" for line in words(result.stdout))
        check(writer, directory, [(3, 2000)] if undone else [(3, 2000), (4, FIRST)])

    each([(name, number, error) for name, number, _ in fallible(undo) for error in ("ENOSPC", "EIO")], fail)
    each([(name, number) for name, number, _ in undo], kill)
