# SPDX-License-Identifier: Apache-2.0
"""kill -9 of devsecd at random moments under a stream of SETs: what was acknowledged is there, whole, ever after."""
import random
import threading

import pytest
from daemon import Daemon
from device import Device, settings_of
from mib_objects import MIB

ROUNDS = 200
LONGEST = 0.04  # seconds of a round's stream, some commits long; the moment is what matters, not the time


@pytest.fixture(scope="module")
def pair(module_sandbox):
    device, daemon = Device(module_sandbox), Daemon(module_sandbox)
    yield device, daemon
    daemon.end()
    device.client.close()


def values_of(number):
    """Three objects that belong together: each SET of the stream writes its number into all of them."""
    return [("devsecSmtpPort", number), ("devsecSmtpHost", f"host-{number}.example"),
            ("devsecNotifyMinInterval", number % 3600)]


def read_number(device):
    """The number that the three objects bear, which must be one."""
    port, host, interval = device.read("devsecSmtpPort", "devsecSmtpHost", "devsecNotifyMinInterval")
    assert (host, interval) == (f"host-{port}.example".encode(), port % 3600), "half a SET is there"
    return port


def stream(device, number, killer):
    """SETs until one is not acknowledged: the last acknowledged number and the one that was in flight."""
    killer.start()
    while True:
        answer = device.set(*values_of(number + 1))
        if answer.status != "noError":
            # The subtree is gone, or went while this one was under way.
            assert answer.status in ("genErr", "notWritable", "noAccess", "noCreation", "resourceUnavailable",
                                     "commitFailed", "undoFailed"), answer
            return number, number + 1
        number += 1


def check_store(device, number):
    stored = device.stored
    assert (stored["smtp.port"], stored["generation"]) == (str(number), str(device.generation))
    done = device.sandbox.ctl("check")
    assert done.returncode == 0, done.text
    for path in (device.sandbox.dir / "store" / "generations").glob("*.yaml"):
        assert settings_of(path.read_text(encoding="utf-8"))["generation"] == str(int(path.stem)), path
    names = [name for name, _ in device.walk()]
    assert {entry.instance for entry in MIB.scalars} <= set(names)


def test_kill_in_a_stream_of_sets(pair):
    device, daemon = pair
    dice = random.Random("kill")
    daemon.start()
    device.wait_served()
    device.accept(*values_of(1))
    number, generation, acknowledged = 1, device.generation, 0
    for turn in range(ROUNDS):
        killer = threading.Timer(dice.uniform(0, LONGEST), daemon.kill)
        last, flying = stream(device, number, killer)
        killer.join()
        acknowledged += last - number
        daemon.start()
        device.wait_served()
        found = read_number(device)
        assert found in (last, flying), f"round {turn}: {last} was acknowledged, {flying} in flight, {found} is there"
        assert device.generation == generation + found - number, f"round {turn}"
        assert device.label("devsecStoreStatus") == "ok", device.text("devsecStoreStatusText")
        number, generation = found, device.generation
        if turn % 20 == 0:
            check_store(device, number)
    check_store(device, number)
    assert acknowledged > ROUNDS // 2, "the stream did not flow"
    assert daemon.end() == 0
