# SPDX-License-Identifier: Apache-2.0
"""Notifications, as a receiver that wants authPriv gets them: what they say, what is held back or switched off."""
import pytest
from conftest import run, wait_until
from daemon import Faults
from device import Device
from mib_objects import MIB
from traps import Receiver

CHANGED, DEGRADED, DENIED = "devsecSettingsChanged", "devsecStoreDegraded", "devsecAccessDenied"
HOUR = 3600


class Watched:
    """A device and the receiver of its notifications."""

    def __init__(self, device, receiver):
        self.device = device
        self.receiver = receiver

    def changed(self):
        """The devsecSettingsChanged of the settings now in force; with devsecNotifyMinInterval 0 there is one."""
        generation = self.device.generation

        def newest():
            traps = self.receiver.all(CHANGED)
            return traps and traps[-1]["devsecStoreGeneration"] == generation and traps[-1]

        return wait_until(newest)

    def quiet(self):
        """Without limits, with nothing held back, everything received."""
        self.device.accept(("devsecNotifyMinInterval", 0), *[(name, True) for name in SWITCHES.values()])
        self.device.accept(("devsecSmtpPort", 1 + self.device.number("devsecSmtpPort") % 60000))
        self.changed()

    def deny(self):
        """A request that the guard denies, sent once: under a policy that denies all of SNMPv2c nobody answers."""
        port = ".".join(map(str, MIB["devsecSmtpPort"].instance))
        done = run(["snmpget", "-v2c", "-c", "public", "-t", "0.5", "-r", "0", "-On", self.device.sandbox.target,
                    f".{port}"], env=self.device.sandbox.env)
        assert "No Such Object" in done.text or "Timeout" in done.text, done.text

    def count(self, name):
        return len(self.receiver.all(name))


SWITCHES = {CHANGED: "devsecNotifySettingsChanged", DEGRADED: "devsecNotifyStoreDegraded",
            DENIED: "devsecNotifyAccessDenied"}


@pytest.fixture(scope="module")
def shared(make_module_sandbox, tmp_path_factory):
    receiver = Receiver(tmp_path_factory.mktemp("traps"))
    try:
        device = Device(make_module_sandbox("--snmpd-conf", receiver.snmpd_conf))
        yield Watched(device, receiver)
        device.client.close()
    finally:
        receiver.end()


@pytest.fixture
def watched(shared):
    shared.quiet()
    return shared


# ---- devsecSettingsChanged ----

@pytest.mark.parametrize("pairs, groups", [
    ([("devsecSmtpPort", 2600)], {"tls"}),
    ([("devsecTlsPermitMode", "ciphertextOnly")], {"tls"}),
    ([("devsecSnmpV1V2Permit", "readOnly")], {"snmp"}),
    ([("devsecNotifyAccessDenied", False)], {"notify"}),
    ([("devsecSmtpSecure", True), ("devsecSnmpV3Permit", "encryptionCleartext"), ("devsecNotifyAccessDenied", False)],
     {"tls", "snmp", "notify"}),
], ids=["smtp", "tls", "snmp", "notify", "three at once"])
def test_what_has_changed(watched, pairs, groups):
    watched.device.reset()
    watched.quiet()
    before = watched.count(CHANGED)
    watched.device.accept(*pairs)
    trap = watched.changed()
    assert (trap["devsecStoreGeneration"], trap.groups) == (watched.device.generation, groups)
    assert watched.count(CHANGED) == before + 1


def test_what_is_refused_or_the_same_is_not_notified(watched):
    before = watched.count(CHANGED)
    port = watched.device.number("devsecSmtpPort")
    watched.device.refuse("wrongValue", 2, ("devsecSmtpPort", 2600), ("devsecSmtpPort", 0))
    watched.device.accept(("devsecSmtpPort", port), ("devsecSetSerialNo", watched.device.number("devsecSetSerialNo")))
    watched.device.accept(("devsecSmtpPort", port + 1))
    assert watched.changed().groups == {"tls"}
    assert watched.count(CHANGED) == before + 1


def test_changes_by_others_are_notified(watched):
    before = watched.device.generation
    port = watched.device.number("devsecSmtpPort")
    assert watched.device.sandbox.ctl("set", "smtp.port", str(port + 1)).returncode == 0
    wait_until(lambda: watched.device.generation == before + 1)
    assert watched.changed().groups == {"tls"}
    path = watched.device.sandbox.dir / "store" / "settings.yaml"
    path.write_text(watched.device.sandbox.settings.replace("v1v2c-permit: disabled", "v1v2c-permit: enabled"))
    wait_until(lambda: watched.device.generation == before + 2)
    assert watched.changed().groups == {"snmp"}


# ---- held back ----

def test_what_comes_too_soon_is_held_back_and_summed_up(watched):
    device, before = watched.device, watched.count(CHANGED)
    suppressed = device.number("devsecNotifySuppressed")
    device.accept(("devsecNotifyMinInterval", HOUR))
    device.accept(("devsecSmtpPort", 1 + device.number("devsecSmtpPort")))
    device.accept(("devsecSnmpV1V2Permit", "readOnly"))
    assert device.number("devsecNotifySuppressed") == suppressed + 3
    # Another kind has a clock of its own, and is what shows that nothing of this kind is still under way.
    denied = watched.count(DENIED)
    watched.deny()
    watched.receiver.wait_for(denied + 1, DENIED)
    assert watched.count(CHANGED) == before
    # No limit any more: one notification tells of all of it, and nothing waits for the rest of the hour.
    device.accept(("devsecNotifyMinInterval", 0))
    trap = watched.changed()
    assert (trap.groups, watched.count(CHANGED)) == ({"notify", "tls", "snmp"}, before + 1)
    assert device.number("devsecNotifySuppressed") == suppressed + 3
    device.accept(("devsecSmtpPort", 1 + device.number("devsecSmtpPort")))
    assert watched.changed().groups == {"tls"}
    device.accept(("devsecSnmpV1V2Permit", "disabled"))


def test_another_kind_held_back_is_sent_when_the_limit_goes(watched):
    denied = watched.count(DENIED)
    watched.deny()
    watched.receiver.wait_for(denied + 1, DENIED)
    watched.device.accept(("devsecNotifyMinInterval", HOUR))
    suppressed = watched.device.number("devsecNotifySuppressed")
    watched.deny()
    wait_until(lambda: watched.device.number("devsecNotifySuppressed") == suppressed + 1)
    assert watched.count(DENIED) == denied + 1
    watched.device.accept(("devsecNotifyMinInterval", 0))
    last = watched.receiver.wait_for(denied + 2, DENIED)[-1]
    assert last["devsecSnmpDeniedV1V2c"] == watched.device.number("devsecSnmpDeniedV1V2c")


def test_the_summary_comes_by_itself_when_the_time_is_over(watched):
    device, before = watched.device, watched.count(CHANGED)
    suppressed = device.number("devsecNotifySuppressed")
    events = [("devsecNotifyMinInterval", 2), ("devsecSmtpPort", 1 + device.number("devsecSmtpPort")),
              ("devsecSnmpV1V2Permit", "readOnly")]
    for event in events:
        device.accept(event)
    assert watched.changed()
    new = watched.receiver.all(CHANGED)[before:]
    assert set().union(*[trap.groups for trap in new]) == {"notify", "tls", "snmp"}
    # Each event was sent at once or counted; on a slow machine the time may be over between two of them.
    held = device.number("devsecNotifySuppressed") - suppressed
    assert 1 <= held <= len(events) and len(new) >= 1 and len(new) <= len(events) - held + 1


# ---- switched off ----

def test_switched_off(watched):
    device, before = watched.device, {name: watched.count(name) for name in SWITCHES}
    suppressed = device.number("devsecNotifySuppressed")
    device.accept(*[(name, False) for name in SWITCHES.values()])
    device.accept(("devsecSmtpPort", 1 + device.number("devsecSmtpPort")))
    with Faults(device.sandbox, "fsync:error=EIO"):
        device.refuse("commitFailed", 1, ("devsecSmtpPort", 2600))
    counted = device.number("devsecSnmpDeniedV1V2c")
    watched.deny()
    assert device.number("devsecSnmpDeniedV1V2c") == counted + 1
    device.accept(("devsecNotifySettingsChanged", True))
    watched.changed()
    assert {name: watched.count(name) for name in SWITCHES} == {**before, CHANGED: before[CHANGED] + 1}
    assert device.number("devsecNotifySuppressed") == suppressed


# ---- devsecStoreDegraded ----

def test_a_store_that_cannot_be_written_is_notified_once(watched):
    before = watched.count(DEGRADED)
    with Faults(watched.device.sandbox, "fsync:error=ENOSPC"):
        for _ in range(3):
            watched.device.refuse("commitFailed", 1, ("devsecSmtpPort", 2600))
    trap = watched.receiver.wait_for(before + 1, DEGRADED)[-1]
    assert trap["devsecStoreStatus"] == MIB["devsecStoreStatus"].labels["failed"]
    assert trap["devsecStoreStatusText"] == watched.device.read("devsecStoreStatusText")[0]
    assert b"No space left on device" in trap["devsecStoreStatusText"]
    with Faults(watched.device.sandbox, "fsync:error=EROFS"):
        watched.device.refuse("commitFailed", 1, ("devsecSmtpPort", 2600))
    trap = watched.receiver.wait_for(before + 2, DEGRADED)[-1]
    assert trap["devsecStoreStatus"] == MIB["devsecStoreStatus"].labels["readOnly"]
    watched.device.accept(("devsecSmtpPort", 2601))
    watched.changed()
    assert watched.count(DEGRADED) == before + 2


def test_an_edit_that_is_refused_is_notified(watched):
    device, before = watched.device, watched.count(DEGRADED)
    good = device.sandbox.settings
    path = device.sandbox.dir / "store" / "settings.yaml"
    path.write_text(good.replace("min-interval: 0", "min-interval: -1"))
    trap = watched.receiver.wait_for(before + 1, DEGRADED)[-1]
    assert trap["devsecStoreStatus"] == MIB["devsecStoreStatus"].labels["recovered"]
    assert b"settings.yaml:" in trap["devsecStoreStatusText"] and b"min-interval" in trap["devsecStoreStatusText"]
    path.write_text(good)
    wait_until(lambda: device.label("devsecStoreStatus") == "ok")


# ---- devsecAccessDenied ----

def test_a_denied_request_is_notified(watched):
    before = watched.count(DENIED)
    for number in (1, 2):
        watched.deny()
        trap = watched.receiver.wait_for(before + number, DENIED)[-1]
        for name in ("devsecSnmpDeniedV1V2c", "devsecSnmpDeniedNoAuth", "devsecSnmpDeniedAuthNoPriv"):
            assert trap[name] == watched.device.number(name), name


# ---- informs ----

def test_informs_arrive_too(make_sandbox, tmp_path):
    receiver = Receiver(tmp_path, informs=True)
    try:
        watched = Watched(Device(make_sandbox("--snmpd-conf", receiver.snmpd_conf)), receiver)
        watched.quiet()
        watched.device.accept(("devsecTlsSha1Digest", True))
        assert watched.changed().groups == {"tls"}
    finally:
        receiver.end()
