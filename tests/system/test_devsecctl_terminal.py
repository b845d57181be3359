# SPDX-License-Identifier: Apache-2.0
"""What devsecctl writes to a terminal, a pipe or a full disk; its help, completion and documentation."""
import errno
import os
import pty
import re
import shlex
import shutil
import subprocess

import pytest

from devsecctl_panel import BUILD, COMMANDS, GROUPS, PATHS, PROGRAM, ROOT, SECONDS, kind_of
from devsecctl_panel import fixture_panel  # noqa: F401, used by its name


# ---- output ----


def test_full_disk_and_closed_pipe_are_noticed(panel):
    with open("/dev/full", "wb") as full:
        done = panel("get", stdout=full)
    assert done.status == 3 and "cannot write the output: " + os.strerror(errno.ENOSPC) in done.err
    reader, writer = os.pipe()
    os.close(reader)
    done = panel("get", stdout=writer)
    os.close(writer)
    assert done.status == 3 and "cannot write the output: " + os.strerror(errno.EPIPE) in done.err


def test_closed_streams_are_noticed(panel):
    generation = panel.generation
    before = panel.files()
    command = f"{shlex.quote(str(PROGRAM))} set smtp.host - <&-"
    done = subprocess.run(["bash", "-c", command], env=panel.env, stderr=subprocess.PIPE, timeout=SECONDS, check=False)
    assert done.returncode == 3 and b"cannot read standard input" in done.stderr
    assert panel.files() == before

    command = f"{shlex.quote(str(PROGRAM))} set smtp.port 26 <&- >&- 2>&-"
    assert subprocess.run(["bash", "-c", command], env=panel.env, timeout=SECONDS, check=False).returncode == 3
    assert panel.generation == generation + 1
    assert panel.good("get", "smtp.port") == "26\n"
    assert panel.good("check").splitlines()[-1].startswith("valid, ")


def on_terminal(panel, *words, **env):
    """What a terminal gets to see."""
    master, slave = pty.openpty()
    done = subprocess.run([str(PROGRAM), *words], stdin=slave, stdout=slave, stderr=slave, timeout=SECONDS,
                          env={**panel.env, "TERM": "xterm", **env}, check=False)
    os.close(slave)
    seen = b""
    try:
        while chunk := os.read(master, 65536):
            seen += chunk
    except OSError:
        pass  # the other end is closed
    os.close(master)
    return done.returncode, seen.decode()


def test_colour_on_a_terminal_only(panel):
    assert "\x1b[" in on_terminal(panel, "store", "status")[1]
    assert "\x1b[" in on_terminal(panel, "set", "tls.versions", "tls10,tls12")[1]
    assert "\x1b[" not in on_terminal(panel, "store", "status", NO_COLOR="1")[1]
    assert "\x1b[" not in on_terminal(panel, "set", "tls.versions", "tls10,tls13", NO_COLOR="1")[1]
    assert "\x1b[" not in on_terminal(panel, "store", "status", TERM="dumb")[1]
    assert "\x1b[" not in on_terminal(panel, "get", "-o", "json")[1]
    assert "\x1b" not in panel.good("store", "status", env={"TERM": "xterm"})


def test_posixly_correct_changes_nothing(panel):
    assert panel.good("get", "smtp.port", "-o", "json", env={"POSIXLY_CORRECT": "1"}).startswith("{")


# ---- help, version, completion, documentation ----


def option_names():
    text = subprocess.run([str(PROGRAM), "--help"], stdout=subprocess.PIPE, timeout=SECONDS, check=True).stdout.decode()
    return re.findall(r"^  (-\w), (--\w+)", text, re.M)


def test_help_for_everything(panel):
    text = panel.good("--help")
    assert text == panel.good("help")
    listed = re.findall(r"^  ([a-z]+(?: [a-z-]+)?)(?: [A-Z\[b].*?)?  +[a-z]", text, re.M)
    assert listed == COMMANDS
    for command in COMMANDS:
        own = panel.good(*command.split(), "--help")
        assert own.startswith(f"Usage: devsecctl {command}")
        assert own == panel.good("help", *command.split()) == panel.good("-h", *command.split(), "tls.versions")
    family = panel.good("store", "--help")
    assert all(f"Usage: devsecctl {command}" in family for command in COMMANDS if command.startswith("store "))


def test_version(panel):
    assert re.fullmatch(r"devsecctl \d+\.\d+\.\d+\n", panel.good("--version"))


def test_help_needs_no_configuration(panel, tmp_path):
    panel.env["DEVSEC_CONFIG"] = str(tmp_path / "nowhere.yaml")
    for words in (["--help"], ["--version"], ["help", "set"], ["completion", "bash"]):
        panel.good(*words)


def complete_in_bash(script, *words):
    """What bash would offer for the last word."""
    quoted = " ".join(shlex.quote(word) for word in ("devsecctl", *words))
    program = (f"source {shlex.quote(str(script))}; COMP_WORDS=({quoted}); COMP_CWORD={len(words)}; "
               'COMPREPLY=(); _devsecctl; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-uc", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS,
                          check=False)
    assert not done.stderr, done.stderr
    return [line for line in done.stdout.decode().splitlines() if line]


def complete_in_zsh(script, *words):
    """What zsh would be given for the last word: compadd and _files are stood in for."""
    quoted = " ".join(shlex.quote(word) for word in ("devsecctl", *words))
    program = ("compdef() { }; _files() { print -l -- FILES }; compset() { }; "
               'compadd() { shift; for name; do print -l -- "${(P@)name}"; done }; '
               f"source {shlex.quote(str(script))}; words=({quoted}); CURRENT={len(words) + 1}; _devsecctl")
    done = subprocess.run(["zsh", "-fc", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS,
                          check=False)
    assert not done.stderr, done.stderr
    return [line for line in done.stdout.decode().splitlines() if line]


SHELLS = [
    pytest.param(("bash", complete_in_bash), id="bash"),
    pytest.param(("zsh", complete_in_zsh), id="zsh",
                 marks=pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")),
]


def labels_of(panel, path):
    """The labels that the program itself says it expects."""
    expected = panel.refused("set", path, "nonsense").split("expected ")[1]
    if "true or false" in expected:
        return ["true", "false"]
    return re.sub(r"^(one|a list) of ", "", expected).strip().split(", ")


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_lists_exactly_what_there_is(panel, shell):
    name, complete = shell
    script = panel.dir / "script"
    script.write_text(panel.good("completion", name))
    first_words = list(dict.fromkeys(command.split()[0] for command in COMMANDS))
    options = [word for pair in option_names() for word in pair]
    assert complete(script, "") == first_words
    assert complete(script, "store", "") == ["status", "generations", "restore"]
    assert complete(script, "help", "") == first_words
    assert complete(script, "help", "store", "") == ["status", "generations", "restore"]
    assert complete(script, "completion", "") == ["bash", "zsh"]
    assert complete(script, "get", "") == PATHS + GROUPS
    assert complete(script, "get", "tls", "") == PATHS + GROUPS
    assert complete(script, "-q", "--output", "json", "get", "") == PATHS + GROUPS
    assert complete(script, "set", "") == PATHS
    assert complete(script, "set", "smtp.port", "25", "") == PATHS
    assert complete(script, "get", "-o", "") == ["text", "yaml", "json"]
    assert complete(script, "-") == options
    assert complete(script, "store", "restore", "") == []
    assert complete(script, "admin", "") == ["list", "add", "set-password", "set-role", "remove"]
    password = ["--auth", "--priv", "--engine-id", "--master-keys"]
    new = "--new-device-key"
    assert complete(script, "admin", "add", "-") == options + ["--role", *password, "--no-password", new]
    assert complete(script, "admin", "set-password", "alice", "-") == options + [*password, new]
    assert complete(script, "admin", "remove", "-") == options
    assert complete(script, "admin", "add", "alice", "") == []
    roles = ["networkAdministrator", "machineAdministrator", "userAdministrator", "fileAdministrator"]
    assert complete(script, "admin", "add", "alice", "--role", "") == roles
    assert complete(script, "admin", "set-role", "") == []
    assert complete(script, "admin", "set-role", "alice", "") == roles
    assert complete(script, "admin", "--engine-id", "80", "add", "--role", "x", "-") == options + [
        "--role", *password, "--no-password", new]
    assert complete(script, "admin", "add", "--engine-id", "") == []
    for option in ("--auth", "--priv"):
        refused = panel.refused("admin", "add", "bob", option, "nonsense")
        assert complete(script, "admin", "add", option, "") == refused.split("there are ")[1].strip().split(", ")
    for path in PATHS:
        offered = complete(script, "set", path, "")
        assert offered == (labels_of(panel, path) if kind_of(path) in ("bool", "enum", "bits") else [])


def test_completion_in_bash_narrows(panel):
    script = panel.dir / "script"
    script.write_text(panel.good("completion", "bash"))
    assert complete_in_bash(script, "st") == ["store"]
    assert complete_in_bash(script, "get", "smtp.") == ["smtp.host", "smtp.port", "smtp.secure"]
    assert complete_in_bash(script, "set", "tls.versions", "tls12,tls") == [
        "tls12,tls10", "tls12,tls11", "tls12,tls12", "tls12,tls13"]
    assert complete_in_bash(script, "get", "--output", "=", "j") == ["json"]
    assert complete_in_bash(script, "get", "--output", "=") == ["text", "yaml", "json"]
    assert complete_in_bash(script, "check", str(panel.dir / "prof")) == [str(panel.dir / "profile.yaml")]
    assert complete_in_bash(script, "-c", str(panel.dir / "devsec")) == [str(panel.config)]


@pytest.mark.parametrize("shell,file", [("bash", "devsecctl.bash"), ("zsh", "_devsecctl")])
def test_completion_that_is_installed_is_current(panel, shell, file):
    printed = panel.good("completion", shell)
    assert (BUILD / "cli" / "completion" / file).read_text() == printed
    assert not re.search(r"@[A-Z]+@", printed)
    if shell == "zsh":
        assert printed.startswith("#compdef devsecctl\n")


def test_documentation_names_everything(panel):
    text = (ROOT / "docs" / "devsecctl.md").read_text()
    for command in COMMANDS:
        assert re.search(r"^\| `" + command + r"[ `]", text, re.M), command
    for letter, name in option_names():
        assert f"`{letter}" in text and f"`{name}" in text, name
    for family in ("admin", "cert", "trust"):
        for name in re.findall(r"^      (--[a-z-]+)", panel.good("help", family), re.M):
            assert f"`{name}" in text, name
