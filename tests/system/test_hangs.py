# SPDX-License-Identifier: Apache-2.0
"""snmpd, devsecd or another subagent hangs, clients misbehave: devsecd stays idle, is served again, and there once."""
import os
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest
from conftest import running, wait_until
from daemon import Daemon
from device import Device
from guard.harness import OTHER, helpers  # noqa: F401
from mib_objects import MIB
from poller import SERVED, Poller, get_bulk, get_port, report
from traps import Receiver

GIVEN_UP_SECONDS = 1  # after which the snmpd of these tests gives a subagent up
IDLE_SECONDS = 1.2
IDLE_TICKS = 20  # of 10 ms each; a process that spins needs many times as many
MODULE_NAMES = (1, 3, 6, 1, 4, 1, 8072, 1, 2, 1, 1, 4)  # NET-SNMP-AGENT-MIB::nsModuleName, one for each registration


@pytest.fixture(scope="module")
def hasty(make_module_sandbox, tmp_path_factory):
    """A device whose snmpd soon gives a subagent up, and sets no limit to a GETBULK."""
    extra = tmp_path_factory.mktemp("hasty") / "snmpd.conf"
    extra.write_text(f"agentXTimeout {GIVEN_UP_SECONDS}\nagentXRetries 0\nmaxGetbulkResponses -1\n", encoding="utf-8")
    receiver = Receiver(tmp_path_factory.mktemp("traps"))
    try:
        device = Device(make_module_sandbox("--snmpd-conf", extra, "--snmpd-conf", receiver.snmpd_conf))
        device.traps = receiver
        yield device
        device.client.close()
    finally:
        receiver.end()


@pytest.fixture
def device(hasty):
    """The device, served, with the settings of the factory."""
    hasty.reconnect()
    hasty.wait_served()
    hasty.reset()
    return hasty


@pytest.fixture
def daemon(device):
    """A devsecd of the test's own in the place of the device's."""
    daemon = Daemon(device.sandbox).start()
    device.wait_served()
    yield daemon
    daemon.end()
    device.sandbox.restart("devsecd")


def check_works(device, number):
    before = device.generation
    device.accept(("devsecSmtpPort", number))
    assert (device.stored["smtp.port"], device.generation) == (str(number), before + 1)
    assert len(registrations(device)) == 1


def registrations(device):
    """The registrations of our root, as snmpd lists them: context, length and OID, priority."""
    rows = device.client.walk(MODULE_NAMES, lambda name: device.client.get_bulk(0, 50, name))
    ours = (len(MIB.root), *MIB.root)
    return [name for name, _ in rows if any(name[at:at + len(ours)] == ours for at in range(len(name)))
            and name[len(MODULE_NAMES) + 1:][:len(ours)] == ours]


def notified(device, generation):
    """The notifications of a change of settings to that generation."""
    return [trap for trap in device.traps.all("devsecSettingsChanged") if trap["devsecStoreGeneration"] == generation]


def ticks(pid):
    """The processor time that a process has had, in ticks (utime and stime of proc(5))."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rpartition(") ")[2].split()
    return int(fields[11]) + int(fields[12])


def check_idle(pid, what):
    before = ticks(pid)
    time.sleep(IDLE_SECONDS)
    used = ticks(pid) - before
    print(f"devsecd, {what}: {used} ticks in {IDLE_SECONDS} s")
    assert used < IDLE_TICKS, f"devsecd, {what}: {used} ticks in {IDLE_SECONDS} s"


@contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


# ---- snmpd ----

def listens(path):
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_how_soon_it_is_registered_again(device, how):
    """Prints it: from snmpd's listening until devsecd is registered."""
    took = []
    for number in (2601, 2602, 2603):
        times = {}

        def watch():
            path = device.sandbox.env["DEVSEC_AGENTX_SOCKET"]
            said = device.sandbox.log("devsecd").count("registered with snmpd")
            wait_until(lambda: any(listens(path) or time.sleep(0.002) for _ in range(100)))
            times["listens"] = time.monotonic()
            wait_until(lambda: any(device.sandbox.log("devsecd").count("registered with snmpd") > said or
                                   time.sleep(0.002) for _ in range(100)))
            times["registered"] = time.monotonic()

        pid = device.sandbox.pid("snmpd")
        os.kill(pid, how)
        wait_until(lambda: not running(pid))
        watcher = threading.Thread(target=watch)
        watcher.start()
        device.sandbox.restart("snmpd")
        watcher.join()
        took.append(times["registered"] - times["listens"])
        device.reconnect()
        device.wait_served()
        check_works(device, number)
    print(f"registered {', '.join(f'{1000 * seconds:.0f} ms' for seconds in took)} after snmpd listened ({how.name})")
    assert max(took) < 10


def test_snmpd_hangs_for_longer_than_any_time_out(device):
    """What happened meanwhile is there afterwards, and is notified once."""
    device.accept(("devsecNotifyMinInterval", 0))
    with stopped(device.sandbox.pid("snmpd")):
        check_idle(device.sandbox.pid("devsecd"), "registered with an snmpd that hangs")
        assert device.sandbox.ctl("set", "smtp.port", "2600").returncode == 0
        time.sleep(GIVEN_UP_SECONDS + 2)
    device.wait_served()
    assert device.number("devsecSmtpPort") == 2600
    check_works(device, 2601)
    wait_until(lambda: notified(device, device.generation))
    assert len(notified(device, device.generation - 1)) == 1


def test_devsecd_starts_while_snmpd_hangs(device, daemon):
    """It waits, idle, and can be ended; once snmpd goes on it is there, once."""
    assert daemon.end() == 0
    with stopped(device.sandbox.pid("snmpd")):
        daemon.start()
        time.sleep(0.5)
        start = time.monotonic()
        assert daemon.end() == 0
        assert time.monotonic() - start < 4, "it heard of the signal only when something else had timed out"
        daemon.start()
        time.sleep(2)
        check_idle(daemon.process.pid, "looking for an snmpd that hangs")
    device.wait_served()
    check_works(device, 2601)


def test_snmpd_is_gone_for_a_while(device):
    device.sandbox.kill("snmpd")
    wait_until(lambda: device.sandbox.log("devsecd").rstrip().endswith("the AgentX master went away; connecting again"))
    check_idle(device.sandbox.pid("devsecd"), "without an snmpd")
    device.sandbox.restart("snmpd")
    device.reconnect()
    device.wait_served()
    check_works(device, 2601)
    check_idle(device.sandbox.pid("devsecd"), "registered")


# ---- devsecd ----

def test_devsecd_hangs_until_snmpd_gives_it_up(device):
    poller = Poller(device.sandbox, get_port)
    poller.went_on()
    with stopped(device.sandbox.pid("devsecd")):
        wait_until(lambda: poller.answers[-1][1] != SERVED)
        time.sleep(GIVEN_UP_SECONDS)
    wait_until(lambda: poller.answers[-1][1] == SERVED)
    assert {came for _, came in poller.end()} <= {SERVED, "genErr", "noSuchObject"}
    check_works(device, 2601)


def test_devsecd_hangs_in_a_set_until_snmpd_gives_it_up(device):
    """The SET is refused; what comes afterwards is not that of two transactions."""
    with stopped(device.sandbox.pid("devsecd")):
        answer = device.set(("devsecSmtpPort", 2600), ("devsecSmtpHost", "half.example"))
        assert answer.status in ("genErr", "noSuchName", "notWritable", "noCreation", "commitFailed"), answer
    device.wait_served()
    port, host = device.number("devsecSmtpPort"), device.text("devsecSmtpHost")
    assert (port, host) in ((MIB["devsecSmtpPort"].default, MIB["devsecSmtpHost"].default), (2600, "half.example"))
    check_works(device, 2601)


# ---- others ----

def test_clients_of_the_guard_that_never_read_or_come_in_crowds(device):
    path = device.sandbox.env["DEVSEC_GUARD_SOCKET"]
    poller = Poller(device.sandbox, get_port)
    silent, ended = [], threading.Event()

    def flood():
        while not ended.is_set():
            listens(path)

    flooders = [threading.Thread(target=flood) for _ in range(2)]
    try:
        for _ in range(12):  # more than are served; who is too many is hung up on
            client = socket.socket(socket.AF_UNIX)
            client.connect(path)
            silent.append(client)
        poller.went_on()
        for flooder in flooders:
            flooder.start()
        poller.went_on(20)
        check_works(device, 2600)
    finally:
        ended.set()
        for flooder in flooders:
            flooder.join()
        for client in silent:
            client.close()
    answers = poller.end()
    report("GET under a flood of connections", answers)
    assert {came for _, came in answers} == {SERVED}
    assert device.sandbox.log("snmpd").count("clients are connected already") < 100
    device.sandbox.restart("devsecd")
    check_works(device, 2601)


@pytest.fixture
def other(device, helpers, tmp_path):  # noqa: F811
    """Another subagent of the same snmpd, which serves another subtree; with its own pid."""
    name = tuple(int(arc) for arc in OTHER.strip(".").split(".")) + (1, 0)
    process = subprocess.Popen(
        [helpers / "standin", f"unix:{device.sandbox.env['DEVSEC_AGENTX_SOCKET']}", tmp_path / "requests", "", OTHER],
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "MIBS": "", "SNMP_PERSISTENT_DIR": str(tmp_path)})
    wait_until(lambda: device.client.get(name).values[0].type == "STRING")
    yield process.pid, name
    process.terminate()
    process.wait(20)


def test_another_subagent_hangs(device, other):
    """Reading goes on meanwhile. snmpd itself has a SET wait for every request that is under way, and all behind it."""
    pid, name = other
    with stopped(pid):
        waiting = Poller(device.sandbox, lambda client: client.get(name))
        poller = Poller(device.sandbox, get_port)
        poller.went_on(20)
        assert not waiting.answers, "the one that hangs has been answered for"
        waiting.ended.set()
        start = time.monotonic()
        device.accept(("devsecSmtpPort", 2600))
        print(f"a SET waited {time.monotonic() - start:.2f} s for a subagent that is given up after "
              f"{GIVEN_UP_SECONDS} s")
        answers = poller.end()
        report("GET beside a subagent that hangs", answers)
        assert {came for _, came in answers} == {SERVED}
        assert waiting.end()[0][1] == "genErr"
    check_works(device, 2601)


def test_huge_getbulks_in_a_loop(device):
    """A second manager is answered between them."""
    quiet = Poller(device.sandbox, get_port)
    quiet.went_on(50)
    report("GET alone", quiet.end())
    greedy = [Poller(device.sandbox, get_bulk) for _ in range(2)]
    poller = Poller(device.sandbox, get_port)
    poller.went_on(100)
    answers = poller.end()
    for each in greedy:
        report("GETBULK of 2000", each.end())
    report("GET beside GETBULKs of 2000", answers)
    assert {came for _, came in answers} == {SERVED}
    check_works(device, 2601)
