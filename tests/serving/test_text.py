"""What a terminal shows of a call and a scorecard."""

import io

import pytest
from rich.console import Console

from serving.scorecard import Scorecard
from serving.text import print_call, print_scorecard, shown_drivers, weekly_summary
from tests.support.calls import DRIVER, make_test_call


def shown(write, thing):
    console = Console(width=250, file=io.StringIO())
    write(thing, console)
    return console.file.getvalue()


def test_every_number_of_a_call_stands_under_its_heading():
    last = {"asof": "2026-01-02", "probabilities": {"rotation": 0.30, "breakdown": 0.36, "neither": 0.34}}
    lines = shown(print_call, make_test_call(last_week=last)).splitlines()
    assert lines[0] == "breakdown  as of 2026-01-09, for the next 21 sessions"
    rows = {line.split()[0]: line.split()[1:] for line in lines[2:5]}
    assert rows == {
        "rotation": ["31.0%", "37.0%", "31.0%", "+1.0"],
        "breakdown": ["34.0%", "17.0%", "34.0%", "-2.0"],
        "neither": ["35.0%", "46.0%", "35.0%", "+1.0"],
    }
    text = "\n".join(lines)
    assert "head-to-head, rotation against breakdown: 47.7% (no evidence on rotation)" in text
    assert "for breakdown:\n  volatility: VIX: high for <its> history" in text
    assert "right in 30% of 40 weeks out of sample (90 % interval 10% to 50%; base rate 17%; 6 episodes)" in text
    assert "leaders falter since 2025-12-05" in text
    assert "model regime v3 (markov, champion), fitted 2000-01-07; skill +0.0200, p 0.010" in text
    assert "data folder 0000000000000000" in text


def test_what_a_person_set_is_said():
    told = shown(print_call, make_test_call(model={"override": "the desk wants [it] (me, 2024-01-05)"}))
    assert "set by a person, not by the gate: the desk wants [it] (me, 2024-01-05)" in told
    assert "set by a person" not in shown(print_call, make_test_call())


def test_stale_series_and_a_missing_mark():
    told = shown(
        print_call,
        make_test_call(
            head_to_head_evidence=True, freshness={"VIX": {"last": "2025-12-01", "stale": True, "required": False}}
        ),
    )
    assert "no evidence on rotation" not in told
    assert "; stale: VIX" in told


@pytest.mark.parametrize(("own", "of_challenger"), [([DRIVER, DRIVER], False), ([DRIVER], True), ([], True)])
def test_a_champion_that_reads_hardly_anything_lends_the_challengers_drivers(own, of_challenger):
    rotation = DRIVER | {"for": "rotation", "contribution": 0.2}
    call = make_test_call(drivers=own)
    call = make_test_call(
        drivers=own,
        challenger={"kind": "lightgbm", "probabilities": call.probabilities.as_dict(), "drivers": [rotation]},
    )
    drivers, found = shown_drivers(call)
    assert found == of_challenger
    assert drivers[0].side == ("rotation" if of_challenger else "breakdown")


def test_a_scorecard_names_each_rate():
    live = {
        "calls": 10,
        "matured": 8,
        "corrections": 2,
        "log_loss_skill": 0.05,
        "log_loss_skill_p": 0.2,
        "log_loss_skill_markov": -0.01,
        "promised_skill": 0.03,
        "effective_months": 1.9,
        "hit_rate": 0.75,
        "hit_rate_markov": None,
        "hit_rate_climatology": 0.5,
    }
    text = shown(print_scorecard, Scorecard("live", 0.05, live, {"calls": 3, "matured": 0}))
    assert text.splitlines() == [
        "live: 8 of 10 calls matured (2 effective months): skill +0.0500 (p 0.200), Markov -0.0100, promised +0.0300, "
        "verdict right 75%, climatology's 50%; 2 corrections kept, not scored",
        "replay: 3 calls, none matured",
    ]


def test_the_summary_fits_a_subject():
    call = make_test_call(
        verdict="no_evidence", probabilities={"rotation": 0.361, "breakdown": 0.138, "neither": 0.501}
    )
    said = weekly_summary(call, False, "ab" * 32)
    assert said == (
        "regime 2026-01-09: no evidence (rotation 36%, breakdown 14%), leaders falter, journal abababababab"
    )
    assert len(said) < 110
    assert weekly_summary(call, True, "ab" * 32).endswith("older data used")
