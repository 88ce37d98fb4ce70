"""Windows against pandas."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import rolling
from features.families.rates import CAP_MONTHS, _months_since
from features.families.sectors import momentum, ratio

PANDAS = {
    "total": lambda x, w: x.rolling(w).sum(),
    "mean": lambda x, w: x.rolling(w).mean(),
    "std": lambda x, w: x.rolling(w).std(),
    "highest": lambda x, w: x.rolling(w).max(),
    "lowest": lambda x, w: x.rolling(w).min(),
    "percentile": lambda x, w: (x.rolling(w).rank() - 1) / (w - 1),
    "lagged": lambda x, w: x.shift(w),
    "change": lambda x, w: x.diff(w),
    "z_score": lambda x, w: (x - x.rolling(w).mean()) / x.rolling(w).std(),
    "log_return": lambda x, w: np.log1p(x).rolling(w).sum(),
}


@pytest.mark.parametrize("name", list(PANDAS))
@given(seed=st.integers(0, 1000), size=st.integers(1, 60), window=st.integers(2, 12), gap=st.booleans())
def test_equals_pandas(name, seed, size, window, gap):
    values = np.random.default_rng(seed).normal(0, 0.1, size)
    if gap:
        values[seed % size] = np.nan
    before = values.copy()
    got = getattr(rolling, name)(values, window)
    np.testing.assert_allclose(got, PANDAS[name](pd.Series(values), window), rtol=1e-7, atol=1e-7)  # running sums
    np.testing.assert_array_equal(values, before)


def test_a_flat_line_has_no_z_score():
    assert np.isnan(rolling.z_score(np.full(30, 7.0), 10)).all()


def test_a_level_adds_up_and_keeps_its_gaps():
    got = rolling.level(np.array([0.1, np.nan, 0.2]))
    np.testing.assert_allclose(got, [np.log(1.1), np.nan, np.log(1.1) + np.log(1.2)])


def test_an_exponential_mean_forgets_on_time():
    x = np.random.default_rng(0).normal(size=500)
    full = pd.Series(x).ewm(span=19, adjust=False).mean().to_numpy()
    np.testing.assert_allclose(rolling.weighted(x, 19)[199:], full[199:], atol=1e-7)
    moved = x.copy()
    moved[:200] = 1e6
    np.testing.assert_array_equal(rolling.weighted(moved, 19)[400:], rolling.weighted(x, 19)[400:])


def test_months_since_a_cut_by_hand():
    rate = np.concatenate([np.full(30, 5.0), np.full(100, 4.75), np.full(700, 4.75)])
    months = _months_since(rate, -1.0)
    assert months[29] == CAP_MONTHS  # none seen yet
    assert months[30] == 0.0
    assert months[30 + 21 - 1] == 0.0  # within a month of the cut the change is still seen
    assert months[30 + 21 - 1 + 42] == 2.0
    assert months[-1] == CAP_MONTHS
    assert (_months_since(rate, 1.0) == CAP_MONTHS).all()


def test_relative_rotation_turns_clockwise():
    """A slow wave of relative strength: momentum peaks before the ratio does."""
    line = np.sin(np.arange(800) * 2 * np.pi / 160) * 0.1
    across, up = ratio(line)[300:], momentum(line)[300:]
    lags = [np.corrcoef(across[40:-40], np.roll(up, k)[40:-40])[0, 1] for k in range(41)]
    assert int(np.argmax(lags)) > 5
    assert abs(across.mean() - 100) < 0.2
