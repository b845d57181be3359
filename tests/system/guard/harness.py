# SPDX-License-Identifier: Apache-2.0
"""A private snmpd with devsec_master.so, its clients, the stand-in subagent and the clients of the announcement."""
import atexit
import mmap
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import time

import pytest

HELPERS = pathlib.Path(__file__).resolve().parent
SOURCE = HELPERS.parents[2]
BUILD = pathlib.Path(os.environ.get("DEVSEC_BUILD", SOURCE / "build")).resolve()
MODULE = BUILD / "master" / "devsec_master.so"
HEADER = BUILD / "mib" / "devsec_mib.h"

MARK = "devsec-standin"  # begins every value that the stand-in subagent serves
ROWS = 5000
SUBTREE_SIZE = ROWS + 1  # one scalar more
HELLO = struct.Struct("=III32II32s")
PAGE = struct.Struct("=II3I5I")
MAGIC, VERSION = 0x64767367, 3

F_GET_SEALS = 1034
F_SEAL_SHRINK, F_SEAL_FUTURE_WRITE = 0x0002, 0x0010


def read_root():
    found = re.search(r"DEVSEC_MIB_ROOT\s*\\?\s*\{([^}]*)\}", HEADER.read_text())
    return [int(arc) for arc in found.group(1).split(",")]


ROOT_ARCS = read_root()
ROOT = "." + ".".join(map(str, ROOT_ARCS))
PARENT = "." + ".".join(map(str, ROOT_ARCS[:-1]))
GRAND = "." + ".".join(map(str, ROOT_ARCS[:-2]))
SCALAR = ROOT + ".1.1.0"
COLUMN = ROOT + ".1.2.1.2"
BEHIND = PARENT + ".2.1.0"  # served by the stand-in, not below our root
NEXT = f"{GRAND}.{ROOT_ARCS[-2] + 1}.1.0"  # served by snmpd itself, the first region behind ours
OTHER = f"{GRAND}.{ROOT_ARCS[-2] + 2}"  # served by the stand-in, when asked to

SANITIZED = "DEVSEC_SANITIZE:BOOL=ON" in (BUILD / "CMakeCache.txt").read_text()


def sanitizer_env():
    if not SANITIZED:
        return {}
    names = [subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True,
                            check=True).stdout.strip() for name in ("libasan.so", "libubsan.so")]
    return {"LD_PRELOAD": " ".join(names), "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:exitcode=99",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99"}


def wait_for(condition, what, seconds=20):
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    pytest.fail(f"waited {seconds} s in vain: {what}")


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def helpers(tmp_path_factory):
    """Builds the programs in guard/."""
    folder = tmp_path_factory.mktemp("helpers")
    cc = [os.environ.get("CC", "cc"), "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Werror", f"-I{BUILD / 'mib'}",
          f"-I{SOURCE / 'mib'}"]
    config = subprocess.run(["pkg-config", "--cflags", "--libs", "netsnmp-agent"], capture_output=True, text=True,
                            check=True).stdout.split()
    subprocess.run([*cc, HELPERS / "standin.c", "-o", folder / "standin", *config], check=True)
    subprocess.run([*cc, f"-I{SOURCE / 'src'}", HELPERS / "guard_probe.c", SOURCE / "src/guard/guard_link.c",
                    SOURCE / "src/base/error.c", BUILD / "mib/devsec_mib.c", SOURCE / "mib/mib_object.c",
                    "-o", folder / "guard_probe"], check=True)
    return folder


class Standin:
    """The stand-in subagent and its log of requests."""

    def __init__(self, agent, helpers, regions=(ROOT,), context=""):
        self.log = agent.folder / f"requests-{secrets.token_hex(4)}"
        self.log.touch()
        self.process = subprocess.Popen([helpers / "standin", f"unix:{agent.agentx}", self.log, context, *regions],
                                        env=agent.client_env(), stderr=subprocess.DEVNULL)
        agent.children.append(self.process)

    def requests(self):
        return self.log.read_text().split()


class Agent:
    """A private snmpd with the module and the clients that talk to it."""

    PERMISSIVE = ["rocommunity public", "rwcommunity private", "rwuser admin noauth"]
    OPEN = ("encryptionCleartext", "enabled")  # a policy that lets everything through to snmpd's access control

    def __init__(self, folder, config=None, module=True, extra=(), disabled="-smux,mteTrigger,mteTriggerConf",
                 wrapper=(), arguments=(), policy=OPEN):
        self.folder = folder
        self.port = free_port()
        self.agentx = folder / "agentx"
        self.guard = folder / "guard"
        self.policy = folder / "snmp-policy"
        self.log = folder / "snmpd.log"
        self.config_file = folder / "snmpd.conf"
        self.disabled = disabled
        self.wrapper = list(wrapper)
        self.arguments = list(arguments)
        self.children = []
        self.process = None
        (folder / "persist").mkdir(mode=0o700)
        (folder / "client").mkdir(mode=0o700)
        authentication, privacy = secrets.token_hex(12), secrets.token_hex(12)
        self.write(folder / "client" / "snmp.conf", [
            "defVersion 3", "defSecurityName admin", "defAuthType SHA-256", f"defAuthPassphrase {authentication}",
            "defPrivType AES", f"defPrivPassphrase {privacy}", "mibs :"])
        self.base = [
            f"createUser admin SHA-256 {authentication} AES {privacy}",
            *(self.PERMISSIVE if config is None else config),
            "master agentx", f"agentXSocket unix:{self.agentx}", "agentXTimeout 2", "agentXPerms 0660 0755",
            "maxGetbulkRepeats 0", "sysContact before", f"override {NEXT} integer 4711"]
        self.module = [f"dlmod devsec_master {MODULE}", f"devsecGuardSocket {self.guard}",
                       f"devsecPolicy {self.policy}"] if module else []
        self.write_policy(*policy)
        self.configure(extra)
        atexit.register(self.kill)

    @staticmethod
    def write(path, lines):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")

    def write_policy(self, v3, v1v2c, generation=1):
        """The file that devsecd would write, in one go as devsecd does it."""
        new = self.policy.with_suffix(".new")
        new.write_text(f"devsec-snmp-policy 1\ngeneration {generation}\nv3 {v3}\nv1v2c {v1v2c}\nend\n")
        new.chmod(0o644)
        new.rename(self.policy)

    def configure(self, extra=()):
        self.write(self.config_file, [*self.base, *self.module, *extra])

    def env(self):
        return {**os.environ, "SNMP_PERSISTENT_DIR": str(self.folder / "persist"), "SNMPCONFPATH": str(self.folder),
                "MIBS": "", **sanitizer_env()}

    def client_env(self):
        return {**os.environ, "SNMP_PERSISTENT_DIR": str(self.folder / "client"),
                "SNMPCONFPATH": str(self.folder / "client"), "MIBS": ""}

    def start(self):
        self.process = subprocess.Popen(
            [*self.wrapper, shutil.which("snmpd", path="/usr/sbin:/usr/bin"), "-f", "-Lf", self.log, "-C", "-c",
             self.config_file, "-I", self.disabled, *self.arguments, f"udp:127.0.0.1:{self.port}"],
            env=self.env(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(self.folder / "stderr", "a"))
        self.children.append(self.process)
        wait_for(lambda: self.process.poll() is not None or self.is_up(), "snmpd", 60)
        assert self.process.poll() is None, self.log_text() + (self.folder / "stderr").read_text()
        return self

    def is_up(self):
        return re.search(r"NET-SNMP version \S+$", self.log_text(), re.MULTILINE)

    def log_text(self):
        return self.log.read_text() if self.log.exists() else ""

    def stop(self):
        """Ends snmpd and what was started with it; snmpd must end well."""
        for child in reversed(self.children):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        stderr = (self.folder / "stderr").read_text()
        assert "Sanitizer" not in stderr and "runtime error" not in stderr, stderr
        if self.process:
            assert self.process.returncode == 0, (self.process.returncode, stderr, self.log_text())

    def kill(self):
        """What a test that failed may have left running."""
        for child in self.children:
            if child.poll() is None:
                child.kill()
                child.wait()

    def engine_id(self):
        """snmpEngineID.0, asked by SNMP."""
        answer = self.run(AUTH_PRIV, "snmpget", "-Ox", "1.3.6.1.6.3.10.2.1.1.0")
        return bytes.fromhex(re.search(r'= "([0-9A-F\s]+)"', answer).group(1))

    def reconfigure(self):
        before = self.log_text().count("restarted")
        self.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.log_text().count("restarted") > before, "SIGHUP")
        self.run(AUTH_PRIV, "snmpget", "1.3.6.1.2.1.1.3.0")  # answered only when the configuration is read

    def run(self, level, tool, *args, context=None):
        """Runs one of net-snmp's clients; pass phrases are in its snmp.conf, never in the arguments."""
        where = ["-n", context] if context else []
        done = subprocess.run([tool, *level, *where, "-t", "5", "-r", "0", "-On", "-OQ", *tool_options(args),
                               f"127.0.0.1:{self.port}", *tool_names(args)],
                              env=self.client_env(), capture_output=True, text=True, timeout=120, check=False)
        return done.stdout + done.stderr

    def denied(self):
        """The counters, read as any program could read them."""
        with Announcement(self.guard) as announcement:
            return announcement.denied()

    def enforced(self):
        with Announcement(self.guard) as announcement:
            return announcement.enforced()


def tool_options(args):
    return [arg for arg in args if arg.startswith("-")]


def tool_names(args):
    return [arg for arg in args if not arg.startswith("-")]


class Announcement:
    """A client of the announcement written from announce.h alone."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(10)
        self.socket.connect(str(path))
        self.peer = struct.unpack("3i", self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        data, fds, _, _ = socket.recv_fds(self.socket, 4096, 4)
        assert len(data) == HELLO.size and len(fds) == 1
        self.hello = HELLO.unpack(data)
        self.fd = fds[0]
        self.map = mmap.mmap(self.fd, PAGE.size, mmap.MAP_SHARED, mmap.PROT_READ)

    def page(self):
        magic, version, *rest = PAGE.unpack(self.map[:PAGE.size])
        assert (magic, version) == (MAGIC, VERSION)
        return rest

    def denied(self):
        return self.page()[:3]

    def enforced(self):
        """v3, v1v2c, generation, whether from a trusted file."""
        return self.page()[3:7]

    def unread(self):
        """How many devsecInclude files were there and not taken."""
        return self.page()[7]

    def gone(self):
        self.socket.setblocking(False)
        try:
            return self.socket.recv(1) == b""
        except BlockingIOError:
            return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.map.close()
        os.close(self.fd)
        self.socket.close()


V1, V2C = ["-v", "1", "-c", "public"], ["-v", "2c", "-c", "public"]
V1_WRITE, V2C_WRITE = ["-v", "1", "-c", "private"], ["-v", "2c", "-c", "private"]
NO_AUTH, AUTH_NO_PRIV = ["-v", "3", "-l", "noAuthNoPriv"], ["-v", "3", "-l", "authNoPriv"]
AUTH_PRIV = ["-v", "3", "-l", "authPriv"]

# Who is below authPriv, how it writes, and which counter it moves.
BELOW = {"v1": (V1, V1_WRITE, 0), "v2c": (V2C, V2C_WRITE, 0), "noAuthNoPriv": (NO_AUTH, NO_AUTH, 1),
         "authNoPriv": (AUTH_NO_PRIV, AUTH_NO_PRIV, 2)}


@pytest.fixture
def agent(tmp_path):
    agent = Agent(tmp_path)
    yield agent
    agent.stop()


def served(agent, helpers, **options):
    agent.start()
    standin = Standin(agent, helpers, **options)
    wait_for(lambda: MARK in agent.run(AUTH_PRIV, "snmpget", SCALAR, context=options.get("context")), "the stand-in")
    return standin


def assert_nothing(answer, version):
    """No value of the subagent, and no name below our root but those that were asked for."""
    for line in answer.splitlines():
        name, _, value = line.partition(" = ")
        if name.startswith(ROOT + ".") and value:
            assert value.startswith(("No Such Object available", "No more variables left")), (version, line)
        assert MARK not in value or name.startswith((f"{PARENT}.2.", f"{OTHER}.")), (version, line)


READS = {
    "get": ("snmpget", [SCALAR]),
    "get of several": ("snmpget", [f"{COLUMN}.1", "1.3.6.1.2.1.1.3.0", f"{COLUMN}.5000"]),
    "getnext from the parent": ("snmpgetnext", [PARENT]),
    "getnext from the root": ("snmpgetnext", [ROOT]),
    "getnext in the table": ("snmpgetnext", [f"{COLUMN}.17", f"{COLUMN}.18"]),
    "getnext behind the table": ("snmpgetnext", [f"{COLUMN}.5000"]),
    "getbulk": ("snmpbulkget", ["-Cn0", "-Cr25", PARENT]),
    "getbulk of several": ("snmpbulkget", ["-Cn1", "-Cr10", ROOT, "1.3.6.1.2.1.1", f"{COLUMN}.1", f"{COLUMN}.4999"]),
    "getbulk without repetitions": ("snmpbulkget", ["-Cn2", "-Cr0", SCALAR, COLUMN]),
}


def probe(helpers, path, pid):
    done = subprocess.run([helpers / "guard_probe", path, str(pid)], capture_output=True, text=True, input="",
                          timeout=20, check=False)
    return done.returncode, done.stdout.strip()


class Probe:
    """A devsecd that stays connected."""

    def __init__(self, helpers, path, pid):
        self.process = subprocess.Popen([helpers / "guard_probe", path, str(pid)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.opened = self.process.stdout.readline().strip()

    def ask(self):
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().split()

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
