# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates through a whole life, with net-snmp's tools, openssl and devsecctl; and all that goes wrong."""
import re
import ssl
import subprocess

import pytest
from authority import Authority, openssl
from conftest import ROOT, run, wait_until
from guard.harness import free_port
from keyring import MODULE, Keyring

P256 = {"KeyType": "ecdsa", "KeyCurve": "p256"}


@pytest.fixture(name="authority", scope="module")
def fixture_authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority") / "ca")


@pytest.fixture(name="other", scope="module")
def fixture_other(tmp_path_factory):
    """A CA that has nothing to do with the first one."""
    return Authority(tmp_path_factory.mktemp("authority") / "other", "Other")


@pytest.fixture(name="box")
def fixture_box(sandbox):
    return sandbox


@pytest.fixture(name="keys")
def fixture_keys(box):
    return Keyring(box)


def fingerprint(pem):
    return openssl("x509", "-noout", "-fingerprint", "-sha256", stdin=pem).partition("=")[2].strip()


def test_self_signed_then_tls_then_a_certificate_of_a_ca(keys, box, authority):
    # Made on the device, read back.
    slot = keys.good("createSelfSigned", CommonName="mfp-17.example.com", SubjectAltNames="192.0.2.17", **P256)
    pem = keys.export(slot, "certificate")
    text = openssl("x509", "-noout", "-text", stdin=pem)
    assert "CN = mfp-17.example.com" in text and "Public Key Algorithm: id-ecPublicKey" in text
    assert "DNS:mfp-17.example.com" in text and "IP Address:192.0.2.17" in text
    assert keys.column("Status", slot) == "installed"
    assert keys.column("Origin", slot) == "selfSigned"
    assert keys.column("Verify", slot) in ("notChecked", "selfSigned")
    # TLS needs it, and gets it.
    refused = box.set(f"{MODULE}devsecTlsIpv4Enabled.0", "i", "true")
    assert "inconsistentValue" in refused.text
    done = box.set(f"{MODULE}devsecUsageSlot.tls.1", "u", slot)
    assert done.returncode == 0, done.text
    assert keys.value("devsecTlsIpv4Enabled.0") == "false"  # assigning switches nothing on
    assert keys.value("devsecUsageEnabled.tls.1") == "false"
    done = box.set(f"{MODULE}devsecTlsIpv4Enabled.0", "i", "true")
    assert done.returncode == 0, done.text
    assert keys.value("devsecUsageEnabled.tls.1") == "true"
    # A request, signed through an intermediate, installed leaf and intermediate.
    wanted = keys.good("createRequest", CommonName="mfp-17.example.com", Organization="Example", **P256)
    assert keys.column("Status", wanted) == "requesting"
    request = keys.export(wanted, "request")
    assert "verify OK" in run(["openssl", "req", "-verify", "-noout"], stdin=request).text
    issued = authority.issue(request)
    keys.good("installTrusted", upload=authority.root)
    assert keys.good("installCertificate", upload=authority.intermediate + issued) == wanted  # any order, slot found
    assert keys.column("Status", wanted) == "installed"
    assert keys.column("Intermediates", wanted) == "1"
    keys.good("verify", Slot=wanted)
    wait_until(lambda: keys.column("Verify", wanted) == "ok")
    chain = keys.export(wanted, "chain")
    assert chain == issued + authority.intermediate
    assert authority.verify(chain) is None
    assert fingerprint(keys.export(wanted, "certificate")) == fingerprint(issued)
    # TLS changes over; the old key goes.
    assert "inconsistentValue" not in box.set(f"{MODULE}devsecUsageSlot.tls.1", "u", wanted).text
    keys.good("deleteKey", Slot=slot)
    assert keys.slots() == [wanted]


def test_a_chain_goes_in_and_comes_out_unchanged(keys, authority):
    slot = keys.good("createRequest", CommonName="printer.example.com", **P256)
    chain = authority.issue(keys.export(slot, "request")) + authority.intermediate
    index = 77
    keys.upload(index, chain, size=500)  # other segments than those it comes out in
    keys.wait(keys.start("installCertificate", upload=chain))
    assert keys.export(slot, "chain") == chain


@pytest.mark.parametrize("form", ["pem", "der", "pkcs7-pem", "pkcs7-der"])
def test_every_form_of_a_certificate_is_installed(keys, authority, tmp_path, form):
    slot = keys.good("createRequest", CommonName="forms.example.com", **P256)
    issued = authority.issue(keys.export(slot, "request"))
    leaf, chain, out = tmp_path / "leaf.pem", tmp_path / "chain.pem", tmp_path / "out"
    leaf.write_text(issued)
    chain.write_text(authority.root + authority.intermediate + issued)
    if form == "der":
        openssl("x509", "-in", leaf, "-outform", "DER", "-out", out)
    elif form.startswith("pkcs7"):
        openssl("crl2pkcs7", "-nocrl", "-certfile", chain, "-outform", form.rpartition("-")[2].upper(), "-out", out)
    else:
        out.write_bytes(b"some text before\r\n" + chain.read_bytes().replace(b"\n", b"\r\n"))
    assert keys.good("installCertificate", upload=out.read_bytes()) == slot
    assert fingerprint(keys.export(slot, "certificate")) == fingerprint(issued)
    assert keys.column("Intermediates", slot) == ("0" if form == "der" else "1")


def test_several_open_requests_each_get_their_own_certificate(keys, authority):
    slots = [keys.good("createRequest", CommonName=f"r{n}.example.com", **P256) for n in range(3)]
    issued = {slot: authority.issue(keys.export(slot, "request")) for slot in slots}
    wrong = keys.bad("keyMismatch", "installCertificate", upload=issued[slots[2]], Slot=slots[0])
    assert f"slot {slots[2]}" in wrong
    for slot in reversed(slots):
        assert keys.good("installCertificate", upload=issued[slot]) == slot
        assert fingerprint(keys.export(slot, "certificate")) == fingerprint(issued[slot])


def test_a_certificate_for_none_of_the_requests_is_refused(keys, authority):
    slots = [keys.good("createRequest", CommonName=f"r{n}.example.com", **P256) for n in range(2)]
    foreign = authority.issue_to("/CN=foreign.example.com")
    for columns in ({}, {"Slot": slots[0]}, {"Slot": slots[1]}):
        assert "foreign.example.com" in keys.bad("keyMismatch", "installCertificate", upload=foreign, **columns)
    assert [keys.column("Status", slot) for slot in slots] == ["requesting", "requesting"]


BAD_UPLOADS = {
    "expired": ("certificateExpired", lambda pem: pem,
                ("-startdate", "20200101000000Z", "-enddate", "20210101000000Z")),
    "not yet valid": ("certificateNotYetValid", lambda pem: pem,
                      ("-startdate", "20900101000000Z", "-enddate", "20910101000000Z")),
    "garbage": ("uploadMalformed", lambda pem: "this is no certificate at all\n", ()),
    "binary garbage": ("uploadMalformed", lambda pem: bytes(range(256)) * 3, ()),
    "cut short": ("uploadMalformed", lambda pem: pem[:len(pem) // 2], ()),
    "broken base64": ("uploadMalformed", lambda pem: pem.replace("M", "!", 3), ()),
    "octets behind": ("uploadMalformed", lambda pem: ssl.PEM_cert_to_DER_cert(pem) + b"\0", ()),
    "a request instead": ("uploadMalformed", None, ()),
}


@pytest.mark.parametrize("what", sorted(BAD_UPLOADS))
def test_a_bad_upload_has_a_cause_and_a_sentence_and_changes_nothing(keys, box, authority, what):
    cause, spoil, dates = BAD_UPLOADS[what]
    slot = keys.good("createRequest", CommonName="bad.example.com", **P256)
    request = keys.export(slot, "request")
    upload = spoil(authority.issue(request, *dates)) if spoil else request
    sentence = keys.bad(cause, "installCertificate", upload=upload)
    assert len(sentence) > 20
    assert keys.column("Status", slot) == "requesting"
    assert keys.export(slot, "request") == request
    assert "certificate:" not in re.sub(r"jobs:.*?(?=^\w|\Z)", "", box.settings, flags=re.S | re.M)


def private_keys():
    rsa = openssl("genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    ec = openssl("genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    return {"PKCS#8": rsa, "SEC1": openssl("ec", stdin=ec), "PKCS#1": openssl("rsa", "-traditional", stdin=rsa)}


def test_a_private_key_in_an_upload_is_refused_and_stored_nowhere(keys, box, authority):
    slot = keys.good("createRequest", CommonName="leak.example.com", **P256)
    issued = authority.issue(keys.export(slot, "request"))
    for form, pem in private_keys().items():
        keys.bad("privateKeyInUpload", "installCertificate", upload=issued + pem)
        middle = pem.splitlines()[3]
        for path in box.dir.rglob("*"):
            assert not path.is_file() or middle.encode() not in path.read_bytes(), (form, path)
    assert keys.column("Status", slot) == "requesting"


def test_segments_that_are_missing_or_twice(keys, box, authority):
    slot = keys.good("createRequest", CommonName="segments.example.com", **P256)
    chain = authority.issue(keys.export(slot, "request")) + authority.intermediate
    assert "nothing was uploaded" in keys.bad("uploadMissing", "installCertificate")
    index = keys.start("verify", Slot=slot)  # only to have another number in the log
    keys.wait(index)
    index = 4001
    for number, part in ((1, chain[:600]), (3, chain[1200:])):
        done = box.set(f"{MODULE}devsecUploadData.{index}.{number}", "x", part.encode()[:1024].hex(),
                       f"{MODULE}devsecUploadRowStatus.{index}.{number}", "i", "createAndGo")
        assert done.returncode == 0, done.text
    twice = box.set(f"{MODULE}devsecUploadData.{index}.1", "x", "00",
                    f"{MODULE}devsecUploadRowStatus.{index}.1", "i", "createAndGo")
    assert "inconsistentValue" in twice.text
    done = box.set(*keys.words(index, {"Operation": "installCertificate"}), f"{MODULE}devsecJobRowStatus.{index}", "i",
                   "createAndGo")
    assert done.returncode == 0, done.text
    outcome = keys.wait(index)
    assert (outcome.status, outcome.cause) == ("failed", "uploadMissing") and "2" in outcome.message


def test_an_upload_of_a_mebibyte_is_refused_where_it_becomes_too_much(keys, box):
    refused = None
    for number in range(1, 1025):
        # -Ir: a segment whose number is out of range goes on its way, too.
        done = box.snmp("snmpset", "-Ir", f"{MODULE}devsecUploadData.5005.{number}", "x", "2d" * 1024,
                        f"{MODULE}devsecUploadRowStatus.5005.{number}", "i", "createAndGo")
        if done.returncode:
            refused = (number, done.text)
            break
    assert refused and refused[0] == 65 and "noCreation" in refused[1], refused
    outcome = keys.wait(keys_start_with(keys, box, 5005))
    assert (outcome.status, outcome.cause) == ("failed", "uploadMalformed")


def keys_start_with(keys, box, index):
    done = box.set(*keys.words(index, {"Operation": "installCertificate"}), f"{MODULE}devsecJobRowStatus.{index}", "i",
                   "createAndGo")
    assert done.returncode == 0, (done.text, keys.value("devsecLastSetError.0"))
    return index


BAD_PARAMETERS = [
    ("subject that is not UTF-8", ["CommonName", "x", "ff41"], "wrongValue"),
    ("NUL in a name", ["CommonName", "x", "6d66700031"], "wrongValue"),
    ("name that is too long", ["CommonName", "s", "x" * 65], "wrongLength"),
    ("country of three letters", ["Country", "s", "DEU"], "wrongLength"),
    ("key of 512 bits", ["KeyBits", "u", "512"], "wrongValue"),
    ("end before the beginning", ["NotAfter", "x", "07d00101000000002b0000"], "inconsistentValue"),
    ("no common name", ["CommonName", "s", ""], "inconsistentValue"),
    ("address that is none", ["SubjectAltNames", "s", "IP:300.1.1.1"], "inconsistentValue"),
]


@pytest.mark.parametrize("case", BAD_PARAMETERS, ids=[case[0] for case in BAD_PARAMETERS])
def test_bad_parameters_are_refused_at_the_set(keys, shared, case):
    _, (column, kind, value), status = case
    box = shared.sandbox
    keyring = Keyring(box)
    words = [] if column == "CommonName" else [f"{MODULE}devsecJobCommonName.6006", "s", "a.example.com"]
    # -Ir: what is out of range goes on its way, too.
    done = box.snmp("snmpset", "-Ir", f"{MODULE}devsecJobOperation.6006", "i", "createSelfSigned", *words,
                    f"{MODULE}devsecJob{column}.6006", kind, value, f"{MODULE}devsecJobRowStatus.6006", "i",
                    "createAndGo")
    assert status in done.text, done.text
    assert keyring.value("devsecLastSetError.0")
    assert "No Such" in box.get(f"{MODULE}devsecJobStatus.6006").text


def test_a_key_in_use_is_not_deleted_and_the_use_is_named(keys, box):
    slot = keys.good("createSelfSigned", CommonName="used.example.com", Usage="ipsec", UsageInstance=3, **P256)
    assert keys.value("devsecUsageSlot.ipsec.3") == str(slot)
    assert "ipsec-3" in keys.bad("keyInUse", "deleteKey", Slot=slot)
    assert keys.slots() == [slot]
    assert box.set(f"{MODULE}devsecUsageSlot.ipsec.3", "u", 0).returncode == 0
    keys.good("deleteKey", Slot=slot)
    assert keys.slots() == []
    wait_until(lambda: not list((box.dir / "store" / "material").glob("*.key")))


def secret_octets(box):
    """The private keys of a sandbox in every form that somebody could look for: opened with its own device key."""
    pems = (box.dir / "applied" / "tls-certificate.pem").read_text()
    match = re.search(r"-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----\n", pems, re.S)
    der = subprocess.run(["openssl", "ec", "-outform", "DER"], input=match[0].encode(), capture_output=True,
                         check=True).stdout
    scalar = der[7:39]  # RFC 5915: SEQUENCE, version 1, OCTET STRING of 32
    lines = match[0].splitlines()[1:3]
    return [scalar, scalar.hex().encode(), scalar.hex().upper().encode(), *(line.encode() for line in lines)]


def test_the_private_key_is_nowhere_but_where_the_service_reads_it(keys, box):
    slot = keys.good("createSelfSigned", CommonName="secret.example.com", Usage="tls", **P256)
    wait_until(lambda: "PRIVATE KEY" in (box.dir / "applied" / "tls-certificate.pem").read_text())
    secrets = secret_octets(box)
    walk = box.walk(timeout=120).stdout.encode() + box.snmp("snmpwalk", "-Ox", f"{MODULE}devsecMIB").stdout.encode()
    hexadecimal = re.sub(rb"[\s:]", b"", walk)
    assert not any(secret in walk or secret in hexadecimal for secret in secrets)
    for path in box.dir.rglob("*"):
        if path.is_file() and path.name != "tls-certificate.pem":
            content = path.read_bytes()
            assert not any(secret in content for secret in secrets), path
    assert (box.dir / "applied" / "tls-certificate.pem").stat().st_mode & 0o777 == 0o600
    for words in (("cert", "show", str(slot)), ("cert", "export", str(slot)), ("cert", "list", "-o", "yaml"),
                  ("check",)):
        shown = box.ctl(*words).text.encode()
        assert not any(secret in shown for secret in secrets)


def test_the_same_life_by_devsecctl(box, authority, tmp_path):
    def ctl(*words, **keywords):
        done = box.ctl(*words, **keywords)
        assert done.returncode == 0, done.text
        return done.stdout

    assert "no keys" in ctl("cert", "list")
    assert "slot 1" in ctl("cert", "create", "panel.example.com", "--alt-names", "192.0.2.9", "--use", "tls")
    ctl("set", "tls.ipv4", "true")
    ctl("cert", "request", "panel.example.com", "--name", "By a CA", "--key", "rsa2048")
    request = ctl("cert", "export", "By a CA", "--kind", "request")
    issued = authority.issue(request)
    root, bundle = tmp_path / "root.pem", tmp_path / "bundle.pem"
    root.write_text(authority.root)
    bundle.write_text(authority.intermediate + issued)
    ctl("trust", "add", str(root))
    ctl("cert", "install", str(bundle), "--use", "tls")
    ctl("cert", "verify", "By a CA")
    assert authority.verify(ctl("cert", "export", "2")) is None
    listed = ctl("cert", "list")
    assert re.search(r"^2 +By a CA +installed +RSA 2048 +panel\.example\.com +tls +20\d\d-\d\d-\d\d +ok$", listed, re.M)
    ctl("cert", "delete", "1")
    refused = box.ctl("cert", "delete", "2")
    assert refused.returncode == 1 and "tls" in refused.stderr
    # What devsecctl did is what a manager sees.
    assert wait_until(lambda: Keyring(box).slots() == [2])


def test_a_pkcs12_file_is_imported_by_devsecctl(box, authority, tmp_path):
    name = tmp_path / "imported"
    certificate = authority.issue_to("/CN=imported.example.com")
    (tmp_path / "chain.pem").write_text(certificate + authority.intermediate)
    key = authority.dir / f"other-{authority.count}.key"
    openssl("pkcs12", "-export", "-inkey", key, "-in", tmp_path / "chain.pem", "-out", name, "-passout",
            "pass:opensesame")
    wrong = box.ctl("cert", "import", str(name), stdin="wrong\n")
    assert wrong.returncode == 1 and "password" in wrong.stderr
    done = box.ctl("cert", "import", str(name), "--name", "Imported", stdin="opensesame\n")
    assert done.returncode == 0, done.text
    keyring = Keyring(box)
    wait_until(lambda: keyring.slots() == [1])
    assert keyring.column("Origin", 1) == "imported"
    assert keyring.column("GeneratedBy", 1) == ""
    assert keyring.export(1, "chain") == certificate + authority.intermediate


def remote(box, *words, stdin=None):
    """nms/devsec-cert on the sandbox, as its administrator has it set up."""
    env = {**box.env, "SNMPCONFPATH": str(box.dir / "client" / "admin")}
    return run([ROOT / "nms" / "devsec-cert", *words], env=env, stdin=stdin)


def test_the_same_life_by_one_command_each_over_snmp(box, authority, tmp_path):
    def good(*words):
        done = remote(box, *words)
        assert done.returncode == 0, (words, done.text)
        return done.stdout

    request = good("request", "remote.example.com", "Organization", "Example")
    bundle, root = tmp_path / "bundle.pem", tmp_path / "root.pem"
    bundle.write_text(authority.issue(request) + authority.intermediate)
    root.write_text(authority.root)
    good("trust", str(root))
    good("install", str(bundle))
    good("verify", "1")
    assert good("export", "1") == bundle.read_text()
    good("assign", "tls", "1")
    refused = remote(box, "delete", "1")
    assert refused.returncode == 1 and "keyInUse" in refused.stderr
    good("assign", "tls", "0")
    good("delete", "1")
    good("distrust", "1")
    assert good("create", "again.example.com", "KeyType", "rsa", "KeyBits", "2048").strip() == "1"
    assert "again.example.com" in good("list")
    for words in (("export", "1", "request"), ("export", "9"), ("install", str(authority.dir / "root.key")),
                  ("assign", "fax", "1"), ("create", "a.example.com", "KeyType", "dsa"), ("create", "")):
        failed = remote(box, *words)
        assert failed.returncode == 1 and not failed.stdout and failed.stderr, (words, failed)
    box.kill("devsecd")
    for words in (("list",), ("export", "1"), ("verify", "1")):
        failed = remote(box, *words)
        assert failed.returncode == 1 and not failed.stdout and failed.stderr, (words, failed)


@pytest.fixture(name="nginx")
def fixture_nginx(box, tmp_path):
    """nginx on what devsecd has put in place for TLS servers."""
    port = free_port()
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/nginx.pid; error_log stderr; worker_processes 1; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {tmp_path}/b; proxy_temp_path {tmp_path}/p;\n"
        f"fastcgi_temp_path {tmp_path}/f; uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;\n"
        f"server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {box.dir}/applied/tls-certificate.pem;\n"
        f"ssl_certificate_key {box.dir}/applied/tls-certificate.pem; }} }}\n")
    servers = []

    def serve():
        command = ["/usr/sbin/nginx", "-e", "stderr", "-c", tmp_path / "nginx.conf", "-p", tmp_path]
        servers.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return port

    yield serve
    for server in servers:
        server.terminate()
        server.wait(20)


def test_a_tls_server_serves_the_installed_chain(keys, box, authority, nginx):
    slot = keys.good("createRequest", CommonName="localhost", **P256)
    keys.good("installCertificate", upload=authority.issue(keys.export(slot, "request")) + authority.intermediate,
              Usage="tls")
    wait_until(lambda: "PRIVATE KEY" in (box.dir / "applied" / "tls-certificate.pem").read_text())
    port = nginx()
    done = wait_until(lambda: (lambda got: got if "CONNECTED" in got.text else None)(run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost", "-verify_hostname",
         "localhost", "-CAfile", authority.dir / "root.pem", "-verify_return_error"])))
    assert "Verify return code: 0 (ok)" in done.text, done.text
