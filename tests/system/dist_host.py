#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A host of the test's own, to install on: private copies of /etc, /var, /run and /usr/local, and a private loopback.

Everything else is the machine's own: Debian's snmpd, its user, its unit and its configuration file as they come from
the package. Run as a program, inside new namespaces, this file lays the private folders over the machine's; imported,
it starts such a host, runs commands on it and ends it.
"""
import fcntl
import hashlib
import os
import pwd
import re
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SNMPD_CONF = Path("/etc/snmp/snmpd.conf")
SNMP_CONF = Path("/etc/snmp/snmp.conf")  # libsnmp-base's; snmpd reads it, too, unless it is run with -C
SNMPD_UNIT = Path("/lib/systemd/system/snmpd.service")
SNMP_USER = "Debian-snmp"
PRIVATE = ("/var", "/run", "/usr/local")  # empty on the host; /etc is a copy
READY_SECONDS = 30
SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1  # linux/sockios.h, linux/if.h


# ---- inside the namespaces ----

def mount(*words):
    subprocess.run(["mount", *words], check=True)


def copy_etc():
    """A copy of /etc, in which /etc/snmp is as Debian's package leaves it."""
    mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/mnt")
    subprocess.run(["cp", "-a", "/etc/.", "/mnt/"], check=True)
    for path in Path("/mnt/snmp").iterdir():
        if path.name not in (SNMPD_CONF.name, SNMP_CONF.name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    Path("/mnt/snmp/snmpd.conf.d").mkdir(mode=0o755)
    mount("--move", "/mnt", "/etc")


def empty_folders(kept):
    """Empty file systems over the machine's folders; what is `kept` below them is there again."""
    handles = {path: os.open(path, os.O_PATH) for path in kept}
    for folder in PRIVATE:
        mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", folder)
        for path, handle in handles.items():
            if path.startswith(folder + "/"):
                os.makedirs(path, exist_ok=True)
                mount("--bind", f"/proc/{os.getpid()}/fd/{handle}", path)


def lay_out(kept):
    """Makes this process's namespaces the host."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    copy_etc()
    empty_folders(kept)
    user = pwd.getpwnam(SNMP_USER)
    for path in ("/var/lib", "/var/log", "/var/lib/snmp", "/run/agentx"):
        os.makedirs(path, exist_ok=True)
    os.chown("/var/lib/snmp", user.pw_uid, user.pw_gid)  # snmpd.postinst
    print("ready", flush=True)
    sys.stdin.read()


# ---- outside ----

class Process:
    """A server on the host; what it says is kept."""

    def __init__(self, name, command, log, environment):
        self.name, self.log = name, Path(log)
        with open(self.log, "ab") as file:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment)

    @property
    def pid(self):
        return self.child.pid

    @property
    def text(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def end(self, number=signal.SIGTERM):
        """Ends it and returns its exit status."""
        if self.child.poll() is None:
            self.child.send_signal(number)
        try:
            return self.child.wait(READY_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            return "killed, as it did not end"


def package_file_is_untouched(path, package):
    """Whether a configuration file is as the package brought it (dpkg-query, Conffiles)."""
    listed = subprocess.run(["dpkg-query", "-W", "-f", "${Conffiles}", package], capture_output=True, text=True,
                            check=True).stdout
    found = re.search(rf"^ {re.escape(str(path))} ([0-9a-f]{{32}})", listed, re.MULTILINE)
    return bool(found) and hashlib.md5(path.read_bytes()).hexdigest() == found.group(1)


class Host:
    """The host. Only root can make one that several users live on; the tests fail without it, and say so."""

    def __init__(self, folder, kept):
        assert os.geteuid() == 0, \
            "these tests need root: they install on a private host of several users (unshare, mount)"
        assert package_file_is_untouched(SNMPD_CONF, "snmpd"), \
            f"{SNMPD_CONF} was edited; these tests prove the drop-in beside the one that Debian's package brings"
        self.folder = Path(folder)
        self.servers = []
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--net", "--propagation", "private", sys.executable, __file__, *map(str, kept)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        said = self.holder.stdout.readline()
        if said != "ready\n":
            raise AssertionError("a host of the test's own could not be made; are new mount and network namespaces "
                                 f"(unshare -m -n) forbidden here?\n{self.holder.communicate()[1]}")

    def command(self, words, user=None):
        """The words of a command as it is run on the host, as root or as a user with that user's groups."""
        enter = ["nsenter", "--mount", "--net", "--target", str(self.holder.pid), "--"]
        become = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"] if user else []
        return [*enter, *become, *map(str, words)]

    @staticmethod
    def environment(**more):
        return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
                "HOME": "/nonexistent", "MIBS": "", **more}

    def run(self, *words, user=None, stdin="", timeout=60, **environment):
        """Runs a command to its end; returns its CompletedProcess with texts."""
        return subprocess.run(self.command(words, user), input=stdin, capture_output=True, text=True, errors="replace",
                              timeout=timeout, env=self.environment(**environment), check=False)

    def do(self, *words, **keywords):
        """Runs a command that has to succeed; returns what it printed."""
        done = self.run(*words, **keywords)
        assert done.returncode == 0, f"{shlex.join(map(str, words))}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, name, words, user=None, **environment):
        """Starts a server; its words go to a log in the test's folder. Which MIB files it loads is its own matter."""
        environment = self.environment(**environment)
        del environment["MIBS"]
        process = Process(name, self.command(words, user), self.folder / f"{name}.log", environment)
        self.servers.append(process)
        return process

    def status(self, path):
        """(owner, group, mode) of a file of the host."""
        mode, owner, group = self.do("stat", "-c", "%a %U %G", path).split()
        return owner, group, mode.zfill(4)

    def write(self, path, text, mode="0644", owner="root", group="root"):
        """Makes a file of the host."""
        self.do("install", "-m", mode, "-o", owner, "-g", group, "/dev/stdin", path, stdin=text)

    def end(self):
        """Ends every server and the host with them."""
        faults = [f"{server.name}: {server.end()}" for server in reversed(self.servers)
                  if server.child.poll() is None and server.end() not in (0, None)]
        self.holder.stdin.close()
        self.holder.wait(READY_SECONDS)
        self.holder.stdout.close()
        self.holder.stderr.close()
        return faults


def unit_words(option):
    """The command of one of the options of Debian's snmpd.service."""
    line = re.search(rf"^{option}=(.*)$", SNMPD_UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    return shlex.split(line.group(1))


def wait_for(condition, what, seconds=READY_SECONDS):
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"did not happen within {seconds} s: {what}"
        time.sleep(0.05)


if __name__ == "__main__":
    lay_out(sys.argv[1:])
