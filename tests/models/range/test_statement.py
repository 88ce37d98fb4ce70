"""What a call says of the range: one model, monotone, in plain words."""

import pandas as pd
import pytest

from features.data.errors import RegimeError
from models.range import predictor, statement
from models.range.fitted import Column, FittedRange, HorizonFit
from tests.models.range.test_predictor import pool

DATE = pd.Timestamp("2020-06-05")


@pytest.fixture
def fitted():
    one = HorizonFit(
        horizon=21,
        rows=300,
        members=(Column(column="own"),),
        spread_members=(Column(column="other"),),
        pool=pool(1),
        usual=pool(2).model_copy(update={"broad": tuple(0.01 * x for x in pool(2).broad)}),
        discounted={},
    )
    return FittedRange(name="range", fitted_at="2020-01-03", horizons=(one,))


ROW = pd.DataFrame({"own": [-4.0], "other": [-5.0]}, [DATE])


def history(widths: list[float]) -> pd.DataFrame:
    dates = pd.date_range("2010-07-02", periods=len(widths), freq="52W")
    return pd.DataFrame({"date": dates, "leg": "broad", "horizon": 21, "q10": 0.0, "q90": widths})


def test_it_says_what_the_model_s_paths_say(fitted):
    said = statement.statement(fitted, ROW, history([0.0, 9.0]), {"crps_skill_21": 0.04, "crps_skill_p_21": 0.01})
    one = said["21"]
    values = list(one["quantiles"].values())
    assert values == sorted(values)
    assert tuple(one["quantiles"]) == tuple(one["usual"]) == statement.SHOWN
    odds = [one["falls"][str(fall)] for fall in predictor.FALLS]
    assert odds == sorted(odds, reverse=True)
    assert one["falls"]["5"] == predictor.fall_odds(predictor.draws(fitted.at(21), ROW).lowest)[0, 1]
    assert one["width_rank"] == 0.5
    assert one["evidence"] == {"crps_skill": 0.04, "crps_skill_p": 0.01}


def test_weeks_from_the_date_on_and_before_ten_years_do_not_rank_it(fitted):
    past = history([0.0]).assign(date=pd.Timestamp("2009-01-02"))
    today = history([0.0]).assign(date=DATE)
    said = statement.statement(fitted, ROW, pd.concat([past, today]), {})
    assert said["21"]["width_rank"] is None


def test_it_is_told_in_two_lines(fitted):
    first, second = statement.words(statement.statement(fitted, ROW, history([]), {}))
    assert first.startswith("The broad market's likely range over 21 sessions: -")
    assert "8 in 10" in first
    assert second.startswith("Odds of closing 5 % lower on the way: ")


def test_more_than_one_decision_is_refused(fitted):
    with pytest.raises(RegimeError, match="one decision, not for 2"):
        statement.statement(fitted, pd.concat([ROW, ROW]), history([]), {})
