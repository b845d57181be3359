# SPDX-License-Identifier: Apache-2.0
"""devsec installed on a private host by the very commands of docs/operating.md, its servers, and a manager of it."""
import re
import secrets

from dist_host import ROOT, Host, unit_words, wait_for
from guard.harness import sanitizer_env
from mib_objects import BUILD, MIB

PREFIX = "/usr/local"
OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
# LeakSanitizer cannot look into a process that gave up root and may not be traced; other tests look for leaks.
NO_LEAK_CHECK = {"ASAN_OPTIONS": "detect_leaks=0"}
OWN_CONFIGURATION = "/etc/devsec/snmpd.conf"
OWN_SNMPD = ["/usr/sbin/snmpd", "-f", "-LOw", "-C", "-c", OWN_CONFIGURATION]

SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYS_CONTACT = "1.3.6.1.2.1.1.4.0"
IF_NUMBER = "1.3.6.1.2.1.2.1.0"
ENGINE_ID = "1.3.6.1.6.3.10.2.1.1.0"
ENGINE_BOOTS = "1.3.6.1.6.3.10.2.1.2.0"


def dotted(name):
    return ".".join(map(str, MIB[name].instance))


def documented_commands(word):
    """The block of commands in docs/operating.md that has `word` in it."""
    blocks = [block for block in re.findall(r"^ *```\n(.*?)^ *```$", OPERATING, re.DOTALL | re.MULTILINE)
              if word in block]
    assert len(blocks) == 1, f"docs/operating.md: expected one block of commands with {word}, found {len(blocks)}"
    return "\n".join(line.strip() for line in blocks[0].splitlines())


def documented_owners():
    """{path: (owner, group, mode)} of the table in docs/operating.md."""
    rows = re.findall(r"^\| `(/\S+)` \| (\S+) (\S+) (\d{4}) \|", OPERATING, re.MULTILINE)
    assert len(rows) >= 8
    return {path: tuple(rest) for path, *rest in rows}


class Installation:
    """A host with devsec on it, beside Debian's snmpd or (own) with an snmpd of its own."""

    def __init__(self, folder, own=False):
        cache = (BUILD / "CMakeCache.txt").read_text(encoding="utf-8")
        assert f"CMAKE_INSTALL_PREFIX:PATH={PREFIX}\n" in cache, f"{BUILD} is not built for the prefix {PREFIX}"
        self.folder, self.own = folder, own
        self.snmpd = self.devsecd = None
        self.host = Host(folder, [ROOT, BUILD, folder])
        self.host.do("cmake", "--install", BUILD)
        self.host.do("useradd", "--system", "--no-create-home", "plain")
        self.follow("useradd")
        self.follow("devsec-snmpd.conf" if own else "debian-drop-in.conf")

    def follow(self, word, stdin=""):
        """Runs a block of docs/operating.md, but what tells a service manager: the test is that itself."""
        commands = documented_commands(word).replace("DOC=/usr/", f"DOC={PREFIX}/")
        commands = re.sub(r"^systemctl .*$", "", commands, flags=re.MULTILINE)
        self.host.do("bash", "-euc", f"DOC={PREFIX}/share/doc/devsec\n{commands}", stdin=stdin, **NO_LEAK_CHECK)

    def start_snmpd(self):
        words = OWN_SNMPD if self.own else unit_words("ExecStart")
        self.snmpd = self.host.start("snmpd", words, **sanitizer_env())
        wait_for(self.answers, "snmpd answers")
        if self.devsecd and self.devsecd.child.poll() is None:
            wait_for(self.served, "devsecd is registered again")

    def restart_snmpd(self):
        assert self.snmpd.end() == 0, self.snmpd.text
        self.start_snmpd()

    def reload_snmpd(self):
        """The unit's reload; returns when snmpd has read its configuration, which a new contact shows."""
        contact = secrets.token_hex(4)
        if self.own:
            self.host.do("sed", "-i", f"s/^sysContact.*/sysContact {contact}/", OWN_CONFIGURATION)
        else:
            self.host.write("/etc/snmp/snmpd.conf.d/contact.conf", f"sysContact {contact}\n")
        self.host.do(*[word.replace("$MAINPID", str(self.snmpd.pid)) for word in unit_words("ExecReload")])
        wait_for(lambda: self.value(SYS_CONTACT) == contact, "snmpd has read its configuration again")

    def start_devsecd(self):
        """As docs/operating.md says: devsecd -f, as the user devsec."""
        self.devsecd = self.host.start("devsecd", [f"{PREFIX}/sbin/devsecd", "-f"], user="devsec",
                                       **NO_LEAK_CHECK)
        wait_for(self.served, "devsecd registers")

    def answers(self):
        """Whether an SNMP agent is there: it tells anybody its engine ID."""
        done = self.manage("snmpget", SYS_DESCR, options=["-v3", "-u", "nobody-of-that-name", "-l", "noAuthNoPriv"])
        return "Unknown user name" in done.stderr

    def served(self):
        """Whether devsecd is registered; administrators who are not there yet cannot tell."""
        lines = self.said()
        return bool(lines) and lines[-1].endswith("registered with snmpd")

    def said(self):
        """What devsecd's log says about anything but the keys that it makes meanwhile."""
        return [line for line in self.devsecd.text.splitlines() if " jobs: " not in line]

    # ---- managers ----

    def manage(self, tool, *words, user="alice", options=None, seconds=1):
        """Runs one of net-snmp's tools; pass phrases come from the user's folder."""
        if options is None:
            options = ["-v3", "-u", user, "-l", "authPriv", "-a", "SHA-256", "-x", "AES"]
        return self.host.run(tool, *options, "-Onqt", "-t", seconds, "-r", "0", "127.0.0.1", *words,
                             SNMPCONFPATH=self.folder / "client" / user, SNMP_PERSISTENT_DIR=self.folder / "client")

    def value(self, oid, **keywords):
        """What an administrator reads."""
        done = self.manage("snmpget", oid, seconds=20, **keywords)
        assert done.returncode == 0 and "No Such" not in done.stdout, done.stdout + done.stderr
        return done.stdout.split(" ", 1)[1].strip().strip('"')

    def ctl(self, *words, user="devsec", **keywords):
        return self.host.run(f"{PREFIX}/bin/devsecctl", *words, user=user, **NO_LEAK_CHECK, **keywords)

    def make_passwords(self, user):
        """Two passwords that the manager keeps from now on; returns them as lines."""
        folder = self.folder / "client" / user
        folder.mkdir(parents=True, exist_ok=True)
        auth, priv = secrets.token_hex(12), secrets.token_hex(12)
        (folder / "snmp.conf").write_text(f"defAuthPassphrase {auth}\ndefPrivPassphrase {priv}\n", encoding="utf-8")
        return f"{auth}\n{priv}\n"

    def administer(self, *words, user):
        """devsecctl admin WORDS with new passwords of that user's; snmpd knows them from its next reload on."""
        done = self.ctl("admin", *words, stdin=self.make_passwords(user))
        assert done.returncode == 0, done.stdout + done.stderr
