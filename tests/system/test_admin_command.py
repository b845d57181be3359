# SPDX-License-Identifier: Apache-2.0
"""devsecctl admin by itself: what it refuses, what it asks on a terminal, what it leaves behind when it is killed."""
import json
import os
import pty
import random
import re
import secrets
import select
import signal
import subprocess
import termios
import time

import pytest

from conftest import wait_until
from devsecctl_panel import PROGRAM, SECONDS
from devsecctl_panel import fixture_panel  # noqa: F401, used by its name

ENGINE = "80001f8804aabbccdd"
GOOD = b"authpass-1\nprivpass-2\n"


@pytest.fixture(name="staffed")
def fixture_staffed(panel):
    """A network administrator alice, and carl, who has no password."""
    panel.good("admin", "add", "alice", "--engine-id", ENGINE, stdin=GOOD)
    panel.good("admin", "add", "carl", "--no-password", "--role", "fileAdministrator")
    return panel


def applied(panel):
    return {path.name: (path.read_bytes(), path.stat().st_ino) for path in (panel.dir / "applied").iterdir()}


def keys_of(panel, name):
    """The sealed keys of an administrator, as the document has them."""
    entry = panel.document.read_text().split(f"- name: {name}\n")[1].split("- name:")[0]
    return re.search(r"keys: (\S+)", entry)[1]


# ---- what is refused ----


def test_a_hand_edit_of_protocols_that_do_not_go_together(staffed):
    """Refused at its line like any invalid edit: the values in force stay, and so does the edit for its editor."""
    said = "administrators[1]: auth SHA-1 yields no key long enough for priv AES-256, and implementations stretch it"
    before, listed, good = applied(staffed), staffed.json("admin", "list"), staffed.document.read_text()
    edited = good.replace("auth: SHA-256", "auth: SHA-1").replace("priv: AES-128", "priv: AES-256")
    line = edited[:edited.index("- name: alice")].count("\n") + 1
    staffed.document.write_text(edited)
    done = staffed("check")
    assert done.status == 1 and f"{staffed.document}:{line}:" in done.out and said in done.out, done.out
    listing = staffed("admin", "list", "-o", "json")
    assert json.loads(listing.out) == listed and said in listing.err
    assert staffed.document.read_text() == edited and applied(staffed) == before
    staffed.document.write_text(good)
    assert staffed.good("check").splitlines()[-1].startswith("valid, ")

NEW = ("add", "bob", "--engine-id", ENGINE)
LINES = "expected two lines on standard input, the authentication password and the encryption password, of 8 to 255"

REFUSED = [
    (("add",), GOOD, 2, "admin add needs NAME"),
    (("add", "bob", "eve"), GOOD, 2, "'eve' is one argument too many"),
    (("add", "bob", "--rol", "x", "--colour"), GOOD, 2, "unknown option --colour"),
    (("add", "bob", "--role"), GOOD, 2, "option --role needs an argument"),
    (("add", "bob", "--master-keys=yes"), GOOD, 2, "option --master-keys takes no argument"),
    (("add", "bob", "--master-keys", "--engine-id", ENGINE), GOOD, 2, "--master-keys and --engine-id contradict"),
    (("add", "bob", "--no-password", "--auth", "MD5"), GOOD, 2, "--auth means nothing with --no-password"),
    (("add", "bob", "--no-password", "--priv", "DES"), GOOD, 2, "--priv means nothing with --no-password"),
    (("add", "bob", "--no-password", "--engine-id", ENGINE), GOOD, 2, "--engine-id means nothing with --no-password"),
    (("add", "bob", "--no-password", "--master-keys"), GOOD, 2, "--master-keys means nothing with --no-password"),
    (("set-password", "alice", "--role", "x"), GOOD, 2, "admin set-password does not take the option --role"),
    (("remove", "alice", "--no-password"), GOOD, 2, "admin remove does not take the option --no-password"),
    (("list", "--auth", "MD5"), b"", 2, "admin list does not take the option --auth"),
    (("ad", "bob"), GOOD, 2, "unknown command 'admin ad'; did you mean 'admin add'?"),
    (("add", "bob", "--role", "networkAdministratr"), GOOD, 1, "did you mean 'networkAdministrator'?"),
    (("add", "bob", "--role", "boss"), GOOD, 1, "unknown role 'boss'; there are networkAdministrator, machineAdm"),
    ((*NEW, "--auth", "SHA-257"), GOOD, 1, "unknown authentication protocol 'SHA-257'; there are SHA-256, SHA-384,"),
    ((*NEW, "--auth", "MD4"), GOOD, 1, "unknown authentication protocol 'MD4'; there are SHA-256, SHA-384, SHA-512,"),
    ((*NEW, "--priv", "DESS"), GOOD, 1, "unknown encryption protocol 'DESS'; there are AES-128, AES-192, AES-256, DES"),
    ((*NEW, "--no-password", "--new-device-key"), GOOD, 2, "--engine-id means nothing with --no-password"),
    (("add", "bob", "--no-password", "--new-device-key"), GOOD, 2, "--new-device-key means nothing with"),
    ((*NEW, "--auth", "rot13"), GOOD, 1, "there are SHA-256, SHA-384, SHA-512, SHA-224, SHA-1, MD5"),
    ((*NEW, "--priv", "none"), GOOD, 1, "unknown encryption protocol 'none'; there are AES-128, AES-192, AES-256, DES"),
    ((*NEW, "--auth", "SHA-1", "--priv", "AES-256"), GOOD, 1, "AES-256 needs a key of 32 octets and SHA-1 yields 20"),
    ((*NEW, "--auth", "MD5", "--priv", "AES-192"), GOOD, 1, "implementations stretch it in different ways"),
    (("add", "bob", "--engine-id", "80001f88zz"), GOOD, 1, "--engine-id '80001f88zz': expected an engine ID of 5 to"),
    (("add", "bob", "--engine-id", "0x0000000000"), GOOD, 1, "nothing but zeros or ones is not allowed"),
    (("add", "bob"), GOOD, 1, "cannot be found out (no guard at "),
    (("add", "bob"), GOOD, 1, "start snmpd, or give its engine ID by --engine-id, or ask for --master-keys, with which "
                              "the same password gives the same key on every device"),
    (("add", "b b", "--engine-id", ENGINE), GOOD, 1, 'found "b b"'),
    (("add", "b\nrwuser eve", "--engine-id", ENGINE), GOOD, 1, "administrators.name: found"),
    (("add", "", "--engine-id", ENGINE), GOOD, 1, "administrators.name"),
    (("add", "n" * 33, "--engine-id", ENGINE), GOOD, 1, "administrators.name"),
    (("add", "alice", "--engine-id", ENGINE), GOOD, 1, "'devsecctl admin set-password alice' gives new passwords"),
    (NEW, b"", 1, LINES + " octets each; found nothing"),
    (NEW, b"authpass-1", 1, LINES + " octets each; found one line"),
    (NEW, GOOD + b"third-line\n", 1, LINES + " octets each; found more than two lines"),
    (NEW, GOOD + b"x" * 2000, 1, LINES + " octets each; found more than two lines"),
    (NEW, b"x" * 300 + b"\nprivpass-2\n", 1, "the authentication password has 300 octets, expected 8 to 255"),
    (NEW, b"authpass-1\n" + b"x" * 2000, 1, "the encryption password is longer than 255 octets"),
    (NEW, b"auth\0pass-1\nprivpass-2\n", 1, "the authentication password holds a NUL octet"),
    (NEW, b"authpass-1\n\0\n", 1, "the encryption password holds a NUL octet"),
    (NEW, b"x\nprivpass-2\n", 1, "the authentication password has 1 octet, expected 8 to 255"),
    (NEW, b"x" * 256 + b"\nprivpass-2\n", 1, "the authentication password has 256 octets, expected 8 to 255"),
    (NEW, b"1234567\nprivpass-2\n", 1, "the authentication password has 7 octets, expected 8 to 255 (RFC 3414, 11.2)"),
    (NEW, b"authpass-1\n\n", 1, "the encryption password has 0 octets, expected 8 to 255"),
    (NEW, b"authpass-1\r\nprivpass-2\r\n", 1, "the authentication password ends in a carriage return"),
    (NEW, b"auth\tpass-1\nprivpass-2\n", 1, "the authentication password has a control character"),
    (("add", "bob-the-builder", "--engine-id", ENGINE), b"authpass-1\nbob-the-builder\n", 1,
     "the encryption password is the administrator's name"),
    (("set-password", "alise"), GOOD, 1, "there is no administrator 'alise'; did you mean 'alice'?"),
    (("set-password", "nobody"), GOOD, 1, "there is no administrator 'nobody'; 'devsecctl admin list' lists all"),
    (("set-password", "alice", "--priv", "AES-256", "--auth", "SHA-1"), GOOD, 1, "AES-256 needs a key of 32 octets"),
    (("set-password", "carl"), GOOD, 1, "start snmpd, or give its engine ID"),
    (("set-role", "alice"), b"", 2, "admin set-role needs NAME ROLE"),
    (("set-role", "alice", "king"), b"", 1, "unknown role 'king'"),
    (("set-role", "Alice", "fileAdministrator"), b"", 1, "there is no administrator 'Alice'; did you mean 'alice'?"),
    (("remove", "carlo"), b"", 1, "there is no administrator 'carlo'; did you mean 'carl'?"),
]


def test_bad_input_is_refused_in_words(staffed):
    before = applied(staffed)
    for words, stdin, status, said in REFUSED:
        err = staffed.refused("admin", *words, stdin=stdin, status=status)
        assert said in err, (words, err)
        for password in re.findall(rb"[a-z]{4}pass-\d", stdin):
            assert password.decode() not in err
    assert applied(staffed) == before


def test_table_is_full_some_time(panel):
    for i in range(32):
        panel.good("admin", "add", f"user{i}", "--no-password", "-q")
    done = panel("admin", "add", "one-more", "--no-password")
    assert done.status == 3 and "32" in done.err, done.err
    assert len(panel.json("admin", "list")) == 32


# ---- what is done ----


def test_list_in_every_format(staffed):
    text = staffed.good("admin", "list")
    assert re.search(r"^NAME +ROLE +PASSWORD +AUTH +PRIV +ENGINE ID$", text, re.M)
    assert re.search(rf"^alice +networkAdministrator +set +SHA-256 +AES-128 +{ENGINE}$", text, re.M)
    assert re.search(r"^carl +fileAdministrator +not set +- +- +-$", text, re.M)
    entries = {entry["name"]: entry for entry in staffed.json("admin", "list")}
    assert entries["alice"] == {"name": "alice", "role": "networkAdministrator", "password": True, "auth": "SHA-256",
                                "priv": "AES-128", "engine-id": ENGINE}
    assert entries["carl"] == {"name": "carl", "role": "fileAdministrator", "password": False, "auth": "", "priv": "",
                               "engine-id": ""}
    for output in (text, json.dumps(list(entries.values())), staffed.good("admin", "list", "-o", "yaml")):
        assert "sealed" not in output and keys_of(staffed, "alice").strip('"') not in output
    staffed.good("admin", "set-password", "alice", "--master-keys", stdin=GOOD)
    assert re.search(r"^alice .* any$", staffed.good("admin", "list"), re.M)


def test_reports(staffed):
    reload = "snmpd takes it over when it reads its configuration again: systemctl reload snmpd\n"
    generation = staffed.generation
    assert staffed.good("admin", "set-password", "alice", stdin=GOOD) == (
        f"administrator alice has new passwords\ngeneration {generation + 1}\n{reload}")
    assert staffed.good("admin", "set-role", "carl", "userAdministrator") == (
        f"administrator carl has a new role\ngeneration {generation + 2}\n")
    assert staffed.good("admin", "set-role", "carl", "userAdministrator") == (
        f"nothing changed\ngeneration {generation + 2}\n")
    assert staffed.good("admin", "remove", "carl") == f"administrator carl removed\ngeneration {generation + 3}\n"
    assert staffed.json("admin", "set-role", "alice", "userAdministrator") == {
        "generation": generation + 4, "administrator": "alice", "changed": True, "reload": True}
    # From one reading role to another nothing changes for snmpd.
    assert staffed.json("admin", "set-role", "alice", "fileAdministrator")["reload"] is False
    assert staffed.good("admin", "remove", "alice", "-q") == ""


def test_protocols_stay_and_engine_id_stays(staffed):
    """set-password changes what is asked for, and the keys; with no snmpd to ask, its engine ID is taken as it was."""
    before = keys_of(staffed, "alice")
    staffed.good("admin", "set-password", "alice", "--auth", "sha-512", stdin=GOOD)
    assert keys_of(staffed, "alice") != before
    staffed.good("admin", "set-password", "alice", "--priv", "aes-256", stdin=GOOD)
    alice = staffed.json("admin", "list")[0]
    assert (alice["auth"], alice["priv"], alice["engine-id"]) == ("SHA-512", "AES-256", ENGINE)
    staffed.good("admin", "set-password", "alice", "--master-keys", stdin=GOOD)
    staffed.good("admin", "set-password", "alice", stdin=GOOD)
    assert staffed.json("admin", "list")[0]["engine-id"] == ""


def test_last_network_administrator(staffed):
    warning = "no network administrator with a password is left: nobody can change settings by SNMP"
    assert warning in staffed("admin", "set-role", "alice", "userAdministrator").err
    assert warning not in staffed("admin", "remove", "carl").err
    staffed.good("admin", "set-role", "alice", "networkAdministrator")
    staffed.good("admin", "add", "bob", "--engine-id", ENGINE, stdin=GOOD)
    assert warning not in staffed("admin", "remove", "alice").err
    assert warning in staffed("admin", "remove", "bob").err
    assert staffed.json("admin", "list") == []


def test_what_is_weak_is_said(staffed):
    same = b"same-pass\nsame-pass\n"
    said = staffed("admin", "set-password", "alice", "--auth", "MD5", "--priv", "DES", stdin=same).err
    assert "MD5 is broken" in said and "DES can be broken" in said
    assert "authentication and encryption have the same password" in said
    assert not staffed("admin", "set-password", "alice", "--auth", "SHA-256", "--priv", "AES-128", stdin=GOOD).err


RELOAD = "snmpd takes it over when it reads its configuration again: systemctl reload snmpd\n"


def test_lost_device_key(staffed):
    """No new key is made silently; the file that snmpd has stays for those who are in it; the way out works."""
    for name in ("bob", "dora"):
        staffed.good("admin", "add", name, "--engine-id", ENGINE, "--role", "userAdministrator", stdin=GOOD)
    before = applied(staffed)["snmpd-users.conf"]
    key = staffed.dir / "device.key"
    kept = key.read_bytes()
    key.unlink()
    for words in (("add", "eve", "--engine-id", ENGINE), ("set-password", "bob")):
        said = staffed.refused("admin", *words, stdin=GOOD, status=3)
        assert f"there is no device key {key}" in said and "restore it from a backup" in said
        assert "--new-device-key" in said and "'devsecctl admin set-password' or 'admin remove'" in said
        assert ("alice, bob, dora;" if "add" in words else "alice, dora;") in said
        assert not key.exists()
    done = staffed("admin", "set-password", "bob", "--new-device-key", stdin=GOOD)
    assert done.status == 0 and key.stat().st_size == 32 and key.read_bytes() != kept
    assert "the keys of administrator alice cannot be used; 'devsecctl admin set-password alice'" in done.err
    assert "; nor can those of dora" in done.err
    assert done.out.startswith("administrator bob has new passwords\n") and RELOAD not in done.out
    assert applied(staffed)["snmpd-users.conf"] == before
    assert staffed("admin", "set-password", "bob", "-o", "json", stdin=GOOD).out.count('"reload": false') == 1
    done = staffed("admin", "remove", "bob")
    assert done.status == 0 and "administrator alice" in done.err
    assert RELOAD in done.out, "his access is gone by the other file"
    assert applied(staffed)["snmpd-users.conf"] == before
    assert b"bob" not in applied(staffed)["snmpd-access.conf"][0]
    staffed("admin", "remove", "dora")
    assert not staffed("admin", "set-password", "alice", stdin=GOOD).err
    users = applied(staffed)["snmpd-users.conf"][0]
    assert users != before[0] and b" alice " in users and b" bob " not in users


def test_lost_device_key_of_private_keys(panel):
    """Where private keys are sealed with it, a first administrator's password makes no new one either."""
    key = panel.dir / "device.key"
    panel.good("cert", "create", "mfp.example")
    kept = key.read_bytes()
    key.unlink()
    said = panel.refused("admin", "add", "alice", "--engine-id", ENGINE, stdin=GOOD, status=3)
    assert f"there is no device key {key}, and 1 private key was sealed with it; restore it from a backup" in said
    assert "every key has to be made anew by 'devsecctl cert'\n" in said
    assert not key.exists() and panel.json("admin", "list") == []
    checked = panel("check")
    assert checked.status != 0 and "there is no such file, and private keys were sealed with it" in checked.out
    key.write_bytes(kept)
    key.chmod(0o600)
    panel.good("admin", "add", "alice", "--engine-id", ENGINE, stdin=GOOD)
    key.unlink()
    said = panel.refused("admin", "add", "bob", "--engine-id", ENGINE, stdin=GOOD, status=3)
    assert "1 private key was sealed with it, and the keys of administrators: alice; restore it from a backup" in said
    assert "and each administrator needs 'devsecctl admin set-password' or 'admin remove'\n" in said
    assert not key.exists()


def test_only_administrator_needs_no_lost_key(staffed):
    (staffed.dir / "device.key").unlink()
    done = staffed("admin", "set-password", "alice", stdin=GOOD)
    assert (done.status, done.err) == (0, "") and RELOAD in done.out


@pytest.mark.parametrize("auth,priv,stands", [
    ("SHA", "AES", ("SHA-1", "AES-128")), ("sha1", "aes128", ("SHA-1", "AES-128")),
    ("SHA256", "AES192", ("SHA-256", "AES-192")), ("sha512", "Aes256", ("SHA-512", "AES-256")),
    ("SHA-384", "aes-256", ("SHA-384", "AES-256")), ("SHA224", "AES-128", ("SHA-224", "AES-128")),
])
def test_spellings_of_net_snmp(panel, auth, priv, stands):
    out = panel.good("admin", "add", "bob", "--engine-id", ENGINE, "--auth", auth, "--priv", priv, stdin=GOOD)
    entry = panel.json("admin", "list")[0]
    assert (entry["auth"], entry["priv"]) == stands
    word = "AES" if stands[1] == "AES-128" else stands[1]
    assert out.endswith(f"to connect: snmpget -v3 -u bob -l authPriv -a {stands[0]} -x {word} HOST OBJECT\n")


def test_how_to_connect_is_said_once_and_in_text_only(panel):
    panel.good("admin", "add", "bob", "--no-password")
    assert "to connect" not in panel.good("admin", "add", "carl", "--no-password")
    assert "to connect" not in panel.good("admin", "set-password", "bob", "--engine-id", ENGINE, stdin=GOOD)
    assert panel.good("admin", "add", "dora", "--engine-id", ENGINE, "-q", stdin=GOOD) == ""
    report = panel.good("admin", "add", "eve", "--engine-id", ENGINE, "-o", "json", stdin=GOOD)
    assert set(json.loads(report)) == {"generation", "administrator", "changed", "reload"}


# ---- restoring a generation ----


def test_restore_says_who_comes_back(staffed):
    start = staffed.generation
    staffed.good("admin", "set-password", "alice", stdin=b"authpass-3\nprivpass-4\n")
    staffed.good("admin", "set-role", "carl", "userAdministrator")
    staffed.good("admin", "add", "bob", "--engine-id", ENGINE, stdin=GOOD)
    with_bob = staffed.generation
    staffed.good("admin", "remove", "bob")
    done = staffed("store", "restore", str(start))
    assert done.out == ("administrator alice changed: other passwords\n"
                        "administrator carl changed: role userAdministrator -> fileAdministrator\n"
                        f"generation {with_bob + 2}\n{RELOAD}")
    assert (f"warning: administrator alice has the passwords of generation {start} again; 'devsecctl admin "
            "set-password alice' gives new ones") in done.err and "carl" not in done.err
    done = staffed("store", "restore", str(with_bob))
    assert "administrator bob added, networkAdministrator\n" in done.out and done.out.endswith(RELOAD)
    assert (f"warning: administrator bob is back, with the passwords of generation {with_bob}; 'devsecctl admin "
            "remove bob' takes the access away") in done.err
    done = staffed("store", "restore", str(with_bob), "-o", "json")
    assert json.loads(done.out) == {"generation": with_bob + 3, "changes": [], "reload": False}
    assert "bob" not in done.err and "alice" not in done.err
    assert staffed.good("store", "restore", str(with_bob)) == f"nothing changed\ngeneration {with_bob + 3}\n"


def test_restore_lists_administrators_as_data(staffed):
    start = staffed.generation
    staffed.good("admin", "remove", "alice")
    staffed.good("admin", "add", "bob", "--no-password", "--role", "userAdministrator")
    report = json.loads(staffed("store", "restore", str(start), "-o", "json").out)
    bob = {"role": "userAdministrator", "password": False, "auth": "", "priv": "", "engine-id": ""}
    alice = {"role": "networkAdministrator", "password": True, "auth": "SHA-256", "priv": "AES-128",
             "engine-id": ENGINE}
    assert report == {"generation": start + 3, "reload": True, "changes": [
        {"path": "administrators", "name": "bob", "old": bob, "new": {}, "other-keys": False},
        {"path": "administrators", "name": "alice", "old": {}, "new": alice, "other-keys": True}]}


# ---- on a terminal ----


class Terminal:
    """devsecctl on a terminal of its own."""

    def __init__(self, panel, *words):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(PROGRAM, [str(PROGRAM), *words], {**panel.env, "TERM": "dumb"})
        self.seen = ""

    def expect(self, text):
        deadline = time.monotonic() + SECONDS
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if select.select([self.fd], [], [], 1)[0]:
                try:
                    self.seen += os.read(self.fd, 4096).decode()
                except OSError:  # the other end is closed
                    assert text in self.seen, self.seen
        seen, self.seen = self.seen.split(text, 1)
        return seen

    def type(self, text):
        os.write(self.fd, text.encode())

    @property
    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def end(self):
        """Reads to the end; what was seen, and the process's status."""
        try:
            while chunk := os.read(self.fd, 4096):
                self.seen += chunk.decode()
        except OSError:
            pass
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return self.seen, status


PROMPTS = ("New authentication password for bob: ", "The same again: ", "New encryption password for bob: ",
           "The same again: ")


def test_terminal_asks_twice_and_shows_nothing(panel):
    auth, priv = secrets.token_hex(8), secrets.token_hex(8)
    terminal = Terminal(panel, "admin", "add", "bob", "--engine-id", ENGINE)
    for prompt, password in zip(PROMPTS, (auth, auth, priv, priv)):
        terminal.expect(prompt)
        wait_until(lambda: not terminal.echoes)
        for place in ("cmdline", "environ"):
            with open(f"/proc/{terminal.pid}/{place}", "rb") as file:
                content = file.read()
            assert auth.encode() not in content and priv.encode() not in content
        terminal.type(password + "\n")
    assert auth not in terminal.seen and priv not in terminal.seen
    seen, status = terminal.end()
    assert status == 0 and "administrator bob added" in seen
    assert auth not in seen and priv not in seen
    assert panel.json("admin", "list")[0]["password"]


@pytest.mark.parametrize("typed,said", [
    (("authpass-1", "authpass-2"), "the two entries of the authentication password are not the same"),
    (("short",), "the authentication password has 5 octets, expected 8 to 255"),
    (("x" * 300,), "the line is longer than 256 octets"),
    (("with\x1b[Aarrow",), "the authentication password has a control character"),
    (("authpass-1", "authpass-1", "privpass-1", "privpass-2"), "the two entries of the encryption password are not"),
    (("authpass-1", "\x04"), "the input ended before the end of a line"),
])
def test_terminal_refuses_in_words(panel, typed, said):
    before = panel.files()
    terminal = Terminal(panel, "admin", "add", "bob", "--engine-id", ENGINE)
    for prompt, word in zip(PROMPTS, typed):
        terminal.expect(prompt)
        wait_until(lambda: not terminal.echoes)
        terminal.type(word if word == "\x04" else word + "\n")
    seen, status = terminal.end()
    assert os.waitstatus_to_exitcode(status) in (1, 3) and said in seen
    assert panel.files() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_signal_brings_the_echo_back(panel, number):
    before = panel.files()
    terminal = Terminal(panel, "admin", "add", "bob", "--engine-id", ENGINE)
    terminal.expect(PROMPTS[0])
    wait_until(lambda: not terminal.echoes)
    os.kill(terminal.pid, number)
    status = os.waitpid(terminal.pid, 0)[1]
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == number
    assert terminal.echoes
    os.close(terminal.fd)
    assert panel.files() == before


def test_stopped_and_continued(panel):
    terminal = Terminal(panel, "admin", "add", "bob", "--engine-id", ENGINE)
    terminal.expect(PROMPTS[0])
    wait_until(lambda: not terminal.echoes)
    os.kill(terminal.pid, signal.SIGTSTP)
    # A process without a shell above it is not stopped (POSIX: an orphaned process group); it asks anew either way.
    if os.waitpid(terminal.pid, os.WUNTRACED | os.WNOHANG)[0]:
        assert terminal.echoes
        os.kill(terminal.pid, signal.SIGCONT)
    terminal.expect(PROMPTS[0])
    wait_until(lambda: not terminal.echoes)
    terminal.type("authpass-1\n")
    terminal.expect(PROMPTS[1])
    os.kill(terminal.pid, signal.SIGTERM)
    assert os.WIFSIGNALED(terminal.end()[1])


# ---- killed ----


def test_killed_at_any_moment(panel):
    """Nothing that was acknowledged is lost, and what is left loads, with or without the one that was interrupted."""
    panel.good("admin", "add", "first", "--engine-id", ENGINE, "-q", stdin=GOOD)
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    acknowledged = {"first"}
    for i in range(25):
        process = subprocess.Popen([str(PROGRAM), "admin", "add", f"user{i}", "--engine-id", ENGINE], env=panel.env,
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process.stdin.write(GOOD)
        process.stdin.close()
        time.sleep(chance.uniform(0, 0.04))
        process.kill()
        if process.wait(timeout=SECONDS) == 0:
            acknowledged.add(f"user{i}")
        listed = {entry["name"] for entry in panel.json("admin", "list")}
        assert acknowledged <= listed, (seed, acknowledged - listed)
    assert panel.json("store", "status")["status"] == "ok", seed
    assert not panel("admin", "add", "last", "--engine-id", ENGINE, stdin=GOOD).errors
    users = (panel.dir / "applied" / "snmpd-users.conf").read_text()
    access = (panel.dir / "applied" / "snmpd-access.conf").read_text()
    for name in listed | {"last"}:
        assert f" {name} SHA-256 -l 0x" in users and f"rwuser {name} priv\n" in access
