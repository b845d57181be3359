# SPDX-License-Identifier: Apache-2.0
"""devsecctl as a person or a script uses it, each time on a private store: what its tests share.

DEVSEC_BUILD names the build folder under test (default: build/release).
"""
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("DEVSEC_BUILD", ROOT / "build" / "release")).resolve()
PROGRAM = BUILD / "cli" / "devsecctl"
NOBODY = 65534
SECONDS = 60

DEFAULTS = {
    "snmp": {"v3-permit": "encryptionOnly", "v1v2c-permit": "disabled"},
    "tls": {
        "permit-mode": "ciphertextCleartext",
        "ipv4": False,
        "ipv6": False,
        "versions": ["tls12", "tls13"],
        "ciphers": ["aes128", "aes256"],
        "rsa-key-exchange": False,
        "sha1-digest": False,
    },
    "certificates": {"expiry-warning": 30},
    "smtp": {"host": "", "port": 25, "secure": False},
    "notify": {
        "settings-changed": True,
        "store-degraded": True,
        "access-denied": True,
        "cert-expiring": True,
        "cert-expired": True,
        "min-interval": 5,
    },
}
PATHS = [f"{group}.{key}" for group, keys in DEFAULTS.items() for key in keys]
GROUPS = list(DEFAULTS)
COMMANDS = ["get", "set", "store status", "store generations", "store restore", "admin list", "admin add",
            "admin set-password", "admin set-role", "admin remove", "cert list", "cert show", "cert create",
            "cert request", "cert install", "cert import", "cert export", "cert verify", "cert assign", "cert delete",
            "cert uses", "trust list", "trust show", "trust add", "trust remove", "check", "completion", "help"]


def kind_of(path):
    """What sort of value a setting has."""
    group, key = path.split(".")
    value = DEFAULTS[group][key]
    if path == "smtp.host":
        return "text"
    return {bool: "bool", int: "number", list: "bits", str: "enum"}[type(value)]


class Done:
    """What a command said."""

    def __init__(self, process):
        self.status = process.returncode
        self.out = process.stdout.decode("utf-8") if process.stdout is not None else None
        self.err = process.stderr.decode("utf-8")

    @property
    def errors(self):
        """The error lines, without warnings."""
        return [line for line in self.err.splitlines() if not line.startswith("devsecctl: warning: ")]


class Panel:
    """devsecctl on a private store; `dir` holds configuration, profile and store."""

    def __init__(self, folder, config=""):
        self.dir = Path(folder)
        self.store = self.dir / "store"
        self.config = self.dir / "devsecd.yaml"
        self.document = self.store / "settings.yaml"
        self.store.mkdir(mode=0o700)
        self.config.write_text("store: store\nprofile: profile.yaml\napplied: applied\ndevice-key: device.key\n"
                               "guard-socket: guard\n" + config)
        (self.dir / "profile.yaml").write_text('model: Test MFP\nfirmware: "1.20"\n')
        self.env = {**os.environ, "DEVSEC_CONFIG": str(self.config)}
        for name in ("NO_COLOR", "POSIXLY_CORRECT"):
            self.env.pop(name, None)

    def __call__(self, *words, stdin=b"", env=None, **keywords):
        keywords.setdefault("stdout", subprocess.PIPE)
        done = subprocess.run([str(PROGRAM), *words], input=stdin, stderr=subprocess.PIPE, timeout=SECONDS,
                              env={**self.env, **(env or {})}, check=False, **keywords)
        return Done(done)

    def good(self, *words, **keywords):
        """Runs what must work without an error; returns its output."""
        done = self(*words, **keywords)
        assert done.status == 0 and not done.errors, (words, done.status, done.out, done.err)
        return done.out

    def json(self, *words):
        return json.loads(self.good(*words, "-o", "json"))

    @property
    def generation(self):
        return self.json("store", "status")["generation"]

    def files(self):
        """Everything on disk, byte for byte; the lock is no content."""
        return {str(path.relative_to(self.store)): path.read_bytes() for path in sorted(self.store.rglob("*"))
                if path.is_file() and path.name != "lock"}

    def refused(self, *words, status=1, **keywords):
        """Runs what must be refused; nothing may change on disk. Returns what was said."""
        before = self.files()
        done = self(*words, **keywords)
        assert done.status == status, (words, done.status, done.out, done.err)
        assert not done.out and done.errors, (words, done.out, done.err)
        assert self.files() == before, words
        return done.err


@pytest.fixture(name="panel")
def fixture_panel(tmp_path):
    """A store at its second generation, so that there is something that could be lost."""
    made = Panel(tmp_path)
    made.good("set", "smtp.host", "mail.example.com")
    return made


@pytest.fixture(name="fresh")
def fixture_fresh(tmp_path):
    """An empty store."""
    return Panel(tmp_path)


@pytest.fixture(name="open_folder")
def fixture_open_folder():
    """A folder that every user can reach, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="devsecctl-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
