# SPDX-License-Identifier: Apache-2.0
"""Installing and deleting keys under real faults: every system call fails once, fails for good, or is the last one.

After each: the settings refer to files that are there, whole; every acknowledged installation and deletion is there, no
refused one is; the next one works, and once that is collected nothing is left over. DEVSEC_BUILD names the build folder
under test (default: build/release).
"""

import hashlib
import re

import pytest
from system_calls import built, calls_of, each, fallible, fresh, inject, run, words

STATUS_OK = 1
KEPT, DELETED, NEW, LATER = 1, 2, 3, 4  # slots
BEFORE = {KEPT, DELETED}
ERRORS = {"write": "ENOSPC", "openat": "EMFILE", "mkdirat": "ENOSPC"}  # of other calls: EIO

# What is done, and which slots have keys afterwards.
MODES = {
    "install": (["install", NEW, "new", "collect"], {KEPT, DELETED, NEW}),
    "delete": (["delete", DELETED, "collect"], {KEPT}),
}


@pytest.fixture(scope="module")
def user():
    return built("material_faults", "material_user")


@pytest.fixture(scope="module")
def template(user, tmp_path_factory):
    """A store with keys in two slots, and a key file that nothing refers to."""
    directory = tmp_path_factory.mktemp("template") / "store"
    directory.mkdir(mode=0o700)
    result = run([user, directory, "install", str(KEPT), "kept", "install", str(DELETED), "deleted", "check"])
    assert result.returncode == 0, result.stderr
    assert slots(words(result.stdout)[4:-1]) == BEFORE
    put(directory, b"key left over", ".key")
    return directory


def put(directory, content, suffix):
    file = directory / "material" / (hashlib.sha256(content).hexdigest() + suffix)
    file.write_bytes(content)
    file.chmod(0o600)


def slots(said):
    """What "check" said: which slots have keys, all of whose files are there."""
    assert said[-1] == ("status", str(STATUS_OK)), said
    assert all(word == "good" for word, _ in said[:-1]), said
    return {int(slot) for _, slot in said[:-1]}


def assert_whole(directory):
    """Nothing but whole files stands under final names, be it referred to or not."""
    for file in (directory / "material").iterdir():
        if re.fullmatch(r"[0-9a-f]{64}\.(key|pem)", file.name):
            assert hashlib.sha256(file.read_bytes()).hexdigest() == file.stem, file.name
        else:
            assert file.name == "lock" or re.fullmatch(r"[0-9a-f]{64}\.(key|pem)\.new-[0-9a-f]{16}", file.name), file


def check(user, directory, allowed):
    """Looks at it in a new process, which then has to work and to clean up."""
    assert_whole(directory)
    result = run([user, directory, "check", "install", str(LATER), "later", "collect", "check"])
    assert result.returncode == 0, result.stderr
    said = words(result.stdout)
    later = said.index(("begin", str(LATER)))
    found = slots(said[:later])
    assert found in allowed, f"found {found}, expected one of {allowed}: {result.stderr}"
    assert said[later + 1 : later + 3] == [("ack", str(LATER)), ("collected", "0")], f"{said} {result.stderr}"
    assert slots(said[later + 3 : -1]) == found | {LATER}
    names = {KEPT: "kept", DELETED: "deleted", NEW: "new", LATER: "later"}
    expected = {hashlib.sha256(f"key {names[slot]}".encode()).hexdigest() for slot in found | {LATER}}
    assert {file.stem for file in (directory / "material").glob("*.key")} == expected
    assert not list((directory / "material").glob("*.new-*"))


def outcome(output, mode):
    """What was vouched for: the slots that have keys; both outcomes where nothing was said."""
    said = [word for word, _ in words(output)]
    if "ack" in said:
        return [MODES[mode][1]]
    return [BEFORE] if "refused" in said else [BEFORE, MODES[mode][1]]


class Work:
    """One piece of work, done again and again on a store of its own."""

    def __init__(self, user, template, folder, mode):
        self.user, self.template, self.folder, self.mode = user, template, folder, mode
        self.calls = calls_of(self.command(fresh(template, folder, "count")), folder / "count.trace")

    def command(self, directory):
        return [self.user, directory, *map(str, MODES[self.mode][0])]

    def broken(self, name, number, fault):
        """Does it with a fault at this call; what was said, after the store was found to be as it should."""
        directory = fresh(self.template, self.folder, name, number)
        result = inject(self.command(directory), directory.with_suffix(".trace"), name, fault)
        check(self.user, directory, outcome(result.stdout, self.mode))
        return result


@pytest.fixture(params=MODES)
def work(user, template, tmp_path, request):
    return Work(user, template, tmp_path, request.param)


def test_each_call_fails_once(work):
    def fail(name, number):
        result = work.broken(name, number, f"error={ERRORS.get(name, 'EIO')}:when={number}")
        assert result.returncode == 0, result.stderr
        said = [word for word, _ in words(result.stdout)]
        assert said[0] == "begin" and said[1] in ("ack", "refused") and said[3] == "done", said
        assert said[2] in ("collected", "put-off", "not-collected"), said
        # Who is refused something is told why.
        assert ("refused" in said or "not-collected" in said) == ("refused: " in result.stderr), result.stderr

    each([(name, number) for name, number, _ in fallible(work.calls)], fail)


def test_each_call_fails_for_good(work):
    def fail(name, number):
        result = work.broken(name, number, f"error=EIO:when={number}+")
        assert result.returncode == 0, result.stderr

    kinds = ("fsync", "unlinkat", "renameat", "openat")
    each([(name, number) for name, number, _ in fallible(work.calls) if name in kinds], fail)


def test_killed_at_each_call(work):
    def kill(name, number):
        result = work.broken(name, number, f"signal=KILL:when={number}")
        assert "done" not in result.stdout, f"not killed: {result.stdout}"

    each([(name, number) for name, number, _ in work.calls], kill)


def steps(user, directory, text):
    """What an installation syncs, and what it gives its name, in order."""
    made = calls_of([user, directory, "install", str(NEW), text], directory.with_suffix(".trace"))
    return [re.search(r"\.(key|pem|yaml)\"\)|$", arguments)[1] or name
            for name, _, arguments in made if name in ("fsync", "renameat")]  # fmt: skip


def test_the_settings_follow_their_files(user, template, tmp_path):
    """What is installed is on disk, with the folder it is in, before the settings that refer to it get their name."""
    settings = ["fsync", "yaml", "fsync"]
    found = steps(user, fresh(template, tmp_path, "new"), "new")
    assert found[:9] == ["fsync", "key", "fsync", "fsync", "pem", "fsync", *settings], found
    # Files that are there already may be another process's, which has not come to that yet.
    found = steps(user, fresh(template, tmp_path, "there"), "kept")
    assert found[:5] == ["fsync", "fsync", *settings], found
