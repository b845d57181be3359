# SPDX-License-Identifier: Apache-2.0
"""What AgentX cannot carry gets tooBig: a longer PDU stayed without an answer, and devsecd lost its session over it."""
import sys

import pytest
from conftest import ROOT, ours

sys.path.insert(0, str(ROOT / "tests" / "rows"))

import rig  # noqa: E402, in tests/rows

TOO_BIG = "(tooBig)"


@pytest.fixture
def make_rig(tmp_path):
    """make_rig(rows): devsecd must not have lost its session by the end of the test."""
    made = []

    def make(rows):
        made.append(rig.Rig(tmp_path, "bulk", rows, config=["maxGetbulkResponses -1"]).start())
        return made[0]

    yield make
    reports = [text for text in map(ours, made[0].stop().values()) if text]
    assert made[0].log("devsecd").count(rig.REGISTERED) == 1 and not reports, (made[0].log("devsecd"), reports)


def names(count, column=2):
    return [f"{rig.ENTRY}.{column}.{index}" for index in range(1, count + 1)]


def test_a_question_that_is_too_large(make_rig):
    """Short values, so that snmpd's PDU to devsecd is the one that is too large."""
    instance = make_rig("71:1500:0:1")
    assert TOO_BIG in instance.tool("snmpbulkget", *names(1400), flags=["-Cn1400", "-Cr1"])
    assert TOO_BIG not in instance.tool("snmpbulkget", *names(400), flags=["-Cn400", "-Cr1"])


def test_an_answer_that_is_too_large(make_rig):
    """Long values, so that devsecd's PDU is."""
    instance = make_rig("72:600:255:1")
    assert TOO_BIG in instance.tool("snmpbulkget", *names(550), flags=["-Cn550", "-Cr1"])
    assert TOO_BIG not in instance.tool("snmpbulkget", *names(100), flags=["-Cn100", "-Cr1"])


@pytest.mark.parametrize("columns", [130, 140])
def test_a_last_row_that_is_too_much(make_rig, columns):
    """devsecd leaves it out of its page, and is asked for it again."""
    instance = make_rig("73:600:255:1")
    answer = instance.tool("snmpbulkget", *names(columns), flags=["-Cn0", "-Cr3"])
    assert answer.count(f"{rig.ENTRY}.2.") > 2 * columns, answer
