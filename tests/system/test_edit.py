# SPDX-License-Identifier: Apache-2.0
"""People and devsecctl at the settings document while devsecd runs: valid work is taken over, none of it is lost."""
import os
import threading

import pytest
from conftest import wait_until
from device import Device, settings_of

PORT = "DEVICE-SECURITY-MIB::devsecSmtpPort.0"


@pytest.fixture
def device(shared):
    """The shared device with the settings of the factory and nothing set aside."""
    shared.accept(("devsecSmtpPort", 1))  # a commit in any case: it sets aside what an earlier test may have left
    shared.reset()
    for path in damaged_files(shared):
        path.unlink()
    assert shared.label("devsecStoreStatus") == "ok"
    return shared


def path_of(device):
    return device.sandbox.dir / "store" / "settings.yaml"


def save_by_rename(device, text):
    """As most editors and configuration tools save."""
    path = path_of(device)
    new = path.with_name("settings.yaml.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)


def save_in_place(device, text):
    path_of(device).write_text(text, encoding="utf-8")


def damaged_files(device):
    return sorted(path_of(device).parent.glob("settings.yaml.damaged-*"))


SAVERS = pytest.mark.parametrize("save", [save_by_rename, save_in_place])


@SAVERS
def test_a_valid_edit_is_taken_over(device, save):
    before = device.generation
    text = device.sandbox.settings.replace("port: 25\n", "port: 2525\n").replace("secure: false", "secure: true")
    save(device, "# Changed by Ada on Monday.\n" + text)
    wait_until(lambda: device.number("devsecSmtpPort") == 2525)
    assert (device.generation, device.number("devsecSmtpSecure")) == (before + 1, 1)
    assert (device.label("devsecStoreStatus"), device.text("devsecStoreStatusText")) == ("ok", "")
    assert device.stored["generation"] == str(before + 1)
    assert device.sandbox.settings.startswith("# Changed by Ada on Monday.\n#")
    device.accept(("devsecSmtpPort", 587))
    assert device.generation == before + 2
    assert device.sandbox.settings.startswith("# Changed by Ada on Monday.\n#")
    assert (device.stored["smtp.port"], device.stored["smtp.secure"]) == ("587", "true")
    assert damaged_files(device) == []


@SAVERS
def test_edits_one_after_the_other(device, save):
    before = device.generation
    for number in range(1, 6):
        text = device.sandbox.settings.replace(f"port: {device.stored['smtp.port']}\n", f"port: {2500 + number}\n")
        save(device, text)
        wait_until(lambda: device.number("devsecSmtpPort") == 2500 + number)
        assert (device.generation, device.stored["generation"]) == (before + number, str(before + number))


def test_an_edit_of_comments_alone_changes_no_setting(device):
    before = device.generation
    save_by_rename(device, "# Ada was here, too.\n" + device.sandbox.settings)
    device.accept(("devsecSmtpPort", 2600))
    assert device.generation == before + 1
    assert device.sandbox.settings.startswith("# Ada was here, too.\n")


INVALID = [
    ("an unknown key", "port: 25\n", "porrt: 25\n", "porrt", 'did you mean "port"'),
    ("a value out of range", "port: 25\n", "port: 70000\n", "70000", "from 1 to 65535"),
    ("an unknown label", "permit-mode: ciphertextCleartext", "permit-mode: ciphertextonly", "ciphertextonly",
     "ciphertextOnly"),
    ("no YAML", "smtp:\n", "smtp: [\n", "settings.yaml", ""),
    ("what cannot be together", "ciphers: [aes128, aes256]", "ciphers: []", "at least one cipher", ""),
    ("rc4 without a version for it", "versions: [tls12, tls13]\n  ciphers: [aes128, aes256]",
     "versions: [tls13]\n  ciphers: [rc4]", "rc4 cannot be selected", "tls12"),
    ("a newer format", "format: 2", "format: 3", "format", ""),
]


@SAVERS
@pytest.mark.parametrize("right, wrong, said, hint", [case[1:] for case in INVALID], ids=[case[0] for case in INVALID])
def test_an_invalid_edit_is_refused_and_said(device, save, right, wrong, said, hint):
    values, good = device.picture()[0], device.sandbox.settings
    assert right in good
    bad = good.replace(right, wrong).replace("min-interval: 5", "min-interval: 7")
    save(device, bad)
    wait_until(lambda: device.label("devsecStoreStatus") == "recovered")
    text = device.text("devsecStoreStatusText")
    assert "settings.yaml" in text and said in text and hint in text, text
    assert (device.picture()[0], device.sandbox.settings) == (values, bad)
    assert (device.label("devsecHealth"), device.text("devsecHealthText")[:60]) == ("warning", text[:60])
    save(device, good.replace("min-interval: 5", "min-interval: 7"))
    wait_until(lambda: device.label("devsecStoreStatus") == "ok")
    assert device.number("devsecNotifyMinInterval") == 7
    assert (device.generation, device.text("devsecStoreStatusText")) == (values[0] + 1, "")
    assert (damaged_files(device), device.label("devsecHealth")) == ([], "ok")


def test_a_fault_is_located(device):
    lines = device.sandbox.settings.replace("port: 25\n", "port: many\n").splitlines()
    at = next(number for number, line in enumerate(lines, 1) if "many" in line)
    save_by_rename(device, "\n".join(lines) + "\n")
    wait_until(lambda: device.label("devsecStoreStatus") == "recovered")
    column = lines[at - 1].index("many") + 1
    assert f"settings.yaml:{at}:{column}: smtp.port: found \"many\"" in device.text("devsecStoreStatusText")


@SAVERS
def test_a_set_while_an_invalid_edit_lies_there(device, save):
    bad = device.sandbox.settings.replace("port: 25\n", "port: 70000\n") + "# and a long night's work\n"
    before = device.generation
    save(device, bad)
    wait_until(lambda: device.label("devsecStoreStatus") == "recovered")
    device.accept(("devsecSmtpHost", "set.example"))
    assert [path.read_text(encoding="utf-8") for path in damaged_files(device)] == [bad]
    stored = device.stored
    assert (stored["smtp.host"], stored["smtp.port"], device.generation) == ("set.example", "25", before + 1)
    assert (device.label("devsecStoreStatus"), device.text("devsecStoreStatusText")) == ("ok", "")


def make_newer(path):
    path.write_text(path.read_text(encoding="utf-8").replace("format: 2", "format: 3"), encoding="utf-8")


def make_link(path):
    path.with_name("elsewhere.yaml").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    path.with_name("link").symlink_to("elsewhere.yaml")
    path.with_name("link").rename(path)


def make_open(path):
    path.chmod(0o666)
    save = path.read_text(encoding="utf-8")
    path.write_text(save.replace("port: 25\n", "port: 6666\n"), encoding="utf-8")


SPOILERS = [(make_newer, "format"), (make_link, "symbolic link"), (make_open, "mode 0666")]


@pytest.mark.parametrize("spoil, said", SPOILERS)
def test_what_is_not_ours_to_replace(make_sandbox, spoil, said):
    """A document of a newer version, a link, a file that everybody can write: not followed, not written over."""
    device = Device(make_sandbox())
    spoil(path_of(device))
    text = device.sandbox.settings
    wait_until(lambda: device.label("devsecStoreStatus") == "recovered")
    assert said in device.text("devsecStoreStatusText")
    device.refuse("commitFailed", 1, ("devsecSmtpPort", 2600))
    assert said in device.text("devsecLastSetError")
    assert (device.sandbox.settings, device.number("devsecSmtpPort"), damaged_files(device)) == (text, 25, [])


def test_a_set_that_meets_an_invalid_edit_unseen(device):
    """However the edit and the SET fall together, the edit's text is somewhere afterwards."""
    for number in range(20):
        good = device.sandbox.settings
        bad = good.replace("smtp:\n", "smtp:\n  # work of an hour\n").replace("port:", f"porrt{number}:")
        save_by_rename(device, bad)
        device.accept(("devsecNotifyMinInterval", 100 + number))
        texts = [path.read_text(encoding="utf-8") for path in damaged_files(device)]
        assert bad in texts, number
        assert device.stored["notify.min-interval"] == str(100 + number)


def test_a_set_that_meets_a_valid_edit_unseen(device):
    """The edit counts, the SET comes on top, and each has its generation."""
    for number in range(20):
        before = device.generation
        port = device.stored["smtp.port"]
        save_by_rename(device, device.sandbox.settings.replace(f"port: {port}\n", f"port: {3000 + number}\n"))
        device.accept(("devsecNotifyMinInterval", 100 + number))
        assert device.read("devsecSmtpPort", "devsecNotifyMinInterval") == [3000 + number, 100 + number]
        assert (device.generation, device.stored["smtp.port"]) == (before + 2, str(3000 + number))
    assert damaged_files(device) == []


def test_a_set_that_an_unseen_edit_makes_impossible(device):
    """Judged on one state, committed on another: the rules are asked again."""
    device.accept(("devsecTlsVersions", ["tls12", "tls13"]))
    for _ in range(5):
        save_by_rename(device, device.sandbox.settings.replace("versions: [tls12, tls13]", "versions: [tls13]"))
        answer = device.set(("devsecTlsCiphers", ["aes128", "rc4"]))
        assert answer.status in ("inconsistentValue", "commitFailed"), answer
        assert "rc4 cannot be selected" in device.text("devsecLastSetError")
        assert (device.stored["tls.versions"], device.stored["tls.ciphers"]) == ("[tls13]", "[aes128, aes256]")
        assert device.labels("devsecTlsVersions") == {"tls13"}
        device.accept(("devsecTlsVersions", ["tls12", "tls13"]))


def test_a_removed_document_is_put_back(device):
    device.accept(("devsecSmtpPort", 2600))
    before = device.generation
    path_of(device).unlink()
    wait_until(path_of(device).exists)
    assert (device.stored["smtp.port"], device.stored["generation"]) == ("2600", str(before))
    assert (device.generation, device.label("devsecStoreStatus")) == (before, "ok")
    path_of(device).unlink()
    device.accept(("devsecSmtpPort", 2601))
    assert (device.stored["smtp.port"], device.generation) == ("2601", before + 1)


# ---- devsecctl ----

def test_what_devsecctl_sets_is_served(device):
    before = device.generation
    done = device.sandbox.ctl("set", "smtp.port", "587", "smtp.secure", "true")
    assert done.returncode == 0, done.text
    wait_until(lambda: device.number("devsecSmtpPort") == 587)
    assert (device.number("devsecSmtpSecure"), device.generation) == (1, before + 1)
    assert device.label("devsecSmtpTransport") == "startTls"
    done = device.sandbox.ctl("store", "restore", str(before))
    assert done.returncode == 0, done.text
    wait_until(lambda: device.number("devsecSmtpPort") == 25)
    assert device.generation == before + 2


def test_a_set_right_after_devsecctl_loses_nothing(device):
    for number in range(10):
        before = device.generation
        assert device.sandbox.ctl("set", "smtp.port", str(2500 + number)).returncode == 0
        device.accept(("devsecNotifyMinInterval", 100 + number))
        assert device.read("devsecSmtpPort", "devsecNotifyMinInterval") == [2500 + number, 100 + number]
        assert device.generation == before + 2


def test_sets_against_devsecctl(device):
    """Two writers at once, each on an object of its own: all that was acknowledged is there, one generation each."""
    before, done = device.generation, []

    def local_side():
        for number in range(1, 41):
            done.append((number, device.sandbox.ctl("set", "smtp.host", f"local-{number}.example")))

    writer = threading.Thread(target=local_side)
    writer.start()
    commits = port = 0
    while writer.is_alive():
        answer = device.set(("devsecSmtpPort", port + 1))
        assert answer.status in ("noError", "commitFailed"), answer
        if answer.status == "noError":
            commits, port = commits + 1, port + 1
        assert device.number("devsecSmtpPort") == port
    writer.join()
    for number, result in done:
        # A writer may have to give up before the other's stream; then it says so and has changed nothing.
        assert result.returncode == 0 or "another process has been writing" in result.text, result.text
    last = [number for number, result in done if result.returncode == 0]
    assert commits >= 10 and len(last) >= 10
    wait_until(lambda: device.text("devsecSmtpHost") == f"local-{last[-1]}.example")
    assert (device.stored["smtp.port"], device.stored["smtp.host"]) == (str(port), f"local-{last[-1]}.example")
    assert device.generation == before + commits + len(last)
    assert damaged_files(device) == []


# ---- a damaged document at the start ----

DAMAGES = {
    "truncated": lambda text: text[:len(text) // 2], "empty": lambda text: "", "zeroed": lambda text: "\0" * len(text),
    "garbled": lambda text: text[:100] + "\x07\x00{[" + text[104:], "without its end": lambda text: text[:-10],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_document_damaged_at_the_start(device, damage):
    device.accept(("devsecSmtpPort", 2600))
    before = device.generation
    copy = path_of(device).parent / "generations" / f"{before:010}.yaml"
    wait_until(copy.exists)
    device.sandbox.kill("devsecd")
    bad = DAMAGES[damage](device.sandbox.settings)
    path_of(device).write_text(bad, encoding="utf-8")
    device.sandbox.restart("devsecd")
    assert device.number("devsecSmtpPort") == 2600
    assert (device.label("devsecStoreStatus"), device.label("devsecHealth")) == ("recovered", "warning")
    text = device.text("devsecStoreStatusText")
    assert "settings.yaml" in text and f"generation {before}" in text, text
    assert [path.read_text(encoding="utf-8") for path in damaged_files(device)] == [bad]
    assert settings_of(device.sandbox.settings)["smtp.port"] == "2600"
    device.accept(("devsecSmtpPort", 2601))
    assert (device.label("devsecStoreStatus"), device.generation > before) == ("ok", True)
