"""Tail and onset figures by hand."""

import numpy as np
import pandas as pd
import pytest

from models.evaluation import metrics, tails_and_onsets


def test_the_distance_from_the_high_by_a_slow_loop():
    dates = pd.bdate_range("2020-01-01", periods=200)
    returns = pd.Series(np.random.default_rng(0).normal(0, 0.02, 200), dates)
    found = tails_and_onsets.distance_from_high(returns, dates[[10, 80, 199]])
    level = np.cumprod(1.0 + returns.to_numpy())
    assert np.isnan(found[0])
    for value, place in zip(found[1:], (80, 199), strict=True):
        assert value == pytest.approx(level[place] / max(level[place - 62 : place + 1]) - 1.0)


def test_the_tail_bias_is_observed_minus_said_in_the_top_weeks():
    p = np.linspace(0.1, 0.6, 1000)
    happened = np.zeros(1000, dtype=bool)
    happened[-25:] = True  # half of the fifty weeks with the highest probability
    found = tails_and_onsets.tail_bias(p, happened)
    assert found["tail_bias"] == pytest.approx(0.5 - p[-50:].mean())
    assert found["tail_bias_low"] < found["tail_bias"] < found["tail_bias_high"]


def test_a_calibrated_forecast_has_an_interval_over_zero():
    rng = np.random.default_rng(1)
    p = rng.beta(2, 8, 2000)
    found = tails_and_onsets.tail_bias(p, rng.random(2000) < p)
    assert found["tail_bias_low"] < 0.0 < found["tail_bias_high"]


def test_episodes_are_called_in_their_first_week_or_not():
    dates = pd.date_range("2000-01-07", periods=100, freq="W-FRI")
    happened = np.zeros(100, dtype=bool)
    happened[[20, 21, 60, 61, 90]] = True
    p = np.full(100, 0.1)
    p[20], p[61], p[90] = 0.5, 0.9, 0.4  # the second episode is seen only in its second week
    spans = [(dates[20], dates[21]), (dates[60], dates[61]), (dates[90], dates[90])]
    first = tails_and_onsets.first_weeks(dates, spans)
    assert first.tolist() == [20, 60, 90]
    assert tails_and_onsets.episodes_called(p, happened, first) == pytest.approx(2 / 3)
    assert np.isnan(tails_and_onsets.episodes_called(p, happened, first[:0]))


def test_without_information_a_fifth_of_the_episodes_is_called():
    rng = np.random.default_rng(2)
    happened = rng.random(20_000) < 0.15
    p = rng.random(20_000)
    found = tails_and_onsets.episodes_called(p, happened, np.flatnonzero(happened))
    assert found == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(("freq", "blocks"), [("W-FRI", metrics.BLOCKS), ("ME", metrics.MONTH_BLOCKS)])
def test_the_interval_of_a_tail_has_blocks_of_the_data_s_own_frequency(freq, blocks):
    rng = np.random.default_rng(6)
    p = rng.beta(2, 8, 300)
    came = rng.random(300) < p
    table = pd.DataFrame(
        {"date": pd.date_range("1990-01-31", periods=300, freq=freq), "p_stress": p, "p_calm": 1.0 - p}
    )
    table["outcome"] = np.where(came, "stress", "calm").astype(object)
    table["base_stress"], table["base_calm"] = 0.2, 0.8
    found = metrics.evaluate(table)
    want = tails_and_onsets.tail_bias(p, came, blocks)
    assert found["tail_bias_stress_low"] == pytest.approx(want["tail_bias_low"])
    assert found["tail_bias_stress_high"] == pytest.approx(want["tail_bias_high"])
