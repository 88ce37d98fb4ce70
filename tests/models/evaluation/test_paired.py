"""Two models on the same weeks."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from models.evaluation import paired

DATES = pd.date_range("1990-01-05", periods=1_500, freq="W-FRI")


def losses(seed, mean=0.0):
    return pd.Series(np.random.default_rng(seed).normal(1.0 + mean, 0.2, len(DATES)), DATES)


def test_independent_weeks_give_the_t_test_s_p():
    first, second = losses(1), losses(2, mean=-0.01)
    found = paired.compare(first, second)
    want = stats.ttest_rel(first, second)
    assert found.gain == pytest.approx(float((first - second).mean()))
    assert found.p == pytest.approx(want.pvalue, abs=0.06)


def test_the_verdict_is_two_sided_and_turns_with_the_order():
    first, second = losses(1), losses(2, mean=-0.05)
    assert paired.compare(first, second).verdict == "better"
    assert paired.compare(second, first).verdict == "worse"
    assert paired.compare(first, losses(8)).verdict == "within chance"
    assert paired.compare(first, first).p == 1.0


def test_only_common_weeks_count():
    first, second = losses(1), losses(2)
    found = paired.compare(first.iloc[:900], second.iloc[400:])
    assert found.weeks == 500
    assert found.gain == pytest.approx(float((first - second).iloc[400:900].mean()))
    assert paired.compare(first.iloc[:10], second.iloc[20:]) == paired.Paired(
        pytest.approx(float("nan"), nan_ok=True), 1.0, 0
    )
