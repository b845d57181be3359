# SPDX-License-Identifier: Apache-2.0
"""The announcement of devsec_master.so in a real snmpd: its socket, its memory, SIGHUP and unloading."""
import fcntl
import mmap
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys

import pytest

from guard.harness import (AUTH_NO_PRIV, AUTH_PRIV, BEHIND, F_GET_SEALS, F_SEAL_FUTURE_WRITE, F_SEAL_SHRINK, GRAND,
                           MAGIC, MARK, NO_AUTH, PAGE, ROOT, ROOT_ARCS, SCALAR, SUBTREE_SIZE, V1, V2C, V2C_WRITE,
                           VERSION, Agent, Announcement, Probe, Standin, agent, assert_nothing, helpers, probe, served,
                           wait_for)  # noqa: F401


def test_the_announcement_says_what_announce_h_says(agent):
    agent.start()
    with Announcement(agent.guard) as announcement:
        magic, version, length, *arcs, engine_length, engine = announcement.hello
        assert (magic, version, arcs[:length]) == (MAGIC, VERSION, ROOT_ARCS)
        assert arcs[length:] == [0] * (32 - length)
        assert engine[:engine_length] == agent.engine_id() and not engine[engine_length:].strip(b"\0")
        assert announcement.peer == agent.process.pid
        assert announcement.denied() == [0, 0, 0]
        assert announcement.enforced() == [2, 3, 1, 1], "what the harness's policy says, of a trusted file"
        seals = fcntl.fcntl(announcement.fd, F_GET_SEALS)
        assert seals & F_SEAL_SHRINK and seals & F_SEAL_FUTURE_WRITE
        with pytest.raises(OSError):
            mmap.mmap(announcement.fd, PAGE.size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        with pytest.raises(OSError):
            os.pwrite(announcement.fd, b"x", 8)
        with pytest.raises(OSError):
            os.ftruncate(announcement.fd, 0)
        agent.run(V2C, "snmpget", SCALAR)
        assert announcement.denied() == [1, 0, 0]
        agent.process.send_signal(signal.SIGTERM)
        wait_for(announcement.gone, "the end of the connection")
    assert agent.process.wait(20) == 0
    assert not agent.guard.exists()


def test_owner_and_mode_are_those_of_the_agentx_socket(agent):
    agent.start()
    assert agent.guard.stat().st_mode & 0o7777 == agent.agentx.stat().st_mode & 0o7777 == 0o660
    assert agent.guard.stat().st_uid == agent.agentx.stat().st_uid


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a file away")
def test_agentxperms_owner_goes_to_the_announcement(agent):
    agent.base = [line for line in agent.base if not line.startswith("agentXPerms")]
    agent.base.append("agentXPerms 0640 0755 1234 2345")
    agent.configure()
    agent.start()
    for path in (agent.guard, agent.agentx):
        status = path.stat()
        assert (status.st_mode & 0o7777, status.st_uid, status.st_gid) == (0o640, 1234, 2345)


def test_without_agentxperms_only_the_owner_may_connect(agent):
    agent.base = [line for line in agent.base if not line.startswith("agentXPerms")]
    agent.configure()
    agent.start()
    assert agent.guard.stat().st_mode & 0o7777 == 0o600


def test_the_descriptors_do_not_leak_into_programs_that_snmpd_runs(agent, tmp_path):
    listing = tmp_path / "listing"
    agent.base.append(f"extend-sh fds ls -l /proc/self/fd >{listing}")
    agent.configure()
    agent.start()
    with Announcement(agent.guard):
        agent.run(V2C, "snmpget", "1.3.6.1.4.1.8072.1.3.2.3.1.1.3.102.100.115")
        wait_for(listing.exists, "the program")
        assert "devsec_guard" not in listing.read_text()


def test_guard_link_to_the_real_guard(agent, helpers):
    agent.start()
    agent.run(AUTH_NO_PRIV, "snmpget", SCALAR)
    link = Probe(helpers, agent.guard, agent.process.pid)
    assert link.opened == "open 0 0 1"
    agent.run(V2C, "snmpget", SCALAR)
    assert link.ask() == ["alive", "1", "0", "1"]
    code, text = probe(helpers, agent.guard, os.getpid())
    assert code == 1 and f"process {agent.process.pid} announces the guard there, but the AgentX master is process " \
                         f"{os.getpid()}" in text
    agent.process.send_signal(signal.SIGTERM)
    agent.process.wait(20)
    assert link.ask()[0] == "gone"
    code, text = probe(helpers, agent.guard, agent.process.pid)
    assert code == 1 and f"no guard at {agent.guard}: is devsec_master.so loaded" in text
    link.close()


def test_without_the_module_there_is_no_guard(tmp_path, helpers):
    agent = Agent(tmp_path, module=False).start()
    code, text = probe(helpers, agent.guard, agent.process.pid)
    assert code == 1 and f"no guard at {agent.guard}" in text
    agent.stop()


def test_somebody_else_listens_there(agent, helpers):
    """A process that sits on the path first: snmpd says so and leaves it alone, devsecd refuses it by its pid."""
    fake = subprocess.Popen([sys.executable, "-c", "import socket,sys\ns=socket.socket(socket.AF_UNIX)\n"
                             "s.bind(sys.argv[1]); s.listen(8); print(1, flush=True)\n"
                             "while True:\n c,_=s.accept()\n try: c.send(b'x'*176)\n except OSError: pass",
                             agent.guard],
                            stdout=subprocess.PIPE)
    agent.children.append(fake)
    fake.stdout.read(1)
    inode = agent.guard.lstat().st_ino
    agent.start()
    assert f"devsec_master: {agent.guard} is in use (somebody answers there)" in agent.log_text()
    assert agent.guard.lstat().st_ino == inode
    code, text = probe(helpers, agent.guard, agent.process.pid)
    assert code == 1 and f"process {fake.pid} announces the guard there, but the AgentX master is process " \
                         f"{agent.process.pid}" in text
    code, text = probe(helpers, agent.guard, fake.pid)
    assert code == 1 and "sent no descriptors" in text or "does not speak" in text
    assert_nothing(agent.run(V2C, "snmpget", SCALAR), "guarded all the same")
    fake.terminate()
    fake.wait()
    agent.children.remove(fake)
    agent.process.send_signal(signal.SIGTERM)
    agent.process.wait(20)
    assert agent.guard.lstat().st_ino == inode, "not ours, so not removed"


def test_a_stale_socket_is_replaced(agent):
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(agent.guard))
        stale.listen()
    inode = agent.guard.lstat().st_mtime_ns
    agent.start()
    assert agent.guard.lstat().st_mtime_ns != inode
    assert agent.denied() == [0, 0, 0]


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_not_a_socket_stays(agent, kind):
    if kind == "file":
        agent.guard.write_text("precious")
    elif kind == "folder":
        agent.guard.mkdir()
    else:
        agent.guard.symlink_to("/etc/hostname")
    agent.start()
    assert f"devsec_master: {agent.guard} is there and is not a socket" in agent.log_text()
    assert kind != "file" or agent.guard.read_text() == "precious"
    assert kind != "link" or agent.guard.is_symlink()
    assert_nothing(agent.run(V2C, "snmpget", SCALAR), "guarded all the same")


@pytest.mark.parametrize("value, text", [("relative/path", "wants the absolute path"),
                                         ("/" + "x" * 107, "wants the absolute path"),
                                         ("/proc/nowhere/guard", "No such file or directory")])
def test_a_path_that_cannot_be(agent, value, text):
    agent.module[1] = f"devsecGuardSocket {value}"
    agent.configure()
    agent.start()
    assert text in agent.log_text() + (agent.folder / "stderr").read_text()
    assert_nothing(agent.run(V2C, "snmpget", SCALAR), "guarded all the same")


def test_the_folder_is_made(agent):
    agent.guard = agent.folder / "run" / "guard"
    agent.module[1] = f"devsecGuardSocket {agent.guard}"
    agent.configure()
    agent.start()
    assert agent.denied() == [0, 0, 0]
    assert agent.guard.parent.stat().st_mode & 0o777 == 0o755


def test_sighup_keeps_the_announcement(agent, helpers):
    standin = served(agent, helpers)
    agent.run(V2C, "snmpget", SCALAR)
    link = Probe(helpers, agent.guard, agent.process.pid)
    inode = agent.guard.lstat().st_ino
    for _ in range(3):
        agent.reconfigure()
        assert link.ask() == ["alive", "1", "0", "0"]
    assert agent.guard.lstat().st_ino == inode
    assert probe(helpers, agent.guard, agent.process.pid)[1] == "open 1 0 0"
    requests = standin.requests()
    assert_nothing(agent.run(V2C, "snmpbulkget", ROOT), "after SIGHUP")
    assert standin.requests() == requests
    assert link.ask()[:2] == ["alive", "2"], "callbacks are not doubled"
    assert len(agent.run(AUTH_PRIV, "snmpbulkwalk", ROOT).splitlines()) == SUBTREE_SIZE
    link.close()


def test_another_path_takes_effect_at_the_next_start(agent, helpers):
    agent.start()
    agent.module[1] = f"devsecGuardSocket {agent.folder}/elsewhere"
    agent.configure()
    agent.reconfigure()
    assert f"devsecGuardSocket {agent.folder}/elsewhere takes effect when snmpd is restarted" in agent.log_text()
    assert probe(helpers, agent.guard, agent.process.pid)[0] == 0


def test_dlmod_line_removed_and_sighup(agent, helpers):
    """The announcement goes, the denial stays."""
    standin = served(agent, helpers)
    link = Probe(helpers, agent.guard, agent.process.pid)
    module, agent.module = agent.module, []
    agent.configure()
    agent.reconfigure()
    assert link.ask()[0] == "gone"
    assert not agent.guard.exists()
    requests = standin.requests()
    for level in (V1, V2C, NO_AUTH, AUTH_NO_PRIV):
        assert_nothing(agent.run(level, "snmpget", SCALAR), "unloaded")
        assert_nothing(agent.run(level, "snmpgetnext", ROOT), "unloaded")
    assert standin.requests() == requests
    link.close()
    agent.module = module
    agent.configure()
    agent.reconfigure()
    assert probe(helpers, agent.guard, agent.process.pid)[0] == 0


def test_unloading_by_snmp_opens_nothing(agent, helpers):
    """UCD-DLMOD-MIB lets any writer unload a module: dlmodStatus unload(5), then load(4)."""
    standin = served(agent, helpers)
    link = Probe(helpers, agent.guard, agent.process.pid)
    status = "1.3.6.1.4.1.2021.13.14.2.1.5.1"
    assert "= 5" in agent.run(V2C_WRITE, "snmpset", status, "i", "5")
    assert link.ask()[0] == "gone"
    assert not agent.guard.exists()
    requests = standin.requests()
    for level in (V1, V2C, NO_AUTH, AUTH_NO_PRIV):
        for tool, args in (("snmpget", [SCALAR]), ("snmpgetnext", [ROOT]), ("snmpwalk", [GRAND])):
            assert_nothing(agent.run(level, tool, *args), "unloaded")
    assert standin.requests() == requests
    # What registers now is covered as well.
    late = Standin(agent, helpers, [f"{ROOT}.5", BEHIND[:-2]])
    wait_for(lambda: MARK in agent.run(V2C, "snmpget", BEHIND), "the late stand-in")
    requests = late.requests()
    assert_nothing(agent.run(V2C, "snmpgetnext", f"{ROOT}.4"), "unloaded")
    assert "=" in agent.run(V2C_WRITE, "snmpset", status, "i", "4")
    assert probe(helpers, agent.guard, agent.process.pid)[0] == 0
    assert link.ask()[0] == "gone"
    link.close()


def test_more_clients_than_are_served(agent):
    agent.start()
    clients = [Announcement(agent.guard) for _ in range(8)]
    with socket.socket(socket.AF_UNIX) as ninth:
        ninth.connect(str(agent.guard))
        ninth.settimeout(10)
        assert ninth.recv(1) == b""
    assert "8 clients are connected already" in agent.log_text()
    clients.pop().__exit__()
    wait_for(lambda: accepted(agent.guard), "a free place")
    for client in clients:
        assert not client.gone()
        client.__exit__()


def accepted(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(path))
        return client.recv(1) != b""


def test_a_client_that_speaks_is_hung_up_on(agent):
    agent.start()
    with Announcement(agent.guard) as loud:
        loud.socket.settimeout(10)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):  # the latter when it comes while this still speaks
            loud.socket.sendall(b"x" * 100000)
            wait_for(lambda: accepted(agent.guard), "snmpd")
            loud.socket.recv(1)
    assert "before" in agent.run(V2C, "snmpget", "1.3.6.1.2.1.1.4.0")


def test_many_clients_that_come_and_go(agent):
    agent.start()
    before = len(os.listdir(f"/proc/{agent.process.pid}/fd"))
    for _ in range(200):
        with Announcement(agent.guard):
            pass
    wait_for(lambda: len(os.listdir(f"/proc/{agent.process.pid}/fd")) == before, "closed connections")


def test_announced_before_snmpd_forks(tmp_path, helpers):
    """Without -f the kernel names the process before the fork on both sockets, so they still match."""
    agent = Agent(tmp_path)
    pid_file = tmp_path / "pid"
    subprocess.run([shutil.which("snmpd", path="/usr/sbin:/usr/bin"), "-Lf", agent.log, "-C", "-c", agent.config_file,
                    "-p", pid_file, "-I", agent.disabled, f"udp:127.0.0.1:{agent.port}"], env=agent.env(), check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(tmp_path / "stderr", "a"))
    pid = int(wait_for(lambda: pid_file.exists() and pid_file.read_text(), "the pid file"))
    try:
        wait_for(lambda: "before" in agent.run(V2C, "snmpget", "1.3.6.1.2.1.1.4.0"), "snmpd")
        with socket.socket(socket.AF_UNIX) as agentx:
            agentx.connect(str(agent.agentx))
            master = struct.unpack("3i", agentx.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        assert master != pid
        assert probe(helpers, agent.guard, master) == (0, "open 0 0 0")
        agent.run(V2C, "snmpget", SCALAR)
        assert agent.denied() == [1, 0, 0]
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not agent.guard.exists(), "the end of snmpd")


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become somebody else")
def test_snmpd_that_gives_up_its_privileges(tmp_path):
    """It cannot remove the socket then; its successor finds it stale."""
    for attempt in ("first", "second"):
        folder = tmp_path / attempt
        folder.mkdir()
        agent = Agent(folder, arguments=["-u", "nobody"])
        agent.guard = tmp_path / "guard"
        agent.module[1] = f"devsecGuardSocket {agent.guard}"
        agent.configure()
        agent.start()
        assert agent.denied() == [0, 0, 0]
        agent.stop()
        assert agent.guard.exists()
