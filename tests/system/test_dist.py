# SPDX-License-Identifier: Apache-2.0
"""The configurations for snmpd in dist/, installed as docs/operating.md says: who gets what, and who gets nothing."""
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from dist_host import wait_for
from dist_install import (ENGINE_BOOTS, ENGINE_ID, IF_NUMBER, NO_LEAK_CHECK, OWN_CONFIGURATION, PREFIX, SYS_DESCR,
                          Installation, documented_commands, documented_owners, dotted)
from mib_objects import BUILD, MIB

APPLIED = "/var/lib/devsec/applied"
DROP_IN = "/etc/snmp/snmpd.conf.d/devsec.conf"
PORT = dotted("devsecSmtpPort")
SUBTREE = ".".join(map(str, MIB.root))
AUTH = ["-a", "SHA-256", "-x", "AES"]
GUESS = ["-A", "guess guess", "-X", "guess guess"]
V2C = ["-v2c", "-c", "public"]  # Debian's snmpd.conf: rocommunity public default -V systemonly
NOBODY = {
    "v1": ["-v1", "-c", "public"],
    "v2c": V2C,
    "noAuthNoPriv": ["-v3", "-u", "alice", "-l", "noAuthNoPriv"],
    "authNoPriv": ["-v3", "-u", "alice", "-l", "authNoPriv", *AUTH],
    "unknown user": ["-v3", "-u", "mallory", "-l", "authPriv", *AUTH, *GUESS],
    "wrong key": ["-v3", "-u", "alice", "-l", "authPriv", *AUTH, *GUESS],
}
REQUESTS = {
    "ours": ["snmpget", PORT],
    "into ours": ["snmpgetnext", SUBTREE],
    "over ours": ["snmpbulkget", "-Cr50", SUBTREE.rsplit(".", 1)[0]],
    "a SET": ["snmpset", PORT, "u", "2525"],
    "the rest": ["snmpget", SYS_DESCR],
}


@pytest.fixture(scope="module", params=["debian", "own"])
def device(request, tmp_path_factory):
    """devsec on a host of its own, beside Debian's snmpd or with an snmpd of its own; alice is its administrator."""
    device = Installation(tmp_path_factory.mktemp(request.param), own=request.param == "own")
    try:
        device.start_snmpd()
        device.start_devsecd()
        device.follow("devsecctl admin add alice", stdin=device.make_passwords("alice"))
        device.restart_snmpd()
        yield device
    finally:
        faults = device.host.end()
    assert not faults, faults


def check_administrator(device, number):
    """authPriv reads and writes, and what is written is on disk."""
    done = device.manage("snmpset", PORT, "u", number, seconds=20)
    assert done.returncode == 0, done.stdout + done.stderr
    assert device.value(PORT) == str(number)
    assert f"port: {number}\n" in device.host.do("cat", "/var/lib/devsec/store/settings.yaml")


def ask_as_nobody(device, pair):
    name, request = pair
    tool, *words = REQUESTS[request]
    if tool == "snmpbulkget" and name == "v1":
        tool, *words = REQUESTS["into ours"]
    return pair, device.manage(tool, *words, options=NOBODY[name], seconds=0.3)


def check_nobody_else(device, *but):
    """Whoever comes below authPriv gets nothing of our subtree, nor of the rest; `but` are (who, what) exceptions."""
    before = device.value(PORT)
    pairs = [(name, request) for name in NOBODY for request in REQUESTS if (name, request) not in but]
    with ThreadPoolExecutor(12) as pool:
        for pair, done in pool.map(lambda pair: ask_as_nobody(device, pair), pairs):
            values = [line for line in done.stdout.splitlines() if " = " in line or line.startswith(".1.")]
            ours = [line for line in values if line.startswith(f".{SUBTREE}.") and "No Such" not in line]
            assert not ours, f"{pair}: {done.stdout}"
            assert pair[1] != "the rest" or not values, f"{pair}: {done.stdout}"
    assert device.value(PORT) == before


def v2c_reads(device):
    return "Linux" in device.manage("snmpget", SYS_DESCR, options=V2C, seconds=0.3).stdout


def permit_v2c(device):
    """Lets pass what snmpd's own configuration allows; for an snmpd of its own that is nothing."""
    assert device.ctl("set", "snmp.v1v2c-permit", "readOnly").returncode == 0
    if not device.own:
        wait_for(lambda: v2c_reads(device), "v2c reads sysDescr")


def forbid_v2c(device):
    assert device.ctl("set", "snmp.v1v2c-permit", "disabled").returncode == 0
    wait_for(lambda: not v2c_reads(device), "v2c reads nothing")


def check_everybody(device, number):
    check_administrator(device, number)
    check_nobody_else(device)


def test_owners_and_modes_are_those_of_the_manual(device):
    expected = documented_owners()
    assert DROP_IN in expected
    if device.own:
        expected[OWN_CONFIGURATION] = expected.pop(DROP_IN)
        expected["/var/lib/devsec-snmpd"] = ("Debian-snmp", "Debian-snmp", "0700")
    found = {path: device.host.status(path) for path in expected}
    assert found == expected


def test_nobody_runs_as_root(device):
    for process, user in ((device.snmpd, "Debian-snmp"), (device.devsecd, "devsec")):
        number = device.host.do("id", "-u", user).strip()
        status = device.host.do("cat", f"/proc/{process.pid}/status")
        assert f"\nUid:\t{number}\t{number}\t{number}\t{number}\n" in status
        assert re.search(r"\nCapEff:\t0+\n", status)


def test_authpriv_and_nothing_else(device):
    check_everybody(device, 2601)


def test_an_administrator_connects_as_the_manual_says(device):
    """By the names of the MIB files, which this host has in other folders than a manager."""
    words = documented_commands("snmpget -v3 -u alice").replace("DEVICE sysName", "127.0.0.1 sysName").split()
    base = re.search(r"^DEVSEC_BASE_MIBS:PATH=(.+)$", (BUILD / "CMakeCache.txt").read_text(encoding="utf-8"), re.M)[1]
    done = device.host.run(*words, SNMPCONFPATH=device.folder / "client" / "alice",
                           MIBDIRS=f"{base}:{PREFIX}/share/snmp/mibs", SNMP_PERSISTENT_DIR=device.folder / "client")
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    assert "SNMPv2-MIB::sysName.0 = STRING: " in done.stdout
    assert "DEVICE-SECURITY-MIB::devsecHealth.0 = INTEGER: ok(1)" in done.stdout


def test_after_a_reload(device):
    said = device.said()
    for number in (2602, 2603):
        device.reload_snmpd()
        check_everybody(device, number)
    assert device.said() == said, "devsecd was disturbed"


def test_a_configuration_that_snmpd_may_not_read_at_a_reload_closes(device):
    """It has no root's rights by then. The module is taken out with the line that loads it; what it denies stays so."""
    path = OWN_CONFIGURATION if device.own else DROP_IN
    device.host.do("chmod", "0600", path)
    device.host.do("kill", "-HUP", device.snmpd.pid)
    wait_for(lambda: device.devsecd.text.rstrip().endswith("nothing is served until it is back") or
             "no guard at /run/devsec/guard" in device.devsecd.text, "devsecd sees that the guard is gone")
    for options in [*NOBODY.values(), None]:
        done = device.manage("snmpgetnext", SUBTREE, SYS_DESCR, options=options, seconds=0.3)
        assert f".{SUBTREE}." not in done.stdout and "Linux" not in done.stdout, done.stdout
    # The next reload finds it, and cannot bring the guard back: its socket is root's to make.
    device.host.do("chmod", "0644", path)
    device.host.do("kill", "-HUP", device.snmpd.pid)
    wait_for(lambda: "/run/devsec/guard: Permission denied; devsecd will not register without the announcement; snmpd "
             "has given up root's rights: restart it" in device.snmpd.text, "snmpd says that it has to be restarted")
    assert "another snmpd" not in device.snmpd.text
    wait_for(lambda: "took devsec_master.so out when it could not read its configuration on a reload: its log says "
             "why, and snmpd has to be restarted" in device.devsecd.text, "devsecd says so, too")
    device.restart_snmpd()
    check_everybody(device, 2608)
    device.reload_snmpd()
    check_everybody(device, 2609)


def health(device):
    return device.value(dotted("devsecHealth")), device.value(dotted("devsecHealthText"))


def test_users_that_snmpd_may_not_read_are_a_matter_of_health(device):
    """As when the folder has not got snmpd's group: the users stay as they were."""
    path = f"{APPLIED}/snmpd-users.conf"
    device.host.do("chgrp", "devsec", path)
    device.reload_snmpd()
    wait_for(lambda: health(device)[0] == "2", "devsecHealth warns")
    assert "snmpd could not read the administrators' files" in health(device)[1]
    assert f"cannot open {path}: Permission denied; nothing is taken from it, and users that it made before keep " \
        "their keys" in device.snmpd.text
    device.host.do("chgrp", "Debian-snmp", path)
    device.reload_snmpd()
    wait_for(lambda: health(device) == ("1", ""), "all is well")
    check_everybody(device, 2610)


def test_a_removed_folder_is_not_made_with_another_group(device):
    before = device.host.status(APPLIED)
    device.host.do("rm", "-r", APPLIED)
    wait_for(lambda: health(device)[0] == "3", "devsecHealth is critical")
    assert "the folder for applied files is gone; make it again" in health(device)[1]
    assert device.host.run("test", "-e", APPLIED).returncode == 1
    device.host.do("bash", "-euc", health(device)[1].partition(" by ")[2].partition(";")[0])
    wait_for(lambda: health(device) == ("1", ""), "all is well")
    assert device.host.status(APPLIED) == before
    check_everybody(device, 2611)


def test_run_by_the_wrong_user(device):
    """The sentence says which is the right one."""
    done = device.host.run(f"{PREFIX}/sbin/devsecd", "-f", **NO_LEAK_CHECK)
    assert done.returncode == 1 and "this was started as root: run it as devsec" in done.stderr, done.stderr
    document = "/var/lib/devsec/store/settings.yaml"
    status = device.host.status(document)
    device.host.do("bash", "-euc", 'cp "$0" "$0.new"; chmod 0600 "$0.new"; mv "$0.new" "$0"', document)
    told = f"{document} belongs to root with mode 0600, and user "
    wait_for(lambda: told in device.devsecd.text, "devsecd's log says what is wrong")
    done = device.ctl("get")
    assert told in done.stdout + done.stderr, done.stdout
    device.host.do("chown", "devsec:devsec", document)
    device.host.do("chmod", status[2], document)
    wait_for(lambda: health(device) == ("1", ""), "all is well")
    check_everybody(device, 2612)


def test_after_a_restart(device):
    engine, boots = device.value(ENGINE_ID), int(device.value(ENGINE_BOOTS))
    said = device.snmpd.text
    device.restart_snmpd()
    news = device.snmpd.text[len(said):]
    assert "rror" not in news and "arning" not in news, news
    assert len(news.splitlines()) < 12, news  # no word about MIB files that it does not need
    check_everybody(device, 2604)
    # The same device to every manager, and no replay: RFC 3414, 2.2.
    assert device.value(ENGINE_ID) == engine
    assert int(device.value(ENGINE_BOOTS)) > boots


def test_a_plain_user_gets_at_nothing(device):
    """Connecting, reading what is not for everybody, writing anything: by the files' modes alone."""
    connect = "import socket,sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    sockets = ["/run/devsec/agentx", "/run/devsec/guard"] + ([] if device.own else ["/var/agentx/master"])
    for path in sockets:
        for user in ("plain", "Debian-snmp"):
            done = device.host.run("/usr/bin/python3", "-c", connect, path, user=user)
            assert "PermissionError" in done.stderr, f"{path} as {user}: {done.stderr}"
        device.host.do("/usr/bin/python3", "-c", connect, path, user="devsec")
    places = ["/var/lib/devsec", "/run/devsec", "/etc/devsec", "/etc/snmp", f"{PREFIX}/lib/devsec",
              "/var/lib/devsec-snmpd" if device.own else "/var/lib/snmp"]
    everything = device.host.do("find", *places, "-mindepth", "0").split("\n")[:-1]
    assert f"{APPLIED}/snmpd-users.conf" in everything and f"{APPLIED}/snmp-policy" in everything
    tried = "import os,sys\nfor path in sys.argv[1:]: print(os.access(path, os.R_OK), os.access(path, os.W_OK), path)"
    readable = set()
    for line in device.host.do("/usr/bin/python3", "-c", tried, *everything, user="plain").splitlines():
        may_read, may_write, path = line.split(" ", 2)
        assert may_write == "False", f"a plain user may write {path}"
        if may_read == "True":
            readable.add(path)
    secret = {path for path in everything
              if path.startswith(("/var/lib/devsec/store/", "/var/lib/snmp/snmpd", "/var/lib/devsec-snmpd/"))
              or path.endswith(("/snmpd-users.conf", ".key"))}
    assert len(secret) > 3 and not secret & readable, secret & readable
    assert {f"{APPLIED}/snmp-policy", f"{APPLIED}/snmpd-access.conf"} <= readable
    # and neither program helps
    for words in (["get"], ["set", "snmp.v1v2c-permit", "enabled"], ["admin", "list"]):
        done = device.ctl(*words, user="plain")
        assert done.returncode == 3 and "ermission denied" in done.stderr, done.stdout + done.stderr
        assert not done.stdout
    done = device.host.run(f"{PREFIX}/sbin/devsecd", "-f", user="plain", **NO_LEAK_CHECK)
    assert done.returncode == 1 and "ermission denied" in done.stderr, done.stderr


def test_no_secret_is_told(device):
    passwords = re.findall(r"Passphrase (\S+)", (device.folder / "client" / "alice" / "snmp.conf").read_text())
    keys = re.findall(r" -[lm] 0x([0-9a-f]{32,})", device.host.do("cat", f"{APPLIED}/snmpd-users.conf"))
    assert keys and passwords
    kept = device.host.do("cat", "/var/lib/devsec-snmpd/snmpd.conf" if device.own else "/var/lib/snmp/snmpd.conf")
    assert "engineBoots" in kept and "usmUser" not in kept, "snmpd keeps a copy that would outlive a new key"
    for said in (device.snmpd.text, device.devsecd.text, kept):
        for secret in keys + passwords:
            assert secret not in said


def test_v2c_reads_what_debian_gives_away_once_it_is_permitted(device):
    """And nothing more; snmpd's own configuration then decides, which for an snmpd of its own means nothing."""
    permit_v2c(device)
    if device.own:
        check_nobody_else(device)
    else:
        assert "No Such" in device.manage("snmpget", IF_NUMBER, options=V2C).stdout
        check_nobody_else(device, ("v1", "the rest"), ("v2c", "the rest"))
        device.restart_snmpd()
        assert v2c_reads(device)
    forbid_v2c(device)
    check_everybody(device, 2605)


def test_a_policy_that_is_gone_or_not_devsecs_denies(device):
    permit_v2c(device)
    device.devsecd.end()
    device.host.do("chmod", "0666", f"{APPLIED}/snmp-policy")
    wait_for(lambda: not v2c_reads(device), "v2c reads nothing")
    device.host.do("rm", f"{APPLIED}/snmp-policy")
    assert not v2c_reads(device)
    device.start_devsecd()
    permit_v2c(device)
    forbid_v2c(device)
    check_everybody(device, 2606)


def test_a_new_key_and_a_removed_administrator(device):
    """In force from the next reload on, also against what snmpd has kept itself."""
    device.administer("add", "bob", user="bob")
    device.reload_snmpd()
    assert device.value(SYS_DESCR, user="bob").startswith("Linux")
    old = (device.folder / "client" / "bob" / "snmp.conf").read_text(encoding="utf-8")
    device.administer("set-password", "bob", user="bob")
    device.reload_snmpd()
    assert device.value(SYS_DESCR, user="bob").startswith("Linux")
    device.restart_snmpd()
    assert device.value(SYS_DESCR, user="bob").startswith("Linux")
    (device.folder / "client" / "bob" / "snmp.conf").write_text(old, encoding="utf-8")
    assert "Authentication failure" in device.manage("snmpget", SYS_DESCR, user="bob").stderr
    device.administer("set-password", "bob", user="bob")
    assert device.ctl("admin", "remove", "bob").returncode == 0
    device.reload_snmpd()
    for _ in range(2):
        done = device.manage("snmpget", SYS_DESCR, PORT, user="bob")
        assert done.returncode != 0 and not done.stdout, done.stdout
        device.restart_snmpd()
    check_everybody(device, 2607)
