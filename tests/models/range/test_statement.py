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


ROWS = pd.DataFrame({"own": [-3.0, -5.0, -4.0], "other": -5.0}, pd.date_range(end=DATE, periods=3, freq="7D"))


def test_it_says_what_the_model_s_paths_say(fitted):
    said = statement.statement(fitted, ROWS, {"crps_skill_21": 0.04, "crps_skill_p_21": 0.01, "crps_skill_5": 0.09})
    one = said["21"]
    values = list(one["quantiles"].values())
    assert values == sorted(values)
    assert tuple(one["quantiles"]) == tuple(one["usual"]) == statement.SHOWN
    odds = [one["falls"][str(fall)] for fall in predictor.FALLS]
    assert odds == sorted(odds, reverse=True)
    assert one["falls"]["5"] == predictor.fall_odds(predictor.draws(fitted.at(21), ROWS.iloc[[-1]]).lowest)[0, 1]
    assert one["evidence"] == {"crps_skill": 0.04, "crps_skill_p": 0.01}


def test_the_width_is_ranked_among_the_same_model_s_on_earlier_dates(fitted):
    assert statement.statement(fitted, ROWS, {})["21"]["width_rank"] == 0.5
    widths = [
        quantiles["q90"] - quantiles["q10"]
        for end in (1, 2, 3)
        for quantiles in [statement.statement(fitted, ROWS.iloc[:end], {})["21"]["quantiles"]]
    ]
    assert sum(width < widths[-1] for width in widths[:-1]) / 2 == 0.5
    assert statement.statement(fitted, ROWS.iloc[-1:], {})["21"]["width_rank"] is None


def test_it_is_told_in_two_lines(fitted):
    first, second = statement.words(statement.statement(fitted, ROWS, {}))
    assert first.startswith("The broad market's likely range over 21 sessions: -")
    assert "8 in 10" in first
    assert second.startswith("Odds of closing 5 % lower on the way: ")


def test_a_date_without_its_columns_is_refused(fitted):
    with pytest.raises(RegimeError, match="has no value on 2020-06-05"):
        statement.statement(fitted, ROWS[["other"]], {})
    with pytest.raises(RegimeError, match="no row was given"):
        statement.statement(fitted, ROWS.iloc[:0], {})
