# SPDX-License-Identifier: Apache-2.0
"""The policy's file as snmpd's module reads it: what it does not trust denies, and what is applied is kept so."""
import os
import secrets

import pytest
from conftest import wait_until
from device import Device
from guard.harness import (AUTH_NO_PRIV, AUTH_PRIV, NO_AUTH, SCALAR, V1, V2C, V2C_WRITE, Agent, agent,
                           wait_for)  # noqa: F401

CONTACT = "1.3.6.1.2.1.1.4.0"  # "before", see the harness
NAME = "1.3.6.1.2.1.1.5.0"
TRAPS = "1.3.6.1.2.1.11.30.0"  # snmpEnableAuthenTraps: an INTEGER that can be written
DENIES = "devsec_master: there is no policy to go by, so everything below SNMPv3 with authPriv is denied: "
STRICTEST = [1, 1, 0, 0]  # v3, v1v2c, generation, whether from a trusted file


def reads(agent, level=V2C):
    """Whether sysContact is read; who is denied by v1 or v2c waits for nothing."""
    return "before" in agent.run(level, "snmpget", "-t0.2", CONTACT)


def spoil_missing(path):
    path.unlink()


def spoil_empty(path):
    path.write_text("")


def spoil_garbled(path):
    path.write_bytes(bytes(range(256)))


def spoil_truncated(path):
    path.write_text(path.read_text().removesuffix("end\n"))


def spoil_value(path):
    path.write_text(path.read_text().replace("enabled", "everything"))


def spoil_long(path):
    path.write_text("#" * 2000 + "\n" + path.read_text())


def spoil_link(path):
    path.rename(path.with_name("aside"))
    path.symlink_to(path.with_name("aside"))


def spoil_folder(path):
    path.unlink()
    path.mkdir()


def spoil_fifo(path):
    path.unlink()
    os.mkfifo(path, 0o644)


def spoil_group(path):
    path.chmod(0o664)


def spoil_owner(path):
    if os.getuid() != 0:
        pytest.skip("only root may give a file away")
    os.chown(path, 65534, 65534)


def spoil_place(path):
    path.parent.chmod(0o777)


SPOILT = [
    (spoil_missing, "cannot open ", "No such file or directory"),
    (spoil_empty, "line 1: expected ", "found the end of the file"),
    (spoil_garbled, "line 1: expected ", "found "),
    (spoil_truncated, 'line 5: expected "end"', "found the end of the file"),
    (spoil_value, "line 4: expected ", 'found "v1v2c everything"'),
    (spoil_long, "snmp-policy", "is longer than 1024 octets"),
    (spoil_link, "snmp-policy", "is a symbolic link"),
    (spoil_folder, "snmp-policy", "is not a regular file"),
    (spoil_fifo, "snmp-policy", "is not a regular file"),
    (spoil_group, "snmp-policy", "is writable by others than its owner (mode 0664)"),
    (spoil_owner, "snmp-policy", "belongs to user 65534"),
    (spoil_place, "", "is writable by others than its owner (mode 0777)"),
]


@pytest.mark.parametrize("spoil, what, why", SPOILT, ids=[spoil.__name__ for spoil, _, _ in SPOILT])
def test_what_is_not_trusted_denies(agent, spoil, what, why):
    """Everybody below authPriv, at once and without a restart; one line of the log says why; authPriv goes on."""
    agent.start()
    assert reads(agent) and reads(agent, AUTH_NO_PRIV) and reads(agent, NO_AUTH) and DENIES not in agent.log_text()
    spoil(agent.policy)
    wait_for(lambda: not reads(agent), "the denial")
    denied = agent.denied()
    assert not reads(agent, V1)
    for level in (NO_AUTH, AUTH_NO_PRIV):
        assert "authorizationError" in agent.run(level, "snmpget", CONTACT)
    agent.run(V2C_WRITE, "snmpset", "-t0.2", NAME, "s", "changed")
    assert "changed" not in agent.run(AUTH_PRIV, "snmpget", NAME) and reads(agent, AUTH_PRIV)
    assert agent.denied() == [denied[0] + 2, denied[1] + 1, denied[2] + 1]
    assert agent.enforced() == STRICTEST
    lines = [line for line in agent.log_text().splitlines() if DENIES in line]
    assert len(lines) == 1 and what in lines[0] and why in lines[0], lines


def test_what_is_put_right_counts_again(agent):
    agent.start()
    agent.policy.chmod(0o666)
    wait_for(lambda: not reads(agent), "the denial")
    agent.policy.unlink()
    wait_for(lambda: not reads(agent) and agent.log_text().count(DENIES) == 2, "the other reason")
    agent.write_policy("encryptionOnly", "readOnly", generation=7)
    wait_for(lambda: reads(agent), "the new policy")
    assert agent.enforced() == [1, 2, 7, 1]
    assert f"devsec_master: the policy for the whole agent, {agent.policy}, is that of generation 7: " \
           "SNMPv3 encryptionOnly, SNMPv1 and SNMPv2c readOnly\n" in agent.log_text()
    assert "authorizationError" in agent.run(AUTH_NO_PRIV, "snmpget", CONTACT)
    # A later generation with the same policy is nothing to tell of.
    lines = agent.log_text().count("policy")
    agent.write_policy("encryptionOnly", "readOnly", generation=8)
    wait_for(lambda: agent.enforced() == [1, 2, 8, 1], "the next generation")
    assert agent.log_text().count("policy") == lines


def test_without_a_file_from_the_start(agent):
    agent.policy.unlink()
    agent.start()
    assert agent.log_text().count(DENIES) == 1 and agent.enforced() == STRICTEST
    assert not reads(agent) and reads(agent, AUTH_PRIV)


def test_without_the_token_the_default_path_counts(agent):
    agent.module = agent.module[:2]
    agent.configure()
    agent.start()
    assert "/var/lib/devsec/applied" in agent.log_text() and str(agent.policy) not in agent.log_text()


@pytest.mark.parametrize("value", ["relative/path", "/" + "x" * 4200])
def test_a_path_that_cannot_be(agent, value):
    agent.module[2] = f"devsecPolicy {value}"
    agent.configure()
    agent.start()
    assert "devsecPolicy wants the absolute path of a file" in agent.log_text() + (agent.folder / "stderr").read_text()
    assert str(agent.policy) not in agent.log_text()


def test_sighup_takes_over_another_path(agent, tmp_path):
    agent.start()
    assert reads(agent)
    for _ in range(2):
        agent.reconfigure()
        assert reads(agent) and agent.enforced() == [2, 3, 1, 1]
    assert agent.log_text().count("the policy for the whole agent") == 1
    agent.module[2] = f"devsecPolicy {tmp_path}/elsewhere"
    agent.configure()
    agent.reconfigure()
    wait_for(lambda: not reads(agent), "the denial")
    assert f"{DENIES}cannot open {tmp_path}/elsewhere: No such file or directory" in agent.log_text()
    agent.module[2] = f"devsecPolicy {agent.policy}"
    agent.configure()
    agent.reconfigure()
    wait_for(lambda: reads(agent), "the policy")


def test_what_snmpd_asks_itself_is_no_communication(tmp_path):
    """A DISMAN monitor looks at sysUpTime and sets snmpEnableAuthenTraps, as authNoPriv, under the strictest policy."""
    agent = Agent(tmp_path, ["createUser internal SHA-256 " + secrets.token_hex(12), *Agent.PERMISSIVE],
                  disabled="-smux", policy=("encryptionOnly", "disabled"),
                  extra=["iquerySecName internal", "rwuser internal noauth", "setEvent done .1.3.6.1.2.1.11.30.0 = 1",
                         "monitor -r 1 -u internal -I -e done watch .1.3.6.1.2.1.1.3.0 > 0"])
    agent.start()
    wait_for(lambda: f"{TRAPS} = 1" in agent.run(AUTH_PRIV, "snmpget", TRAPS), "the monitor's SET")
    assert agent.denied() == [0, 0, 0]
    assert not reads(agent) and "authorizationError" in agent.run(AUTH_NO_PRIV, "snmpget", CONTACT)
    agent.stop()


# ---- what devsecd keeps in place ----

@pytest.fixture
def device(make_sandbox, tmp_path):
    extra = tmp_path / "communities.conf"
    extra.write_text("rocommunity public\n")
    device = Device(make_sandbox("--snmpd-conf", extra))
    device.policy = device.sandbox.dir / "applied" / "snmp-policy"
    yield device
    device.client.close()


def served_v2c(device):
    done = device.sandbox.snmp("snmpget", "-t0.3", "-r0", "-On", "." + CONTACT, options=["-v2c", "-c", "public"])
    return done.returncode == 0


def test_a_removed_or_changed_file_comes_back(device):
    good = device.policy.read_text()
    assert "\nv3 encryptionOnly\nv1v2c disabled\nend\n" in good and device.policy.stat().st_mode & 0o7777 == 0o644
    for spoil in (spoil_missing, spoil_truncated, spoil_link, spoil_group):
        spoil(device.policy)
        wait_until(lambda: not device.policy.is_symlink() and device.policy.exists()
                   and device.policy.read_text() == good and device.policy.stat().st_mode & 0o7777 == 0o644)
    device.policy.write_text(good.replace("disabled", "enabled"))
    wait_until(lambda: device.policy.read_text() == good)
    wait_until(lambda: not served_v2c(device))
    assert device.sandbox.log("devsecd").count("somebody removed or changed") >= 3
    assert device.label("devsecHealth") == "ok"


def test_a_place_that_cannot_be_trusted_is_critical(device):
    device.accept(("devsecSnmpV1V2Permit", "readOnly"))
    wait_until(lambda: served_v2c(device))
    folder = device.policy.parent
    folder.chmod(0o777)
    wait_until(lambda: not served_v2c(device))
    wait_until(lambda: device.label("devsecHealth") == "critical")
    device.accept(("devsecSnmpV1V2Permit", "enabled"))
    assert f"snmp-policy is not applied: snmpd does not trust the policy: {folder} is writable by others than its " \
           "owner (mode 0777)" in device.text("devsecHealthText")
    assert not served_v2c(device)
    folder.chmod(0o755)
    wait_until(lambda: device.label("devsecHealth") != "critical")
    wait_until(lambda: served_v2c(device))


def test_something_in_the_way_is_critical_and_stays(device):
    device.policy.unlink()
    device.policy.mkdir()
    (device.policy / "precious").write_text("precious")
    wait_until(lambda: device.label("devsecHealth") == "critical")
    assert "snmp-policy is not applied: " in device.text("devsecHealthText")
    assert (device.policy / "precious").read_text() == "precious" and not served_v2c(device)
    (device.policy / "precious").unlink()
    device.policy.rmdir()
    wait_until(lambda: device.label("devsecHealth") == "ok" and device.policy.is_file())


def test_a_file_that_snmpd_does_not_find_is_a_matter_of_health(make_sandbox, tmp_path):
    """devsecd writes one file, and snmpd is told to read another, which is not there at first."""
    other = tmp_path / "other-policy"
    extra = tmp_path / "other.conf"
    extra.write_text(f"devsecPolicy {other}\n")
    device = Device(make_sandbox("--snmpd-conf", extra))
    assert device.label("devsecHealth") == "warning"
    assert "snmpd has no policy file that it trusts and denies everything below authPriv" in \
        device.text("devsecHealthText")
    other.write_text("devsec-snmp-policy 1\ngeneration 1\nv3 encryptionOnly\nv1v2c disabled\nend\n")
    other.chmod(0o644)
    wait_until(lambda: device.label("devsecHealth") == "ok")
    device.client.close()
