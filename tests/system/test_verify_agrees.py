# SPDX-License-Identifier: Apache-2.0
"""What the device says of a chain is what `openssl verify` says of it, at any time."""
import json
import ssl
import time

import pytest
from authority import Authority, openssl
from clock import DAY, preload
from conftest import run
from devsecctl_panel import fixture_fresh  # noqa: F401, a fixture

NAME = "mfp.example.com"


@pytest.fixture(name="authority", scope="module")
def fixture_authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority") / "ca")


def forge(pem):
    """The certificate with another last octet, which is its signature's."""
    octets = bytearray(ssl.PEM_cert_to_DER_cert(pem))
    octets[-1] ^= 1
    return ssl.DER_cert_to_PEM_cert(bytes(octets))


def judge(panel, authority, trusted, days):
    """What devsecctl says of the key in slot 1 at a time: exit status of verify, verdict and sentence of show."""
    clock = {"LD_PRELOAD": preload(), "FAKETIME": f"{days:+d}d", "NO_FAKE_STAT": "1"} if days else {}
    done = panel("cert", "verify", "1", env=clock)
    shown = panel("cert", "show", "1", "-o", "json", env=clock)
    assert shown.status == 0, shown.err
    verdict = json.loads(shown.out)["verify"]
    chain = panel.good("cert", "export", "1", "--kind", "chain")
    return done, verdict, theirs(authority.dir, chain, trusted, days)


def theirs(folder, chain, trusted, days):
    """The same by openssl: None where it is content, else its words."""
    end = "-----END CERTIFICATE-----\n"
    first, _, others = chain.partition(end)
    files = {"leaf": first + end, "rest": others, "trusted": trusted}
    for name, text in files.items():
        (folder / f"{name}.check").write_text(text, encoding="ascii")
    words = ["-untrusted", folder / "rest.check"] if others else []
    anchors = ["-CAfile", folder / "trusted.check"] if trusted else ["-no-CAfile"]
    done = run(["openssl", "verify", "-no-CApath", "-no-CAstore", "-partial_chain", *anchors, *words, "-attime",
                str(int(time.time()) + days * DAY), folder / "leaf.check"])
    return None if done.returncode == 0 else done.text


# Of the certificate installed: how it is made of that of the CA, whether with the intermediate; who is trusted; when;
# and what is said.
ISSUED = {
    "a whole chain": (None, True, "root", 0, "ok", None),
    "the issuer trusted, not the root": (None, False, "intermediate", 0, "ok", None),
    "no intermediate": (None, False, "root", 0, "chainIncomplete", "unable to get local issuer certificate"),
    "no trusted root": (None, True, "", 0, "issuerUnknown", "unable to get local issuer certificate"),
    "another root": (None, True, "other", 0, "issuerUnknown", "unable to get local issuer certificate"),
    "a leaf that has expired": (None, True, "root", 366, "expired", "certificate has expired"),
    "a signature with another octet": (forge, False, "intermediate", 0, "badSignature",
                                       "certificate signature failure"),
}


@pytest.mark.parametrize("what", sorted(ISSUED))
def test_certificates_of_a_ca(fresh, authority, tmp_path, what):
    spoil, with_issuer, anchor, days, verdict, words = ISSUED[what]
    fresh.good("cert", "request", NAME, "--key", "p256")
    leaf = authority.issue(fresh.good("cert", "export", "1", "--kind", "request"))
    upload = (spoil(leaf) if spoil else leaf) + (authority.intermediate if with_issuer else "")
    fresh.good("cert", "install", "-", stdin=upload.encode("ascii"))
    trusted = {"root": authority.root, "intermediate": authority.intermediate, "": ""}.get(anchor)
    if trusted is None:
        trusted = Authority(tmp_path / "other", "Other").root
    if trusted:
        fresh.good("trust", "add", "-", stdin=trusted.encode("ascii"))
    done, ours, openssls = judge(fresh, authority, trusted, days)
    assert ours == verdict, done.err
    assert (done.status == 0) == (verdict == "ok") == (openssls is None), (done.err, openssls)
    assert words is None or words in openssls, openssls


@pytest.mark.parametrize("days", [0, -2, 200, 4000])
def test_a_certificate_of_a_self_signed_one_that_is_trusted(fresh, authority, tmp_path, days):
    fresh.good("cert", "request", NAME, "--key", "p256")
    (tmp_path / "csr").write_text(fresh.good("cert", "export", "1", "--kind", "request"))
    leaf = authority.sign("root", tmp_path / "csr", tmp_path / "pem", "-days", "365")
    fresh.good("cert", "install", "-", stdin=leaf.encode("ascii"))
    fresh.good("trust", "add", "-", stdin=authority.root.encode("ascii"))
    done, ours, openssls = judge(fresh, authority, authority.root, days)
    valid = 0 <= days < 365
    assert ours == ("ok" if valid else "expired"), done.err
    assert (done.status == 0) == valid == (openssls is None), (done.err, openssls)


@pytest.mark.parametrize("days", [0, -3, 40])
def test_a_self_signed_certificate_that_nobody_trusts(fresh, authority, days):
    """openssl knows no such thing as good enough; what has expired, or is to come, is not for us either."""
    fresh.good("cert", "create", NAME, "--key", "p256", "--days", "30")
    done, ours, openssls = judge(fresh, authority, "", days)
    assert "self-signed certificate" in openssls
    assert (done.status, ours) == ((0, "selfSigned") if days == 0 else (1, "expired")), done.err
    if days:
        assert ("is not valid before" if days < 0 else "expired at") in done.err
