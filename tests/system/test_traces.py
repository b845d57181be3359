# SPDX-License-Identifier: Apache-2.0
"""snmpd's log: one line for each denied request and each SET, without values, not to be forged, not to be flooded."""
import os
import re
import secrets
import signal
import socket
import subprocess
import time

import pytest
from conftest import flags_of, rest_of, run, running, wait_until
from daemon import Faults
from device import Device
from mib_objects import MIB
from pysnmp_client import Client
from traps import Receiver

PORT, HOST = (MIB[name].instance for name in ("devsecSmtpPort", "devsecSmtpHost"))
SYS_CONTACT = (1, 3, 6, 1, 2, 1, 1, 4, 0)
BEFORE_ROOT = MIB.root[:-1] + (MIB.root[-1] - 1,)

DENIED_REASONS = {"this subtree wants SNMPv3 with authPriv", "the device's SNMP policy",
                  "the device's SNMP policy admits reading only"}
ACCESS_CONTROL = "snmpd's access control"
SUMMARY_SECONDS = 10
FLOOD, SECOND_FLOOD, CHUNK = 9000, 1000, 100

# name=value: a word that may end in quotes, and what is in those is plain ASCII without a quote, and \xHH
FIELD = re.compile(r'(\w+)=([^\s"]*(?:"(?:[ !#-\[\]-~]|\\x[0-9a-f]{2})*")?)')
HELD = re.compile(r"devsec_master: (\d+) more (.+) were not logged in the last (\d+) s")
UNAUTHENTICATED = "denied requests without authentication"
REFUSED_SETS = "SETs refused by access control"


def dotted(oid):
    return "." + ".".join(map(str, oid))


def free_port(family=socket.AF_INET, kind=socket.SOCK_DGRAM):
    with socket.socket(family, kind) as probe:
        probe.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        return probe.getsockname()[1]


def has_ipv6():
    try:
        return bool(free_port(socket.AF_INET6))
    except OSError:
        return False


def trace(line):
    """A line of the log as {"kind": "denied" or "SET", field: value, ...}; one that is not well formed fails."""
    kind, _, rest = line.removeprefix("devsec_master: ").partition(": ")
    fields = FIELD.findall(rest)
    assert " ".join(f"{name}={value}" for name, value in fields) == rest, line
    assert len(dict(fields)) == len(fields), line
    return {"kind": kind, **{name: value.strip('"') for name, value in fields}}


class Log:
    """What snmpd has logged since `mark`, and what must never be in there."""

    def __init__(self, sandbox, hidden):
        self.sandbox = sandbox
        self.hidden = list(hidden)
        self.start = 0

    def mark(self):
        self.start = len(self.sandbox.log("snmpd"))

    def lines(self):
        text = self.sandbox.log("snmpd")
        for secret in self.hidden:
            assert secret not in text
        return [line for line in text[self.start:].split("\n")[:-1] if line.startswith("devsec_master: ")]

    def traces(self, kind=None):
        found = [trace(line) for line in self.lines() if re.match("devsec_master: (denied|SET): ", line)]
        return [entry for entry in found if kind in (None, entry["kind"])]

    def one(self):
        """The one trace since the mark; waits for it, as that of a SET is written behind the answer."""
        wait_until(self.traces)
        found, = self.traces()
        return found

    def held(self, noun):
        """How many lines were held back, by the log's own account."""
        found = [HELD.fullmatch(line) for line in self.lines()]
        return sum(int(match[1]) for match in found if match and match[2] == noun)


def user_options(user, level):
    return ["-v3", "-u", user, "-l", level, "-a", "SHA-256", "-x", "AES"]


class Place:
    """A device that is configured carelessly, its users, its log."""

    def __init__(self, make, folder, extra=()):
        self.public, self.private = secrets.token_hex(8), secrets.token_hex(8)
        self.phrases = {name: (secrets.token_hex(12), secrets.token_hex(12)) for name in ("lax", "stranger")}
        conf = folder / "careless.conf"
        conf.write_text("\n".join([
            f"rocommunity {self.public}", f"rwcommunity {self.private}", "agentXTimeout 3", "agentXRetries 0",
            *(f'createUser {name} SHA-256 "{auth}" AES "{priv}"' for name, (auth, priv) in self.phrases.items()),
            "rwuser lax noauth", *extra, ""]))
        self.sandbox = make("--snmpd-conf", conf)
        for name, (auth, priv) in self.phrases.items():
            client = self.sandbox.dir / "client" / name
            client.mkdir()
            (client / "snmp.conf").write_text(f"defAuthPassphrase {auth}\ndefPrivPassphrase {priv}\n")
        self.device = Device(self.sandbox)
        self.log = Log(self.sandbox, [self.public, self.private, *sum(self.phrases.values(), ())])

    def options(self, kind, write=False):
        if kind in ("1", "2c"):
            return [f"-v{kind}", "-c", self.private if write else self.public]
        return user_options("lax", kind)

    def environment(self, user):
        return {**self.sandbox.env, "SNMPCONFPATH": str(self.sandbox.dir / "client" / user)}

    def once(self, tool, *words, options, user="lax", target=None, seconds="0.5"):
        """Sends a request that may well get no answer, once."""
        return run([tool, *options, "-t", seconds, "-r", "0", *flags_of(words), target or self.sandbox.target,
                    *rest_of(words)], env=self.environment(user))

    def value(self):
        """A host name that is nowhere else, and that the log must not have."""
        value = f"v{secrets.token_hex(8)}.example"
        self.log.hidden.append(value)
        return value

    def start_set(self):
        """A SET whose answer is not waited for; returns once snmpd works on it, and on nothing else therefore."""
        process = subprocess.Popen(
            ["snmpset", *user_options("admin", "authPriv"), "-t", "20", "-r", "0", self.sandbox.target, dotted(HOST),
             "s", self.value()], env=self.environment("admin"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True)
        wait_until(lambda: "Timeout" in self.once("snmpget", dotted(SYS_CONTACT), options=self.options("authPriv"),
                                                  seconds="1").text)
        return process


@pytest.fixture(scope="module")
def careless(make_module_sandbox, tmp_path_factory):
    folder = tmp_path_factory.mktemp("traces")
    sock = folder / "snmp"
    listen = {"tcp": f"tcp:127.0.0.1:{free_port(kind=socket.SOCK_STREAM)}", "unix": f"unix:{sock}"}
    if has_ipv6():
        listen["udp6"] = f"udp6:[::1]:{free_port(socket.AF_INET6)}"
        listen["tcp6"] = f"tcp6:[::1]:{free_port(socket.AF_INET6, socket.SOCK_STREAM)}"
    odd = secrets.token_hex(12)
    # Users may be called what they like: a quote, a backslash, an escape sequence, an umlaut.
    extra = [f"agentAddress {','.join(listen.values())}", f"override {dotted(BEFORE_ROOT)}.1.0 integer 1",
             f'createUser "{ODD_CONF}" SHA-256 "{odd}" AES "{odd}"']
    place = Place(make_module_sandbox, folder, extra)
    place.listen = {**listen, "udp": place.sandbox.target}
    place.phrases["odd"] = (odd, odd)
    place.log.hidden.append(odd)
    yield place
    place.device.client.close()


@pytest.fixture
def place(careless):
    wait_until(careless.device.served)
    careless.log.mark()
    return careless


ODD_NAME, ODD_CONF, ODD_SHOWN = 'o"\\d \x1b[2Jü', 'o\\"\\\\d \x1b[2Jü', r"o\x22\x5cd \x1b[2J\xc3\xbc"

# ---- denied requests ----

# The tool, a flag that keeps it from asking again after an error, and the first name.
READS = {"GET": ("snmpget", "-Cf", PORT), "GETNEXT": ("snmpgetnext", "-Cf", BEFORE_ROOT),
         "GETBULK": ("snmpbulkget", "-Cn0", BEFORE_ROOT)}
WORDS = {"1": ("SNMPv1", "-", "noAuthNoPriv"), "2c": ("SNMPv2c", "-", "noAuthNoPriv"),
         "noAuthNoPriv": ("SNMPv3", "lax", "noAuthNoPriv"), "authNoPriv": ("SNMPv3", "lax", "authNoPriv")}


@pytest.mark.parametrize("kind, operation", [(kind, operation) for kind in WORDS for operation in (*READS, "SET")
                                             if (kind, operation) != ("1", "GETBULK")])
def test_a_denied_request(place, kind, operation):
    if operation == "SET":
        name = HOST
        place.once("snmpset", dotted(name), "s", place.value(), dotted(PORT), "u", "7",
                   options=place.options(kind, write=True))
    else:
        tool, flag, name = READS[operation]
        place.once(tool, flag, dotted(name), dotted(PORT), options=place.options(kind))
    line = place.log.one()
    version, user, level = WORDS[kind]
    assert line.pop("reason") in DENIED_REASONS
    assert re.fullmatch(r"udp:127\.0\.0\.1:\d+", line.pop("from"))
    assert line == {"kind": "denied", "operation": operation, "version": version, "user": user, "level": level,
                    "objects": f"{dotted(name)},{dotted(PORT)}"}


def test_a_walk_is_denied_by_the_name_it_came_with(place):
    """Not by those that snmpd has found before it came to our subtree."""
    place.once("snmpbulkget", "-Cn0", "-Cr50", dotted(BEFORE_ROOT), options=place.options("authNoPriv"))
    assert place.log.one()["objects"] == dotted(BEFORE_ROOT)


def test_many_objects_are_counted(place):
    place.once("snmpget", "-Cf", *[dotted(PORT)] * 30, options=place.options("authNoPriv"))
    line = place.log.one()
    assert line["objects"] == ",".join([dotted(PORT)] * 8) and line["more"] == "22"


def test_authpriv_reads_are_not_logged(place):
    place.device.number("devsecSmtpPort")
    assert place.sandbox.snmp("snmpwalk", dotted(MIB.root)).stdout
    assert place.log.traces() == []


# ---- transports ----

@pytest.mark.parametrize("transport", ["udp", "udp6", "tcp", "tcp6", "unix"])
def test_where_it_comes_from(place, transport):
    if transport not in place.listen:
        pytest.skip("no IPv6 here")
    done = place.once("snmpset", dotted(HOST), "s", place.value(), options=place.options("authPriv"),
                      target=place.listen[transport], seconds="20")
    assert done.returncode == 0, done.text
    expected = {"udp": r"udp:127\.0\.0\.1:\d+", "udp6": r"udp6:\[::1\]:\d+", "tcp": r"tcp:127\.0\.0\.1:\d+",
                "tcp6": r"tcp6:\[::1\]:\d+", "unix": re.escape('unix:"' + place.listen["unix"][5:])}
    line = place.log.one()
    assert re.fullmatch(expected[transport], line["from"]), line
    assert line["outcome"] == "noError"


# ---- SETs ----

def assert_set(line, outcome, index=None, user="admin", reason=None, objects=(HOST, PORT)):
    assert re.fullmatch(r"udp:127\.0\.0\.1:\d+", line.pop("from"))
    expected = {"kind": "SET", "outcome": outcome, "version": "SNMPv3", "user": user, "level": "authPriv",
                "objects": ",".join(map(dotted, objects))}
    if index:
        expected["index"] = str(index)
    if reason:
        expected["reason"] = reason
    assert line == expected


def test_a_set_that_is_done(place):
    place.device.accept(("devsecSmtpHost", place.value()), ("devsecSmtpPort", 2600))
    assert_set(place.log.one(), "noError")


@pytest.mark.parametrize("pairs, status, index", [
    ([("devsecSmtpPort", 0)], "wrongValue", 2),
    ([(PORT, MIB["devsecSmtpHost"].wire("text"))], "wrongType", 2),
    ([("devsecSmtpPort", 2600), ("devsecSmtpPort", 2601)], "inconsistentValue", 3),
    ([("devsecStoreGeneration", 5)], "notWritable", 2),
], ids=["wrongValue", "wrongType", "inconsistentValue", "notWritable"])
def test_a_set_that_devsecd_refuses(place, pairs, status, index):
    place.device.refuse(status, index, ("devsecSmtpHost", place.value()), *pairs)
    objects = [MIB[name].instance if isinstance(name, str) else name for name, _ in pairs]
    assert_set(place.log.one(), status, index, objects=(HOST, *objects))


def test_a_set_that_the_disk_refuses(place):
    with Faults(place.sandbox, "fsync:error=EIO"):
        place.device.refuse("commitFailed", 1, ("devsecSmtpHost", place.value()), ("devsecSmtpPort", 2600))
    assert_set(place.log.one(), "commitFailed", 1)


def test_a_set_by_a_reader(place):
    place.sandbox.set(dotted(HOST), "s", place.value(), dotted(PORT), "u", "7", user="monitor")
    assert_set(place.log.one(), "noAccess", 1, user="monitor", reason=ACCESS_CONTROL)


def test_a_set_by_a_user_without_access(place):
    done = place.sandbox.set(dotted(HOST), "s", place.value(), dotted(PORT), "u", "7", user="stranger",
                             options=user_options("stranger", "authPriv"))
    assert "authorizationError" in done.text
    assert_set(place.log.one(), "authorizationError", user="stranger", reason=ACCESS_CONTROL)


def test_a_set_in_a_context_that_is_not_there(place):
    place.once("snmpset", dotted(HOST), "s", place.value(), dotted(PORT), "u", "7", user="admin",
               options=[*user_options("admin", "authPriv"), "-n", "nowhere"])
    assert_set(place.log.one(), "unanswered", reason=ACCESS_CONTROL)


def test_a_set_of_foreign_objects_too(place):
    """One line, however many regions have a part in it, and none for what is not ours."""
    place.device.refuse("notWritable", 2, ("devsecSmtpHost", place.value()),
                        (SYS_CONTACT, MIB["devsecSmtpHost"].wire("me")))
    assert_set(place.log.one(), "notWritable", 2, objects=(HOST, SYS_CONTACT))
    place.log.mark()
    place.device.set((SYS_CONTACT, MIB["devsecSmtpHost"].wire("me")))
    place.device.number("devsecSmtpPort")
    assert place.log.traces() == []


# ---- SETs that devsecd does not answer ----

def test_a_set_while_devsecd_is_away(place):
    place.sandbox.kill("devsecd", signal.SIGTERM)
    wait_until(lambda: not place.device.served())
    answer = place.device.set(("devsecSmtpHost", place.value()), ("devsecSmtpPort", 2600))
    assert answer.status == "notWritable"
    assert_set(place.log.one(), "notWritable", 1, reason="devsecd is not registered")
    place.sandbox.restart("devsecd")


def test_a_set_that_devsecd_does_not_answer_in_time(place):
    place.sandbox.kill("devsecd", signal.SIGSTOP)
    try:
        answer = place.device.set(("devsecSmtpHost", place.value()), ("devsecSmtpPort", 2600))
    finally:
        place.sandbox.kill("devsecd", signal.SIGCONT)
    assert answer.status == "genErr"
    assert_set(place.log.one(), "genErr", answer.index)


def test_a_set_in_which_devsecd_is_killed(place):
    place.sandbox.kill("devsecd", signal.SIGSTOP)
    process = place.start_set()
    place.sandbox.kill("devsecd")
    answer, _ = process.communicate(timeout=60)
    assert "genErr" in answer
    assert_set(place.log.one(), "genErr", 1, objects=(HOST,))
    place.sandbox.restart("devsecd")


def test_a_set_in_which_snmpd_ends(place):
    place.sandbox.kill("devsecd", signal.SIGSTOP)
    process = place.start_set()
    place.sandbox.kill("snmpd", signal.SIGTERM)
    wait_until(lambda: not running(place.sandbox.pid("snmpd")))
    place.sandbox.kill("devsecd", signal.SIGCONT)
    assert_set(place.log.one(), "unanswered", reason="snmpd ends", objects=(HOST,))
    process.kill()
    process.communicate()
    place.sandbox.restart("snmpd")
    place.device.reconnect()
    place.device.wait_served()


# ---- forgery ----

def test_an_odd_user_of_the_configuration(place):
    client = place.sandbox.dir / "client" / "odd"
    client.mkdir()
    auth, priv = place.phrases["odd"]
    (client / "snmp.conf").write_text(f"defAuthPassphrase {auth}\ndefPrivPassphrase {priv}\n")
    done = place.sandbox.set(dotted(PORT), "u", "7", user="odd", options=user_options(ODD_NAME, "authPriv"))
    assert "authorizationError" in done.text
    assert_set(place.log.one(), "authorizationError", user=ODD_SHOWN, reason=ACCESS_CONTROL, objects=(PORT,))


def test_a_user_named_after_a_line_of_the_log(place):
    """Who may write snmpd's user table can call a user anything, a line of this log for instance."""
    name = "x\ndevsec_master: SET: outcome=a"
    done = place.sandbox.snmp("snmpusm", "create", name, "admin")
    assert "successfully created" in done.text, done.text
    place.log.mark()
    done = place.sandbox.set(dotted(PORT), "u", "7", options=user_options(name, "authPriv"))
    assert "authorizationError" in done.text
    assert_set(place.log.one(), "authorizationError", user=name.replace("\n", r"\x0a"), reason=ACCESS_CONTROL,
               objects=(PORT,))


# ---- floods ----

def ber(tag, *parts):
    content = b"".join(parts)
    assert len(content) < 128
    return bytes([tag, len(content)]) + content


def get_request(community, oid):
    """An SNMPv2c GET, as octets."""
    arcs = bytes([40 * oid[0] + oid[1]])
    for arc in oid[2:]:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        arcs += bytes(reversed(groups))
    names = ber(0x30, ber(0x30, ber(6, arcs), ber(5)))
    pdu = ber(0xA0, ber(2, b"\x01"), ber(2, b"\x00"), ber(2, b"\x00"), names)
    return ber(0x30, ber(2, b"\x01"), ber(4, community.encode()), pdu)


class Flood:
    """v2c requests as fast as snmpd takes them, counted."""

    def __init__(self, place):
        self.device = place.device
        self.sent = 0
        self.packet = get_request(place.public, PORT)
        host, _, port = place.sandbox.target.rpartition(":")
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((host, int(port)))
        self.before = self.counted()

    def counted(self):
        return self.device.number("devsecSnmpDeniedV1V2c")

    def send(self, count):
        """Not more at a time than the socket's buffer holds: none must be lost."""
        for _ in range(count // CHUNK):
            for _ in range(CHUNK):
                self.socket.send(self.packet)
            self.sent += CHUNK
            wait_until(lambda: self.counted() - self.before == self.sent)
            yield self.sent


def test_a_flood(make_sandbox, tmp_path):
    receiver = Receiver(tmp_path)
    try:
        place = Place(make_sandbox, tmp_path, receiver.snmpd_conf.read_text().splitlines())
        flooded(place, receiver)
    finally:
        receiver.end()


def flooded(place, receiver):
    device, log = place.device, place.log
    device.accept(("devsecNotifyMinInterval", 2))
    log.mark()
    began = time.monotonic()
    flood, sets = Flood(place), 0
    for sent in flood.send(FLOOD):
        if sent % 1000 == 0:
            device.accept(("devsecSmtpHost", place.value()), ("devsecSmtpPort", sent))
            sets += 1
    # SETs are all there, and of the flood a few lines and, a while after it, a number.
    wait_until(lambda: len(log.traces("SET")) == sets)
    assert {line["outcome"] for line in log.traces("SET")} == {"noError"}
    wait_until(lambda: log.held(UNAUTHENTICATED) + len(log.traces("denied")) == flood.sent, 3 * SUMMARY_SECONDS)
    passed = time.monotonic() - began
    assert 20 <= len(log.traces("denied")) <= 21 + passed / 2
    # The notifications are as few, and the last one says it all.
    wait_until(lambda: receiver.all("devsecAccessDenied")[-1]["devsecSnmpDeniedV1V2c"] == flood.counted())
    assert len(receiver.all("devsecAccessDenied")) <= 2 + (time.monotonic() - began) / 2
    told_while_devsecd_was_away(place, receiver, flood)
    many_refused_sets(place)
    for _ in flood.send(SECOND_FLOOD):
        pass
    device.accept(("devsecSmtpPort", 2600))
    # What is held back when snmpd ends is told then.
    os.kill(place.sandbox.pid("snmpd"), signal.SIGTERM)
    wait_until(lambda: not running(place.sandbox.pid("snmpd")))
    denied = [line for line in log.traces("denied") if line["version"] == "SNMPv2c"]
    assert log.held(UNAUTHENTICATED) + len(denied) == flood.sent
    assert log.held("SETs") == 0
    assert len([line for line in log.traces("SET") if line["user"] == "admin"]) == sets + 1
    refused = [line for line in log.traces("SET") if line["user"] == "monitor"]
    assert 20 <= len(refused) < 60 and len(refused) + log.held(REFUSED_SETS) == 60


def told_while_devsecd_was_away(place, receiver, flood):
    place.sandbox.kill("devsecd", signal.SIGTERM)
    wait_until(lambda: not running(place.sandbox.pid("devsecd")))
    before = len(receiver.all("devsecAccessDenied"))
    place.once("snmpget", dotted(PORT), options=place.options("2c"))
    flood.sent += 1
    place.sandbox.restart("devsecd")
    assert flood.counted() - flood.before == flood.sent
    assert receiver.wait_for(before + 1, "devsecAccessDenied")[-1]["devsecSnmpDeniedV1V2c"] == flood.counted()


def many_refused_sets(place):
    """A reader that tries to write hides nobody's SETs but his own."""
    client = Client(place.sandbox, user="monitor")
    try:
        for _ in range(60):
            assert client.set((HOST, MIB["devsecSmtpHost"].wire(place.value()))).status == "noAccess"
    finally:
        client.close()
