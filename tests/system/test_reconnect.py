# SPDX-License-Identifier: Apache-2.0
"""snmpd goes away, hangs, comes back; devsecd ends, hangs, has a rival: served again each time, and nothing is lost."""
import os
import signal
import subprocess
import threading

import pytest
from conftest import running, wait_until
from daemon import Daemon
from device import Device
from mib_objects import BUILD, MIB
from poller import SERVED, Poller, get_port
from pysnmp_client import Client, NoAnswer

ENDED_SECONDS = 60


@pytest.fixture
def device(shared):
    """The shared device, served, with the settings of the factory."""
    shared.reconnect()
    shared.wait_served()
    shared.reset()
    return shared


@pytest.fixture(scope="module")
def shared_daemon(make_module_sandbox):
    device = Device(make_module_sandbox())
    daemon = Daemon(device.sandbox)
    yield device, daemon
    daemon.end()
    device.client.close()


@pytest.fixture
def pair(shared_daemon):
    """A device, served, and its devsecd, which is a child of the test."""
    device, daemon = shared_daemon
    daemon.start()
    device.wait_served()
    device.reset()
    return device, daemon


def check_works(device, number):
    before = device.generation
    device.accept(("devsecSmtpPort", number), ("devsecSmtpHost", f"host-{number}.example"))
    assert (device.stored["smtp.port"], device.generation) == (str(number), before + 1)
    assert {entry.instance for entry in MIB.scalars} <= {name for name, _ in device.walk()}
    assert device.label("devsecSnmpEnforcement") == "enforced"


def test_snmpd_killed_again_and_again(device):
    daemon = device.sandbox.pid("devsecd")
    descriptors = []
    for number in range(2500, 2503):
        device.sandbox.kill("snmpd")
        device.sandbox.restart("snmpd")
        device.reconnect()
        device.wait_served()
        check_works(device, number)
        descriptors.append(len(os.listdir(f"/proc/{daemon}/fd")))
    assert device.sandbox.pid("devsecd") == daemon
    assert len(set(descriptors[1:])) == 1, f"open descriptors after each: {descriptors}"


def test_snmpd_ended_orderly_and_by_hangup(device):
    for number in (2500, 2501):
        device.sandbox.restart("snmpd")
        device.reconnect()
        device.wait_served()
        check_works(device, number)
    # On SIGHUP snmpd reads its configuration again, and takes the module out and in.
    for number in (2502, 2503):
        os.kill(device.sandbox.pid("snmpd"), signal.SIGHUP)
        device.wait_served()
        check_works(device, number)


def test_snmpd_away_for_a_while(device):
    """What others change meanwhile is served when it is back."""
    device.sandbox.kill("snmpd")
    wait_until(lambda: device.sandbox.log("devsecd").rstrip().endswith("the AgentX master went away; connecting again"))
    assert device.sandbox.ctl("set", "smtp.port", "2600").returncode == 0
    path = device.sandbox.dir / "store" / "settings.yaml"
    path.write_text(device.sandbox.settings.replace("min-interval: 5", "min-interval: 6"))
    wait_until(lambda: "was edited; the edit is in force" in device.sandbox.log("devsecd"))
    device.sandbox.restart("snmpd")
    device.reconnect()
    device.wait_served()
    assert device.read("devsecSmtpPort", "devsecNotifyMinInterval") == [2600, 6]
    check_works(device, 2601)


def test_devsecd_started_before_snmpd(device):
    device.sandbox.kill("snmpd")
    device.sandbox.kill("devsecd")
    device.sandbox.restart("devsecd")
    wait_until(lambda: "no AgentX master answers at" in device.sandbox.log("devsecd"))
    device.sandbox.restart("snmpd")
    device.reconnect()
    device.wait_served()
    check_works(device, 2600)


def test_snmpd_hangs_for_a_moment(device):
    pid = device.sandbox.pid("snmpd")
    for number in range(2500, 2503):
        os.kill(pid, signal.SIGSTOP)
        # devsecd goes on: it takes an edit over, and has a notification to send that nobody fetches.
        assert device.sandbox.ctl("set", "notify.min-interval", str(number - 2500)).returncode == 0
        hasty = Client(device.sandbox, seconds=0.2)
        with pytest.raises(NoAnswer):
            hasty.get(MIB["devsecSmtpPort"].instance)
        hasty.close()
        os.kill(pid, signal.SIGCONT)
        device.wait_served()
        assert device.number("devsecNotifyMinInterval") == number - 2500
        check_works(device, number)


def test_devsecd_hangs_for_a_moment(device):
    """snmpd waits for its answers; a SET that comes meanwhile is carried out once and answered."""
    before, pid = device.generation, device.sandbox.pid("devsecd")
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(0.7, os.kill, (pid, signal.SIGCONT)).start()
    device.accept(("devsecSmtpPort", 2600))
    assert (device.generation, device.stored["smtp.port"]) == (before + 1, "2600")
    check_works(device, 2601)


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_snmpd_restarted_in_a_stream_of_sets(device, how):
    """No acknowledged SET is lost, no half one is there, and the stream goes on."""
    generation, seen = device.generation, []
    ended = threading.Event()

    def stream():
        client = Client(device.sandbox, seconds=0.5)
        port, host = MIB["devsecSmtpPort"], MIB["devsecSmtpHost"]
        for number in range(2500, 60000):
            if ended.is_set():
                break
            try:
                answer = client.set((port.instance, port.wire(number)), (host.instance, host.wire(f"h{number}")))
                seen.append((number, answer.status))
            except NoAnswer as reason:
                seen.append((number, str(reason)))
                client.close()
                client = Client(device.sandbox, seconds=0.5)  # the engine's boots are others now
        client.close()

    def acknowledged():
        return [number for number, status in seen if status == "noError"]

    writer = threading.Thread(target=stream)
    writer.start()
    try:
        for _ in range(2):
            before = len(acknowledged())
            wait_until(lambda: len(acknowledged()) > before + 3)
            if how == "kill":
                device.sandbox.kill("snmpd")
            device.sandbox.restart("snmpd")
        before = len(acknowledged())
        wait_until(lambda: len(acknowledged()) > before + 3)
    finally:
        ended.set()
        writer.join()
    device.reconnect()
    device.wait_served()
    port = device.number("devsecSmtpPort")
    assert device.text("devsecSmtpHost") == f"h{port}"
    assert (device.stored["smtp.port"], device.stored["smtp.host"]) == (str(port), f"h{port}")
    # A SET without an answer may have happened; one that came after it and was acknowledged has.
    last = acknowledged()[-1]
    assert port >= last and port <= seen[-1][0]
    assert len(acknowledged()) <= device.generation - generation <= len(seen)
    assert device.label("devsecStoreStatus") == "ok"


def test_a_second_devsecd_gives_way(device):
    """Nor does it disturb the first one, which is polled meanwhile."""
    first = device.sandbox.pid("devsecd")
    poller = Poller(device.sandbox, get_port)
    second = subprocess.run([BUILD / "subagent" / "devsecd", "-f", "-c", device.sandbox.dir / "devsecd.yaml"],
                            env={"PATH": os.environ["PATH"], "MIBS": ""}, capture_output=True, text=True,
                            timeout=ENDED_SECONDS, stdin=subprocess.DEVNULL, check=False)
    answers = poller.end()
    assert second.returncode == 1, second.stderr
    assert "another subagent has registered this MIB with snmpd: is a second devsecd running?" in second.stderr
    assert "the other subagent stays; ending" in second.stderr
    assert len(answers) > 10 and {came for _, came in answers} == {SERVED}
    assert running(first) and device.served()
    check_works(device, 2600)
    assert "Sanitizer" not in second.stderr


def test_the_place_of_one_that_died_is_taken_at_once(pair):
    device, daemon = pair
    for number in range(2500, 2505):
        daemon.kill()
        daemon.start()
        device.wait_served()
        check_works(device, number)
    assert daemon.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_devsecd_well(pair, number):
    device, daemon = pair
    check_works(device, 2600)
    daemon.process.send_signal(number)
    assert daemon.process.wait(ENDED_SECONDS) == 0
    assert "devsecd ended" in device.sandbox.log("devsecd")
    assert device.sandbox.sanitizer_reports() == ""
    answer = device.client.get(MIB["devsecSmtpPort"].instance)
    assert answer.values[0].type == "noSuchObject"


def test_a_signal_in_a_stream_of_sets_ends_devsecd_well(pair):
    device, daemon = pair
    for turn in range(10):
        number = last = 2500 + 1000 * turn
        device.accept(("devsecSmtpPort", number))
        ender = threading.Timer(0.01 * turn, daemon.process.terminate)
        ender.start()
        while device.set(("devsecSmtpPort", number + 1)).status == "noError":
            number = last = number + 1
        assert daemon.process.wait(ENDED_SECONDS) == 0
        daemon.start()
        device.wait_served()
        assert device.number("devsecSmtpPort") in (last, last + 1)
    assert daemon.end() == 0


def test_hangup_reads_the_document_again(device):
    os.kill(device.sandbox.pid("devsecd"), signal.SIGHUP)
    check_works(device, 2600)
    assert running(device.sandbox.pid("devsecd"))
