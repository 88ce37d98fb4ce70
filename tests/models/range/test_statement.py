"""What a call says of the range: one model, monotone, in plain words."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.data.errors import RegimeError
from models.range import predictor, statement
from tests.support.ranges import fitted_range, pool

DATE = pd.Timestamp("2020-06-05")


@pytest.fixture
def fitted():
    usual = pool(2).model_copy(update={"broad": tuple(0.01 * x for x in pool(2).broad)})
    return fitted_range("range", usual)


ROWS = pd.DataFrame({"own": [-3.0, -5.0, -4.0], "other": -5.0}, pd.date_range(end=DATE, periods=3, freq="7D"))


def test_it_says_what_the_model_s_paths_say(fitted):
    said = statement.state_range(fitted, ROWS, {"crps_skill_21": 0.04, "crps_skill_p_21": 0.01, "crps_skill_5": 0.09})
    one = said["21"]
    values = list(one["quantiles"].values())
    assert values == sorted(values)
    assert tuple(one["quantiles"]) == tuple(one["usual"]) == statement.SHOWN
    odds = [one["falls"][str(fall)] for fall in predictor.FALLS]
    assert odds == sorted(odds, reverse=True)
    assert one["falls"]["5"] == predictor.fall_odds(predictor.draws(fitted.at(21), ROWS.iloc[[-1]]).lowest)[0, 1]
    assert one["evidence"] == {"crps_skill": 0.04, "crps_skill_p": 0.01}


def test_the_width_is_ranked_among_the_same_model_s_on_earlier_dates(fitted):
    assert statement.state_range(fitted, ROWS, {})["21"]["width_rank"] == 0.5
    widths = [
        quantiles["q90"] - quantiles["q10"]
        for end in (1, 2, 3)
        for quantiles in [statement.state_range(fitted, ROWS.iloc[:end], {})["21"]["quantiles"]]
    ]
    assert sum(width < widths[-1] for width in widths[:-1]) / 2 == 0.5
    assert statement.state_range(fitted, ROWS.iloc[-1:], {})["21"]["width_rank"] is None


def share(low=1e-4, high=1.0 - 1e-4):
    return st.floats(low, high)


@given(
    odds=st.lists(share(), min_size=12, max_size=12),
    known=st.floats(0.0, 1.0),
)
def test_moved_odds_rank_as_they_must_and_hold_the_known_one(odds, known):
    horizons, percents = ("5", "21", "63"), ("3", "5", "8", "10")
    rows = np.maximum.accumulate(np.sort(np.array(odds).reshape(3, 4), axis=1)[:, ::-1], axis=0)
    raw = {
        horizon: dict(zip(percents, map(float, row), strict=True)) for horizon, row in zip(horizons, rows, strict=True)
    }
    told = statement.moved(raw, "21", "5", known)
    assert told["21"]["5"] == known
    table = np.array([[told[horizon][percent] for percent in percents] for horizon in horizons])
    assert (np.diff(table, axis=1) <= 0.0).all()
    assert (np.diff(table, axis=0) >= 0.0).all()


def test_the_shift_is_one_for_all_falls():
    raw = {"5": {"3": 0.10, "5": 0.04}, "21": {"3": 0.30, "5": 0.20}}
    told = statement.moved(raw, "21", "5", 1.0 / 3.0)  # odds of 1 to 2 for 1 to 4: everything doubles its odds
    assert told["21"]["3"] == pytest.approx(6.0 / 13.0)
    assert told["5"]["3"] == pytest.approx(2.0 / 11.0)
    assert told["5"]["5"] == pytest.approx(1.0 / 13.0)
    assert statement.moved({"5": {"5": 0.1}}, "21", "5", 0.2) == {"5": {}}


def test_a_date_without_its_columns_is_refused(fitted):
    with pytest.raises(RegimeError, match="has no value on 2020-06-05"):
        statement.state_range(fitted, ROWS[["other"]], {})
    with pytest.raises(RegimeError, match="no row was given"):
        statement.state_range(fitted, ROWS.iloc[:0], {})
