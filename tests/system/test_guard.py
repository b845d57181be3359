# SPDX-License-Identifier: Apache-2.0
"""devsec_master.so in a real snmpd: who gets nothing, and what the subagent sees of it."""
import re
import secrets
import shutil
import signal

import pytest

from guard.harness import (AUTH_NO_PRIV, AUTH_PRIV, BEHIND, BELOW, COLUMN, GRAND, MARK, NEXT, NO_AUTH, OTHER, PARENT,
                           READS, ROOT, ROOT_ARCS, SANITIZED, SCALAR, SUBTREE_SIZE, V1, V2C, V2C_WRITE, Agent, Probe,
                           Standin, agent, assert_nothing, helpers, served, wait_for)  # noqa: F401

# Each as generous as an administrator can make it.
CONFIGURATIONS = {
    "communities": Agent.PERMISSIVE,
    "views": [
        "com2sec reader default public", "com2sec writer default private", "group all v1 reader",
        "group all v2c reader", "group all v1 writer", "group all v2c writer", "group all usm admin",
        "view everything included .1 80", f"view everything included {ROOT}", "access all \"\" any noauth prefix "
        "everything everything everything"],
    "subtree first": [
        "com2sec reader default public", "com2sec writer default private", "group all v1 reader",
        "group all v2c reader", "group all v1 writer", "group all v2c writer", "group all usm admin",
        f"view ours included {ROOT}", f"view ours included {NEXT}", "view ours included .1.3.6.1.2.1.1",
        "access all \"\" any noauth exact ours ours ours"],
}


@pytest.fixture(scope="module", params=CONFIGURATIONS)
def permissive(request, tmp_path_factory, helpers):
    agent = Agent(tmp_path_factory.mktemp("permissive"), CONFIGURATIONS[request.param])
    agent.start()
    agent.standin = Standin(agent, helpers)
    wait_for(lambda: MARK in agent.run(AUTH_PRIV, "snmpget", SCALAR), "the stand-in")
    yield agent
    agent.stop()


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("who", BELOW)
def test_reading_below_authpriv_gets_nothing(permissive, who, read):
    level, _, kind = BELOW[who]
    tool, args = READS[read]
    if who == "v1" and tool == "snmpbulkget":
        pytest.skip("SNMPv1 has no GETBULK")
    before, requests = permissive.denied(), permissive.standin.requests()
    answer = permissive.run(level, tool, *(["-Cf"] if tool != "snmpbulkget" else []), *args)
    assert "Timeout:" not in answer and "genError" not in answer
    assert_nothing(answer, who)
    after = permissive.denied()
    assert permissive.standin.requests() == requests
    expected = list(before)
    expected[kind] += 1
    assert after == expected, "one denied PDU counts one"


@pytest.mark.parametrize("who", BELOW)
def test_writing_below_authpriv_changes_nothing(permissive, who):
    _, level, kind = BELOW[who]
    before, requests = permissive.denied(), permissive.standin.requests()
    answer = permissive.run(level, "snmpset", SCALAR, "s", "x")
    assert re.search("noAccess|noSuchName", answer), answer
    # In one PDU with something that this level may write: refused together.
    answer = permissive.run(level, "snmpset", "1.3.6.1.2.1.1.5.0", "s", "after", f"{COLUMN}.1", "s", "x")
    assert re.search("noAccess|noSuchName|notWritable", answer), answer
    assert "after" not in permissive.run(V2C, "snmpget", "1.3.6.1.2.1.1.5.0")
    assert permissive.standin.requests() == requests
    assert permissive.denied()[kind] > before[kind]


def test_authpriv_gets_everything(permissive):
    before = permissive.denied()
    for tool in ("snmpwalk", "snmpbulkwalk"):
        lines = [line for line in permissive.run(AUTH_PRIV, tool, ROOT).splitlines() if "No more" not in line]
        assert len(lines) == SUBTREE_SIZE and all(MARK in line for line in lines)
    assert "=" in permissive.run(AUTH_PRIV, "snmpset", SCALAR, "s", "x")
    assert permissive.denied() == before


@pytest.mark.parametrize("who", BELOW)
@pytest.mark.parametrize("tool", ["snmpwalk", "snmpbulkwalk"])
@pytest.mark.parametrize("start", [".1.3.6.1.4.1", ".1", PARENT])
def test_a_walk_steps_over_the_subtree(permissive, who, tool, start):
    """5,000 rows are stepped over without one round trip, and what lies behind is still found."""
    if who == "v1" and tool == "snmpbulkwalk":
        pytest.skip("SNMPv1 has no GETBULK")
    level, _, kind = BELOW[who]
    before, requests = permissive.denied(), permissive.standin.requests()
    answer = permissive.run(level, tool, start)
    assert "Timeout:" not in answer and "not increasing" not in answer
    assert_nothing(answer, who)
    if start != PARENT:
        assert f"{NEXT} = 4711" in answer
    assert permissive.standin.requests() == requests
    assert permissive.denied()[kind] > before[kind]


def test_the_module_only_ever_adds_a_denial(tmp_path):
    """What VACM refuses stays refused, also by authPriv."""
    agent = Agent(tmp_path, ["rocommunity public default .1.3.6.1.2.1.1", "rouser admin priv .1.3.6.1.2.1.1"]).start()
    assert "No Such Object" in agent.run(AUTH_PRIV, "snmpget", NEXT)
    assert "No Such Object" in agent.run(AUTH_PRIV, "snmpget", SCALAR)
    assert "No Such Object" in agent.run(V2C, "snmpget", NEXT)
    assert "before" in agent.run(V2C, "snmpget", "1.3.6.1.2.1.1.4.0")
    assert agent.denied() == [0, 0, 0]
    agent.stop()


def test_other_contexts_are_guarded_too(tmp_path, helpers):
    agent = Agent(tmp_path, ["com2sec -Cn ctx reader default public", "group all v2c reader", "group all usm admin",
                             "view everything included .1 80",
                             "access all \"\" any noauth prefix everything everything everything",
                             "access all ctx any noauth prefix everything everything everything"])
    standin = served(agent, helpers, context="ctx")
    requests = standin.requests()
    for level, context in ((V2C, None), (NO_AUTH, "ctx"), (AUTH_NO_PRIV, "ctx")):
        for tool, args in READS.values():
            assert_nothing(agent.run(level, tool, *args, context=context), str(level))
    assert standin.requests() == requests
    agent.stop()


def test_regions_of_other_shapes(agent, helpers):
    """Below the root and around it, beside the one that is the root."""
    served(agent, helpers)
    below = Standin(agent, helpers, [f"{COLUMN}.7", f"{OTHER}.1"])
    wait_for(lambda: MARK in agent.run(V2C, "snmpget", f"{OTHER}.1.0"), "the second stand-in")
    Standin(agent, helpers, [PARENT])
    wait_for(lambda: MARK in agent.run(V2C, "snmpget", BEHIND), "the third stand-in")
    requests = below.requests()
    for level in (V1, V2C, NO_AUTH, AUTH_NO_PRIV):
        assert_nothing(agent.run(level, "snmpget", "-Cf", f"{COLUMN}.7", SCALAR), "get")
        assert_nothing(agent.run(level, "snmpgetnext", "-Cf", f"{COLUMN}.6"), "getnext")
    assert below.requests() == requests
    for tool in ("snmpwalk", "snmpbulkwalk"):
        answer = agent.run(V2C, tool, GRAND)
        assert [line for line in answer.splitlines() if line.startswith(ROOT + ".")] == []
        assert f"{BEHIND} = " in answer and f"{NEXT} = 4711" in answer and f"{OTHER}.1.0 = " in answer
    assert len(agent.run(AUTH_PRIV, "snmpbulkwalk", ROOT).splitlines()) == SUBTREE_SIZE


def test_one_session_with_our_region_and_another(agent, helpers):
    """snmpd asks for both in one list, by the handlers of the one that comes first: denied as a whole."""
    standin = served(agent, helpers, regions=[ROOT, f"{OTHER}.1"])
    assert MARK in agent.run(V2C, "snmpget", f"{OTHER}.1.0")
    requests = standin.requests()
    for level in (V1, V2C, NO_AUTH, AUTH_NO_PRIV):
        for names in ((f"{OTHER}.1", f"{COLUMN}.7"), (f"{COLUMN}.7", f"{OTHER}.1")):
            assert_nothing(agent.run(level, "snmpgetnext", "-Cf", *names), "mixed")
            if level != V1:
                assert_nothing(agent.run(level, "snmpbulkget", "-Cn0", "-Cr1", *names), "mixed")
    assert standin.requests() == requests
    assert MARK in agent.run(V2C, "snmpgetnext", f"{OTHER}.1")
    assert agent.run(AUTH_PRIV, "snmpgetnext", f"{OTHER}.1", f"{COLUMN}.7").count(MARK) == 2


def test_a_region_around_the_root_while_devsecd_is_away(agent, helpers):
    around = served(agent, helpers, regions=[GRAND + f".{ROOT_ARCS[-2]}"])
    for level in (V1, V2C, NO_AUTH, AUTH_NO_PRIV):
        for start in (PARENT, ROOT, COLUMN):
            answer = agent.run(level, "snmpgetnext", start)
            assert f"{BEHIND} = " in answer and f"{ROOT}." not in answer.replace(BEHIND, "")
    assert "getnext" in around.requests()


def test_a_registration_older_than_the_module(agent, tmp_path):
    """snmpd's own "pass" below the root, in front of the dlmod line."""
    script = tmp_path / "pass"
    script.write_text(f"#!/bin/sh\necho asked >>{tmp_path}/asked\n[ $1 = -g ] || exit 0\n"
                      f"echo $2; echo string; echo {MARK}\n")
    script.chmod(0o755)
    agent.base.append(f"pass {ROOT}.9 {script}")
    agent.configure()
    agent.start()
    asked = tmp_path / "asked"
    for level in (V1, V2C, NO_AUTH, AUTH_NO_PRIV):
        assert_nothing(agent.run(level, "snmpget", f"{ROOT}.9.0"), "pass")
        assert_nothing(agent.run(level, "snmpgetnext", f"{ROOT}.9"), "pass")
    assert not asked.exists()
    assert MARK in agent.run(AUTH_PRIV, "snmpget", f"{ROOT}.9.0")


def test_internal_queries_are_denied(tmp_path, helpers):
    """A DISMAN monitor asks from inside snmpd, with authNoPriv."""
    agent = Agent(tmp_path, ["createUser internal SHA-256 " + secrets.token_hex(12), *Agent.PERMISSIVE],
                  disabled="-smux", extra=["iquerySecName internal", "rouser internal noauth",
                                           f"monitor -r 1 -u internal -I watch {COLUMN}.1 != 0"])
    standin = served(agent, helpers)
    requests = standin.requests()
    wait_for(lambda: agent.denied()[2] >= 2, "the monitor")
    assert standin.requests() == requests
    agent.stop()


def test_snmpd_as_a_subagent_denies_everything(tmp_path):
    """AgentX carries no security level, and what comes by it is always in view: not even authPriv outside counts."""
    for name in ("outer", "inner"):
        (tmp_path / name).mkdir()
    script = tmp_path / "pass"
    script.write_text(f"#!/bin/sh\necho $* >>{tmp_path}/asked\necho {SCALAR}; echo string; echo {MARK}\n")
    script.chmod(0o755)
    outer = Agent(tmp_path / "outer", module=False).start()
    inner = Agent(tmp_path / "inner", arguments=["-X", "-x", f"unix:{outer.agentx}"])
    inner.base = [line for line in inner.base if "agentX" not in line and "agentx" not in line]
    inner.configure([f"pass {PARENT} {script}"])
    inner.start()
    wait_for(lambda: outer.run(AUTH_PRIV, "snmpgetnext", ROOT) and inner.denied()[1] > 0, "the inner snmpd")
    for level in (AUTH_PRIV, V2C):
        assert_nothing(outer.run(level, "snmpget", SCALAR), "inner")
        assert_nothing(outer.run(level, "snmpgetnext", PARENT), "inner")
    assert not (tmp_path / "asked").exists()
    inner.stop()
    outer.process.kill()  # net-snmp 5.9.3 may crash at the end when a subagent registers all of its own objects


def test_a_denied_pdu_counts_once(agent, helpers):
    """However many of its names are ours, and whichever layers deny them."""
    served(agent, helpers)
    assert agent.denied() == [0, 0, 0]
    agent.run(V2C, "snmpget", SCALAR, f"{COLUMN}.1", f"{COLUMN}.2")
    agent.run(V2C, "snmpgetnext", SCALAR, f"{COLUMN}.1", PARENT)
    agent.run(V1, "snmpgetnext", SCALAR)
    agent.run(AUTH_NO_PRIV, "snmpbulkget", "-Cn0", "-Cr10", SCALAR, f"{COLUMN}.1")
    agent.run(NO_AUTH, "snmpset", SCALAR, "s", "x")
    agent.run(V2C, "snmpget", "1.3.6.1.2.1.1.3.0")
    agent.run(AUTH_PRIV, "snmpget", SCALAR)
    assert agent.denied() == [3, 1, 1]


def test_the_subagent_comes_and_goes(agent, helpers):
    """Registrations and their handlers are freed and made anew under requests."""
    served(agent, helpers)
    for _ in range(5):
        standin = agent.children.pop()
        standin.send_signal(signal.SIGKILL)
        standin.wait()
        wait_for(lambda: MARK not in agent.run(AUTH_PRIV, "snmpget", SCALAR), "the end of the stand-in")
        assert_nothing(agent.run(V2C, "snmpbulkwalk", ROOT), "away")
        new = Standin(agent, helpers)
        wait_for(lambda: MARK in agent.run(AUTH_PRIV, "snmpget", SCALAR), "the stand-in")
        requests = new.requests()
        assert_nothing(agent.run(V2C, "snmpbulkwalk", ROOT), "back")
        assert new.requests() == requests


@pytest.mark.skipif(SANITIZED, reason="valgrind and AddressSanitizer exclude each other")
@pytest.mark.skipif(not shutil.which("valgrind"), reason="needs valgrind")
def test_valgrind_finds_nothing_of_ours(tmp_path, helpers):
    report = tmp_path / "valgrind"
    agent = Agent(tmp_path, wrapper=["valgrind", "--leak-check=full", "--show-leak-kinds=definite",
                                     f"--log-file={report}"])
    served(agent, helpers)
    link = Probe(helpers, agent.guard, agent.process.pid)
    for level in (V2C, AUTH_NO_PRIV):
        for tool, args in READS.values():
            assert_nothing(agent.run(level, tool, *args), "valgrind")
    agent.run(V2C_WRITE, "snmpset", SCALAR, "s", "x")
    agent.run(AUTH_PRIV, "snmpbulkget", ROOT)
    agent.reconfigure()
    agent.run(V2C_WRITE, "snmpset", "1.3.6.1.4.1.2021.13.14.2.1.5.1", "i", "5")
    agent.run(V2C, "snmpget", SCALAR)
    standin = agent.children.pop()
    standin.kill()
    standin.wait()
    assert_nothing(agent.run(V2C, "snmpgetnext", ROOT), "valgrind")
    agent.stop()
    link.close()
    text = report.read_text()
    assert "ERROR SUMMARY" in text
    assert "devsec_master" not in re.sub(r"(?m)^.*Command:.*$", "", text), text
