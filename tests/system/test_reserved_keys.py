# SPDX-License-Identifier: Apache-2.0
"""The device's own keys at its first start, while somebody else makes keys as fast as possible."""
import threading

from conftest import wait_until
from daemon import Daemon
from keyring import Keyring

NAMES = {"Default Key", "AMS", "Device Signature Key"}
OTHERS = 8
PROFILE = ('model: Test MFP\nfirmware: "1.20"\nkeys:\n  limit: {limit}\n'
           "  reserved: [default, ams, device-signature]\n  reserved-key:\n    type: rsa\n    bits: 2048\n")


def first_start(sandbox, limit):
    """Starts devsecd on a store without keys while devsecctl makes as many as it can; returns what it did."""
    (sandbox.dir / "device-profile.yaml").write_text(PROFILE.format(limit=limit))
    daemon = Daemon(sandbox)
    done = []

    def others():
        for number in range(OTHERS):
            done.append(sandbox.ctl("cert", "create", f"host-{number}.test", "--key", "p256"))

    thread = threading.Thread(target=others)
    daemon.start()
    wait_until(lambda: "is being made" in sandbox.log("devsecd"))
    thread.start()
    thread.join()
    return daemon, done


def names(sandbox):
    keys = Keyring(sandbox)
    return [keys.column("Name", slot) for slot in keys.slots()]


def test_the_devices_own_keys_are_there_soon_whoever_is_quicker(sandbox):
    daemon, done = first_start(sandbox, 32)
    try:
        assert all(one.returncode == 0 for one in done), [one.text for one in done]
        wait_until(lambda: NAMES <= set(names(sandbox)), 50)  # an attempt later would come a minute later
        assert len(names(sandbox)) == OTHERS + len(NAMES)
        wait_until(lambda: sandbox.value("devsecHealth.0") == "ok")
    finally:
        assert daemon.end() == 0


def test_others_do_not_take_the_last_slots(sandbox):
    daemon, done = first_start(sandbox, 6)
    try:
        wait_until(lambda: NAMES <= set(names(sandbox)), 50)
        assert len(names(sandbox)) == 6
        assert [one.returncode for one in done].count(0) == 3
        assert all("the device can hold 6 keys" in one.text for one in done if one.returncode)
    finally:
        assert daemon.end() == 0
