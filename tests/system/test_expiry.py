# SPDX-License-Identifier: Apache-2.0
"""The end of certificates, told as the device's clock goes on, jumps and is set back: each stage once."""
import time

import pytest
import yaml
from clock import DAY, ClockedDaemon
from conftest import wait_until
from device import Device
from keyring import MODULE, Keyring
from mib_objects import MIB
from traps import Receiver

EXPIRING, EXPIRED, CHANGED = "devsecCertExpiring", "devsecCertExpired", "devsecSettingsChanged"
P256 = {"KeyType": "ecdsa", "KeyCurve": "p256"}
LIFE = 60  # days that the tests' certificates have left


def date(when):
    """DateAndTime, UTC, for snmpset's type x."""
    tm = time.gmtime(when)
    return (f"{tm.tm_year:04x}{tm.tm_mon:02x}{tm.tm_mday:02x}{tm.tm_hour:02x}{tm.tm_min:02x}{tm.tm_sec:02x}00"
            "2b0000")


class Clocked:
    """A device with a clock of its own, and the receiver of its notifications."""

    def __init__(self, sandbox, receiver):
        self.sandbox = sandbox
        self.receiver = receiver
        self.daemon = ClockedDaemon(sandbox)
        self.daemon.start()
        self.device = Device(sandbox)
        self.device.wait_served()
        self.keys = Keyring(sandbox)
        self.device.accept(("devsecNotifyMinInterval", 0))
        self.begin = int(time.time())

    def make(self, days=LIFE, name="mfp.example.com"):
        """A certificate that ends in so many days by the machine's clock, an hour later; returns its slot."""
        return self.keys.good("createSelfSigned", CommonName=name, NotBefore=date(self.begin - 700 * DAY),
                              NotAfter=date(self.begin + days * DAY + 3600), **P256)

    def at(self, days):
        """Sets the clock to so many days after the beginning."""
        self.daemon.set(days * DAY)

    def restart(self):
        self.daemon.restart()
        self.device.wait_served()

    def told(self, slot):
        """What the settings document says of a key; None while there is nothing."""
        rows = yaml.safe_load(self.sandbox.settings)["keys"]
        return next(row for row in rows if row["slot"] == slot).get("told")

    def wait_told(self, slot, word):
        wait_until(lambda: self.told(slot) == word)

    def traps(self):
        """All about certificates, in their order, as (kind, slot)."""
        return [(trap.name, slot_of(trap)) for trap in self.receiver.all() if trap.name in (EXPIRING, EXPIRED)]

    def wait_traps(self, expected):
        wait_until(lambda: len(self.traps()) >= len(expected))
        assert self.traps() == expected

    def fence(self):
        """Returns when the daemon has looked at the clock again, and what it sent for that has come."""
        time.sleep(2.2)  # it looks every second
        before = len(self.receiver.all(CHANGED))
        self.device.accept(("devsecSmtpPort", 1 + self.device.number("devsecSmtpPort") % 60000))
        wait_until(lambda: len(self.receiver.all(CHANGED)) > before)

    def end(self):
        self.device.client.close()
        assert self.daemon.end() == 0


def column(trap, name):
    """A column's value in a notification."""
    return next(value for oid, value in trap.binds.items() if oid[:-1] == MIB[name].oid)


def slot_of(trap):
    return next(oid[-1] for oid in trap.binds if oid[:-1] == MIB["devsecCertName"].oid)


@pytest.fixture(name="clocked")
def fixture_clocked(make_sandbox, tmp_path):
    receiver = Receiver(tmp_path)
    clocked = Clocked(make_sandbox("--snmpd-conf", receiver.snmpd_conf), receiver)
    try:
        yield clocked
        clocked.end()
    finally:
        clocked.daemon.end()
        receiver.end()


def test_each_stage_once_across_restarts_and_a_clock_that_is_set_back(clocked):
    slot = clocked.make()
    changed = len(clocked.receiver.all(CHANGED))
    expected = []
    for day, kind, word in [(LIFE - 29, EXPIRING, "warning"), (LIFE - 6, EXPIRING, "week"),
                            (LIFE - 0.5, EXPIRING, "day"), (LIFE + 1, EXPIRED, "expired")]:
        clocked.at(day)
        expected.append((kind, slot))
        clocked.wait_traps(expected)
        clocked.wait_told(slot, word)
        left = (LIFE - day) * DAY + 3600
        trap = clocked.receiver.all(kind)[-1]
        assert left - 120 <= column(trap, "devsecCertSecondsLeft") <= left
        assert column(trap, "devsecCertName") == b"Key %d" % slot
        assert b"CN=mfp.example.com" in column(trap, "devsecCertSubject")
        assert column(trap, "devsecCertInUse") == b"\0"
        clocked.restart()
    # What was told is no change of settings, and none of it came twice.
    clocked.fence()
    assert clocked.traps() == expected
    assert len(clocked.receiver.all(CHANGED)) == changed + 1
    # A step back by hours is none.
    clocked.at(LIFE - 0.5)
    clocked.fence()
    assert (clocked.traps(), clocked.told(slot)) == (expected, "expired")
    # One by weeks is: what is to come again is told again.
    clocked.at(LIFE - 20)
    clocked.wait_told(slot, "warning")
    clocked.restart()
    clocked.fence()
    assert clocked.traps() == expected
    clocked.at(LIFE - 6)
    expected.append((EXPIRING, slot))
    clocked.wait_traps(expected)
    # A clock that was not set says nothing, and takes nothing back.
    clocked.at(-50 * 365)
    clocked.fence()
    assert (clocked.traps(), clocked.told(slot)) == (expected, "week")
    # Beyond all that is left: the end alone is told.
    clocked.at(LIFE + 1000)
    expected.append((EXPIRED, slot))
    clocked.wait_traps(expected)


def test_several_at_once_are_spaced_and_none_is_lost(clocked):
    slots = [clocked.make(LIFE + number, f"mfp-{number}.example.com") for number in (2, 0, 1)]
    clocked.device.accept(("devsecNotifyMinInterval", 1))
    suppressed = clocked.device.number("devsecNotifySuppressed")
    clocked.at(LIFE - 3)
    clocked.wait_traps([(EXPIRING, slots[1]), (EXPIRING, slots[2]), (EXPIRING, slots[0])])
    assert clocked.device.number("devsecNotifySuppressed") == suppressed + 2
    clocked.at(LIFE + 100)
    wait_until(lambda: len(clocked.traps()) == 6)
    assert clocked.traps()[3:] == [(EXPIRED, slots[1]), (EXPIRED, slots[2]), (EXPIRED, slots[0])]


def test_health_and_counters_follow_the_clock(clocked):
    slot = clocked.make()
    done = clocked.sandbox.set(f"{MODULE}devsecUsageSlot.ieee8021x.1", "u", slot)
    assert done.returncode == 0, done.text
    which = f'the certificate of ieee8021x (slot {slot}, "Key {slot}")'

    def look():
        return (clocked.device.label("devsecHealth"), clocked.device.text("devsecHealthText"),
                *clocked.device.read("devsecCertTotal", "devsecCertExpiringCount", "devsecCertExpiredCount"))

    end = time.strftime("%Y-%m-%d", time.gmtime(clocked.begin + LIFE * DAY + 3600))
    assert look() == ("ok", "", 1, 0, 0)
    for day, expected in [
            (LIFE - 12, ("warning", f"{which} expires in 13 days, on {end}", 1, 1, 0)),
            (LIFE - 1, ("warning", f"{which} expires in 2 days, on {end}", 1, 1, 0)),
            (LIFE + 1, ("critical", f"{which} expired on {end}", 1, 0, 1)),
            (-800, ("warning", f"{which} is not valid before "
                    f"{time.strftime('%Y-%m-%d', time.gmtime(clocked.begin - 700 * DAY))}: check the device's clock",
                    1, 0, 0)),
            (0, ("ok", "", 1, 0, 0))]:
        clocked.at(day)
        wait_until(lambda expected=expected: look() == expected or not time.sleep(0.2) and look() == expected)


def test_a_store_that_cannot_be_written_does_not_keep_it_from_being_told(clocked):
    slot = clocked.make()
    hindrance = clocked.sandbox.dir / "store" / "settings.yaml.tmp"
    hindrance.mkdir()
    clocked.at(LIFE - 3)
    clocked.wait_traps([(EXPIRING, slot)])
    time.sleep(2.2)
    assert clocked.traps() == [(EXPIRING, slot)]
    assert clocked.told(slot) is None
    assert clocked.device.label("devsecStoreStatus") == "failed"
    hindrance.rmdir()
    clocked.at(LIFE + 3)
    clocked.wait_traps([(EXPIRING, slot), (EXPIRED, slot)])
