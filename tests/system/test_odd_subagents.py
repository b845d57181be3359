# SPDX-License-Identifier: Apache-2.0
"""A process that has come to both sockets of snmpd may do anything to a page that it is asked for: snmpd survives it.

snmpd runs under valgrind, which sees what it and the module do to memory that is freed.
"""
import os
import random
import shutil
import sys
import threading

import pytest
from conftest import ROOT, ours
from guard.agentx_peer import (COUNTER64, END_OF_MIB_VIEW, GET_BULK, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, OPAQUE,
                               Peer, varbind)

sys.path.insert(0, str(ROOT / "tests" / "rows"))

import rig  # noqa: E402, in tests/rows

VALGRIND = ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=no"]
MIB = rig.ROOT_ARCS
NOT_AN_ANSWER = "the answer to a GetBulk request is not one"
GENERR = "(genError)"
VARBINDS_MAX = 500  # in an answer that AgentX can carry
OID_MAX = 128  # sub-identifiers; an answer with a longer name is none at all to snmpd
ANSWERS = 250 if rig.SANITIZED else 120  # of the random ones


class Lone(rig.Rig):
    """snmpd with the module, and nobody who serves anything."""

    def __init__(self, folder):
        wrapper = [] if rig.SANITIZED else VALGRIND
        super().__init__(folder, rows="1:0:0", wrapper=wrapper, agentx_timeout=2, config=["maxGetbulkResponses 600"])
        self.program = None

    def connect(self, root=(), announced=True):
        peer = Peer(self.agentx, self.folder / "guard" if announced else None)
        if root:
            peer.register(root)
        return peer

    def start_get_bulk(self, *names, flags=("-Cn0", "-Cr5")):
        """Returns a function that waits for what the tool prints."""
        printed = []
        thread = threading.Thread(target=lambda: printed.append(self.tool("snmpbulkget", *names, flags=flags)))
        thread.start()

        def join():
            thread.join()
            return printed[0]

        return join


@pytest.fixture
def lone(tmp_path):
    if not rig.SANITIZED and not shutil.which("valgrind"):
        pytest.skip("needs valgrind")
    one = Lone(tmp_path).start()
    yield one
    alive = one.snmpd.poll() is None
    reports = [text for text in map(ours, one.stop().values()) if text]
    assert alive and one.snmpd.returncode == 0 and not reports, (reports, one.log("snmpd")[-6000:])


def asked_for_a_page(peer):
    request = peer.receive()
    assert request.kind == GET_BULK, "the peer does not pass for devsecd"
    return request


def rows(*numbers):
    return [varbind(MIB + [1, number], OCTET_STRING, b"row") for number in numbers]


# ---- what the page was asked in goes ----

def answer(peer, request):
    peer.respond(request, rows(1, 2, 3))


def hang_up(peer, _request):
    peer.close()


def say_nothing(_peer, _request):
    pass


@pytest.mark.parametrize("end", [answer, hang_up, say_nothing])
def test_a_region_that_is_unregistered_while_a_page_is_under_way(lone, end):
    """The bounds of the request, and the region itself, were read after they had been freed."""
    peer = lone.connect(MIB)
    join = lone.start_get_bulk(rig.MIB_ROOT)
    request = asked_for_a_page(peer)
    peer.unregister(MIB)
    end(peer, request)
    assert GENERR in join()


def test_a_region_that_is_unregistered_while_another_is_waited_for(lone):
    """One of two pages has been answered, and the request ends only with the other."""
    first, second = lone.connect(MIB + [1]), lone.connect(MIB + [2])
    join = lone.start_get_bulk(f"{rig.MIB_ROOT}.1", f"{rig.MIB_ROOT}.2")
    answer(first, asked_for_a_page(first))
    request = asked_for_a_page(second)
    first.unregister(MIB + [1])
    second.respond(request, [varbind(MIB + [2], END_OF_MIB_VIEW)])
    assert GENERR in join()


def test_a_part_of_a_region_that_is_registered_while_a_page_is_under_way(lone):
    """The end of the region was read after it had been freed."""
    peer, other = lone.connect(MIB), lone.connect(announced=False)
    join = lone.start_get_bulk(rig.MIB_ROOT)
    request = asked_for_a_page(peer)
    other.register(MIB + [1, 2])
    peer.respond(request, rows(1, 2, 3))
    assert GENERR in join()
    assert NOT_AN_ANSWER in lone.log("snmpd")


def test_a_page_that_cannot_be_asked_for_again(lone):
    """snmpd's own code for a failure to send frees the requests and writes to them then."""
    peer = lone.connect(MIB)
    join = lone.start_get_bulk(rig.MIB_ROOT)
    asked_for_a_page(peer)
    peer.socket.shutdown(rig.socket.SHUT_RD)
    assert GENERR in join()


# ---- answers ----

def random_name(dice, start, end):
    near = start[:-1] + [min(start[-1] + dice.randint(0, 2), 0xffffffff)]
    far = [dice.randint(0, 0xffffffff) for _ in range(dice.randint(0, OID_MAX))]
    deep = start + [1] * dice.choice([1, 2, 100, OID_MAX])
    return dice.choice([start, near, near, end, far, deep])[:OID_MAX]


def random_varbind(dice, bounds):
    name = random_name(dice, *bounds)
    values = {OCTET_STRING: os.urandom(dice.choice([0, 1, 100])), 64: os.urandom(dice.choice([0, 4, 5])),
              OPAQUE: dice.choice([b"\x9f\x78\x04abcd", b"\x9f\x79\x08abcdefgh", b"\x9f\x78", b""]),
              OBJECT_IDENTIFIER: random_name(dice, *bounds), 0xc2: [1, 3], 0xc3: [1, 3]}
    kind = dice.choice([INTEGER, *values, 5, 65, 66, 67, COUNTER64, 128, 129, END_OF_MIB_VIEW, END_OF_MIB_VIEW])
    return varbind(name, kind, values.get(kind, dice.randint(0, 0xffffffff)))


def good_page(dice, request):
    """As it should be, but for what is cut off its end now and then."""
    names = [start for start, _ in request.ranges]
    single = min(request.non_repeaters, len(names))
    places = list(range(single)) + list(range(single, len(names))) * dice.randint(1, max(1, request.repetitions))
    page = []
    for place in places[:VARBINDS_MAX]:
        name = names[place]
        names[place] = name[:-1] + [name[-1] + 1] if len(name) > len(MIB) + 1 else name + [1]
        inside = names[place] < request.ranges[place][1]
        page.append(varbind(names[place], OCTET_STRING if inside else END_OF_MIB_VIEW, b"row" if inside else None))
    return page if dice.random() < 0.8 else page[:dice.randint(0, len(page))]


def random_answer(dice, peer, request):
    page = good_page(dice, request)
    if dice.random() < 0.5:
        count = dice.choice([0, 1, len(request.ranges), 2 * len(request.ranges), 50, 100])
        page = [random_varbind(dice, dice.choice(request.ranges)) for _ in range(count)]
    failed = dice.random() < 0.1
    for _ in range(1 if dice.random() < 0.9 else 2):
        peer.respond(request, page, dice.choice([1, 2, 5, 18, 19, 266, 65535]) if failed else 0,
                     dice.choice([0, 1, 2, 100, 65535]) if failed else 0)


def test_answers_of_any_shape(lone):
    """Too many, too few, out of order, out of the range, of types that are none, errors at varbinds that are none."""
    dice = random.Random("answers")
    peer = lone.connect(MIB)
    over = threading.Event()
    places = [rig.MIB_ROOT, f"{rig.MIB_ROOT}.1", f"{rig.MIB_ROOT}.1.1", rig.PARENT, ".1.3.6.1.2.1.1.9"]

    def ask():
        drawn = random.Random("requests")
        while not over.is_set():
            names = [drawn.choice(places) for _ in range(drawn.randint(1, 5))]
            lone.tool("snmpbulkget", *names, flags=[f"-Cn{drawn.randint(0, len(names))}", "-t", "5",
                                                    f"-Cr{drawn.choice([1, 2, 5, 50, 300])}"])

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        for _ in range(ANSWERS):
            random_answer(dice, peer, peer.receive())
    finally:
        over.set()
        peer.close()
        asker.join()
    assert NOT_AN_ANSWER in lone.log("snmpd")
    peer = lone.connect(MIB)
    join = lone.start_get_bulk(rig.MIB_ROOT, flags=("-Cn0", "-Cr2"))
    answer(peer, asked_for_a_page(peer))
    assert join().count("Hex-STRING: 72 6F 77") == 2
