# SPDX-License-Identifier: Apache-2.0
"""devsecctl get and set, the rules between settings, usage errors, and a running devsecd beside it."""
import re

import pytest
import yaml

from conftest import wait_until
from devsecctl_panel import DEFAULTS, PATHS, kind_of
from devsecctl_panel import fixture_fresh, fixture_panel  # noqa: F401, fixtures are used by their names


# ---- get ----


def test_get_shows_all_defaults_and_writes_nothing(fresh):
    assert fresh.json("get") == DEFAULTS
    assert fresh.json("store", "status")["generation"] == 0
    assert fresh.files() == {}
    assert list(fresh.store.iterdir()) == []


def test_get_text_is_aligned(panel):
    lines = panel.good("get").splitlines()
    assert [line.split()[0] for line in lines] == PATHS
    assert len({len(line) - len(line.split(None, 1)[1]) for line in lines}) == 1
    assert any(re.fullmatch(r"tls\.versions +tls12,tls13", line) for line in lines)
    assert not any(line != line.rstrip() for line in lines)


def test_get_empty_text_is_visible_in_listings_only(fresh):
    assert 'smtp.host    ""' in fresh.good("get", "smtp")
    assert fresh.good("get", "smtp.host") == "\n"


@pytest.mark.parametrize("path,descriptor,value", [
    ("tls.versions", "devsecTlsVersions", "tls12,tls13"),
    ("tls.permit-mode", "devsecTlsPermitMode", "ciphertextCleartext"),
    ("smtp.port", "devsecSmtpPort", "25"),
    ("tls.ipv4", "devsecTlsIpv4Enabled", "false"),
    ("smtp.host", "devsecSmtpHost", "mail.example.com"),
])
def test_get_one_setting_is_its_bare_value(panel, path, descriptor, value):
    for name in (path, descriptor, descriptor + ".0"):
        assert panel.good("get", name) == value + "\n"


def test_get_groups_and_several(panel):
    assert [line.split()[0] for line in panel.good("get", "tls").splitlines()] == [
        path for path in PATHS if path.startswith("tls.")]
    lines = panel.good("get", "smtp.port", "tls.ipv4", "smtp", "smtp.port").splitlines()
    assert [line.split()[0] for line in lines] == ["smtp.port", "tls.ipv4", "smtp.host", "smtp.secure"]
    assert panel.json("get", "smtp.port", "tls.versions") == {
        "smtp": {"port": 25}, "tls": {"versions": ["tls12", "tls13"]}}


def test_get_yaml_and_json_agree_and_keep_types(panel):
    expected = {**DEFAULTS, "smtp": {**DEFAULTS["smtp"], "host": "mail.example.com"}}
    assert panel.json("get") == expected
    assert yaml.safe_load(panel.good("get", "-o", "yaml")) == expected
    assert panel.json("get", "smtp.port") == {"smtp": {"port": 25}}


@pytest.mark.parametrize("name,suggestion", [
    ("tls.version", "did you mean 'tls.versions'?"),
    ("tls.permitmode", "did you mean 'tls.permit-mode'?"),
    ("smpt.port", "did you mean 'smtp.port'?"),
    ("devsecTlsVersion", "did you mean 'tls.versions'?"),
    ("sntp", "'devsecctl get' lists all of them"),  # as near to snmp as to smtp
    ("notfy", "did you mean 'notify'?"),
    ("nothing.like.it", "'devsecctl get' lists all of them"),
    ("", "'devsecctl get' lists all of them"),
    ("tls.", "there is no setting 'tls.'"),
    (".", "there is no setting '.'"),
    ("devsecTlsEffectiveVersions", "devsecTlsEffectiveVersions is no setting"),
    ("x" * 5000, "xxx...'; 'devsecctl get' lists all of them"),
    (b"\xff\x1b[31m", "there is no setting '\\xff\\x1b[31m'"),
])
def test_unknown_path_names_the_nearest(panel, name, suggestion):
    for words in (["get", name], ["get", "tls.versions", name], ["set", name, "1"]):
        said = panel.refused(*words)
        assert said.startswith("devsecctl: ") and suggestion in said, said


# ---- set ----


def test_set_reports_old_and_new_and_commits_once(panel):
    before = panel.generation
    out = panel.good("set", "tls.permit-mode", "ciphertextPriority", "tls.versions", "tls12 tls13,tls11",
                     "tls.ciphers", "aes256", "smtp.secure", "true")
    assert out == ("tls.permit-mode  ciphertextCleartext -> ciphertextPriority\n"
                   "tls.versions     tls12,tls13 -> tls11,tls12,tls13\n"
                   "tls.ciphers      aes128,aes256 -> aes256\n"
                   "smtp.port        25 -> 465\n"
                   "smtp.secure      false -> true\n"
                   f"generation {before + 1}\n")
    assert panel.generation == before + 1
    document = yaml.safe_load(panel.document.read_text())
    assert document["generation"] == before + 1
    assert document["smtp"] == {"host": "mail.example.com", "port": 465, "secure": True}
    assert document["tls"]["versions"] == ["tls11", "tls12", "tls13"]


def test_set_port_given_stays(panel):
    panel.good("set", "smtp.secure", "true", "smtp.port", "587")
    assert panel.json("get", "smtp")["smtp"] == {"host": "mail.example.com", "port": 587, "secure": True}


def test_set_same_again_changes_nothing(panel):
    before = panel.files()
    generation = panel.generation
    assert panel.good("set", "smtp.host", "mail.example.com") == f"nothing changed\ngeneration {generation}\n"
    assert panel.files() == before


def test_set_structured_reports(panel):
    done = panel.json("set", "tls.versions", "tls13", "tls.ipv4", "false", "smtp.port", "26")
    assert done == {"generation": panel.generation, "changes": [
        {"path": "tls.versions", "old": ["tls12", "tls13"], "new": ["tls13"]},
        {"path": "smtp.port", "old": 25, "new": 26},
    ]}
    assert yaml.safe_load(panel.good("set", "smtp.port", "27", "-o", "yaml")) == {
        "generation": panel.generation, "changes": [{"path": "smtp.port", "old": 26, "new": 27}]}
    assert panel.json("set", "smtp.port", "27") == {"generation": panel.generation, "changes": []}


def test_set_quiet_says_nothing(panel):
    done = panel("set", "tls.versions", "tls10,tls12", "-q")
    assert (done.status, done.out, done.err) == (0, "", "")
    assert panel.good("get", "tls.versions", "-q") == "tls10,tls12\n"


def test_set_warns_about_what_is_weak(panel):
    done = panel("set", "tls.versions", "tls10,tls12,tls13")
    assert done.status == 0
    assert re.search(r"^devsecctl: warning: .*tls10", done.err, re.M), done.err
    assert "warning" not in done.out


def test_set_by_number_descriptor_and_dash_dash(panel):
    panel.good("set", "devsecTlsPermitMode.0", "3")
    assert panel.good("get", "tls.permit-mode") == "ciphertextOnly\n"
    assert "smtp.host" in panel.refused("set", "--", "smtp.host", "-bad-")
    assert "unknown option -b" in panel.refused("set", "smtp.host", "-bad-", status=2)


def test_set_from_standard_input(panel):
    panel.good("set", "smtp.port", "-", stdin=b"2525\n")
    assert panel.good("get", "smtp.port") == "2525\n"
    assert "holds a NUL" in panel.refused("set", "smtp.host", "-", stdin=b"a\0b")
    assert "more than any setting takes" in panel.refused("set", "smtp.host", "-", stdin=b"a" * 70000)
    assert "only one value" in panel.refused("set", "smtp.host", "-", "smtp.port", "-", status=2)


BAD_VALUES = {
    "bool": ["", "maybe", "TRUE", "yes", "1", "2", "true ", "true,false", b"\xff", "t" * 5000],
    "number": ["", "abc", "-1", "1.5", "0x10", "1e3", " 5", "5 ", "+5", "65536", "4294967296",
               "99999999999999999999999", "\u0663", b"\xff"],
    "enum": ["", "nonsense", "0", "99", "-1", "4294967297", "CIPHERTEXTONLY", "1 ", b"\xff", "x" * 5000],
    "bits": ["", "none", ",", "nonsense", "tls12,nonsense", "aes128,nonsense", "0x18", "3", b"\xff", "x" * 5000],
    "text": ["a" * 256, b"\xff", b"mail\xc3", b"\xed\xa0\x80", "mail\x01", "mail\x1b[31m", "mail\n", "mail\t", "a b",
             "-mail", "mail..example", "mail.example.com:25", "[::1]", "999.1.1.1", "mail\u202eelpmaxe"],
}


@pytest.mark.parametrize("path", PATHS)
def test_set_refuses_bad_values(panel, path):
    for value in BAD_VALUES[kind_of(path)]:
        said = panel.refused("set", "--", path, value)
        assert re.match(r"devsecctl: " + re.escape(path) + r"[:,]", said), (value, said)
        assert len(said.splitlines()) == 1 and "\x1b" not in said, said


@pytest.mark.parametrize("path,value,expected", [
    ("smtp.port", "0", "from 1 to 65535"),
    ("notify.min-interval", "3601", "from 0 to 3600"),
    ("tls.versions", "tls14", "tls12, tls13"),
    ("tls.permit-mode", "ciphertextOnyl", 'did you mean "ciphertextOnly"?'),
    ("smtp.host", "a" * 256, "at most 255 octets"),
    ("smtp.host", b"\xff", "UTF-8"),
])
def test_refusal_says_what_was_expected(panel, path, value, expected):
    assert expected in panel.refused("set", path, value)


@pytest.mark.parametrize("bad", [["smtp.prot", "1"], ["smtp.port", "0"], ["tls.ciphers", "rc4,des"],
                                 ["tls.ipv4", "true"]])
@pytest.mark.parametrize("position", range(4))
def test_one_bad_in_any_position_changes_nothing(panel, bad, position):
    good = [["tls.permit-mode", "ciphertextOnly"], ["notify.min-interval", "60"], ["smtp.host", "other.example.com"]]
    pairs = good[:position] + [bad] + good[position:]
    panel.refused("set", *[word for pair in pairs for word in pair])
    assert panel.good("set", *[word for pair in good for word in pair]).endswith(f"generation {panel.generation}\n")


def test_every_bad_pair_is_reported(panel):
    said = panel.refused("set", "smtp.prot", "1", "smtp.port", "0", "tls.ipv4", "maybe", "smtp.host", "ok.example")
    assert len(said.splitlines()) == 3
    assert "smtp.prot" in said and "smtp.port" in said and "tls.ipv4" in said


@pytest.mark.parametrize("words,said", [
    (["set"], "set needs PATH VALUE"),
    (["set", "smtp.port"], "set needs PATH VALUE"),
    (["set", "smtp.port", "1", "smtp.host"], "a value is missing behind 'smtp.host'"),
    (["set", "smtp.port", "1", "devsecSmtpPort", "2"], "smtp.port is given twice"),
    ([], "a command is missing"),
    (["sett", "smtp.port", "1"], "did you mean 'set'?"),
    (["store"], "store status, store generations, store restore"),
    (["store", "stauts"], "did you mean 'store status'?"),
    (["store", "status", "now"], "one argument too many"),
    (["store", "restore"], "needs GENERATION"),
    (["store", "restore", "one"], "'one' is not the number of a generation"),
    (["store", "restore", "0"], "'0' is not the number"),
    (["store", "restore", "--", "-1"], "'-1' is not the number"),
    (["store", "restore", "4294967296"], "is not the number"),
    (["store", "restore", "1", "2"], "one argument too many"),
    (["completion", "fish"], "no completion for 'fish'"),
    (["check", "a", "b"], "one argument too many"),
    (["get", "--output", "xml"], "text, yaml and json"),
    (["get", "--otput", "json"], "unknown option --otput"),
    (["get", "-o"], "option --output needs an argument"),
    (["get", "-x"], "unknown option -x"),
    (["help", "sett"], "did you mean 'set'?"),
])
def test_usage_errors(panel, words, said):
    err = panel.refused(*words, status=2)
    assert said in err and "Try 'devsecctl" in err and "--help'" in err, err


# ---- the rules between settings ----


@pytest.mark.parametrize("order", [1, -1])
def test_valid_only_together(panel, order):
    """RC4 needs TLS 1.2 or below: from TLS 1.3 alone the two are accepted together only, in either order."""
    panel.good("set", "tls.versions", "tls13")
    refusal = panel.refused("set", "tls.ciphers", "rc4")
    assert "rc4" in refusal and "tls13" in refusal
    pairs = [["tls.ciphers", "rc4"], ["tls.versions", "tls12"]][::order]
    panel.good("set", *pairs[0], *pairs[1])
    assert panel.json("get", "tls")["tls"]["ciphers"] == ["rc4"]
    assert "rc4" in panel.refused("set", "tls.versions", "tls13")
    back = [["tls.versions", "tls13"], ["tls.ciphers", "aes128"]][::order]
    panel.good("set", *back[0], *back[1])


def test_enabling_without_certificate_is_refused(panel):
    for path in ("tls.ipv4", "tls.ipv6"):
        assert "certificate" in panel.refused("set", path, "true")


def test_the_way_back_from_a_lock_out(panel):
    panel.good("set", "tls.permit-mode", "ciphertextOnly", "tls.versions", "ssl30")
    assert panel.good("set", "tls.permit-mode", "ciphertextCleartext").startswith(
        "tls.permit-mode  ciphertextOnly -> ciphertextCleartext\n")


# ---- beside a running devsecd ----


def test_a_running_devsecd_follows(sandbox):
    done = sandbox.ctl("set", "tls.permit-mode", "ciphertextOnly", "smtp.host", "mail.example.com")
    assert done.returncode == 0, done.text
    generation = re.search(r"^generation (\d+)$", done.stdout, re.M).group(1)
    wait_until(lambda: sandbox.value("devsecStoreGeneration.0") == generation)
    assert sandbox.value("devsecTlsPermitMode.0") == "ciphertextOnly"
    answer = sandbox.set("DEVICE-SECURITY-MIB::devsecSmtpPort.0", "u", "2525")
    assert answer.returncode == 0, answer.text
    assert sandbox.ctl("get", "smtp.port").stdout == "2525\n"
    assert sandbox.ctl("get", "smtp.host").stdout == "mail.example.com\n"


def test_beside_a_running_snmpd(sandbox):
    """Keys for another engine ID are told at once, with what else belongs to a new administrator."""
    words = ("admin", "add", "bob", "--engine-id")
    done = sandbox.ctl(*words, "80001f8804aabbccdd", stdin="authpass-1\nprivpass-2\n")
    assert done.returncode == 0, done.text
    running = re.search(r"engine ID than that of the snmpd that runs here, ([0-9a-f]{10,64}): it lets nobody in",
                        done.stderr)
    assert running and "80001f8804aabbccdd" not in running[0], done.text
    assert sandbox.ctl("admin", "remove", "bob").returncode == 0
    done = sandbox.ctl(*words, running[1], stdin="authpass-1\nprivpass-2\n")
    assert (done.returncode, done.stderr) == (0, ""), done.text


def test_a_refused_set_names_the_instance(sandbox):
    for name, instance in (("devsecApplyState", ".2"), ("devsecApplyState", ".99"), ("devsecStoreGeneration", ".0")):
        kind = "i" if instance != ".0" else "u"
        done = sandbox.set(f"DEVICE-SECURITY-MIB::{name}{instance}", kind, "3")
        assert done.returncode != 0 and "notWritable" in done.text
        assert sandbox.value("devsecLastSetError.0").strip('"') == f"{name}{instance}: the object is read-only"
