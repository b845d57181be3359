# SPDX-License-Identifier: Apache-2.0
"""What a manager reads of keys and certificates, against what openssl says of them; every instance is there."""
import calendar
import re
import time

import pytest
from authority import Authority, openssl
from conftest import wait_until
from keyring import Keyring
from mib_objects import MIB

P256 = {"KeyType": "ecdsa", "KeyCurve": "p256"}
NO_DATE = bytes(8) + b"+\0\0"
SHA256 = b"\x04"
COLUMNS = [entry for entry in MIB.objects if entry.kind == "column" and entry.readable]


@pytest.fixture(name="authority", scope="module")
def fixture_authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority") / "ca")


@pytest.fixture(name="keys", scope="module")
def fixture_keys(shared):
    return Keyring(shared.sandbox)


@pytest.fixture(name="slots", scope="module")
def fixture_slots(keys, authority):
    """One key of each kind: a self-signed RSA certificate, a request, a certificate of a CA with its chain."""
    made = {
        "rsa": keys.good("createSelfSigned", KeyType="rsa", KeyBits=2048, Hash="sha384", CommonName="rsa.example.com",
                         Organization="Bücher", SubjectAltNames="192.0.2.1, 2001:db8::1, b.example.com"),
        "request": keys.good("createRequest", CommonName="wanted.example.com", KeyName="Wanted", **P256),
        "issued": keys.good("createRequest", CommonName="issued.example.com", **P256),
    }
    keys.good("installTrusted", upload=authority.root)
    keys.good("installCertificate",
              upload=authority.issue(keys.export(made["issued"], "request")) + authority.intermediate)
    wait_until(lambda: keys.column("Verify", made["issued"]) == "ok")
    wait_until(lambda: keys.column("Verify", made["rsa"]) == "selfSigned")
    return made


@pytest.fixture(name="seen", scope="module")
def fixture_seen(shared, slots):
    """One walk, as {(object, index): value}."""
    assert slots
    found = {}
    for name, value in shared.walk():
        entry = MIB.at(name)
        found[entry.name, name[len(entry.oid):]] = value.plain
    return found


def date(text):
    """openssl's "Nov 22 06:16:01 2026 GMT" as DateAndTime."""
    when = time.gmtime(calendar.timegm(time.strptime(text, "%b %d %H:%M:%S %Y %Z")))
    return when.tm_year.to_bytes(2, "big") + bytes([when.tm_mon, when.tm_mday, when.tm_hour, when.tm_min, when.tm_sec,
                                                    0]) + b"+\0\0"


def told(pem):
    """What openssl says of a certificate, by the names of the columns."""
    said = openssl("x509", "-noout", "-subject", "-issuer", "-startdate", "-enddate", "-serial", "-fingerprint",
                   "-sha256", "-nameopt", "RFC2253,-esc_msb,utf8,sep_comma_plus_space", stdin=pem)
    fields = dict(line.split("=", 1) for line in said.splitlines())
    serial = fields["serial"]
    return {
        "Subject": fields["subject"].encode(),
        "Issuer": fields["issuer"].encode(),
        "SerialNumber": ":".join(serial[i:i + 2] for i in range(0, len(serial), 2)).encode(),
        "NotBefore": date(fields["notBefore"]),
        "NotAfter": date(fields["notAfter"]),
        "Fingerprint": SHA256 + bytes.fromhex(fields["sha256 Fingerprint"].replace(":", "")),
    }


@pytest.mark.parametrize("which", ["rsa", "issued"])
def test_a_certificate_reads_as_openssl_says(seen, keys, slots, which):
    slot = slots[which]
    for name, value in told(keys.export(slot, "certificate")).items():
        assert seen[f"devsecCert{name}", (slot,)] == value, name


def test_a_trusted_certificate_reads_as_openssl_says(seen, authority):
    for name, value in told(authority.root).items():
        assert seen[f"devsecTrust{name}", (1,)] == value, name
    assert seen["devsecTrustValidity", (1,)] == MIB["devsecTrustValidity"].labels["valid"]


def label(seen, name, slot):
    number = seen[name, (slot,)]
    return next(label for label, value in MIB[name].labels.items() if value == number)


def test_the_rest_of_a_row(seen, slots):
    said = {which: tuple(label(seen, f"devsecCert{name}", slot) for name in
                         ("Status", "Origin", "KeyType", "KeyCurve", "Validity", "Verify")) +
            tuple(seen[f"devsecCert{name}", (slot,)] for name in
                  ("Name", "KeyBits", "SignatureAlgorithm", "Intermediates", "InUse", "Reserved", "Weakness"))
            for which, slot in slots.items()}
    assert said == {
        "rsa": ("installed", "selfSigned", "rsa", "none", "valid", "selfSigned", b"Key %d" % slots["rsa"], 2048,
                b"sha384WithRSAEncryption", 0, b"\0", 2, b"\0"),
        "request": ("requesting", "csr", "ecdsa", "p256", "none", "notChecked", b"Wanted", 256, b"ecdsa-with-SHA256", 0,
                    b"\0", 2, b"\0"),
        "issued": ("installed", "csr", "ecdsa", "p256", "valid", "ok", b"Key %d" % slots["issued"], 256,
                   b"ecdsa-with-SHA256", 1, b"\0", 2, b"\0"),
    }
    names = seen["devsecCertSubjectAltNames", (slots["rsa"],)].decode().split(", ")
    assert {"DNS:rsa.example.com", "DNS:b.example.com", "IP:192.0.2.1"} <= set(names) and len(names) == 4
    assert re.fullmatch(rb"IP:2001:(db8::1|DB8(:0){5}:1)", names[[n[:5] for n in names].index("IP:20")].encode())


def test_what_a_request_cannot_have(seen, slots):
    row = {name: value for (name, index), value in seen.items()
           if index == (slots["request"],) and name.startswith("devsecCert")}
    assert row["devsecCertSubject"] == b"CN=wanted.example.com"
    assert row["devsecCertSecondsLeft"] == 2**31 - 1
    assert row["devsecCertNotBefore"] == row["devsecCertNotAfter"] == NO_DATE
    for name in ("Issuer", "SerialNumber", "Fingerprint", "VerifyText"):
        assert row[f"devsecCert{name}"] == b"", name


def test_every_instance_of_every_row_is_there(seen):
    """A manager's table has no holes."""
    for prefix in ("devsecCert", "devsecTrust", "devsecUsage", "devsecPem"):
        columns = [entry.name for entry in COLUMNS if entry.name.startswith(prefix)]
        rows = {index for name, index in seen if name in columns}
        assert rows, prefix
        for index in rows:
            for name in columns:
                assert (name, index) in seen, (name, index)


def test_the_texts_are_whole_and_in_order(seen, keys, slots, authority):
    rows = [index for name, index in seen if name == "devsecPemData"]
    assert rows == sorted(rows)
    assert {index[:2] for index in rows} == {  # a request is done with once its certificate is there
        (slots["rsa"], 2), (slots["rsa"], 3), (slots["request"], 1), (slots["issued"], 2), (slots["issued"], 3)}
    for which, kind, number in (("rsa", "chain", 3), ("issued", "chain", 3), ("request", "request", 1)):
        slot = slots[which]
        segments = [seen["devsecPemData", index] for index in rows if index[:2] == (slot, number)]
        assert b"".join(segments).decode() == keys.export(slot, kind)
        assert all(len(segment) == 1024 for segment in segments[:-1]) and 0 < len(segments[-1]) <= 1024
    assert keys.export(slots["issued"], "chain") == keys.export(slots["issued"], "certificate") + authority.intermediate


def test_counters_and_limits(seen):
    assert seen["devsecCertTotal", (0,)] == 2
    assert [seen[name, (0,)] for name in ("devsecCertExpiringCount", "devsecCertExpiredCount", "devsecWeakKeyCount")] \
        == [0, 0, 0]
    assert seen["devsecCertLimit", (0,)] >= 4
    for name in ("devsecJobLimit", "devsecJobKeep", "devsecUploadLimit"):
        assert seen[name, (0,)] > 0


def test_files_that_are_gone_are_damage_of_one_slot(shared, keys, slots):
    """The last test: what it breaks stays broken."""
    sandbox = shared.sandbox
    name = next(row for row in (sandbox.dir / "store" / "material").glob("*.pem")
                if row.read_text() == keys.export(slots["issued"], "chain"))
    name.unlink()
    sandbox.restart("devsecd")
    shared.wait_served()
    assert keys.column("Status", slots["issued"]) == "damaged"
    text = keys.column("VerifyText", slots["issued"])
    assert name.name[:12] in text and "install the certificate again" in text
    assert keys.column("Status", slots["rsa"]) == "installed"
    assert f"slot {slots['issued']} " in shared.text("devsecHealthText")
    assert shared.label("devsecHealth") == "critical"
    assert keys.export(slots["rsa"], "certificate").startswith("-----BEGIN CERTIFICATE-----")
