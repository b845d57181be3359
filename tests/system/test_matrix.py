# SPDX-License-Identifier: Apache-2.0
"""Who gets nothing: everybody below authPriv, by every operation, however permissive snmpd.conf is."""
import pytest
from conftest import run, wait_until
from device import Device
from mib_objects import MIB
from pysnmp_client import pass_phrases

ROOT = "." + ".".join(map(str, MIB.root))
PARENT = ROOT.rpartition(".")[0]
PORT = "." + ".".join(map(str, MIB["devsecSmtpPort"].instance))
MODE = "." + ".".join(map(str, MIB["devsecTlsPermitMode"].instance))
SYS_NAME = ".1.3.6.1.2.1.1.5.0"

# Every way there is to open snmpd, all at once.
PERMISSIVE = f"""
rocommunity public
rwcommunity private
rwcommunity other default {ROOT}
rwuser admin noauth
rwuser monitor noauth
createUser nobody
rwuser nobody noauth
rwuser nobody noauth {ROOT}
view everything included .1
view everything included {ROOT}
com2sec open default wide
group opengroup v1 open
group opengroup v2c open
group opengroup usm admin
group opengroup usm nobody
access opengroup "" any noauth prefix everything everything everything
access opengroup "" usm auth prefix everything everything everything
authcommunity read,write,execute wide2
"""
GUARD_LINES = ("dlmod ", "devsecGuardSocket ")


def v3(user, level, auth="", priv=""):
    words = ["-v3", "-u", user, "-l", level]
    if level != "noAuthNoPriv":
        words += ["-a", "SHA-256", "-A", auth]
    return words + (["-x", "AES", "-X", priv] if level == "authPriv" else [])


# What a row is, and its options; {auth} and {priv} are the administrator's pass phrases
CLIENTS = {
    "authPriv": v3("admin", "authPriv", "{auth}", "{priv}"),
    **{f"{version} {community}": [f"-{version}", "-c", community]
       for version in ("v1", "v2c") for community in ("public", "private", "other", "wide", "wide2")},
    "noAuthNoPriv": v3("admin", "noAuthNoPriv"),
    "noAuthNoPriv, a user without keys": v3("nobody", "noAuthNoPriv"),
    "authNoPriv": v3("admin", "authNoPriv", "{auth}"),
    "authNoPriv, no such user": v3("mallory", "authNoPriv", "{auth}"),
    "authPriv, no such user": v3("mallory", "authPriv", "{auth}", "{priv}"),
    "authPriv, a user without keys": v3("nobody", "authPriv", "{auth}", "{priv}"),
    "authPriv, wrong authentication": v3("admin", "authPriv", "wrong-wrong", "{priv}"),
    "authPriv, wrong privacy": v3("admin", "authPriv", "{auth}", "wrong-wrong"),
    "authPriv, another context": v3("admin", "authPriv", "{auth}", "{priv}") + ["-n", "other"],
}
# Those whom this configuration lets in elsewhere, and the counter that a denial of theirs goes into
ADMITTED = {
    "v1 public": "devsecSnmpDeniedV1V2c", "v2c public": "devsecSnmpDeniedV1V2c", "v2c private": "devsecSnmpDeniedV1V2c",
    "v1 other": None, "v2c other": None, "v2c wide": "devsecSnmpDeniedV1V2c", "noAuthNoPriv": "devsecSnmpDeniedNoAuth",
    "noAuthNoPriv, a user without keys": "devsecSnmpDeniedNoAuth", "authNoPriv": "devsecSnmpDeniedAuthNoPriv",
}
UNANSWERED = ("authPriv, wrong privacy", "authPriv, another context")  # snmpd stays silent
OPERATIONS = {
    "GET": ("snmpget", PORT), "GET of a column": ("snmpget", ROOT + ".1.3.16.1.2.1"),
    "GET of two": ("snmpget", SYS_NAME, PORT), "GETNEXT into": ("snmpgetnext", ROOT),
    "GETNEXT from before": ("snmpgetnext", PARENT), "GETNEXT within": ("snmpgetnext", MODE),
    "GETNEXT of two": ("snmpgetnext", SYS_NAME, MODE), "GETBULK": ("snmpbulkget", "-Cr30", ROOT),
    "GETBULK from before": ("snmpbulkget", "-Cr30", PARENT), 
    "GETBULK of three": ("snmpbulkget", "-Cn1", SYS_NAME, MODE, ROOT),
    "SET": ("snmpset", PORT, "u", "2601"), "SET of two": ("snmpset", PORT, "u", "2601", MODE, "i", "3"),
}


class Open:
    """A device behind a permissive snmpd."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.device = Device(sandbox)
        self.auth, self.priv = pass_phrases(sandbox, "admin")

    def ask(self, client, tool, *words, seconds="10"):
        """One try with a tool of net-snmp's, which then knows no MIB and no pass phrase but those given."""
        options = [word.format(auth=self.auth, priv=self.priv) for word in CLIENTS[client]]
        env = {**self.sandbox.env, "MIBS": "", "SNMPCONFPATH": "/nonexistent"}
        flags = [word for word in words if word.startswith("-")]
        rest = [word for word in words if not word.startswith("-")]
        return run([tool, *options, "-On", "-t", seconds, "-r", "0", *flags, self.sandbox.target, *rest], env=env)


def leaked(done):
    """The lines that tell something of the subtree."""
    nothing = ("No Such ", "No more variables left ")
    return [line for line in done.stdout.splitlines()
            if line.startswith(ROOT + ".") and not any(word in line for word in nothing)]


@pytest.fixture(scope="module")
def opened(make_module_sandbox, tmp_path_factory):
    extra = tmp_path_factory.mktemp("conf") / "permissive.conf"
    extra.write_text(PERMISSIVE)
    opened = Open(make_module_sandbox("--snmpd-conf", extra))
    yield opened
    opened.device.client.close()


@pytest.mark.parametrize("client", [client for client in CLIENTS if client != "authPriv"])
def test_nothing_below_authpriv(opened, client):
    before = opened.device.picture()
    for operation, words in OPERATIONS.items():
        if client.startswith("v1") and words[0] == "snmpbulkget":
            continue  # SNMPv1 has none
        if client in UNANSWERED and operation not in ("GET", "SET"):
            continue  # each one waits for an answer that does not come
        done = opened.ask(client, *words, seconds="1" if client in UNANSWERED else "10")
        assert leaked(done) == [], operation
        if words[0] == "snmpset":
            assert done.returncode != 0, done.text
    assert opened.device.picture() == before


@pytest.mark.parametrize("client", [client for client in ADMITTED if "other" not in client])
def test_the_denied_are_let_in_elsewhere(opened, client):
    """Without this, the test above would pass with an snmpd that answers nobody."""
    done = opened.ask(client, "snmpget", SYS_NAME)
    assert done.returncode == 0 and done.stdout.startswith(SYS_NAME), done.text


def test_authpriv_gets_and_sets(opened):
    assert leaked(opened.ask("authPriv", "snmpget", PORT))
    assert leaked(opened.ask("authPriv", "snmpbulkget", ROOT))
    done = opened.ask("authPriv", "snmpset", PORT, "u", "2602")
    assert done.returncode == 0 and opened.device.stored["smtp.port"] == "2602", done.text


@pytest.mark.parametrize("client", ["v1 public", "v2c wide", "noAuthNoPriv", "authNoPriv"])
def test_a_walk_over_the_neighbourhood_passes_by(opened, client):
    tool = "snmpwalk" if client.startswith("v1") else "snmpbulkwalk"
    done = opened.ask(client, tool, "-Cc", ".1.3.6.1.4.1")
    assert done.returncode == 0 and leaked(done) == [], done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith(".1.3.6.1.4.1.8072.") for line in lines)


def test_a_walk_of_the_whole_agent_ends(opened):
    done = opened.ask("v2c public", "snmpbulkwalk", "-Cr50", ".1", seconds="30")
    assert done.returncode == 0 and leaked(done) == [], done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith(SYS_NAME) for line in lines)
    assert any(line.startswith(".1.3.6.1.6.") for line in lines), "the walk ended before our subtree"


COUNTED = [(client, counter, operation)
           for client, counter in ADMITTED.items() for operation, words in OPERATIONS.items()
           if counter and not (client.startswith("v1") and words[0] == "snmpbulkget")]


@pytest.mark.parametrize("client, counter, operation", COUNTED)
def test_denials_are_counted_once_a_request(opened, client, counter, operation):
    words = OPERATIONS[operation]
    counters = ("devsecSnmpDeniedV1V2c", "devsecSnmpDeniedNoAuth", "devsecSnmpDeniedAuthNoPriv")
    before = opened.device.read(*counters)
    opened.ask(client, *words)
    after = opened.device.read(*counters)
    # After noSuchName of SNMPv1 snmpget asks again without the name to blame.
    requests = 2 if client.startswith("v1") and words[0] == "snmpget" else 1
    counted = [now - then for then, now in zip(before, after)]
    assert counted[counters.index(counter)] in range(1, requests + 1), (counted, counters)
    assert sum(counted) == counted[counters.index(counter)]


# ---- without the module ----

def without_guard(text):
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(GUARD_LINES))


def nothing_served(sandbox):
    """Whether even authPriv finds nothing."""
    done = sandbox.snmp("snmpget", "-On", PORT)
    return "No Such Object" in done.stdout


def test_without_the_module_nothing_is_registered(make_sandbox):
    sandbox = make_sandbox("--no-guard")
    wait_until(lambda: "not registering with snmpd: " in sandbox.log("devsecd"))
    assert "registered with snmpd" not in sandbox.log("devsecd").replace("not registering with snmpd", "")
    assert nothing_served(sandbox)
    walk = sandbox.snmp("snmpbulkwalk", "-On", PARENT)
    assert ROOT + "." not in walk.stdout
    done = sandbox.set("DEVICE-SECURITY-MIB::devsecSmtpPort.0", "u", "2600")
    assert done.returncode != 0 and "port: 25\n" in sandbox.settings


def test_the_module_comes_and_goes_with_snmpd(make_sandbox):
    sandbox = make_sandbox()
    daemon, path = sandbox.pid("devsecd"), sandbox.dir / "snmpd.conf"
    with_guard = path.read_text()
    device = Device(sandbox)
    path.write_text(without_guard(with_guard))
    # The script waits for an answer that must not come: the instance is told to expect none.
    state = sandbox.dir / "sandbox.state"
    state.write_text(state.read_text().replace("GUARD=yes", "GUARD=no"))
    sandbox.restart("snmpd")
    wait_until(lambda: "not registering with snmpd: " in sandbox.log("devsecd"))
    device.reconnect()
    assert not device.served() and nothing_served(sandbox)
    path.write_text(with_guard)
    sandbox.restart("snmpd")
    device.reconnect()
    device.wait_served()
    assert sandbox.pid("devsecd") == daemon
    device.accept(("devsecSmtpPort", 2600))
    assert device.stored["smtp.port"] == "2600"
