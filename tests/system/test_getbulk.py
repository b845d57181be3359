# SPDX-License-Identifier: Apache-2.0
"""GETBULK brings what RFC 3416 says, byte for byte what GETNEXT brings, whoever serves and whatever is in between."""
import random
import re
import sys
import threading
import time

import pytest
from conftest import ROOT, ours

sys.path.insert(0, str(ROOT / "tests" / "rows"))

import rig  # noqa: E402, in tests/rows

SHARE = 0.15 if rig.SANITIZED else 1  # of the requests, where everything takes longer
VALGRIND = ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=no"]
COMPLAINTS = re.compile(r"assert|WARNING|duplicate|illegal|corrupt|ERROR|error")


@pytest.fixture
def make_rig(tmp_path_factory):
    """make_rig(variant, rows, ...): instances that end with the test; snmpd must end well and say nothing odd."""
    made = []

    def make(*arguments, **keywords):
        made.append(rig.Rig(tmp_path_factory.mktemp("rig"), *arguments, **keywords))
        return made[-1].start()

    yield make
    faults = []
    for one in made:
        alive = one.snmpd is not None and one.snmpd.poll() is None
        reports = {name: ours(text) for name, text in one.stop().items()}
        faults += [f"{name}: {text}" for name, text in reports.items() if text]
        if not alive or one.snmpd.returncode != 0:
            faults.append(f"snmpd ended with {one.snmpd and one.snmpd.returncode}: {one.log('snmpd')}")
        faults += [line for line in one.log("snmpd").splitlines()
                   if COMPLAINTS.search(line)]
    assert not faults, "\n".join(faults[:20])


def figures(text):
    """The last line of bulk_model, as numbers."""
    words = text.rstrip().rpartition("\n")[2].split()
    return dict(zip(words[::2], map(int, words[1::2])))


def compare(instance, seed, requests, *flags):
    """Runs bulk_model to its end; what it found to be different fails the test."""
    process = instance.model(seed, int(requests * SHARE), *flags)
    text = process.communicate(timeout=300)[0]
    assert process.returncode == 0, text
    found = figures(text)
    assert found["answered"] == found["asked"] == int(requests * SHARE) and found["varbinds"] > found["asked"], text
    return found


# One table each: dense and sparse, of nothing, of one row, with long texts and with none.
TABLES = {"dense": ("11:500:40:1", 30000), "sparse": ("12:500:40", 15000), "large": ("13:3000:24", 20000),
          "small": ("14:8:40:1", 15000), "one row": ("15:1:255", 5000), "empty": ("16:0:0", 5000),
          "long texts": ("17:60:255:1000", 5000), "no texts": ("18:300:0:7", 5000)}


@pytest.mark.parametrize("rows, requests", TABLES.values(), ids=TABLES)
def test_random_requests(make_rig, rows, requests):
    compare(make_rig("bulk", rows), requests, requests)


@pytest.mark.parametrize("variant", ["next", "stock", "inprocess"])
def test_random_requests_to_the_others(make_rig, variant):
    """The model itself: whatever else serves the rows agrees with it too."""
    compare(make_rig(variant, "21:120:40"), 21, 2500)


LIMITS = {"repeats": ["maxGetbulkRepeats 5"], "responses": ["maxGetbulkResponses 7"],
          "more responses": ["maxGetbulkResponses 600"]}


@pytest.mark.parametrize("config", LIMITS.values(), ids=LIMITS)
def test_limits_of_snmpd(make_rig, config):
    compare(make_rig("bulk", "22:700:24", config=config), 22, 4000)


# ---- several regions ----

def gap_behind(indexes):
    """An index in the middle of the table that no row has."""
    at = len(indexes) // 2
    while indexes[at] + 1 == indexes[at + 1]:
        at += 1
    return indexes[at] + 1


def row_indexes(instance):
    return [int(line.partition(" ")[0].rpartition(".")[2])
            for line in instance.tool("snmpwalk", f"{rig.ENTRY}.4").splitlines()]


def test_regions_of_others_beside_and_inside(make_rig):
    """Stock subagents around our subtree and within it cut our region into pieces, each asked by itself."""
    instance = make_rig("bulk", "23:200:40:9", config=[f"override {rig.PARENT}.2.9.0 integer 4711",
                                                       f"override {rig.PARENT}.0.1.0 octet_str before"])
    places = [f"{rig.PARENT}.0.5", f"{rig.PARENT}.2.1.1", f"{rig.PARENT}.3", f"{rig.MIB_ROOT}.1.3.15.7",
              f"{rig.ENTRY}.3.{gap_behind(row_indexes(instance))}", f"{rig.ENTRY}.3.70000", f"{rig.MIB_ROOT}.1.3.16.2"]
    for number, place in enumerate(places):
        instance.start_stock(place, rows=f"{30 + number}:{(3, 40)[number % 2]}:20")
    for place in places:
        instance.wait_served(place)
    compare(instance, 23, 15000)


def test_unknown_context(make_rig):
    """As without GetBulk: net-snmp answers for the context, and devsecd is not asked."""
    answers = [re.sub(r"\S*:\d+", "", make_rig(variant, "24:20:20").tool(
        "snmpbulkget", rig.ENTRY, flags=["-n", "elsewhere", "-Cr5", "-t", "2"])) for variant in ("bulk", "next")]
    assert answers[0] == answers[1] != "", answers


# ---- views ----

def access(*views):
    return ["group admins usm admin", *(f"view some {view}" for view in views),
            'access admins "" usm priv exact some none none']


def hidden(*oids):
    return access("included .1", *(f"excluded {oid}" for oid in oids))


def rows_at(indexes, *places):
    return [f"{rig.ENTRY}.{column}.{indexes[place]}" for place in places for column in (2, 3, 4)]


# What is hidden, and how many of the 120 cells are left.
VIEWS = {
    "a column": (80, lambda indexes: hidden(f"{rig.ENTRY}.3")),
    "the first column": (80, lambda indexes: hidden(f"{rig.ENTRY}.2")),
    "the last column": (80, lambda indexes: hidden(f"{rig.ENTRY}.4")),
    "the first and the last row": (114, lambda indexes: hidden(*rows_at(indexes, 0, -1))),
    "every second row": (60, lambda indexes: hidden(*rows_at(indexes, *range(0, 40, 2)))),
    "cells here and there": (80, lambda indexes: hidden(
        *random.Random("cells").sample(rows_at(indexes, *range(40)), 40))),
    "a row by a mask": (117, lambda indexes: hidden(f"{rig.ENTRY}.0.{indexes[5]} {mask_of(rig.ENTRY)}")),
    "all but one cell": (1, lambda indexes: [*hidden(rig.ENTRY), f"view some included {rig.ENTRY}.3.{indexes[20]}"]),
    "the whole table": (0, lambda indexes: hidden(rig.ENTRY)),
    "our subtree": (0, lambda indexes: hidden(rig.MIB_ROOT)),
}
VIEW_ROWS = "25:40:40:3"


def mask_of(entry):
    """Every sub-identifier of ENTRY.COLUMN.INDEX counts but the column's (RFC 3415, vacmViewTreeFamilyMask)."""
    bits = "1" * entry.count(".") + "01"
    return ":".join(f"{int(bits[at:at + 8].ljust(8, '1'), 2):02x}" for at in range(0, len(bits), 8))


@pytest.fixture(scope="module")
def view_indexes(tmp_path_factory):
    instance = rig.Rig(tmp_path_factory.mktemp("rig"), "inprocess", VIEW_ROWS).start()
    yield row_indexes(instance)
    instance.stop()


@pytest.mark.parametrize("left, view", VIEWS.values(), ids=VIEWS)
def test_views(make_rig, view_indexes, left, view):
    """A GETBULK shows what GETNEXT shows: snmpd itself checks only some of the values of a page."""
    instance = make_rig("bulk", VIEW_ROWS, access=view(view_indexes))
    walk = instance.tool("snmpwalk", rig.ENTRY)
    assert len(re.findall(rf"^{re.escape(rig.ENTRY)}\.\S+ = \S*(?:STRING|\"\")", walk, re.M)) == left, walk
    compare(instance, 25, 3000, "--some-rows")


# ---- walks ----

def walks(instance, dice):
    """The whole tree below the MIB's root by GETNEXT, and by GETBULK with some page sizes."""
    sizes = sorted({1, 2, dice.randint(3, 30), dice.randint(31, 99), dice.randint(100, 400)})
    return (instance.tool("snmpwalk", rig.MIB_ROOT),
            {size: instance.tool("snmpbulkwalk", rig.MIB_ROOT, flags=[f"-Cr{size}"]) for size in sizes})


WALKS = ["41:1:255", "42:9:40:1", "43:77:130", "45:400:60", "46:0:0"]


@pytest.mark.parametrize("rows", WALKS)
def test_walks_are_the_same_bytes(make_rig, rows):
    dice = random.Random(rows)
    tables = {}
    for variant in rig.VARIANTS:
        instance = make_rig(variant, rows)
        by_next, by_bulk = walks(instance, dice)
        assert all(walk == by_next for walk in by_bulk.values()), (variant, sorted(by_bulk))
        tables[variant] = instance.tool("snmpbulkwalk", rig.ENTRY, flags=["-Cr20"]) if by_next.count("\n") > 1 else ""
    if not rows.endswith(":0:0"):
        assert len(set(tables.values())) == 1 and tables["bulk"].startswith(rig.ENTRY + ".2."), rows


# ---- devsecd comes and goes ----

def kill_and_start(instance, dice):
    instance.subagent.kill()
    instance.subagent.wait()
    time.sleep(dice.uniform(0, 0.3))
    instance.start_subagent()


def end_and_start(instance, dice):
    instance.subagent.terminate()
    instance.subagent.wait()
    time.sleep(dice.uniform(0, 0.1))
    instance.start_subagent()


def stop_and_resume(instance, dice):
    instance.subagent.send_signal(rig.signal.SIGSTOP)
    time.sleep(dice.choice([dice.uniform(0, 0.2), dice.uniform(1, 3)]))
    instance.subagent.send_signal(rig.signal.SIGCONT)


def storm(instance, dice, over):
    """Does something to devsecd every now and then; returns how often."""
    count = 0
    while not over.is_set():
        dice.choice([kill_and_start, kill_and_start, end_and_start, stop_and_resume])(instance, dice)
        time.sleep(dice.choice([dice.uniform(0, 0.1), dice.uniform(0, 0.6)]))
        count += 1
    return count


def test_devsecd_comes_and_goes(make_rig):
    """genErr, no subtree, no answer, but never a wrong value; and all is well when it is over."""
    instance = make_rig("bulk", "51:800:60", agentx_timeout=1)
    over = threading.Event()
    process = instance.model(51, int(5000 * SHARE), "--chaos", 10, stdin=rig.subprocess.PIPE)

    def watch():
        for line in process.stdout:
            text.append(line)
            if line == "over\n":
                over.set()
        over.set()

    text = [process.stdout.readline()]
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        assert text == ["ready\n"], text + process.stdout.readlines()
        count = storm(instance, random.Random("storm"), over)
        instance.wait_served()
        process.stdin.write("go\n")
        process.stdin.close()
        process.wait(120)
    finally:
        process.kill()
        process.wait()
        watcher.join()
    text = "".join(text)
    assert process.returncode == 0, text
    found = figures(text)
    assert count > 5 and found["genErrs"] + found["timeouts"] > 0 and found["answered"] > 5000 * SHARE, text


@pytest.mark.skipif(rig.SANITIZED, reason="valgrind and AddressSanitizer do not go together")
def test_snmpd_under_valgrind(make_rig):
    instance = make_rig("bulk", "61:150:60", wrapper=VALGRIND, agentx_timeout=20)
    compare(instance, 61, 400)
    kill_and_start(instance, random.Random("valgrind"))
    instance.wait_served()
    compare(instance, 62, 100)
