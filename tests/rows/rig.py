# SPDX-License-Identifier: Apache-2.0
"""One snmpd with the generated rows behind it, served in one of four ways, and net-snmp's tools to speak to it.

DEVSEC_BUILD names the build folder (default: build/release).
"""
import atexit
import os
import re
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("DEVSEC_BUILD") or ROOT / "build" / "release").resolve()
ROWS = BUILD / "tests" / "rows"

# How the rows are served: modules of snmpd (name for dlmod, file) and the subagent.
VARIANTS = {
    "bulk": (("devsec_master", BUILD / "master" / "devsec_master.so"), ROWS / "devsecd_rows"),
    "next": (("devsec_master", ROWS / "devsec_master_next.so"), ROWS / "devsecd_rows"),
    "stock": (None, ROWS / "rows_stock"),
    "inprocess": (("rows_inprocess", ROWS / "rows_inprocess.so"), None),
}
# Parts of snmpd whose instances do not come and go: the rest of its tree is then the same for as long as it runs.
STEADY = ("usmConf,vacm_conf,vacm_context,vacm_vars,dlmod,snmpEngine,snmpMPDStats,usmStats,usmUser,system_mib,snmp_mib,"
          "setSerialNo,override")
START_SECONDS = 60
REGISTERED = "registered with snmpd"


def read_arcs(name):
    """A list of sub-identifiers that the generated header defines."""
    found = re.search(rf"{name}\s*\\?\s*\{{([^}}]*)\}}", (BUILD / "mib" / "devsec_mib.h").read_text(encoding="utf-8"))
    return [int(arc) for arc in found.group(1).split(",")]


ROOT_ARCS = read_arcs("DEVSEC_MIB_ROOT")
MIB_ROOT = "." + ".".join(map(str, ROOT_ARCS))
ENTRY = MIB_ROOT + ".1.3.16.1"  # devsecTlsSuiteEntry; bulk_model compares it with the MIB's own
PARENT = "." + ".".join(map(str, ROOT_ARCS[:-1]))
SANITIZED = "DEVSEC_SANITIZE:BOOL=ON" in (BUILD / "CMakeCache.txt").read_text(encoding="utf-8")


def wait_until(condition, what, seconds=START_SECONDS):
    """Waits until `condition()` holds and returns what it returned."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"did not happen within {seconds} s: {what}")
        time.sleep(0.02)
    return result


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end(child):
    """Ends a process. More than one signal, as snmpd 5.9.3 sleeps on if one comes right before it goes to sleep."""
    deadline = time.monotonic() + 30
    while child.poll() is None:
        child.send_signal(signal.SIGCONT)
        child.send_signal(signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL)
        try:
            child.wait(1)
        except subprocess.TimeoutExpired:
            pass


def write_private(path, lines):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


class Rig:
    """The instance.

    `rows` is what rows.h says of DEVSEC_ROWS. `config` is appended to snmpd.conf, where `access` says what the
    administrator may do. `wrapper` stands before snmpd on its command line. `phrases` are the administrator's two pass
    phrases, new ones unless they are given.
    """

    def __init__(self, folder, variant="bulk", rows="1:100:32", config=(), access=("rwuser admin priv",), wrapper=(),
                 agentx_timeout=5, phrases=None):
        self.folder = Path(folder)
        self.module, self.program = VARIANTS[variant]
        self.rows = rows
        self.wrapper = list(wrapper)
        self.children = []
        self.snmpd = self.subagent = None
        self.registrations = 0
        self.port = free_port()
        self.agentx = self.folder / "agentx"
        # libsnmp would say that it makes the second one, among what its tools print.
        for name in ("log", "client/cert_indexes", "persistent", "store", "applied"):
            (self.folder / name).mkdir(mode=0o700, parents=True)
        self.phrases = phrases or (secrets.token_hex(12), secrets.token_hex(12))
        self.write_configuration([*access, *config], agentx_timeout)
        atexit.register(self.kill)

    def write_configuration(self, config, agentx_timeout):
        authentication, privacy = self.phrases
        write_private(self.folder / "client" / "snmp.conf",
                      [f"defAuthPassphrase {authentication}", f"defPrivPassphrase {privacy}"])
        module = [f"dlmod {self.module[0]} {self.module[1]}"] if self.module else []
        if module and self.module[0] == "devsec_master":
            module.append(f"devsecGuardSocket {self.folder}/guard")
        write_private(self.folder / "snmpd.conf", [
            "master agentx", f"agentXSocket unix:{self.agentx}", f"agentXTimeout {agentx_timeout}", "agentXRetries 1",
            *module, f"createUser admin SHA-256 {authentication} AES {privacy}",
            "dontLogTCPWrappersConnects yes", "sysLocation rows", "sysContact admin", "sysName rows", *config])
        write_private(self.folder / "profile.yaml", ["model: Rows", 'firmware: "1.00"'])
        write_private(self.folder / "devsecd.yaml", [
            f"store: {self.folder}/store", f"profile: {self.folder}/profile.yaml", f"applied: {self.folder}/applied",
            f"agentx-socket: {self.agentx}", f"guard-socket: {self.folder}/guard"])

    def environment(self, part, rows=None):
        """Of a server; sanitizers report into log/sanitizer.PART.*, and snmpd's own leaks are not looked for."""
        env = {**os.environ, "MIBS": "", "DEVSEC_ROWS": rows or self.rows, "SNMPCONFPATH": str(self.folder / "client"),
               "SNMP_PERSISTENT_DIR": str(self.folder / "persistent")}
        if SANITIZED:
            report = f"log_path={self.folder}/log/sanitizer.{part}"
            leaks = int(part != "snmpd")
            env |= {"ASAN_OPTIONS": f"detect_leaks={leaks}:{report}", "UBSAN_OPTIONS": f"print_stacktrace=1:{report}"}
            if part == "snmpd":
                asan = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True,
                                      check=True).stdout.strip()
                env |= {"LD_PRELOAD": os.path.realpath(asan), "SNMPCONFPATH": str(self.folder)}
        return env

    def spawn(self, part, command, rows=None):
        with open(self.folder / "log" / f"{part}.log", "ab") as log:
            child = subprocess.Popen([str(word) for word in command], env=self.environment(part, rows),
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.children.append(child)
        return child

    def log(self, part):
        path = self.folder / "log" / f"{part}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def start(self):
        self.snmpd = self.spawn("snmpd", [*self.wrapper, "/usr/sbin/snmpd", "-f", "-Le", "-C", "-c",
                                          self.folder / "snmpd.conf", "-I", STEADY, f"udp:127.0.0.1:{self.port}"])
        wait_until(lambda: "NET-SNMP version" in self.log("snmpd") or self.snmpd.poll() is not None, "snmpd starts")
        if self.snmpd.poll() is not None:
            raise RuntimeError(f"snmpd did not start: {self.log('snmpd')}")
        self.start_subagent()
        self.wait_ready()
        return self

    def start_subagent(self):
        self.registrations = self.log("devsecd").count(REGISTERED)
        if self.program and self.program.name == "devsecd_rows":
            self.subagent = self.spawn("devsecd", [self.program, "-f", "-c", self.folder / "devsecd.yaml"])
        elif self.program:
            self.subagent = self.start_stock(ENTRY)

    def start_stock(self, entry, rows=None):
        """A stock subagent that serves rows under an OID; by default the same rows."""
        return self.spawn("stock", [ROWS / "rows_stock", self.agentx, entry], rows)

    def wait_ready(self):
        """Until the subagent has registered what it serves, seen or not."""
        if self.program and self.program.name == "devsecd_rows":
            wait_until(lambda: self.log("devsecd").count(REGISTERED) > self.registrations,
                       f"devsecd registers: {self.log('devsecd')}")
        elif self.rows.split(":")[1] != "0":
            self.wait_served()

    def wait_served(self, name=ENTRY):
        """Until there is something behind `name` that is below it."""
        wait_until(lambda: self.tool("snmpgetnext", name).startswith(name + "."), f"{name} is served: "
                   f"{self.log('snmpd')}{self.log('devsecd')}{self.log('stock')}")

    @property
    def pids(self):
        """Of snmpd and the subagent, as bench_poll takes them."""
        return ",".join(str(one.pid) for one in (self.snmpd, self.subagent) if one)

    @property
    def target(self):
        return f"127.0.0.1:{self.port}"

    def client_env(self):
        return {**os.environ, "MIBS": "", "DEVSEC_ROWS": self.rows, "SNMPCONFPATH": str(self.folder / "client"),
                "SNMP_PERSISTENT_DIR": str(self.folder / "client")}

    def tool(self, tool, *words, flags=(), timeout=60):
        """What a tool of net-snmp's prints, names and values as numbers and octets."""
        done = subprocess.run([tool, "-v3", "-u", "admin", "-l", "authPriv", "-a", "SHA-256", "-x", "AES", "-t", "10",
                               "-r", "0", "-On", "-Ox", *flags, self.target, *words], env=self.client_env(),
                              capture_output=True, text=True, timeout=timeout, check=False)
        return done.stdout + done.stderr

    def model(self, seed, requests, *flags, **keywords):
        """Starts bulk_model."""
        return subprocess.Popen([ROWS / "bulk_model", *map(str, flags), self.target, "admin", str(seed), str(requests)],
                                env=self.client_env(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                **keywords)

    def stop(self):
        """Ends everything; returns what the sanitizers have reported."""
        for child in reversed(self.children):
            end(child)
        return {path.name: path.read_text(encoding="utf-8", errors="replace")
                for path in (self.folder / "log").glob("sanitizer.*")}

    def kill(self):
        """What an interrupted run may have left."""
        for child in self.children:
            if child.poll() is None:
                child.kill()
                child.wait()
