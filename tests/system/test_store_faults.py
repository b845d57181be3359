# SPDX-License-Identifier: Apache-2.0
"""The settings store under real faults: every system call of a commit fails once, fails for good, or is the last one.

After each: the store loads, every acknowledged commit is there, no refused one is, the next commit works, and nothing
is left over. DEVSEC_BUILD names the build folder under test (default: build/release).
"""

import re

import pytest
from system_calls import built, calls_of, each, fallible, fresh, inject, run, words

FIRST, SECOND, LATER = 2001, 2002, 2003
ERRORS = ("ENOSPC", "EIO", "EROFS", "EMFILE")
STATUS_OK = 1


@pytest.fixture(scope="module")
def writer():
    return built("store_faults", "store_writer")


@pytest.fixture(scope="module")
def template(writer, tmp_path_factory):
    """A store with three generations, port 2000 in force."""
    directory = tmp_path_factory.mktemp("template") / "store"
    directory.mkdir(mode=0o700)
    result = run([writer, directory, "commit", "1999", "2000"])
    assert result.returncode == 0, result.stderr
    assert words(result.stdout)[-1] == ("done", "3", "2000")
    return directory


def calls(writer, template, folder, mode):
    directory = fresh(template, folder, "count", mode)
    return calls_of([writer, directory, mode, str(FIRST)], folder / f"count-{mode}.trace")


def break_it(writer, directory, mode, name, fault, ports):
    return inject([writer, directory, mode, *map(str, ports)], directory.with_suffix(".trace"), name, fault)


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


def test_each_call_fails_once(writer, template, tmp_path):
    possible = fallible(calls(writer, template, tmp_path, "commit"))

    def work(name, number, error):
        directory = fresh(template, tmp_path, "once", name, number, error)
        result = break_it(writer, directory, "commit", name, f"error={error}:when={number}", (FIRST, SECOND))
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

    each([(name, number, error) for name, number, _ in possible for error in ERRORS], work)


def test_each_call_fails_for_good(writer, template, tmp_path):
    """From one call on all of its kind fail, also those that would repair what the first failure left."""
    possible = [c for c in fallible(calls(writer, template, tmp_path, "commit"))
                if c[0] in ("fsync", "unlinkat") or c[0].startswith(("rename", "open"))]  # fmt: skip

    def work(name, number):
        directory = fresh(template, tmp_path, "forever", name, number)
        result = break_it(writer, directory, "commit", name, f"error=EIO:when={number}+", (FIRST, SECOND))
        assert result.returncode == 0, result.stderr
        check(writer, directory, [promised(result.stdout)])

    each([(name, number) for name, number, _ in possible], work)


def test_killed_at_each_call(writer, template, tmp_path):
    made = calls(writer, template, tmp_path, "commit")

    def work(name, number):
        directory = fresh(template, tmp_path, "killed", name, number)
        result = break_it(writer, directory, "commit", name, f"signal=KILL:when={number}", (FIRST,))
        said = words(result.stdout)
        assert not any(line[0] == "done" for line in said), f"not killed: {said}"
        state = promised(result.stdout)
        # What was not answered yet may have happened or not, but as a whole.
        check(writer, directory, [state] if state != (3, 2000) else [state, (4, FIRST)])

    each([(name, number) for name, number, _ in made], work)


def test_undo_survives_faults(writer, template, tmp_path):
    made = calls(writer, template, tmp_path, "undo")
    half = next(i for i, (name, _, arguments) in enumerate(made) if arguments.startswith('1, "ack'))
    undo = made[half + 1 :]

    def fail(name, number, error):
        directory = fresh(template, tmp_path, "undo", name, number, error)
        result = break_it(writer, directory, "undo", name, f"error={error}:when={number}", (FIRST,))
        said = words(result.stdout)
        assert said[2] in (("undone", "3", "2000"), ("stands", "4", str(FIRST))), said
        check(writer, directory, [promised(result.stdout)])

    def kill(name, number):
        directory = fresh(template, tmp_path, "undo-killed", name, number)
        result = break_it(writer, directory, "undo", name, f"signal=KILL:when={number}", (FIRST,))
        undone = any(line[0] == "undone" for line in words(result.stdout))
        check(writer, directory, [(3, 2000)] if undone else [(3, 2000), (4, FIRST)])

    each([(name, number, error) for name, number, _ in fallible(undo) for error in ("ENOSPC", "EIO")], fail)
    each([(name, number) for name, number, _ in undo], kill)
