"""The live record in a call: matured live calls alone, with the outcomes known at the decision."""

import dataclasses

import pandas as pd
import pytest

from serving import journal, parts, running_evidence, scorecard
from serving.sections import evidence
from tests.serving.test_scorecard import CAME, FRIDAYS, entries
from tests.support.calls import make_test_call


@pytest.fixture
def data(toy):
    """Data that end two weeks after the last but one call's month."""
    dates = pd.date_range(FRIDAYS[0], periods=12, freq="W-FRI")
    outcome = pd.Series([*CAME, *[pd.NA] * 4], dates, dtype=object)
    return dataclasses.replace(toy, X=pd.DataFrame({"x": 0.0}, dates), outcome=outcome)


def test_it_is_the_scorecard_s_evidence_of_the_matured_live_calls(data):
    kept = journal.scored(entries())
    found = evidence.build(kept, data)
    table = scorecard.call_table(kept, data.outcome)
    matured = table[table["outcome"].notna() & (table["label_end"] <= data.X.index[-1])]
    assert 0 < found.calls == len(matured) < 8
    want = {one.null: one.value for one in running_evidence.evidence_of(matured)}
    assert {one.null: one.value for one in found.against} == pytest.approx(want)
    assert found.since == FRIDAYS[0].date()
    assert found.calibration["breakdown"].said == pytest.approx(matured["p_breakdown"].mean())
    assert found.calibration["breakdown"].came == pytest.approx((matured["outcome"] == "breakdown").mean())


def test_replays_prove_nothing(data):
    assert evidence.build(journal.scored(entries("replay")), data) is None
    assert evidence.build([], data) is None


def test_the_words_put_an_alarm_first():
    against = [
        {"null": "climatology", "value": 3.14, "bets": 20, "reached": None, "claimed": False},
        {"null": "own", "value": 25.0, "bets": 20, "reached": "2025-10-03", "claimed": True},
    ]
    section = {
        "since": "2024-01-05",
        "calls": 20,
        "months": 4.8,
        "against": against,
        "alarm": True,
        "calibration": {"breakdown": {"said": 0.18, "came": 0.3}},
    }
    call = make_test_call(evidence=section)
    shown = next(one for one in parts.make_parts(call) if one.key == "evidence")
    assert shown.lines[0].startswith("Warning: the live record stands 25.0 to 1 against the calls' own probabilities")
    assert shown.lines[1] == "Evidence since 2024-01-05: 3.1 to 1 against the usual odds (20 matured calls)."
    assert shown.lines[2] == "Of those calls: breakdown 18 % said, 30 % came."
    assert not [one for one in parts.make_parts(make_test_call()) if one.key == "evidence"]
