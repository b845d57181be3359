# SPDX-License-Identifier: Apache-2.0
"""SET over the real path: one PDU is one commit, all or nothing, on disk when the answer is there."""
import itertools
import os
import shlex

import pytest
from conftest import run, wait_until
from device import Device, settings_of
from mib_objects import MIB
from pysnmp.proto.api import v2c

FOUR = [("devsecTlsPermitMode", "ciphertextOnly"), ("devsecTlsVersions", ["tls12"]),
        ("devsecTlsCiphers", ["aes256"]), ("devsecSmtpSecure", True)]
FOUR_STORED = {"tls.permit-mode": "ciphertextOnly", "tls.versions": "[tls12]", "tls.ciphers": "[aes256]",
               "smtp.secure": "true"}

# What one varbind alone can do wrong: label, name, value, the error status that it must get
BAD = [
    ("octets for a TruthValue", "devsecTlsRsaKeyExchange", v2c.OctetString("1"), "wrongType"),
    ("INTEGER for an Unsigned32", "devsecSmtpPort", v2c.Integer32(26), "wrongType"),
    ("NULL", "devsecSmtpPort", v2c.Null(""), "wrongType"),
    ("a text that is too long", "devsecSmtpHost", "h" * 256, "wrongLength"),
    ("a text with a NUL", "devsecSmtpHost", b"mail\0.example", "wrongValue"),
    ("a port of 0", "devsecSmtpPort", 0, "wrongValue"),
    ("an unknown enumeration", "devsecSnmpV3Permit", 3, "wrongValue"),
    ("an undefined bit", "devsecTlsCiphers", b"\xc8", "wrongValue"),
    ("another instance", MIB["devsecTlsSha1Digest"].oid + (1,), v2c.Integer32(1), "noCreation"),
    ("no instance", MIB["devsecTlsSha1Digest"].oid, v2c.Integer32(1), "noCreation"),
    ("a read-only scalar", "devsecStoreGeneration", 1, "notWritable"),
    ("a read-only column", "devsecTlsSuiteName", "x", "notWritable"),
    ("an object that is not there", MIB.root + (1, 3, 99, 0), v2c.Integer32(1), "notWritable"),
    ("TLS without a certificate", "devsecTlsIpv4Enabled", True, "inconsistentValue"),
    ("a restart that nothing does", "devsecRestart", "restart", "inconsistentValue"),
    ("an object of the agent's that is read-only", (1, 3, 6, 1, 2, 1, 1, 3, 0), v2c.TimeTicks(1), "notWritable"),
]


@pytest.fixture
def device(shared):
    """The shared device with the settings of the factory."""
    shared.reset()
    return shared


def test_four_objects_are_one_commit_on_disk_before_the_answer(device):
    before = device.generation
    words = ["DEVICE-SECURITY-MIB::devsecTlsPermitMode.0", "i", "ciphertextOnly",
             "DEVICE-SECURITY-MIB::devsecTlsVersions.0", "b", "tls12",
             "DEVICE-SECURITY-MIB::devsecTlsCiphers.0", "b", "aes256",
             "DEVICE-SECURITY-MIB::devsecSmtpSecure.0", "i", "true"]
    done = device.sandbox.set(*words)
    stored = device.stored
    assert done.returncode == 0, done.text
    assert {key: stored[key] for key in FOUR_STORED} == FOUR_STORED
    assert stored["generation"] == str(before + 1)
    assert device.generation == before + 1
    assert device.label("devsecTlsPermitMode") == "ciphertextOnly"
    assert device.labels("devsecTlsVersions") == {"tls12"}
    assert device.labels("devsecTlsCiphers") == {"aes256"}
    assert device.number("devsecSmtpSecure") == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[1::5], ids=str)
def test_the_order_in_the_pdu_does_not_matter(device, order):
    before = device.generation
    device.accept(*[FOUR[i] for i in order])
    stored = device.stored
    assert {key: stored[key] for key in FOUR_STORED} == FOUR_STORED
    assert (device.generation, stored["smtp.port"]) == (before + 1, "465")


def test_each_commit_keeps_one_generation(device):
    device.accept(("devsecSmtpPort", 2600))
    number = device.generation
    copy = device.sandbox.dir / "store" / "generations" / f"{number:010}.yaml"
    wait_until(copy.exists)
    assert copy.read_text(encoding="utf-8") == device.sandbox.settings
    assert settings_of(copy.read_text(encoding="utf-8"))["smtp.port"] == "2600"


@pytest.mark.parametrize("name, value, status", [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_one_bad_varbind_in_any_position_refuses_all(device, name, value, status):
    for position in range(len(FOUR) + 1):
        device.refuse(status, position + 1, *FOUR[:position], (name, value), *FOUR[position:])
        device.accept(("devsecSmtpPort", 2000 + position))
        assert device.stored["smtp.port"] == str(2000 + position)


def snmpset(sandbox, *words):
    """snmpset that knows no MIB, and so leaves every judgement to the agent."""
    options = shlex.split(sandbox.env["SNMP_ARGS"])
    return run(["snmpset", *options, "-On", sandbox.target, *words], env={**sandbox.env, "MIBS": ""})


def test_snmpset_reports_the_object_to_blame(device):
    before = device.picture()
    port, host = ("." + ".".join(map(str, MIB[name].instance)) for name in ("devsecSmtpPort", "devsecSmtpHost"))
    done = snmpset(device.sandbox, host, "s", "mail.example", port, "i", "26")
    assert done.returncode == 2
    assert "Reason: wrongType" in done.stderr and f"Failed object: {port}" in done.stderr, done.text
    done = snmpset(device.sandbox, port, "u", "70000", host, "s", "mail.example")
    assert "Reason: wrongValue" in done.stderr and f"Failed object: {port}" in done.stderr, done.text
    assert device.picture() == before
    assert snmpset(device.sandbox, port, "u", "26", host, "s", "mail.example").returncode == 0
    assert (device.stored["smtp.port"], device.stored["smtp.host"]) == ("26", "mail.example")


def test_the_first_of_several_bad_varbinds_is_reported(device):
    device.refuse("wrongType", 2, FOUR[0], ("devsecSmtpPort", v2c.Integer32(1)), ("devsecSmtpHost", "h" * 256))
    device.refuse("wrongLength", 1, ("devsecSmtpHost", "h" * 256), ("devsecSmtpPort", v2c.Integer32(1)))


def test_one_object_twice(device):
    device.refuse("inconsistentValue", 3, ("devsecSmtpPort", 26), FOUR[0], ("devsecSmtpPort", 27))
    assert "devsecSmtpPort.0: given twice" in device.text("devsecLastSetError")
    before = device.generation
    device.accept(("devsecSmtpPort", 26), FOUR[0], ("devsecSmtpPort", 26))
    assert (device.generation, device.stored["smtp.port"]) == (before + 1, "26")


def test_many_varbinds(device):
    everything = [(entry.name, entry.default) for entry in MIB.settings]
    before = device.generation
    device.accept(*everything * 5)
    assert device.generation == before
    device.refuse("wrongValue", 5 * len(everything) + 1, *everything * 5, ("devsecSmtpPort", 0))


# ---- valid only together ----

def test_rc4_needs_an_older_version_and_both_go_together(device):
    device.accept(("devsecTlsVersions", ["tls13"]))
    device.refuse("inconsistentValue", 1, ("devsecTlsCiphers", ["rc4"]))
    assert device.text("devsecLastSetError") == (
        "devsecTlsCiphers.0: tls.ciphers: rc4 cannot be selected, none of the enabled versions (tls13) has it; enable "
        "tls12 or below, or drop rc4")
    device.refuse("inconsistentValue", 2, ("devsecSmtpPort", 26), ("devsecTlsCiphers", ["rc4"]), FOUR[0])
    before = device.generation
    device.accept(("devsecTlsCiphers", ["rc4"]), ("devsecTlsVersions", ["tls12"]))
    assert (device.stored["tls.ciphers"], device.generation) == ("[rc4]", before + 1)
    device.refuse("inconsistentValue", 1, ("devsecTlsVersions", ["tls13"]))
    assert device.text("devsecLastSetError").startswith("devsecTlsVersions.0: ")
    device.accept(("devsecTlsVersions", ["tls13"]), ("devsecTlsCiphers", ["aes128"]))
    device.accept(("devsecTlsVersions", ["tls12"]), ("devsecTlsCiphers", ["rc4"]))
    device.accept(("devsecTlsCiphers", ["aes128"]), ("devsecTlsVersions", ["tls13"]))
    assert (device.stored["tls.ciphers"], device.generation) == ("[aes128]", before + 4)


@pytest.mark.parametrize("name, said", [("devsecTlsVersions", "at least one version must stay enabled"),
                                        ("devsecTlsCiphers", "at least one cipher must stay selected")])
def test_an_empty_set_is_refused(device, name, said):
    for octets in (b"", b"\0", b"\0\0"):
        device.refuse("inconsistentValue", 1, (name, octets))
        assert said in device.text("devsecLastSetError")


@pytest.mark.parametrize("name", ["devsecTlsIpv4Enabled", "devsecTlsIpv6Enabled"])
def test_tls_needs_a_certificate(device, name):
    device.refuse("inconsistentValue", 1, (name, True))
    assert "no certificate is installed" in device.text("devsecLastSetError")


def test_the_last_error_stays_until_the_next_one(device):
    device.refuse("wrongValue", 1, ("devsecSmtpPort", 0))
    said = device.text("devsecLastSetError")
    assert said.startswith("devsecSmtpPort.0: ") and "65535" in said
    device.accept(("devsecSmtpPort", 26))
    assert device.text("devsecLastSetError") == said
    device.refuse("wrongType", 1, ("devsecSmtpPort", v2c.Integer32(26)))
    assert device.text("devsecLastSetError") == "devsecSmtpPort.0: expected Unsigned32"


def test_long_reasons_are_cut_at_255_octets(device):
    device.refuse("wrongValue", 1, ("devsecSmtpHost", "\u00fc" * 127))
    assert len(device.read("devsecLastSetError")[0]) <= 255
    assert device.text("devsecLastSetError").startswith("devsecSmtpHost.0: ")


# ---- devsecSetSerialNo ----

def test_set_serial_no(device):
    serial = device.number("devsecSetSerialNo")
    generation, document = device.generation, device.sandbox.settings
    device.accept(("devsecSetSerialNo", serial))
    assert device.number("devsecSetSerialNo") == serial + 1
    assert (device.generation, device.sandbox.settings) == (generation, document)
    for wrong in (serial, serial + 2, 0, 2147483647):
        device.refuse("inconsistentValue", 2, ("devsecSmtpPort", 26), ("devsecSetSerialNo", wrong))
    device.refuse("wrongValue", 1, ("devsecSetSerialNo", v2c.Integer32(-1)))
    device.accept(("devsecSmtpPort", 26), ("devsecSetSerialNo", serial + 1))
    assert device.number("devsecSetSerialNo") == serial + 2
    assert (device.generation, device.stored["smtp.port"]) == (generation + 1, "26")


def test_set_serial_no_stays_where_its_pdu_is_refused(device):
    serial = device.number("devsecSetSerialNo")
    device.refuse("wrongValue", 2, ("devsecSetSerialNo", serial), ("devsecSmtpPort", 0))
    device.accept(("devsecSetSerialNo", serial), ("devsecSetSerialNo", serial))
    assert device.number("devsecSetSerialNo") == serial + 1


# ---- nothing new ----

def test_the_same_values_again_cost_nothing(device):
    device.accept(*FOUR)
    path = device.sandbox.dir / "store" / "settings.yaml"
    before, status = device.picture(), os.stat(path)
    device.accept(*FOUR)
    device.accept(*reversed(FOUR))
    device.accept(("devsecTlsVersions", b"\x10\0\0\0"))  # the same bits in more octets
    assert device.picture() == before
    assert (os.stat(path).st_ino, os.stat(path).st_mtime_ns) == (status.st_ino, status.st_mtime_ns)


# ---- mail [T8] ----

@pytest.mark.parametrize("pairs, port", [
    ([("devsecSmtpSecure", True)], 465),
    ([("devsecSmtpSecure", True), ("devsecSmtpPort", 587)], 587),
    ([("devsecSmtpPort", 587), ("devsecSmtpSecure", True)], 587),
    ([("devsecSmtpSecure", True), ("devsecSmtpPort", 25)], 25),
    ([("devsecSmtpSecure", False)], 25),
    ([("devsecSmtpPort", 587)], 587),
])
def test_secure_moves_the_port_unless_the_pdu_gives_one(device, pairs, port):
    device.accept(*pairs)
    assert (device.number("devsecSmtpPort"), device.stored["smtp.port"]) == (port, str(port))


def test_secure_moves_the_port_only_when_it_changes(device):
    device.accept(("devsecSmtpSecure", True), ("devsecSmtpPort", 2525))
    device.accept(("devsecSmtpSecure", True))
    assert device.number("devsecSmtpPort") == 2525
    device.accept(("devsecSmtpSecure", False))
    assert device.number("devsecSmtpPort") == 2525
    device.accept(("devsecSmtpSecure", True))
    assert device.number("devsecSmtpPort") == 465


@pytest.mark.parametrize("secure, port, transport", [
    (True, 465, "implicitTls"), (True, 587, "startTls"), (True, 2525, "serverDecides"), (True, 25, "serverDecides"),
    (False, 465, "cleartext"), (False, 587, "cleartext"), (False, 25, "cleartext"),
])
def test_transport_follows(device, secure, port, transport):
    device.accept(("devsecSmtpPort", port), ("devsecSmtpSecure", secure))
    assert device.label("devsecSmtpTransport") == transport


def test_the_policy_that_results_is_shown(device):
    device.accept(("devsecTlsVersions", ["tls12", "ssl30"]), ("devsecTlsCiphers", ["aes256", "rc4"]))
    assert device.labels("devsecTlsEffectiveVersions") == {"tls12"}
    names = device.text("devsecTlsEffectiveCipherSuites").split(":")
    assert names and all("AES256" in name for name in names)
    column = MIB["devsecTlsSuiteName"].oid
    rows = [value.plain.decode() for name, value in device.walk() if name[:len(column)] == column]
    assert rows == names


# ---- stored is one thing, applied another [T7] ----

def applied(device):
    """The first row of devsecApplyTable: state, generation, error."""
    names = ("devsecApplyState", "devsecApplyGeneration", "devsecApplyError")
    answer = device.client.get(*[MIB[name].instance for name in names])
    state, generation, error = [value.plain for value in answer.values]
    return next(label for label, value in MIB[names[0]].labels.items() if value == state), generation, error.decode()


def test_what_is_stored_is_applied(device):
    device.accept(("devsecTlsVersions", ["tls12"]), ("devsecTlsCiphers", ["aes256"]))
    generation = device.generation
    wait_until(lambda: applied(device) == ("applied", generation, ""))
    rendered = [path.read_text(encoding="utf-8") for path in (device.sandbox.dir / "applied").iterdir()]
    suites = device.text("devsecTlsEffectiveCipherSuites")
    assert suites and any(suites in text for text in rendered), (suites, rendered)


def test_what_cannot_be_applied_is_stored_and_said(device):
    wait_until(lambda: applied(device)[:2] == ("applied", device.generation))
    before = device.generation
    in_the_way = device.sandbox.dir / "applied" / "tls-policy.cnf.tmp"
    in_the_way.mkdir()
    device.accept(("devsecTlsVersions", ["tls12"]))
    assert (device.stored["tls.versions"], device.generation) == ("[tls12]", before + 1)
    wait_until(lambda: applied(device)[0] == "failed")
    assert applied(device)[1] == before and "tls-policy.cnf.tmp" in applied(device)[2]
    assert device.label("devsecHealth") == "critical" and "is not applied: " in device.text("devsecHealthText")
    in_the_way.rmdir()
    device.accept(("devsecSmtpPort", 2600))
    wait_until(lambda: applied(device) == ("applied", before + 2, ""))
    assert device.label("devsecHealth") == "ok"


# ---- devsecRestart [S8] ----

def with_restart_command(make_sandbox, folder, *command):
    """A device whose profile has a restart command."""
    words = ", ".join(f'"{word}"' for word in command)
    (folder / "device-profile.yaml").write_text(f'model: Test\nfirmware: "1"\nrestart:\n  command: [{words}]\n')
    return Device(make_sandbox(folder=folder))


def test_restart_runs_the_command_once_all_is_on_disk(make_sandbox, tmp_path):
    store, proof = tmp_path / "store" / "settings.yaml", tmp_path / "proof"
    line = f"cat {store} >{proof}.new; mv {proof}.new {proof}"
    device = with_restart_command(make_sandbox, tmp_path, "/bin/sh", "-c", line)
    before = device.generation
    device.accept(("devsecRestart", "idle"))
    device.refuse("wrongValue", 3, ("devsecSmtpPort", 2601), ("devsecRestart", "restart"),
                  ("devsecTlsCiphers", b"\xff"))
    device.accept(("devsecSmtpPort", 2600), ("devsecRestart", "restart"), ("devsecSmtpHost", "mail.example"))
    wait_until(proof.exists)
    stored = settings_of(proof.read_text(encoding="utf-8"))
    assert (stored["smtp.port"], stored["smtp.host"], stored["generation"]) == ("2600", "mail.example", str(before + 1))
    assert device.label("devsecRestart") == "idle"
    proof.unlink()
    device.accept(("devsecRestart", "restart"))
    wait_until(proof.exists)
    assert (device.generation, device.number("devsecRestartRequired")) == (before + 1, 2)
    assert device.text("devsecRestartReason") == ""


@pytest.mark.parametrize("command, said", [
    (["/bin/sh", "-c", "exit 7"], "failed (exit status 7)"),
    (["/bin/sh", "-c", "kill -USR1 $$"], "failed (signal 10)"),
    (["/nonexistent/reboot"], "/nonexistent/reboot did not start: No such file or directory"),
])
def test_a_restart_that_fails_is_shown(make_sandbox, tmp_path, command, said):
    device = with_restart_command(make_sandbox, tmp_path, *command)
    assert (device.number("devsecRestartRequired"), device.label("devsecHealth")) == (2, "ok")
    device.accept(("devsecRestart", "restart"))
    wait_until(lambda: device.number("devsecRestartRequired") == 1)
    assert said in device.text("devsecRestartReason")
    assert device.label("devsecHealth") == "warning"
    assert said in device.text("devsecHealthText")


def test_without_a_command_there_is_no_restart(device):
    device.refuse("inconsistentValue", 1, ("devsecRestart", "restart"))
    assert device.text("devsecLastSetError") == "devsecRestart.0: the device profile names no restart command"
    device.accept(("devsecRestart", "idle"))


# ---- another part of the agent fails after our commit ----

BEFORE_OURS, BEHIND_OURS = (1, 3, 6, 1, 4, 1, 32472, 1), (1, 3, 6, 1, 4, 1, 32474, 1)
# snmpd's "pass" runs its program in the phase in which the AgentX master sends CommitSet (pass_persist(5snmpd.conf)).
PASS = """#!/bin/sh
case "$1" in
-s) [ "$4" = 1 ] || echo wrong-value ;;
-g) printf '%s\\ninteger\\n1\\n' "$2" ;;
esac
"""


@pytest.mark.parametrize("name", [BEFORE_OURS, BEHIND_OURS], ids=["before", "behind"])
def test_a_commit_is_undone_when_another_part_fails(make_sandbox, tmp_path, name):
    program, extra = tmp_path / "pass.sh", tmp_path / "pass.conf"
    program.write_text(PASS)
    program.chmod(0o755)
    extra.write_text(f"pass .{'.'.join(map(str, name))} {program}\n")
    device = Device(make_sandbox("--snmpd-conf", extra))
    foreign = name + (0,)
    serial = device.number("devsecSetSerialNo")
    device.refuse("wrongValue", 2, ("devsecSmtpPort", 2600), (foreign, v2c.Integer32(2)), ("devsecSmtpSecure", True),
                  ("devsecSetSerialNo", serial))
    generations = sorted(path.name for path in (device.sandbox.dir / "store" / "generations").iterdir())
    assert generations == [f"{device.generation:010}.yaml"]
    device.accept(("devsecSmtpPort", 2600), (foreign, v2c.Integer32(1)), ("devsecSetSerialNo", serial))
    assert (device.stored["smtp.port"], device.number("devsecSetSerialNo")) == ("2600", serial + 1)
