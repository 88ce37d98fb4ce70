"""The levels at which a word changes, against the ranks that decide it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation import word_levels, words

DATES = pd.date_range("2000-01-07", periods=760, freq="W-FRI")


def rank_at(readings, last):
    """The rank of the last week if its reading were `last`."""
    return words.ranks(np.append(readings[:-1], last), DATES[: len(readings)])[-1]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(110, 760), st.booleans())
def test_a_reading_on_either_side_of_a_level_has_a_rank_on_either_side_of_the_rule(seed, weeks, ties):
    rng = np.random.default_rng(seed)
    readings = rng.normal(size=weeks).cumsum()
    if ties:
        readings = np.round(readings, 1)
    found, near = word_levels.levels(readings, DATES[:weeks]), 1e-6
    if found is None:
        assert np.isnan(rank_at(readings, readings[-1]))
        return
    assert found.reading == readings[-1]
    assert found.rank == pytest.approx(rank_at(readings, readings[-1]))
    for level, rule, high in (
        (found.high_from, words.ENTER, True),
        (found.high_until, words.LEAVE, True),
        (found.low_until, 1.0 - words.LEAVE, False),
        (found.low_from, 1.0 - words.ENTER, False),
    ):
        over, under = rank_at(readings, level + near), rank_at(readings, level - near)
        assert (over >= rule - 1e-9 and under < rule) if high else (over > rule and under <= rule + 1e-9)


def test_only_the_ten_years_before_count():
    rng = np.random.default_rng(1)
    readings = rng.normal(size=760)
    first = DATES.searchsorted(DATES[-1] - pd.DateOffset(years=10))
    changed = np.concatenate([readings[:first] + 100.0, readings[first:]])
    assert first > 100
    assert word_levels.levels(changed, DATES) == word_levels.levels(readings, DATES)
    nearer = readings.copy()
    nearer[first] += 100.0
    assert word_levels.levels(nearer, DATES) != word_levels.levels(readings, DATES)


def test_without_a_rank_there_is_no_level():
    readings = np.random.default_rng(2).normal(size=words.LEAST_READINGS + 1)
    assert word_levels.levels(readings, DATES[: len(readings)]) is not None
    assert word_levels.levels(readings[1:], DATES[: len(readings) - 1]) is None
    assert word_levels.levels(np.ones(200), DATES[:200]) is None
    assert word_levels.levels(np.append(readings, np.nan), DATES[: len(readings) + 1]) is None
