# SPDX-License-Identifier: Apache-2.0
"""Who gets nothing, however permissive snmpd.conf is: our subtree wants authPriv, the rest goes by the policy."""
import time

import pytest
from community_client import Community
from conftest import wait_until
from device import Device
from guard.harness import Announcement
from mib_objects import MIB
from pysnmp.proto.api import v2c
from pysnmp_client import Client, NoAnswer

ROOT = tuple(MIB.root)
PARENT = ROOT[:-1]
PORT, INTERVAL = MIB["devsecSmtpPort"].instance, MIB["devsecNotifyMinInterval"].instance
MODE = MIB["devsecTlsPermitMode"].instance
SYSTEM = (1, 3, 6, 1, 2, 1, 1)
SYS_DESCR, SYS_NAME = SYSTEM + (1, 0), SYSTEM + (5, 0)

# Every way there is to open snmpd, all at once.
PERMISSIVE = f"""
rocommunity public
rwcommunity private
rwcommunity other default .{".".join(map(str, ROOT))}
rwuser admin noauth
rwuser monitor noauth
createUser nobody
rwuser nobody noauth
rwuser nobody noauth .{".".join(map(str, ROOT))}
view everything included .1
view everything included .{".".join(map(str, ROOT))}
com2sec open default wide
group opengroup v1 open
group opengroup v2c open
group opengroup usm admin
group opengroup usm nobody
access opengroup "" any noauth prefix everything everything everything
access opengroup "" usm auth prefix everything everything everything
authcommunity read,write,execute wide2
"""
GUARD_LINES = ("dlmod ", "devsecGuardSocket ", "devsecPolicy ")
POLICIES = [(v3, v1v2c) for v3 in MIB["devsecSnmpV3Permit"].labels for v1v2c in MIB["devsecSnmpV1V2Permit"].labels]
COUNTERS = ("devsecSnmpDeniedV1V2c", "devsecSnmpDeniedNoAuth", "devsecSnmpDeniedAuthNoPriv")

# Whom snmpd.conf above lets in everywhere: to read, and to write.
VERSIONS = ("v1", "v2c")
READERS, WRITERS = ("public", "private", "wide", "wide2"), ("private", "wide", "wide2")
COMMUNITIES = READERS + ("other", "unknown")
USERS = {"noAuthNoPriv": ({"level": "noAuthNoPriv"}, COUNTERS[1]),
         "noAuthNoPriv, a user without keys": ({"user": "nobody", "level": "noAuthNoPriv"}, COUNTERS[1]),
         "authNoPriv": ({"level": "authNoPriv"}, COUNTERS[2])}
# Nobody under any policy
STRANGERS = {
    "noAuthNoPriv, no such user": {"user": "mallory", "level": "noAuthNoPriv"},
    "authNoPriv, no such user": {"user": "mallory", "level": "authNoPriv"},
    "authPriv, no such user": {"user": "mallory"}, "authPriv, a user without keys": {"user": "nobody"},
    "authNoPriv, wrong authentication": {"level": "authNoPriv", "auth": "wrong-wrong"},
    "authPriv, wrong authentication": {"auth": "wrong-wrong"}, "authPriv, wrong privacy": {"priv": "wrong-wrong"},
}

# What is asked: inside our subtree, where nothing may come, and outside. The sets come last.
INSIDE = {
    "GET": ("get", [PORT]), "GET of a column": ("get", [ROOT + (1, 3, 16, 1, 2, 1)]),
    "GET of two": ("get", [SYS_NAME, PORT]), "GETNEXT into": ("getnext", [ROOT]),
    "GETNEXT from before": ("getnext", [PARENT]), "GETNEXT within": ("getnext", [MODE]),
    "GETNEXT of two": ("getnext", [SYS_NAME, MODE]), "GETBULK": ("getbulk", [ROOT]),
    "GETBULK from before": ("getbulk", [PARENT]), "GETBULK of three": ("getbulk", [SYS_NAME, MODE, ROOT]),
    "SET": ("set", [(PORT, 2601)]), "SET of two": ("set", [(PORT, 2601), (INTERVAL, 7)]),
    "SET of ours and another's": ("set", [(SYS_NAME, b"changed"), (PORT, 2601)]),
}
OUTSIDE = {"GET": ("get", [SYS_DESCR]), "GETNEXT": ("getnext", [SYSTEM]), "GETBULK": ("getbulk", [SYS_DESCR]),
           "GET of two": ("get", [SYS_DESCR, SYS_NAME]), "SET": ("set", [(SYS_NAME, b"changed")])}


def requests_of(operations, version="v2c"):
    """As Community.ask wants them; SNMPv1 has no GETBULK."""
    return {name: (kind, [item if isinstance(item[0], tuple) else (item, None) for item in items])
            for name, (kind, items) in operations.items() if (version, kind) != ("v1", "getbulk")}


def leaked(answer):
    """What an answer tells of the subtree."""
    return [name for name, value in (answer.binds if answer else ())
            if name[:len(ROOT)] == ROOT and answer.status == "noError" and value.plain is not None]


class Opened:
    """A device behind a permissive snmpd, with managers of all kinds."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.device = Device(sandbox)
        self.community = Community(sandbox.target, lambda: self.device.number("devsecStoreGeneration"))

    def close(self):
        self.community.close()
        self.device.client.close()

    def enforced(self):
        """What the module says it enforces: v3, v1v2c, generation, whether from a trusted file."""
        with Announcement(self.sandbox.env["DEVSEC_GUARD_SOCKET"]) as announcement:
            return announcement.enforced()

    def wait_enforced(self, v3, v1v2c):
        wanted = [MIB["devsecSnmpV3Permit"].labels[v3], MIB["devsecSnmpV1V2Permit"].labels[v1v2c]]
        wait_until(lambda: self.enforced()[:2] == wanted)

    def set_policy(self, v3, v1v2c):
        self.device.accept(("devsecSnmpV3Permit", v3), ("devsecSnmpV1V2Permit", v1v2c))
        self.wait_enforced(v3, v1v2c)

    def ask_v3(self, client, kind, pairs):
        if kind == "getbulk":
            return client.get_bulk(0, 30, *[name for name, _ in pairs])
        step = {"get": client.get, "getnext": client.get_next}
        if kind in step:
            return step[kind](*[name for name, _ in pairs])
        return client.set(*[(name, v2c.OctetString(value) if isinstance(value, bytes) else v2c.Unsigned32(value))
                            for name, value in pairs])

    def counted(self, action):
        """What `action` returns, and by how much each counter of denials moved."""
        before = self.device.read(*COUNTERS)
        result = action()
        return result, {name: now - then for name, then, now in zip(COUNTERS, before, self.device.read(*COUNTERS))}

    def applied(self, name):
        """A row of devsecApplyTable, by devsecApplyName."""
        columns = ("devsecApplyName", "devsecApplyState", "devsecApplyGeneration", "devsecApplyError")
        for row in range(1, 20):
            answer = self.device.client.get(*[MIB[column].oid + (row,) for column in columns])
            if answer.values[0].plain == name.encode():
                return dict(zip(columns, [value.plain for value in answer.values]))
        raise AssertionError(f"no applier {name}")

    def sys_name(self):
        return self.device.client.get(SYS_NAME).values[0].plain

    def reads(self, version="v2c", community="public"):
        """Whether a manager of that kind gets sysDescr."""
        answer, = self.community.ask(version, community, ("get", [(SYS_DESCR, None)]))
        return answer is not None and answer.status == "noError" and bool(answer.values[0].plain)


@pytest.fixture(scope="module")
def instance(make_module_sandbox, tmp_path_factory):
    extra = tmp_path_factory.mktemp("conf") / "permissive.conf"
    extra.write_text(PERMISSIVE)
    opened = Opened(make_module_sandbox("--snmpd-conf", extra))
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=POLICIES, ids=" ".join)
def governed(instance, request):
    """Under each of the policies in turn: the instance and the policy."""
    instance.set_policy(*request.param)
    instance.device.client.set((SYS_NAME, v2c.OctetString(b"named")))
    return instance, *request.param


# ---- the matrix ----

@pytest.mark.parametrize("community", COMMUNITIES)
@pytest.mark.parametrize("version", VERSIONS)
def test_communities_get_nothing_inside(governed, version, community):
    opened, _, v1v2c = governed
    before = opened.device.picture()
    requests = requests_of(INSIDE, version)
    answers, counted = opened.counted(lambda: opened.community.ask(version, community, *requests.values()))
    for name, answer in zip(requests, answers):
        assert leaked(answer) == [], name
        assert v1v2c != "disabled" or answer is None, name
        if requests[name][0] == "set":
            assert answer is None or answer.status in ("noAccess", "noSuchName"), name
    assert opened.device.picture() == before and opened.sys_name() == b"named"
    if v1v2c == "disabled" or community in READERS:
        # Of the last one snmpd's access control may refuse the first name, and the guard is not asked about ours.
        foreign = v1v2c == "enabled" and community not in WRITERS
        assert counted == {COUNTERS[0]: len(requests) - foreign, COUNTERS[1]: 0, COUNTERS[2]: 0}


@pytest.mark.parametrize("community", COMMUNITIES)
@pytest.mark.parametrize("version", VERSIONS)
def test_communities_outside(governed, version, community):
    opened, _, v1v2c = governed
    requests = requests_of(OUTSIDE, version)
    answers, counted = opened.counted(lambda: opened.community.ask(version, community, *requests.values()))
    *reads, write = answers
    if v1v2c == "disabled" or community not in READERS:
        assert [leaked_outside(answer) for answer in answers] == [False] * len(answers)
    else:
        assert [leaked_outside(answer) for answer in reads] == [True] * len(reads)
    if v1v2c == "disabled":
        assert answers == [None] * len(answers)
    may_write = v1v2c == "enabled" and community in WRITERS
    if v1v2c != "disabled" and community in READERS:
        refusal = "noSuchName" if version == "v1" else "noAccess"
        assert (write.status, write.index) == (("noError", 0) if may_write else (refusal, 1))
    assert opened.sys_name() == (b"changed" if may_write else b"named")
    opened.device.client.set((SYS_NAME, v2c.OctetString(b"named")))
    # What the guard denies is counted, whether snmpd's own access control would have let it in or not.
    denied = {"disabled": len(requests), "readOnly": 1, "enabled": 0}[v1v2c]
    if v1v2c == "disabled" or community in READERS:
        assert counted == {COUNTERS[0]: denied, COUNTERS[1]: 0, COUNTERS[2]: 0}


def leaked_outside(answer):
    return answer is not None and answer.status == "noError" and any(
        value.plain is not None and name[:len(SYSTEM)] == SYSTEM for name, value in answer.binds)


@pytest.mark.parametrize("user", USERS)
def test_users_below_authpriv_get_nothing_inside(governed, user):
    opened, v3, _ = governed
    keywords, counter = USERS[user]
    client, before = Client(opened.sandbox, **keywords), opened.device.picture()
    for name, (kind, pairs) in requests_of(INSIDE).items():
        answer, counted = opened.counted(lambda: opened.ask_v3(client, kind, pairs))
        assert leaked(answer) == [], name
        if v3 == "encryptionOnly":
            assert answer.status == "authorizationError", name
        elif kind == "set":
            assert answer.status == "noAccess", name
        assert counted == {other: int(other == counter) for other in COUNTERS}, name
    assert opened.device.picture() == before and opened.sys_name() == b"named"
    client.close()


@pytest.mark.parametrize("user", USERS)
def test_users_below_authpriv_outside(governed, user):
    opened, v3, _ = governed
    keywords, counter = USERS[user]
    client = Client(opened.sandbox, **keywords)
    for name, (kind, pairs) in requests_of(OUTSIDE).items():
        answer, counted = opened.counted(lambda: opened.ask_v3(client, kind, pairs))
        strict = v3 == "encryptionOnly"
        assert answer.status == ("authorizationError" if strict else "noError"), name
        assert leaked_outside(answer) != strict, name
        assert counted == {other: int(strict and other == counter) for other in COUNTERS}, name
    assert opened.sys_name() == (b"named" if strict else b"changed")
    opened.device.client.set((SYS_NAME, v2c.OctetString(b"named")))
    client.close()


@pytest.mark.parametrize("stranger", STRANGERS)
def test_the_wrong_user_and_the_wrong_keys(instance, stranger):
    """snmpd turns these away by itself, under any policy; who has the wrong privacy key gets no answer at all."""
    instance.set_policy("encryptionCleartext", "enabled")
    before, name = instance.device.picture(), instance.sys_name()
    client = Client(instance.sandbox, seconds=1, **STRANGERS[stranger])
    for kind, pairs in (("get", [(PORT, None)]), ("getnext", [(SYSTEM, None)]), ("set", [(SYS_NAME, b"changed")])):
        with pytest.raises(NoAnswer):
            instance.ask_v3(client, kind, pairs)
    client.close()
    assert instance.device.picture() == before and instance.sys_name() == name


def test_authpriv_gets_and_sets_everything(governed):
    opened = governed[0]

    def ask():
        for name, (kind, pairs) in {**requests_of(INSIDE), **requests_of(OUTSIDE)}.items():
            if kind != "set":
                assert opened.ask_v3(opened.device.client, kind, pairs).status == "noError", name
        return opened.device.client.get_bulk(0, 30, ROOT)

    answer, counted = opened.counted(ask)
    assert leaked(answer) and set(counted.values()) == {0}
    opened.device.accept(("devsecSmtpPort", 2602))
    assert opened.device.stored["smtp.port"] == "2602"
    assert opened.device.client.set((SYS_NAME, v2c.OctetString(b"named"))).status == "noError"
    assert opened.device.label("devsecSnmpEnforcement") == "enforced"
    opened.device.accept(("devsecSmtpPort", 25))


def test_another_context_gets_nothing(instance):
    with pytest.raises(NoAnswer):
        client = Client(instance.sandbox, seconds=1)
        client.get(PORT, context="other")


# ---- who looks at the whole agent ----

@pytest.mark.parametrize("client", ["v1 public", "v2c wide", "noAuthNoPriv", "authNoPriv"])
def test_a_walk_over_the_neighbourhood_passes_by(instance, client):
    instance.set_policy("encryptionCleartext", "readOnly")
    level, _, community = client.partition(" ")
    options = [f"-{level}", "-c", community] if community else ["-v3", "-u", "admin", "-l", level, "-a", "SHA-256"]
    ours = "." + ".".join(map(str, ROOT)) + "."
    for start in (".1.3.6.1.4.1", ".1"):
        tool = "snmpwalk" if level == "v1" else "snmpbulkwalk"
        done = instance.sandbox.snmp(tool, "-Cc", "-On", start, options=options)
        lines = done.stdout.splitlines()
        assert done.returncode == 0 and not [line for line in lines if line.startswith(ours)], done.stderr
        assert any(line.startswith(".1.3.6.1.4.1.8072.") for line in lines)
        assert start != ".1" or any(line.startswith(".1.3.6.1.6.") for line in lines), "it ended before our subtree"


# ---- changes ----

def changes_within_a_second(change, seen):
    """Whether a change takes effect as fast as it must; a busy machine has three tries."""
    for attempt in range(3):
        for value in (True, False):
            change(value)
            since = time.monotonic()
            wait_until(lambda: seen() == value)
            took = time.monotonic() - since
            if took > 1:
                break
        else:
            return True
    return False


def test_a_change_by_snmp_takes_effect_within_a_second(instance):
    instance.set_policy("encryptionOnly", "disabled")
    assert not instance.reads()
    assert changes_within_a_second(
        lambda open_: instance.device.accept(("devsecSnmpV1V2Permit", "readOnly" if open_ else "disabled")),
        instance.reads)


def ctl_policy(opened, v1v2c):
    done = opened.sandbox.ctl("set", "snmp.v1v2c-permit", v1v2c)
    assert done.returncode == 0 and "is stored" not in done.stderr, done.text


def test_a_change_by_devsecctl_takes_effect_within_a_second(instance):
    instance.set_policy("encryptionOnly", "disabled")
    assert changes_within_a_second(lambda open_: ctl_policy(instance, "enabled" if open_ else "disabled"),
                                   instance.reads)
    generation = instance.device.generation
    wait_until(lambda: instance.applied("snmp-policy")["devsecApplyGeneration"] == generation)


def test_an_edit_and_a_restored_generation_take_effect(instance):
    instance.set_policy("encryptionOnly", "disabled")
    generation = instance.device.generation
    path = instance.sandbox.dir / "store" / "settings.yaml"
    path.write_text(instance.sandbox.settings.replace("v1v2c-permit: disabled", "v1v2c-permit: enabled"))
    wait_until(instance.reads)
    assert instance.sandbox.ctl("store", "restore", str(generation)).returncode == 0
    wait_until(lambda: not instance.reads())


def test_a_refused_set_changes_nothing(instance):
    instance.set_policy("encryptionOnly", "disabled")
    before = instance.enforced()
    instance.device.refuse("wrongValue", 2, ("devsecSnmpV1V2Permit", "enabled"), ("devsecSmtpPort", 0))
    instance.device.refuse("wrongValue", 1, ("devsecSnmpV3Permit", 3))
    assert instance.enforced() == before and not instance.reads()


# ---- what is announced, and what is not ----

def test_a_policy_that_is_looser_than_the_settings_is_not_enforced(make_sandbox, tmp_path):
    """snmpd is told to read another file than the one that devsecd writes."""
    other = tmp_path / "other-policy"
    extra = tmp_path / "other.conf"
    extra.write_text(f"rocommunity public\ndevsecPolicy {other}\n")
    other.write_text("devsec-snmp-policy 1\ngeneration 1\nv3 encryptionOnly\nv1v2c readOnly\nend\n")
    other.chmod(0o644)
    opened = Opened(make_sandbox("--snmpd-conf", extra))
    device = opened.device
    assert opened.reads() and device.label("devsecSnmpEnforcement") == "notEnforced"
    for v1v2c, label in (("readOnly", "enforced"), ("enabled", "enforced"), ("disabled", "notEnforced")):
        device.accept(("devsecSnmpV1V2Permit", v1v2c))
        assert device.label("devsecSnmpEnforcement") == label, v1v2c
    # Without a file it can trust the module is as strict as can be.
    other.chmod(0o666)
    wait_until(lambda: device.label("devsecSnmpEnforcement") == "enforced")
    assert opened.enforced() == [1, 1, 0, 0] and not opened.reads()
    opened.close()


# ---- without the module ----

def without_guard(text):
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(GUARD_LINES))


def nothing_served(sandbox):
    """Whether even authPriv finds nothing."""
    done = sandbox.snmp("snmpget", "-On", "." + ".".join(map(str, PORT)))
    return "No Such Object" in done.stdout


def test_without_the_module_nothing_is_registered(make_sandbox):
    sandbox = make_sandbox("--no-guard")
    wait_until(lambda: "not registering with snmpd: " in sandbox.log("devsecd"))
    assert "registered with snmpd" not in sandbox.log("devsecd").replace("not registering with snmpd", "")
    assert nothing_served(sandbox)
    walk = sandbox.snmp("snmpbulkwalk", "-On", "." + ".".join(map(str, PARENT)))
    assert "." + ".".join(map(str, ROOT)) + "." not in walk.stdout
    done = sandbox.set("DEVICE-SECURITY-MIB::devsecSmtpPort.0", "u", "2600")
    assert done.returncode != 0 and "port: 25\n" in sandbox.settings


def expect_no_guard(sandbox):
    """The script waits for an answer of ours where it must not come: the instance is told to expect none."""
    state = sandbox.dir / "sandbox.state"
    state.write_text(state.read_text().replace("GUARD=yes", "GUARD=no"))


def test_the_module_comes_and_goes_with_snmpd(make_sandbox):
    sandbox = make_sandbox()
    daemon, path = sandbox.pid("devsecd"), sandbox.dir / "snmpd.conf"
    with_guard = path.read_text()
    device = Device(sandbox)
    path.write_text(without_guard(with_guard))
    expect_no_guard(sandbox)
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


# ---- without devsecd ----

@pytest.fixture
def alone(make_sandbox, tmp_path):
    """An instance under "enabled" whose devsecd was killed."""
    extra = tmp_path / "communities.conf"
    extra.write_text("rwcommunity public\n")
    opened = Opened(make_sandbox("--snmpd-conf", extra))
    opened.set_policy("encryptionOnly", "enabled")
    opened.sandbox.kill("devsecd")
    expect_no_guard(opened.sandbox)
    opened.community.barrier = lambda: opened.device.client.get(SYS_DESCR)
    yield opened
    opened.close()


def restart_snmpd(opened):
    opened.sandbox.restart("snmpd")
    opened.device.reconnect()


def test_the_policy_outlives_devsecd_and_snmpd(alone):
    assert alone.reads()
    restart_snmpd(alone)
    assert alone.reads() and alone.enforced()[:2] == [1, 3]
    ctl_policy(alone, "disabled")
    wait_until(lambda: not alone.reads())
    restart_snmpd(alone)
    assert not alone.reads() and alone.enforced()[:2] == [1, 1]


def test_a_change_by_devsecctl_without_devsecd_takes_effect_within_a_second(alone):
    ctl_policy(alone, "disabled")
    wait_until(lambda: not alone.reads())
    assert changes_within_a_second(lambda open_: ctl_policy(alone, "readOnly" if open_ else "disabled"), alone.reads)
    assert alone.sandbox.ctl("store", "restore", "1").returncode == 0
    assert "v1v2c disabled" in (alone.sandbox.dir / "applied" / "snmp-policy").read_text()


def test_what_devsecctl_cannot_apply_is_a_warning(alone):
    applied = alone.sandbox.dir / "applied"
    applied.rename(applied.with_name("elsewhere"))
    applied.write_text("in the way")
    done = alone.sandbox.ctl("set", "snmp.v1v2c-permit", "disabled")
    assert done.returncode == 0 and "snmp.v1v2c-permit  enabled -> disabled" in done.stdout
    assert done.stderr.count("\n") == 1, done.stderr
    assert "devsecctl: warning: the change is stored; it is applied when devsecd runs: cannot open the folder for " \
           f"applied files, {applied}: Not a directory" in done.stderr
    wait_until(lambda: not alone.reads())  # the folder that snmpd is to read in is none
    assert "everything below SNMPv3 with authPriv is denied: " in alone.sandbox.log("snmpd")
    applied.unlink()
    alone.sandbox.restart("devsecd")
    policy = applied / "snmp-policy"
    wait_until(lambda: policy.exists() and "v1v2c disabled" in policy.read_text())
