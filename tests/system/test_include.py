# SPDX-License-Identifier: Apache-2.0
"""devsecInclude: administrators from files that an unprivileged process writes, and nothing else from them."""
import os
import secrets

import pytest
from guard.harness import AUTH_NO_PRIV, AUTH_PRIV, NO_AUTH, ROOT, Agent, Announcement

SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYS_NAME = "1.3.6.1.2.1.1.5.0"
LEFT_OUT = "left out; expected createUser, or rwuser or rouser with a name, the level priv and nothing behind it"


class Including(Agent):
    """A private snmpd that lets nobody in but by the files named users and access, whatever the policy permits."""

    def __init__(self, folder):
        self.users, self.access = folder / "snmpd-users.conf", folder / "snmpd-access.conf"
        super().__init__(folder, config=["rouser admin priv"],
                         extra=[f"devsecInclude {self.users}", f"devsecInclude {self.access}"])
        self.password = secrets.token_hex(12)

    def take(self, users="", access="", mode=0o640):
        """Puts the files there; {} stands for a password."""
        for path, text in ((self.users, users), (self.access, access)):
            path.unlink(missing_ok=True)
            path.write_text(text.replace("{}", self.password))
            path.chmod(mode)

    def ask(self, user, *words, level=AUTH_PRIV, password=None):
        """As that user, whose password is in no argument."""
        folder = self.folder / "client"
        kept = (folder / "snmp.conf").read_text()
        word = password or self.password
        self.write(folder / "snmp.conf", [
            "defVersion 3", f"defSecurityName {user}", "defAuthType SHA-256", f"defAuthPassphrase {word}",
            "defPrivType AES", f"defPrivPassphrase {word}", "mibs :"])
        try:
            return self.run(level, *words)
        finally:
            (folder / "snmp.conf").write_text(kept)

    def reads(self, user, **keywords):
        return "Linux" in self.ask(user, "snmpget", SYS_DESCR, **keywords)

    def writes(self, user, **keywords):
        answer = self.ask(user, "snmpset", SYS_NAME, "s", "written", **keywords)
        return "written" in answer and "rror" not in answer


@pytest.fixture
def including(tmp_path):
    agent = Including(tmp_path)
    agent.take()
    yield agent
    agent.stop()


def test_administrators_are_let_in_by_authpriv(including):
    including.take("# a comment\n\ncreateUser writer SHA-256 {} AES {}\ncreateUser reader SHA-256 {} AES {}\n"
                   "createUser nobody SHA-256 {} AES {}",
                   "rwuser writer priv\n  rouser reader priv\n")
    including.start()
    assert (including.reads("writer"), including.writes("writer")) == (True, True)
    assert (including.reads("reader"), including.writes("reader")) == (True, False)
    assert not including.reads("nobody")
    for level in (["-v3", "-l", "authNoPriv"], ["-v3", "-l", "noAuthNoPriv"]):
        assert not including.reads("writer", level=level)
    assert LEFT_OUT not in including.log_text()


OTHER_LINES = [
    "rocommunity public", "rwcommunity private", "rwuser friend", "rwuser friend noauth", "rwuser friend auth",
    "rwuser -s usm friend priv", "rouser friend noauth .1", "rwuser friend priv .1", "rouser friend priv -V _all_",
    "authuser read,write friend noauth", "createUser ",
    "createUser -e 0x8000", "dlmod evil {evil}", "extend evil /usr/bin/touch {evil}", "extend-sh evil touch {evil}",
    "includeFile {evil}", "[snmpd] rwcommunity private", "agentAddress udp:0.0.0.0:1", "sysContact replaced",
    "rwuser " + 33 * "a" + " priv", "createUser " + 33 * "a" + " SHA-256 ab cd", "\x7f\xff\xfe",
]


def test_other_lines_are_left_out(including, tmp_path):
    """Each by its number and without a word of it in the log; those around them are taken."""
    evil = tmp_path / "evil.conf"
    evil.write_text("rwcommunity private\n")
    lines = [line.replace("{evil}", str(evil)) for line in OTHER_LINES]
    friend, last = (f"createUser {name} SHA-256 {including.password} AES {including.password}"
                    for name in ("friend", "last"))
    including.users.write_bytes("\n".join([friend, *lines, last]).encode("latin-1"))
    including.users.chmod(0o640)
    including.access.write_text("rouser last priv\n")
    including.start()
    log = including.log_text()
    numbers = [int(line.rpartition(LEFT_OUT)[0].rstrip(": ").rpartition(":")[2])
               for line in log.splitlines() if LEFT_OUT in line]
    assert numbers == list(range(2, 2 + len(lines)))
    for line in [*lines, including.password]:
        assert line not in log.replace(LEFT_OUT, "")
    assert including.reads("last")
    for level in (AUTH_PRIV, ["-v3", "-l", "authNoPriv"], ["-v3", "-l", "noAuthNoPriv"]):
        assert not including.reads("friend", level=level)
    for level in (["-v2c", "-c", "public"], ["-v2c", "-c", "private"]):
        assert "Linux" not in including.run(level, "snmpget", "-t1", SYS_DESCR)
    assert "replaced" not in including.run(AUTH_PRIV, "snmpget", "1.3.6.1.2.1.1.4.0")


@pytest.mark.parametrize("kind, sentence", [
    ("absent", "is not there yet: nobody comes from it"),
    ("link", "is a symbolic link; expected a regular file"),
    ("folder", "is not a regular file"),
    ("fifo", "is not a regular file"),
    ("everybody's", "is writable by others than its owner (mode 0646)"),
    ("the group's", "is writable by others than its owner (mode 0664)"),
    ("somebody else's", "belongs to user 65534; expected root or user 0, the owner of its folder"),
    ("huge", "is longer than 65536 octets"),
])
def test_files_that_are_not_taken(including, kind, sentence, tmp_path):
    including.take("createUser friend SHA-256 {} AES {}\n", "rouser friend priv\n")
    path = including.access
    if kind == "everybody's":
        path.chmod(0o646)
    elif kind == "the group's":
        path.chmod(0o664)
    elif kind == "somebody else's":
        os.chown(path, 65534, -1)
    elif kind == "huge":
        path.write_text("rouser friend priv\n" + 65536 * "#" + "\n")
    else:
        path.rename(tmp_path / "elsewhere")
    if kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    including.start()
    assert sentence in including.log_text() and f"{path}" in including.log_text()
    with Announcement(including.guard) as announcement:
        assert announcement.unread() == (0 if kind == "absent" else 1)
    assert not including.reads("friend")
    assert "Linux" in including.run(AUTH_PRIV, "snmpget", SYS_DESCR)


def test_keys_and_access_follow_the_files_at_a_reload(including):
    including.take("createUser boss SHA-256 {} AES {}\n", "rwuser boss priv\n")
    including.start()
    old = including.password
    assert including.writes("boss")
    including.password = secrets.token_hex(12)
    including.take("createUser boss SHA-256 {} AES {}\n", "rouser boss priv\n")
    including.reconfigure()
    assert (including.reads("boss"), including.writes("boss")) == (True, False)
    assert not including.reads("boss", password=old)
    including.take()
    including.reconfigure()
    assert not including.reads("boss")
    including.take("createUser boss SHA-256 {} AES {}\n", "rwuser boss priv\n")
    including.reconfigure()
    assert including.writes("boss")


def test_a_key_here_counts_for_more_than_snmpds_own_copy(including):
    """And snmpd keeps no copy of it: neither the old key nor a removed user comes back with a restart."""
    own = secrets.token_hex(12)
    kept = including.folder / "persist" / "snmpd.conf"
    including.base += [f"includeFile {kept}", f"createUser boss SHA-256 {own} AES {own}"]
    including.configure([f"devsecInclude {including.users}", f"devsecInclude {including.access}"])
    including.take("", "rwuser boss priv\n")
    including.start()
    assert including.reads("boss", password=own)
    including.process.terminate()
    including.process.wait(30)
    assert "usmUser" in kept.read_text(), "snmpd keeps users that its own configuration makes"
    including.base.pop()
    including.configure([f"devsecInclude {including.users}", f"devsecInclude {including.access}"])
    including.take("createUser boss SHA-256 {} AES {}\ncreateUser other SHA-256 {} AES {}\n",
                   "rwuser boss priv\nrouser other priv\n")
    including.log.unlink()
    including.start()
    assert including.reads("boss") and including.reads("other") and not including.reads("boss", password=own)
    including.process.terminate()
    including.process.wait(30)
    users = [line for line in kept.read_text().splitlines() if line.startswith("usmUser")]
    assert len(users) == 1 and ('"admin"' in users[0] or b"admin".hex() in users[0])


# ---- what they may do: two groups of the module's own ----

OURS = f"{ROOT}.99.1.0"
SYS_CONTACT = "1.3.6.1.2.1.1.4.0"
VACM = "1.3.6.1.6.3.16.1"
NET_SNMP, UCD = "1.3.6.1.4.1.8072", "1.3.6.1.4.1.2021"


def as_index(name):
    return ".".join(str(octet) for octet in (len(name), *name.encode()))


ALLOWED = {
    "our subtree": (OURS, "i", "5"),
    "sysContact": (SYS_CONTACT, "s", "written"),
    "sysName": (SYS_NAME, "s", "written"),
}
# Each would be a way to more than administering the device. snmpd's access control lets an rwuser of snmpd.conf do it;
# that Debian's snmpd has no writing of NET-SNMP-EXTEND-MIB built in is another matter.
FORBIDDEN = {
    "a library for snmpd to load": (f"{UCD}.13.14.2.1.5.7", "i", "6"),
    "the guard unloaded": (f"{UCD}.13.14.2.1.5.1", "i", "5"),
    "a program for snmpd to run": (f"{NET_SNMP}.1.3.2.2.1.21.{as_index('evil')}", "i", "5"),
    "another user": ("1.3.6.1.6.3.15.1.2.2.1.13.5.128.0.0.0.1." + as_index("evil"), "i", "5"),
    "another group": (f"{VACM}.2.1.3.3.{as_index('writer')}", "s", "grpmaster"),
    "another user in a group": (f"{VACM}.2.1.5.3.{as_index('evil')}", "i", "5"),
    "more for a group": (f"{VACM}.4.1.6.{as_index('devsecWriters')}.0.3.3", "s", "_all_"),
    "another group with access": (f"{VACM}.4.1.9.{as_index('evil')}.0.3.3", "i", "5"),
    "more in a view": (f"{VACM}.5.2.1.6.{as_index('devsecWritable')}.2.1.3", "i", "5"),
    "the rest of the agent": ("1.3.6.1.2.1.11.30.0", "i", "1"),
}


class Ruling(Including):
    """With a writer and a reader, and who has everything by snmpd's own configuration; sysContact may be set."""

    def __init__(self, folder, extra=(), users="", access=""):
        super().__init__(folder)
        self.base.remove("sysContact before")
        self.base += ["rwuser master priv", f"override -rw {OURS} integer 4", *extra]
        own = {line.split()[1] for line in self.base if line.startswith("rwuser ")} - {"admin"}
        self.base += [f"createUser {name} SHA-256 {self.password} AES {self.password}" for name in own]
        self.configure([f"devsecInclude {self.users}", f"devsecInclude {self.access}"])
        users = "".join(f"createUser {name} SHA-256 {{}} AES {{}}\n" for name in ("writer", "reader")) + users
        self.take(users, "rwuser writer priv\nrouser reader priv\n" + access)

    def sets(self, user, words, **keywords):
        """noError, or the error that is all he gets."""
        answer = self.ask(user, "snmpset", *words, **keywords)
        return answer.partition("Reason: ")[2].partition("\n")[0] if "Reason: " in answer else answer

    def rights(self):
        """snmpd's tables of groups, access and views, as one who may read everything sees them."""
        return self.ask("master", "snmpwalk", VACM)


@pytest.fixture
def ruling(tmp_path):
    agents = []

    def start(**keywords):
        agents.append(Ruling(tmp_path, **keywords))
        return agents[0].start()

    yield start
    for agent in agents:
        agent.stop()


def assert_rights(agent):
    for name, words in ALLOWED.items():
        assert f"= {words[2]}" in agent.sets("writer", words).replace('"', ""), name
        assert agent.sets("reader", words).startswith("noAccess"), name
    for name, words in FORBIDDEN.items():
        for user in ("writer", "reader"):
            assert agent.sets(user, words).startswith("noAccess"), (name, user)
    for user in ("writer", "reader"):
        for level in (AUTH_NO_PRIV, NO_AUTH):
            assert "= " not in agent.ask(user, "snmpget", SYS_DESCR, level=level)
            assert "= " not in agent.sets(user, ALLOWED["sysName"], level=level)
        assert "= 5" in agent.ask(user, "snmpget", OURS) and "= " in agent.ask(user, "snmpgetnext", f"{UCD}.13.14")


def test_a_writer_administers_the_device_and_not_snmpd(ruling):
    """After each SIGHUP as well, and nothing is left over from the time before."""
    agent = ruling()
    assert_rights(agent)
    rights = agent.rights()
    for group, member in (("devsecWriters", "writer"), ("devsecReaders", "reader")):
        assert f'.{VACM}.2.1.3.3.{as_index(member)} = "{group}"' in rights
        assert rights.count(f".{VACM}.4.1.4.{as_index(group)}.") == 1
    for _ in range(3):
        agent.reconfigure()
        assert agent.rights() == rights
    assert_rights(agent)
    for name, words in FORBIDDEN.items():
        assert not agent.sets("master", words).startswith("noAccess"), f"{name}: nobody may do it in any case"


def test_names_that_snmpd_takes_for_one_another(ruling):
    """snmpd's own rwuser gives the group of "a_b" to "a-b", too."""
    names = ("a-b", "a_b", "a.b", 28 * "l" + "1", 28 * "l" + "2")
    agent = ruling(extra=["rwuser a_b priv", f"rwuser {names[4]} priv"],
                   users="".join(f"createUser {name} SHA-256 {{}} AES {{}}\n" for name in names),
                   access=f"rouser a-b priv\nrwuser a.b priv\nrouser {names[3]} priv\n")
    for _ in range(2):
        assert [agent.writes(name) for name in names] == [False, True, True, False, True]
        assert all(agent.reads(name) for name in names)
        assert agent.sets("a.b", FORBIDDEN["the rest of the agent"]).startswith("noAccess")
        agent.reconfigure()


def test_a_user_of_snmpds_own_is_left_alone(ruling):
    """Neither his access nor his keys: whoever writes these files must not become a user of snmpd.conf."""
    own = secrets.token_hex(12)
    agent = ruling(extra=[f"createUser both SHA-256 {own} AES {own}", "rouser both priv .1.3.6.1.2.1.1"],
                   users="createUser both SHA-256 {} AES {}\ncreateUser twice SHA-256 {} AES {}\n",
                   access="rwuser both priv\nrouser twice priv\nrwuser twice priv\n")
    for _ in range(2):
        assert agent.reads("both", password=own) and not agent.writes("both", password=own)
        assert not agent.reads("both")
        assert agent.reads("twice") and not agent.writes("twice")
        agent.reconfigure()
    said = agent.log_text()
    for path, number in ((agent.users, 3), (agent.access, 3)):
        assert f"{path}:{number}: left out; snmpd's own configuration gives this user access, and that counts" in said
    assert f"{agent.access}:5: left out; a line before has this user already" in said
