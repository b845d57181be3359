# SPDX-License-Identifier: Apache-2.0
"""devsecctl cert and trust on a private store, without snmpd: all commands and options, and how to get them wrong."""
import json
import os
import pty
import re
import signal
import subprocess
import time

import pytest
from authority import Authority, openssl
from conftest import wait_until
from devsecctl_panel import PROGRAM, fixture_fresh, fixture_panel  # noqa: F401, fixtures

NAME = "mfp.example.com"
PROFILE = ('model: Test MFP\nfirmware: "1.20"\nkeys:\n  limit: 4\n  reserved: [default]\n'
           "  reserved-key:\n    type: ecdsa\n    curve: p256\n")


@pytest.fixture(name="authority", scope="module")
def fixture_authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority") / "ca")


def text_of(pem):
    return openssl("x509", "-noout", "-text", stdin=pem)


def test_what_is_asked_for_is_in_the_certificate(panel):
    panel.good("cert", "create", NAME, "--name", "Web", "--slot", "3", "--key", "rsa2048", "--hash", "sha384",
               "--alt-names", "192.0.2.7, other.example.com", "--organization", "Example", "--unit", "Print",
               "--locality", "Köln", "--state", "NRW", "--country", "DE", "--not-before", "2026-01-01",
               "--not-after", "2036-01-01T12:00:00Z")
    text = text_of(panel.good("cert", "export", "Web"))
    assert "Public-Key: (2048 bit)" in text and "sha384WithRSAEncryption" in text
    assert "Not Before: Jan  1 00:00:00 2026" in text and "Not After : Jan  1 12:00:00 2036" in text
    for part in ("C = DE", "ST = NRW", "O = Example", "OU = Print", "CN = mfp.example.com"):
        assert part in text, part
    for name in ("DNS:mfp.example.com", "DNS:other.example.com", "IP Address:192.0.2.7"):
        assert name in text, name
    shown = panel.json("cert", "show", "3")
    assert (shown["slot"], shown["name"], shown["status"], shown["origin"]) == (3, "Web", "installed", "selfSigned")
    assert shown["key"] == "RSA 2048" and "Köln" in shown["subject"]
    assert shown["generated-by"] == "1.20" and not shown["reserved"]


@pytest.mark.parametrize("kind,shown", [("p256", "P-256"), ("p384", "P-384"), ("p521", "P-521"),
                                        ("rsa1024", "RSA 1024")])
def test_every_kind_of_key(panel, kind, shown):
    panel.good("cert", "create", NAME, "--key", kind)
    assert shown in panel.json("cert", "show", "1")["key"]
    panel.good("cert", "verify", "1")


WRONG = [
    (["create"], 2, "COMMON-NAME"),
    (["create", ""], 1, "common name"),
    (["create", "a" * 65], 1, "common name"),
    (["create", b"\xff\x41"], 1, "UTF-8"),
    (["create", "two\nlines"], 1, "control"),
    (["create", NAME, "--key", "rsa2049"], 1, "multiple of 8"),
    (["create", NAME, "--key", "rsa512"], 1, "1024 to 8192"),
    (["create", NAME, "--key", "p255"], 1, "p256"),
    (["create", NAME, "--hash", "md5"], 1, "sha256"),
    (["create", NAME, "--country", "Germany"], 1, "country"),
    (["create", NAME, "--alt-names", "IP:300.1.1.1"], 1, "300.1.1.1"),
    (["create", NAME, "--alt-names", "a b"], 1, "a b"),
    (["create", NAME, "--not-before", "tomorrow"], 1, "2027-01-31"),
    (["create", NAME, "--not-before", "2027-01-01", "--not-after", "2026-01-01"], 1, "later than the beginning"),
    (["create", NAME, "--days", "0"], 1, "--days"),
    (["create", NAME, "--days", "1", "--not-after", "2036-01-01"], 2, "--not-after"),
    (["create", NAME, "--slot", "0"], 1, "--slot"),
    (["create", NAME, "--slot", "33"], 1, "33"),
    (["create", NAME, "--name", "AMS"], 1, "AMS"),
    (["create", NAME, "--name", "5"], 1, "a name of digits alone would be taken for a slot"),
    (["create", NAME, "--use", "tsl"], 1, "tls"),
    (["create", NAME, "--challenge"], 2, "--challenge"),
    (["request", NAME, "--days", "3"], 2, "--days"),
    (["request", NAME, "--challenge"], 1, "the challenge password is empty"),
    (["show", "9"], 1, "cert list"),
    (["export", "9"], 1, "cert list"),
    (["delete", "9"], 1, "cert list"),
    (["assign", "tls", "9"], 1, "cert list"),
    (["assign", "tls", "0"], 1, "'none' takes the key away"),
    (["assign", "fax", "none"], 1, "cert uses"),
    (["install", "/nowhere/certificate.pem"], 3, "No such file"),
    (["import", "-"], 2, "name the file"),
]


@pytest.mark.parametrize("case", WRONG, ids=[" ".join(str(word)[:20] for word in case[0]) for case in WRONG])
def test_what_is_wrong_is_said_and_changes_nothing(panel, case):
    words, status, sentence = case
    assert sentence in panel.refused("cert", *words, status=status)


def test_a_full_device_and_an_occupied_slot(fresh):
    (fresh.dir / "profile.yaml").write_text(PROFILE)
    for _ in range(3):
        fresh.good("cert", "create", NAME)
    said = fresh.refused("cert", "create", NAME)  # the fourth is the device's own, which devsecd makes
    assert "the device can hold 4 keys, and keeps room for 1 of its own" in said
    said = fresh.refused("cert", "create", NAME, "--slot", "2")
    assert "slot 2 has a key already; choose a free slot, or none, and the lowest free one is taken" in said
    fresh.good("cert", "delete", "2")
    assert "Key 1" in fresh.refused("cert", "create", NAME, "--name", "Key 1")
    fresh.good("cert", "create", NAME, "--slot", "2", "--name", "Again")
    assert [key["slot"] for key in fresh.json("cert", "list")] == [1, 2, 3]


def test_request_install_and_every_export(panel, authority, tmp_path):
    panel.good("cert", "request", NAME, "--challenge", stdin=b"one time only\n")
    request = panel.good("cert", "export", "1", "--kind", "request")
    assert "one time only" in openssl("req", "-noout", "-text", stdin=request)
    assert "one time only" not in panel.document.read_text()
    assert panel.json("cert", "show", "1")["status"] == "requesting"
    assert "no certificate" in panel.refused("cert", "export", "1")
    issued = authority.issue(request)
    bundle = tmp_path / "a bundle.pem"
    bundle.write_text(authority.intermediate + issued)
    panel.good("cert", "install", str(bundle))
    assert panel.good("cert", "export", "1", "--kind", "certificate") == issued
    assert panel.good("cert", "export", "1") == issued + authority.intermediate
    assert "CN=Test Root" in panel.refused("cert", "verify", "1")
    panel.good("trust", "add", "-", stdin=authority.root.encode())
    panel.good("cert", "verify", "1")
    assert panel.json("cert", "show", "1")["verify"] == "ok"
    assert authority.verify(panel.good("cert", "export", "1")) is None
    trusted, = panel.json("trust", "list")
    assert trusted == panel.json("trust", "show", "1")
    assert trusted["subject"].startswith("CN=Test Root") and trusted["weakness"] == []
    assert trusted["fingerprint-sha256"] == openssl("x509", "-noout", "-fingerprint", "-sha256",
                                                    stdin=authority.root).strip().partition("=")[2]
    assert trusted["serial-number"].replace(":", "") == openssl("x509", "-noout", "-serial",
                                                                stdin=authority.root).strip().partition("=")[2]
    text = panel.good("trust", "show", "1")
    assert re.search(rf"^not-before +{trusted['not-before']}$", text, re.M) and "weakness             none\n" in text
    assert "trust list" in panel.refused("trust", "show", "2")
    assert "the certificate's number" in panel.refused("trust", "show", "one")
    assert "trusted already" in panel.refused("trust", "add", "-", stdin=authority.root.encode())
    panel.good("trust", "remove", "1")
    assert panel.json("trust", "list") == []
    panel.refused("trust", "remove", "1")


def test_uses_are_named_and_keep_their_key(panel):
    panel.good("cert", "create", NAME, "--use", "ipsec-2")
    uses = {use["use"]: use for use in panel.json("cert", "uses")}
    assert uses["ipsec-2"]["slot"] == 1 and uses["tls"]["slot"] == 0
    assert not uses["ipsec-2"]["enabled"] and not uses["ipsec-2"]["key-used"]
    assert "ipsec-2" in panel.refused("cert", "delete", "1")
    panel.good("cert", "assign", "tls", "Key 1")
    panel.good("set", "tls.ipv4", "true")
    assert "tls" in panel.refused("cert", "assign", "tls", "none").lower()
    panel.good("set", "tls.ipv4", "false")
    panel.good("cert", "assign", "tls", "none")
    panel.good("cert", "assign", "ipsec-2", "none")
    panel.good("cert", "delete", "1")
    assert not list((panel.store / "material").glob("*.key"))


def test_the_same_again_changes_nothing(panel):
    panel.good("cert", "create", NAME, "--use", "tls")
    before = panel.files()
    assert "nothing changed" in panel.good("cert", "assign", "tls", "1")
    assert panel.files() == before


def test_a_deleted_key_does_not_come_back(panel):
    panel.good("cert", "create", NAME)
    generation = panel.generation
    panel.good("cert", "delete", "1")
    panel.good("store", "restore", str(generation))
    shown = panel.json("cert", "show", "1")
    assert shown["status"] == "damaged" and shown["trouble"]
    checked = panel("check")
    assert checked.status == 1 and 'slot 1, "Key 1": ' + shown["trouble"] in checked.out
    panel.good("cert", "delete", "1")


def test_lists_without_keys_say_what_to_do(fresh):
    assert "cert create" in fresh.good("cert", "list")
    assert "trust add" in fresh.good("trust", "list")
    assert fresh.json("cert", "list") == []


def test_quiet_says_nothing_and_formats_agree(panel):
    assert panel.good("cert", "create", NAME, "-q") == ""
    made = json.loads(panel.good("cert", "create", NAME, "-o", "json"))
    assert made["slot"] == 2 and made["changed"] and made["generation"] == panel.generation
    assert "slot: 2" in panel.good("cert", "list", "-o", "yaml")


def on_terminal(panel, *words):
    """Runs devsecctl with a terminal around it; returns what stood on the screen."""
    main, side = pty.openpty()
    process = subprocess.Popen([PROGRAM, *words], stdin=side, stdout=side, stderr=side,
                               env={**panel.env, "TERM": "xterm"}, start_new_session=True)
    os.close(side)
    screen = b""
    while True:
        try:
            piece = os.read(main, 4096)
        except OSError:
            break
        if not piece:
            break
        screen += piece
    os.close(main)
    return process.wait(60), screen.decode()


def test_colours_on_a_terminal_only(panel):
    panel.good("cert", "create", NAME, "--days", "5", "--key", "rsa1024")
    assert "\033" not in panel.good("cert", "list") + panel.good("cert", "show", "1")
    status, screen = on_terminal(panel, "cert", "list")
    assert status == 0
    assert re.search(r"\033\[33m20\d\d-\d\d-\d\d\033\[0m", screen), screen  # it ends soon: yellow
    assert "\033[33mRSA 1024 (weak)\033[0m" in screen, screen
    status, screen = on_terminal(panel, "cert", "show", "1")
    assert status == 0
    for word in ("expiring", "shortKey"):
        assert f"\033[33m{word}\033[0m" in screen, screen
    panel.good("cert", "create", NAME, "--not-before", "2010-01-01", "--not-after", "2011-01-01")
    assert "\033[1;31mexpired\033[0m" in on_terminal(panel, "cert", "show", "2")[1]


# ---- What is worth a second look ----

DOUBTS = [
    (["--days", "10"], "the certificate in slot 1 expires in 10 days, on "),
    (["--not-before", "2090-01-01"], "the certificate in slot 1 is not valid before 2090-01-01"),
    (["--not-before", "2010-01-01", "--not-after", "2011-01-01"], "the certificate in slot 1 expired on 2011-01-01"),
    (["--key", "rsa1024"], "RSA 1024 is short"),
    (["--hash", "sha1"], "the certificate in slot 1 is signed with SHA-1"),
]


@pytest.mark.parametrize("words,warning", DOUBTS, ids=[" ".join(case[0]) for case in DOUBTS])
def test_what_is_doubtful_is_warned_of(panel, words, warning):
    done = panel("cert", "create", NAME, *words)
    assert (done.status, done.errors) == (0, [])
    assert len(done.err.splitlines()) == 1 and "warning: " in done.err and warning in done.err
    done = panel("cert", "assign", "tls", "1")  # and who takes it into use hears it again
    assert done.status == 0 and warning in done.err
    assert panel("cert", "assign", "tls", "1").err == ""  # nothing changed
    assert panel("cert", "create", NAME, *words, "-q").err == ""


def test_a_common_name_that_is_no_host_is_warned_of(panel):
    for number, command in enumerate(("create", "request"), 1):
        done = panel("cert", command, "Drucker im Flur")
        assert done.status == 0 and "'Drucker im Flur' is no host name or address" in done.err, done.err
        assert panel.json("cert", "show", str(number))["alternative-names"] == ""
        assert panel("cert", command, "Drucker", "--slot", str(number + 10), "--alt-names", "192.0.2.1").err == ""
    assert panel("cert", "create", NAME).err == ""


def test_doubtful_trusted_certificates_are_warned_of(panel, tmp_path):
    openssl("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", tmp_path / "key", "-subj", "/CN=Old", "-sha1",
            "-days", "3", "-out", tmp_path / "old.pem")
    done = panel("trust", "add", str(tmp_path / "old.pem"))
    lines = done.err.splitlines()
    assert done.status == 0 and len(lines) == 2, done.err
    assert "trusted certificate 1 expires in 3 days" in lines[0] and "RSA 1024 is short" in lines[1]


# ---- Lists for people ----


def test_lists_say_without_colours_what_is_wrong(panel):
    panel.good("cert", "create", "old.example.com", "--not-before", "2010-01-01", "--not-after", "2011-01-01")
    panel.good("cert", "create", "new.example.com", "--not-before", "2090-01-01", "--not-after", "2091-01-01")
    panel.good("cert", "create", "weak.example.com", "--key", "rsa1024", "--hash", "sha1")
    panel.good("cert", "create", "hash.example.com", "--hash", "sha1")
    rows = panel.good("cert", "list").splitlines()[1:]
    assert "  expired 2011-01-01  expired" in rows[0] and "  from 2090-01-01     notYetValid" in rows[1]
    assert "RSA 1024 (weak)" in rows[2] and "(weak hash)" in rows[3]
    assert [panel.json("cert", "show", str(slot))["weakness"] for slot in range(2, 5)] == \
        [[], ["shortKey", "weakHash"], ["weakHash"]]
    assert re.search("^weakness +none$", panel.good("cert", "show", "2"), re.M)
    assert re.search("^weakness +shortKey, weakHash$", panel.good("cert", "show", "3"), re.M)
    assert "weakness:" in panel.good("cert", "show", "3", "-o", "yaml")


def test_days_left_are_days_that_have_begun(panel):
    panel.good("cert", "create", NAME, "--days", "10")
    assert panel.json("cert", "show", "1")["days-left"] == 10


@pytest.mark.parametrize("name", ["mfp.example.com", "Größe, \"A4\" + <B> \\ #1; a=b", "CN=x", "印刷機", "0"])
def test_the_subject_is_the_common_name_as_it_was_meant(panel, name):
    panel.good("cert", "create", name, "--organization", "Example, CN=not this one", "--name", 'The "first" \\')
    lines = panel.good("cert", "list").splitlines()
    assert re.search(rf"  {re.escape(name)}  ", lines[1]), lines
    assert 'The "first" \\  installed' in lines[1]


def test_without_a_common_name_the_subject_is_shown(panel, tmp_path):
    trusted = tmp_path / "nameless.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", tmp_path / "key", "-subj", "/O=Nameless",
            "-addext", "basicConstraints=critical,CA:FALSE", "-days", "90", "-out", trusted)
    openssl("pkcs12", "-export", "-inkey", tmp_path / "key", "-in", trusted, "-passout", "pass:", "-out",
            tmp_path / "both.p12")
    panel.good("cert", "import", str(tmp_path / "both.p12"), stdin=b"\n")
    assert "  O=Nameless  " in panel.good("cert", "list")


def test_wide_characters_are_aligned(panel):
    panel.good("cert", "create", "a.example.com", "--name", "印刷機")
    panel.good("cert", "create", "b.example.com", "--name", "e\u0301t\u00e9")
    heading, wide, narrow = panel.good("cert", "list").splitlines()
    column = heading.index("STATUS")
    assert wide.index("installed") == column - 3  # three characters that take two places each
    assert narrow.index("installed") == column + 1  # one that takes none


def test_controls_in_a_certificate_cannot_act_on_a_terminal(panel, tmp_path):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", tmp_path / "key", "-subj", "/CN=a\x1b[31mb",
            "-addext", "basicConstraints=critical,CA:FALSE", "-days", "90", "-out",
            tmp_path / "certificate.pem")
    openssl("pkcs12", "-export", "-inkey", tmp_path / "key", "-in", tmp_path / "certificate.pem", "-passout", "pass:",
            "-out", tmp_path / "both.p12")
    panel.good("cert", "import", str(tmp_path / "both.p12"), stdin=b"\n")
    assert "  a\\x1b[31mb  " in panel.good("cert", "list")


# ---- Names and files ----


def test_a_number_is_a_slot_first(panel):
    panel.good("cert", "create", "one.example.com", "--name", "Key 2", "--slot", "1")
    panel.good("cert", "create", "two.example.com", "--slot", "2", "--name", "Second")
    panel.document.write_text(re.sub("name: [\"']?Key 2[\"']?", 'name: "2"', panel.document.read_text()))
    panel.good("set", "smtp.port", "27")
    assert panel.json("cert", "list")[0]["name"] == "2"  # as an edit can still have it
    assert panel.json("cert", "show", "2")["name"] == "Second"
    assert "did you mean" not in panel.refused("cert", "show", "3")


def test_a_private_key_is_not_installed(panel, tmp_path):
    key = tmp_path / "key.pem"
    openssl("genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    said = panel.refused("cert", "install", str(key))
    assert "a private key was given, and nothing of it was read" in said


def test_a_verdict_is_a_sentence_alone(panel):
    panel.good("cert", "create", NAME)
    assert len(panel.good("cert", "verify", "1").splitlines()) == 1
    assert not panel.json("cert", "verify", "1")["changed"]
    assert panel.good("cert", "verify", "1", "-q") == ""


def test_who_interrupts_a_long_key_has_changed_nothing(panel):
    before = panel.files()
    process = subprocess.Popen([PROGRAM, "cert", "create", NAME, "--key", "rsa8192"], env=panel.env,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode != 0, said
    left = {path: octets for path, octets in panel.files().items() if not path.startswith("material/")}
    assert left == before
    panel.good("cert", "create", NAME)  # what was left, if anything, is in nobody's way
    wait_until(lambda: len(list((panel.store / "material").glob("*"))) == 3)  # lock, key, certificate
