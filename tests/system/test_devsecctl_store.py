# SPDX-License-Identifier: Apache-2.0
"""devsecctl and the store: several processes, damage, rights, configuration, restore and check."""
import errno
import fcntl
import json
import os
import re
import stat
import subprocess

import pytest
import yaml

from devsecctl_panel import NOBODY, PROGRAM, SECONDS, Panel
from devsecctl_panel import fixture_fresh, fixture_open_folder, fixture_panel  # noqa: F401, used by their names


# ---- several processes ----


def test_ten_at_once_make_ten_generations(tmp_path):
    panel = Panel(tmp_path, "lock-timeout-ms: 60000\ngenerations: 20\n")
    panel.good("set", "notify.min-interval", "100")
    first = panel.generation
    started = [subprocess.Popen([str(PROGRAM), "set", "notify.min-interval", str(200 + i), "-o", "json"],
                                env=panel.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for i in range(10)]
    reports = []
    for process in started:
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, err
        reports.append(json.loads(out))
    reports.sort(key=lambda report: report["generation"])
    assert [report["generation"] for report in reports] == list(range(first + 1, first + 11))
    value = 100
    for report in reports:  # each says what it really replaced
        (change,) = report["changes"]
        assert change["old"] == value
        value = change["new"]
    assert panel.good("get", "notify.min-interval") == f"{value}\n"
    assert len(panel.json("store", "generations")) == first + 10


def test_lock_held_by_another_process(tmp_path):
    panel = Panel(tmp_path, "lock-timeout-ms: 50\n")
    panel.good("set", "smtp.port", "26")
    with open(panel.store / "lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for words in (["set", "smtp.port", "27"], ["store", "restore", "1"]):
            said = panel.refused(*words, status=3)
            assert "another process" in said and str(panel.store) in said
        assert panel.good("get", "smtp.port") == "26\n"
        assert panel.json("store", "status")["generation"] == 2
        assert panel.good("check")
    panel.good("set", "smtp.port", "27")


# ---- a store that is not in order ----


@pytest.mark.parametrize("content", [b"", b"tls: [", b"\0" * 400, b"format: 1\ntls:\n  ipv4: maybe\n",
                                     b"format: 1\ntls:\n  ipv4: true\n", os.urandom(300) + b"\xff"],
                         ids=["empty", "cut short", "zeros", "wrong word", "no certificate", "garbage"])
def test_damaged_document(panel, content):
    old = panel.document.stat()
    panel.document.write_bytes(content)
    os.utime(panel.document, (old.st_atime - 10, old.st_mtime - 10))
    before = panel.files()
    done = panel("get", "smtp.host")
    assert (done.status, done.out) == (0, "mail.example.com\n")
    assert "devsecctl: warning: " in done.err and str(panel.document) in done.err
    status = panel.json("store", "status")
    assert status["status"] == "recovered" and str(panel.document) in status["detail"]
    text = panel.good("store", "status")
    assert text.startswith("status      recovered\ndetail      ")
    assert panel("check").status == 1
    assert panel.files() == before, "looking must not change anything"

    done = panel("set", "smtp.port", "26")
    assert done.status == 0 and "smtp.port  25 -> 26" in done.out
    aside = [path for path in panel.store.iterdir() if path.name.startswith("settings.yaml.damaged-")]
    assert [path.read_bytes() for path in aside] == [content]
    assert panel.json("get", "smtp")["smtp"] == {"host": "mail.example.com", "port": 26, "secure": False}
    assert panel.json("store", "status")["status"] == "ok"


def test_document_of_a_newer_version(panel):
    panel.document.write_text(panel.document.read_text().replace("format: 2", "format: 3"))
    for words in (["get"], ["set", "smtp.port", "26"], ["store", "status"], ["store", "restore", "1"]):
        assert "newer version" in panel.refused(*words, status=3)


def test_edit_by_hand_is_taken_over(panel):
    text = panel.document.read_text()
    panel.document.write_text(text.replace("port: 25", "port: 2525"))
    assert panel.good("get", "smtp.port") == "2525\n"
    panel.good("set", "tls.ciphers", "aes256")
    assert panel.json("get", "smtp.port") == {"smtp": {"port": 2525}}


def unwritable(folder):
    """A store that whoever ends up working on it cannot write to: root gives its rights up for the owner's."""
    made = Panel(folder)
    made.good("set", "smtp.host", "mail.example.com")
    if os.geteuid() == 0:
        for path in [made.store, *made.store.rglob("*"), made.dir / "applied", *(made.dir / "applied").iterdir()]:
            os.chown(path, NOBODY, NOBODY)
    made.store.chmod(0o500)
    return made


def test_read_only_store(open_folder):
    panel = unwritable(open_folder)
    try:
        assert panel.good("get", "smtp.host") == "mail.example.com\n"
        for words in (["set", "smtp.port", "26"], ["store", "restore", "1"]):
            said = panel.refused(*words, status=3)
            assert os.strerror(errno.EACCES) in said and str(panel.store) in said, said
        assert panel.good("check")
    finally:
        panel.store.chmod(0o700)


def test_missing_store(fresh):
    fresh.store.rmdir()
    for words in (["get"], ["set", "smtp.port", "26"], ["store", "status"]):
        assert str(fresh.store) in fresh.refused(*words, status=3)


@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_unsafe_store(panel, mode):
    panel.store.chmod(mode)
    assert "nobody else" in panel.refused("set", "smtp.port", "26", status=3)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
@pytest.mark.parametrize("used", [False, True])
def test_root_leaves_the_store_to_its_owner(open_folder, used):
    panel = Panel(open_folder)
    panel.config.chmod(0o600)
    (panel.dir / "profile.yaml").chmod(0o600)  # read before root's rights are given up
    if used:
        panel.good("set", "smtp.port", "24")
    for path in [panel.store, *panel.store.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    panel.good("get")
    panel.good("set", "smtp.port", "26")
    panel.good("store", "restore", "1")
    panel.good("store", "generations")
    names = {path.name for path in panel.store.iterdir()}
    assert {"settings.yaml", "lock", "generations"} <= names
    for path in [panel.store, *panel.store.rglob("*")]:
        found = path.stat()
        assert (found.st_uid, found.st_gid) == (NOBODY, NOBODY), path
        assert not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH | stat.S_IROTH) or path == panel.store, path


# ---- configuration ----


def test_missing_configuration(panel, tmp_path):
    missing = str(tmp_path / "nowhere.yaml")
    for words in (["get"], ["set", "smtp.port", "26"], ["store", "status"], ["check"], ["store", "restore", "1"]):
        assert missing in panel.refused("-c", missing, *words, status=3)


def test_option_beats_environment(panel, tmp_path):
    panel.env["DEVSEC_CONFIG"] = str(tmp_path / "nowhere.yaml")
    assert panel.good("get", "smtp.port", "--config", str(panel.config)) == "25\n"
    assert panel.good("-c", str(panel.config), "get", "smtp.port") == "25\n"


def test_wrong_configuration_and_profile(panel):
    profile = panel.dir / "profile.yaml"
    for file, text, place in ((panel.config, "store: store\nprofil: profile.yaml\n", ":2:1:"),
                              (profile, "model: x\nfirmware: [1]\n", ":2:11:")):
        good = file.read_text()
        file.write_text(text)
        said = panel.refused("get", status=3)
        assert f"{file}{place}" in said
        done = panel("check")
        assert done.status == 1 and done.out.startswith(f"{file}{place} error: ") and not done.err
        file.write_text(good)
    profile.unlink()
    assert str(profile) in panel.refused("check", status=3)


def test_profile_limits_what_can_be_set(panel):
    (panel.dir / "profile.yaml").write_text(
        'model: x\nfirmware: "1"\ntls:\n  versions: [tls12]\n  ciphers: [aes128]\n')
    done = panel("set", "tls.versions", "tls13")
    assert done.status in (0, 1) and "tls13" in done.err


# ---- store restore ----


def test_restore_round_trip(panel):
    first = panel.json("get")
    start = panel.generation
    panel.good("set", "smtp.secure", "true", "tls.versions", "tls12")
    panel.good("set", "smtp.host", "")
    out = panel.good("store", "restore", str(start))
    assert out == ('tls.versions  tls12 -> tls12,tls13\nsmtp.host     "" -> mail.example.com\n'
                   f"smtp.port     465 -> 25\nsmtp.secure   true -> false\ngeneration {start + 3}\n")
    assert panel.json("get") == first
    report = panel.json("store", "restore", str(start + 2))
    assert report["generation"] == start + 4
    assert [change["path"] for change in report["changes"]] == [
        "tls.versions", "smtp.host", "smtp.port", "smtp.secure"]
    assert panel.good("store", "restore", str(start + 4)).startswith("nothing changed\n")
    assert panel.generation == start + 4


def test_restore_what_is_not_there(panel):
    assert "999" in panel.refused("store", "restore", "999")


def test_generations_list(tmp_path):
    panel = Panel(tmp_path, "generations: 3\n")
    for port in range(100, 106):
        panel.good("set", "smtp.port", str(port))
    newest = panel.generation
    (panel.store / "generations" / f"{newest - 1:010d}.yaml").write_bytes(b"tls: [")
    listed = panel.json("store", "generations")
    assert [(entry["generation"], entry["good"], entry["current"]) for entry in listed] == [
        (newest, True, True), (newest - 1, False, False), (newest - 2, True, False)]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", listed[0]["changed"])
    assert yaml.safe_load(panel.good("store", "generations", "-o", "yaml"))[2]["generation"] == newest - 2
    lines = panel.good("store", "generations").splitlines()
    assert lines[0].split() == ["GENERATION", "CHANGED", "STATE"]
    assert lines[1].endswith("good, current") and lines[2].endswith("damaged") and lines[3].endswith("good")
    panel.refused("store", "restore", str(newest - 1))


def test_status_in_every_format(panel):
    status = panel.json("store", "status")
    assert status == yaml.safe_load(panel.good("store", "status", "-o", "yaml"))
    document = yaml.safe_load(panel.document.read_text())
    assert status == {"status": "ok", "detail": "", "generation": document["generation"],
                      "changed": document["changed"], "directory": str(panel.store)}
    assert panel.good("store", "status") == (
        f"status      ok\ngeneration  {status['generation']}\nchanged     {status['changed']}\n"
        f"directory   {panel.store}\n")


# ---- check ----


def test_check_what_is_in_order(fresh):
    fresh.good("set", "notify.min-interval", "7")
    before = fresh.files()
    assert fresh.good("check") == "valid, 0 warnings\n"
    assert fresh.good("check", "-q") == ""
    assert fresh.json("check") == {"valid": True, "findings": []}
    assert fresh.files() == before


def test_check_before_the_first_change(fresh):
    out = fresh.good("check")
    assert f"{fresh.document}: warning: does not exist yet" in out and out.endswith("valid, 1 warning\n")
    assert fresh.files() == {}


def test_check_finds_everything_at_its_place(panel):
    file = panel.dir / "edited.yaml"
    file.write_text("format: 1\ntls:\n  ipv4: maybe\n  versions: [tls12, tls14]\n  permit-mod: x\n"
                    "smtp:\n  port: 99999\n")
    done = panel("check", str(file))
    assert done.status == 1 and not done.err
    places = re.findall(r"^" + re.escape(str(file)) + r":(\d+):(\d+): error: ", done.out, re.M)
    assert places == [("3", "9"), ("4", "21"), ("5", "3"), ("7", "9")]
    assert 'did you mean "permit-mode"' in done.out and done.out.endswith("not valid: 4 errors, 0 warnings\n")
    found = json.loads(panel("check", str(file), "-o", "json").out)
    assert found["valid"] is False
    assert [(entry["line"], entry["column"]) for entry in found["findings"]] == [(3, 9), (4, 21), (5, 3), (7, 9)]
    assert {entry["severity"] for entry in found["findings"]} == {"error"}
    assert {entry["file"] for entry in found["findings"]} == {str(file)}


def test_check_finds_what_others_could_have_written(panel):
    panel.good("set", "smtp.port", "26")
    for path, mode in ((panel.document, 0o666), (panel.store, 0o777)):
        kept = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode)
        done = panel("check")
        path.chmod(kept)
        assert done.status == 1 and f"{path} belongs to user" in done.out and f"{mode:04o}" in done.out
    assert panel.good("check").splitlines()[-1].startswith("valid, ")


def test_check_rules_and_warnings(panel):
    file = panel.dir / "edited.yaml"
    file.write_text("format: 1\ntls:\n  versions: [tls13]\n  ciphers: [rc4]\n")
    done = panel("check", str(file))
    assert done.status == 1 and f"{file}:4:3: error: tls.ciphers: rc4" in done.out
    file.write_text("format: 1\ntls:\n  versions: [tls10, tls12]\n")
    done = panel("check", str(file))
    assert done.status == 0 and f"{file}: warning: " in done.out and "tls10" in done.out
    assert panel("check", "-q", str(file)).out == ""


def test_check_file_that_cannot_be_read(panel):
    assert "nowhere.yaml" in panel.refused("check", str(panel.dir / "nowhere.yaml"), status=3)
    assert str(panel.dir) in panel.refused("check", str(panel.dir), status=3)


def test_check_of_what_was_written(panel):
    panel.good("set", "smtp.secure", "true", "tls.versions", "tls12")
    assert panel.good("check").splitlines()[-1].startswith("valid, ")
    assert panel.good("check", str(panel.document)) == panel.good("check")


# ---- check: what lies beside the settings ----


PASSWORDS = b"authpass-1\nprivpass-2\n"


@pytest.fixture(name="staffed")
def fixture_staffed(panel):
    for name in ("alice", "bob"):
        panel.good("admin", "add", name, "--engine-id", "80001f8804aabbccdd", stdin=PASSWORDS)
    assert panel.good("check").splitlines()[-1].startswith("valid, ")
    return panel


def test_check_finds_what_is_wrong_with_the_device_key(staffed):
    key = staffed.dir / "device.key"
    kept = key.read_bytes()

    def found(said):
        before = staffed.files()
        done = staffed("check")
        assert done.status == 1 and f"{key}: error: " in done.out and said in done.out, done.out
        assert staffed.files() == before
        return done.out

    key.chmod(0o644)
    found("has mode 0644; expected 0600")
    key.chmod(0o600)
    key.write_bytes(kept[:-1])
    found("holds 31 octets; expected 32")
    key.write_bytes(kept[::-1])
    said = found("the keys of administrator alice cannot be used")
    assert "the keys of administrator bob cannot be used" in said
    key.unlink()
    found("there is no such file, and the keys of administrators were sealed with it: alice, bob; restore it")
    key.write_bytes(kept)
    key.chmod(0o600)
    assert staffed.good("check").splitlines()[-1].startswith("valid, ")


def test_check_finds_what_is_wrong_with_applied_files(staffed):
    folder = staffed.dir / "applied"
    users = folder / "snmpd-users.conf"

    def found(severity, path, said):
        done = staffed("check")
        assert done.status == (severity == "error") and f"{path}: {severity}: {said}" in done.out, done.out

    users.chmod(0o666)
    found("error", users, f"{users} is writable by others than its owner (mode 0666)")
    users.chmod(0o640)
    folder.chmod(0o777)
    found("error", folder, "is writable by others than its owner (mode 0777)")
    folder.chmod(0o755)
    users.rename(folder / "kept")
    found("warning", users, "is not there; devsecd, or the next change, writes it")
    users.symlink_to(folder / "kept")
    found("error", users, "is a symbolic link; expected a regular file")
    users.unlink()
    users.mkdir()
    found("error", users, f"{users} is not a regular file")
    users.rmdir()
    folder.rename(staffed.dir / "moved")
    found("warning", folder, "does not exist yet; devsecd, or the first change, makes it")


@pytest.mark.parametrize("name", ["devsecd.yaml", "profile.yaml"])
def test_check_finds_a_configuration_that_others_may_write(panel, name):
    file = panel.dir / name
    file.chmod(0o666)
    done = panel("check")
    assert done.status == 1
    assert f"{file}: error: {file} is writable by others than its owner (mode 0666)" in done.out
    file.chmod(0o644)
    panel.dir.chmod(0o777)
    done = panel("check")
    panel.dir.chmod(0o700)
    assert done.status == 1 and f"{panel.dir} is writable by others than its owner (mode 0777)" in done.out
    assert panel.good("check").splitlines()[-1].startswith("valid, ")
