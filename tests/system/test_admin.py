# SPDX-License-Identifier: Apache-2.0
"""Administrators, from devsecctl's word to what a real snmpd lets them do; no password is left behind on the way."""
import os
import secrets
import signal
import stat
import subprocess

import pytest

from conftest import run, running, wait_until
from devsecctl_panel import BUILD, Panel
from guard.harness import free_port, sanitizer_env

USERS, ACCESS = "snmpd-users.conf", "snmpd-access.conf"
OBJECT = "DEVICE-SECURITY-MIB::devsecSmtpPort.0"
SYS_NAME = ".1.3.6.1.2.1.1.5.0"
AUTHS = {"MD5": 16, "SHA-1": 20, "SHA-224": 28, "SHA-256": 32, "SHA-384": 48, "SHA-512": 64}
PRIVS = {"DES": 16, "AES-128": 16, "AES-192": 24, "AES-256": 32}
PAIRS = [(auth, priv) for auth, digest in AUTHS.items() for priv, key in PRIVS.items() if key <= digest]


class Passwords:
    """Two new ones."""

    def __init__(self):
        self.auth, self.priv = secrets.token_hex(12), secrets.token_hex(12)

    @property
    def lines(self):
        return f"{self.auth}\n{self.priv}\n"


class Manager:
    """net-snmp's tools with an administrator's passwords, which stand in a file that only they read."""

    def __init__(self, folder, env, target):
        self.folder, self.env, self.target = folder, env, target

    def __call__(self, tool, *words, name, passwords, auth="SHA-256", priv="AES-128", level="authPriv",
                 tries=2):
        home = self.folder / secrets.token_hex(8)
        home.mkdir(parents=True)
        (home / "snmp.conf").write_text(f"defAuthType {auth}\ndefPrivType {priv}\ndefAuthPassphrase {passwords.auth}\n"
                                        f"defPrivPassphrase {passwords.priv}\n")
        env = {**self.env, "SNMPCONFPATH": str(home), "SNMP_PERSISTENT_DIR": str(home)}
        return run([tool, "-v3", "-u", name, "-l", level, "-t", "2", "-r", str(tries - 1), "-Oqv", self.target, *words],
                   env=env)

    def reads(self, name, passwords, **keywords):
        done = self("snmpget", OBJECT, name=name, passwords=passwords, **keywords)
        assert done.returncode != 0 or done.stdout.strip().isdigit(), done.text
        return done.returncode == 0

    def writes(self, name, passwords, **keywords):
        done = self("snmpset", OBJECT, "u", "2525", name=name, passwords=passwords, **keywords)
        assert done.returncode == 0 or "noAccess" in done.text or "authorizationError" in done.text, done.text
        return done.returncode == 0

    def says(self, name, passwords, **keywords):
        """The error that is all he gets."""
        done = self("snmpget", OBJECT, name=name, passwords=passwords, **keywords)
        assert done.returncode != 0, done.text
        return done.text


def include_lines(folder):
    return f"devsecInclude {folder}/{USERS}\ndevsecInclude {folder}/{ACCESS}\n"


def reload(pid, log):
    """SIGHUP, and back when snmpd has begun: it answers no request before it is through."""
    said = "Reconfiguring daemon"
    before = log.read_text(errors="replace").count(said)
    os.kill(pid, signal.SIGHUP)
    wait_until(lambda: log.read_text(errors="replace").count(said) > before)


class Instance:
    """A sandbox whose snmpd takes administrators, and their managers."""

    def __init__(self, make, folder):
        engine = "80001f8804" + secrets.token_hex(8)  # a sandbox's snmpd has another one at each start
        (folder / "include.conf").write_text(include_lines(folder / "sandbox" / "applied")
                                             + f"exactEngineID 0x{engine}\n")
        self.sandbox = make("--snmpd-conf", folder / "include.conf", folder=folder / "sandbox")
        self.folder = folder / "managers"
        self.seen = []  # every password that was ever given

    @property
    def manager(self):
        return Manager(self.folder, self.sandbox.env, self.sandbox.target)

    def ctl(self, *words, status=0, **keywords):
        done = self.sandbox.ctl("admin", *words, **keywords)
        assert done.returncode == status, (words, done.text)
        return done

    def give(self, *words):
        """admin add or set-password with new passwords, which it returns."""
        passwords = Passwords()
        self.seen.append(passwords)
        self.ctl(*words, stdin=passwords.lines)
        return passwords

    def reload(self):
        reload(self.sandbox.pid("snmpd"), self.sandbox.dir / "log" / "snmpd.log")

    def applied(self, name):
        return self.sandbox.dir / "applied" / name


@pytest.fixture(scope="module", name="device")
def fixture_device(make_module_sandbox, tmp_path_factory):
    instance = Instance(make_module_sandbox, tmp_path_factory.mktemp("admin"))
    yield instance
    assert_nothing_told(instance.sandbox.dir, instance.seen)


def assert_nothing_told(folder, seen):
    """No file below the folder has a password in it: neither store, snmpd's own state, logs nor what was applied."""
    assert seen
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes()
        for passwords in seen:
            for password in (passwords.auth, passwords.priv):
                assert password.encode() not in content and password.encode().hex().encode() not in content, path


def test_network_administrator_reads_and_writes(device):
    passwords = device.give("add", "alice")
    assert "Unknown user name" in device.manager.says("alice", passwords)
    device.reload()
    assert device.manager.reads("alice", passwords)
    assert device.manager.writes("alice", passwords)
    for level in ("authNoPriv", "noAuthNoPriv"):
        assert "authorizationError" in device.manager.says("alice", passwords, level=level)
        assert not device.manager.writes("alice", passwords, level=level)
    done = device.manager("snmpset", SYS_NAME, "s", "printer-7", name="alice", passwords=passwords)
    assert done.returncode == 0, done.text
    for words in ((".1.3.6.1.4.1.2021.13.14.2.1.5.1", "i", "5"), (".1.3.6.1.2.1.11.30.0", "i", "1")):
        done = device.manager("snmpset", *words, name="alice", passwords=passwords)
        assert "noAccess" in done.text, done.text  # the guard unloaded, traps turned on: no settings of the device
    other = Passwords()
    assert "Authentication failure" in device.manager.says("alice", other)
    other.auth = passwords.auth
    assert "Timeout" in device.manager.says("alice", other, tries=1)  # what it cannot decrypt snmpd does not answer
    device.manager.says("alice", passwords, auth="SHA-512")


def test_other_roles_only_read(device):
    roles = ("machineAdministrator", "userAdministrator", "fileAdministrator")
    given = {role: device.give("add", f"his-{role[:4]}", "--role", role) for role in roles}
    device.reload()
    for role, passwords in given.items():
        assert device.manager.reads(f"his-{role[:4]}", passwords)
        assert not device.manager.writes(f"his-{role[:4]}", passwords)
        assert "authorizationError" in device.manager.says(f"his-{role[:4]}", passwords, level="authNoPriv")
    device.ctl("set-role", "his-mach", "networkAdministrator")
    device.ctl("remove", "his-user")
    device.ctl("remove", "his-file")
    device.reload()
    assert device.manager.writes("his-mach", given["machineAdministrator"])
    device.ctl("set-role", "his-mach", "userAdministrator")
    device.reload()
    assert device.manager.reads("his-mach", given["machineAdministrator"])
    assert not device.manager.writes("his-mach", given["machineAdministrator"])
    device.ctl("remove", "his-mach")


def test_new_password_and_removal_hold_after_a_reload_and_a_restart(device):
    old = device.give("add", "carol", "--role", "fileAdministrator")
    device.reload()
    assert device.manager.reads("carol", old)
    new = device.give("set-password", "carol")
    assert device.manager.reads("carol", old)
    device.reload()
    assert "Authentication failure" in device.manager.says("carol", old)
    assert device.manager.reads("carol", new)
    assert not device.manager.writes("carol", new)
    device.sandbox.restart("snmpd")
    assert "Authentication failure" in device.manager.says("carol", old)
    assert device.manager.reads("carol", new)
    device.ctl("remove", "carol")
    device.reload()
    assert "authorizationError" in device.manager.says("carol", new)
    device.sandbox.restart("snmpd")
    assert "Unknown user name" in device.manager.says("carol", new)


def test_every_pair_of_protocols(device):
    """Localized and master keys of each pair that is offered, proved by net-snmp's own way from password to key."""
    given = {}
    for i, (auth, priv) in enumerate(PAIRS):
        given[f"p{i}"] = device.give("add", f"p{i}", "--auth", auth, "--priv", priv, "--role", "userAdministrator")
    device.reload()
    for i, (auth, priv) in enumerate(PAIRS):
        assert device.manager.reads(f"p{i}", given[f"p{i}"], auth=auth, priv=priv), (auth, priv)
        given[f"p{i}"] = device.give("set-password", f"p{i}", "--master-keys")
    device.reload()
    for i, (auth, priv) in enumerate(PAIRS):
        assert device.manager.reads(f"p{i}", given[f"p{i}"], auth=auth, priv=priv), (auth, priv)
        device.ctl("remove", f"p{i}")


def test_table_says_who_there_is(device):
    device.give("add", "zoe", "--role", "machineAdministrator")
    device.ctl("add", "yann", "--no-password", "--role", "userAdministrator")
    listed = wait_until(lambda: columns(device.sandbox) if "yann" in columns(device.sandbox) else None)
    assert listed["zoe"] == ("machineAdministrator", "true")
    assert listed["yann"] == ("userAdministrator", "false")
    names = list(listed)
    assert names == sorted(names, key=lambda name: (len(name), name)) or names == sorted(names)
    device.ctl("remove", "zoe")
    device.ctl("remove", "yann")
    wait_until(lambda: "zoe" not in columns(device.sandbox))


def columns(sandbox):
    """devsecAdminTable as {name: (role, whether there is a password)}, in its order."""
    parts = []
    for column in ("Name", "Role", "PrivSet"):
        done = sandbox.snmp("snmpwalk", "-Oqv", f"DEVICE-SECURITY-MIB::devsecAdmin{column}")
        assert done.returncode == 0, done.text
        parts.append([] if "No Such" in done.stdout else done.stdout.split())
    return {name: (role, is_set) for name, role, is_set in zip(*parts)}


def test_files_have_their_modes(device):
    device.give("add", "mode")
    for name, mode in ((USERS, 0o640), (ACCESS, 0o644)):
        assert stat.S_IMODE(device.applied(name).stat().st_mode) == mode
    assert "rwuser mode priv\n" in device.applied(ACCESS).read_text()
    assert "mode" not in [line.split()[1] for line in device.applied(ACCESS).read_text().splitlines()
                          if line.startswith("rouser")]
    device.ctl("remove", "mode")
    assert " mode " not in device.applied(USERS).read_text() + device.applied(ACCESS).read_text()


def test_keys_for_another_engine_id_are_told(device):
    warning = "ella gets no access: the keys are for another engine ID"
    passwords = device.give("add", "ella", "--engine-id", "80001f8804deadbeef")
    device.reload()
    assert "Unknown user name" in device.manager.says("ella", passwords)
    assert warning in device.ctl("list").stderr
    passwords = device.give("set-password", "ella")
    device.reload()
    assert device.manager.reads("ella", passwords)
    assert warning not in device.ctl("list").stderr
    device.ctl("remove", "ella")


def test_administrators_work_while_devsecd_is_away(device):
    device.sandbox.kill("devsecd", signal.SIGTERM)
    wait_until(lambda: not running(device.sandbox.pid("devsecd")))
    passwords = device.give("add", "dora")
    device.reload()
    done = device.manager("snmpget", "SNMPv2-MIB::sysUpTime.0", name="dora", passwords=passwords)
    assert done.returncode == 0, done.text
    device.sandbox.restart("devsecd")
    assert device.manager.writes("dora", passwords)
    device.ctl("remove", "dora")


# ---- an snmpd that keeps its state, as Debian's does ----



class PlainSnmpd:
    """snmpd with the module that reads and writes its persistent file; no devsecd. Started and ended by process id."""

    def __init__(self, panel, folder, port, extra):
        self.panel, self.folder, self.port = panel, folder, port
        for name in ("etc", "state"):
            (folder / name).mkdir()
        self.log = folder / "snmpd.log"
        (folder / "etc" / "snmpd.conf").write_text(
            f"agentAddress udp:127.0.0.1:{port}\nmaster agentx\nagentXSocket unix:{folder}/agentx\n"
            f"dlmod devsec_master {BUILD}/master/devsec_master.so\ndevsecGuardSocket {panel.dir}/guard\n"
            f"devsecPolicy {panel.dir}/applied/snmp-policy\n" + include_lines(panel.dir / "applied") + extra)
        self.process = None

    def start(self):
        env = {**os.environ, "SNMPCONFPATH": f"{self.folder}/etc:{self.folder}/state", "MIBS": "",
               "SNMP_PERSISTENT_DIR": f"{self.folder}/state", **sanitizer_env()}
        guard = self.panel.dir / "guard"
        guard.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(["/usr/sbin/snmpd", "-f", "-Le"], env=env, stdout=log, stderr=log)
        wait_until(lambda: guard.exists() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(timeout=20) == 0, self.log.read_text()

    def restart(self):
        self.stop()
        self.start()

    def reload(self):
        reload(self.process.pid, self.log)

    @property
    def state(self):
        return (self.folder / "state" / "snmpd.conf").read_text()


@pytest.fixture(name="plain")
def fixture_plain(tmp_path):
    """A store with devsecctl alone, and an snmpd in which somebody made a user by hand."""
    port = free_port()
    made = Passwords()
    panel = Panel(tmp_path)
    snmpd = PlainSnmpd(panel, tmp_path, port,
                       f'createUser hand SHA-256 "{made.auth}" AES "{made.priv}"\nrwuser hand priv\n')
    snmpd.made = made
    snmpd.start()
    snmpd.manager = Manager(tmp_path / "managers", {**os.environ, "MIBS": ""}, f"127.0.0.1:{port}")
    yield snmpd
    snmpd.stop()


def reads(snmpd, name, passwords):
    done = snmpd.manager("snmpget", SYS_NAME, name=name, passwords=passwords)
    assert done.returncode == 0 or "Authentication failure" in done.text, done.text
    return done.returncode == 0


@pytest.mark.parametrize("option", ["--auth=SHA-256", "--master-keys"])
def test_snmpd_that_keeps_its_state_forgets_old_passwords(plain, option):
    """snmpd reads its own state last: a copy of a user there would bring the replaced password back."""
    old, new = Passwords(), Passwords()
    plain.panel.good("admin", "add", "alice", option, stdin=old.lines.encode())
    plain.reload()
    assert reads(plain, "alice", old)
    plain.restart()
    assert reads(plain, "alice", old)
    plain.panel.good("admin", "set-password", "alice", stdin=new.lines.encode())
    for again in (plain.reload, plain.restart, plain.restart):
        again()
        assert not reads(plain, "alice", old) and reads(plain, "alice", new)
    assert '"hand"' in plain.state and '"alice"' not in plain.state
    plain.panel.good("admin", "remove", "alice", "-q")
    plain.restart()
    assert "Unknown user name" in plain.manager("snmpget", SYS_NAME, name="alice", passwords=new).text
    assert_nothing_told(plain.panel.store, [old, new])
    assert_nothing_told(plain.folder / "state", [old, new])


def test_a_user_of_snmpd_conf_is_left_alone(plain):
    """Otherwise devsecd's files would be a way to whatever snmpd.conf gives somebody."""
    ours = Passwords()
    plain.panel.good("admin", "add", "hand", "--role", "userAdministrator", stdin=ours.lines.encode())
    for again in (plain.reload, plain.restart):
        again()
        assert reads(plain, "hand", plain.made) and not reads(plain, "hand", ours)
    assert "snmpd's own configuration gives this user access, and that counts" in plain.log.read_text()
