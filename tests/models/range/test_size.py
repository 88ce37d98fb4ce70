"""How far the market's volatility would have to move for the width of a range to be another."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from models.range import scales, size
from models.range.fitted import Column

COLUMNS = [f"log_vol_broad_{window}" for window in (1, 5, 21)]


def frame(seed=0, rows=300):
    rng = np.random.default_rng(seed)
    common = rng.normal(-4.6, 0.4, rows)
    found = pd.DataFrame({name: common + rng.normal(0.0, 0.2, rows) for name in COLUMNS})
    return found.assign(log_vix=common + rng.normal(0.0, 0.1, rows))


def test_the_factor_brings_the_forecast_to_the_level():
    rows = frame()
    y = rows[COLUMNS].mean(axis=1).to_numpy() + np.random.default_rng(1).normal(0.0, 0.1, len(rows))
    fit = SimpleNamespace(members=(scales.linear(rows, y), Column(column="log_vol_broad_21", shift=0.1)))
    now = size.readings(fit, rows)[-1]
    for step in (-0.4, -0.1, 0.2, 0.5):
        factor = size.times_today(fit, rows.iloc[[-1]], now + step)
        assert (factor > 1.0) == (step > 0.0)
        moved = rows.iloc[[-1]].copy()
        moved[COLUMNS] += np.log(factor)  # and the VIX as it is
        assert size.readings(fit, moved)[0] == pytest.approx(now + step, abs=1e-5)


def test_the_volatility_alone_gives_the_ratio_itself():
    fit, rows = SimpleNamespace(members=(Column(column="log_vol_broad_21"),)), frame(3)
    level = rows["log_vol_broad_21"].iloc[-1] + np.log(1.5)
    assert size.times_today(fit, rows.iloc[[-1]], level) == pytest.approx(1.5, rel=1e-5)


def test_what_volatility_does_not_move_has_no_factor():
    rows = frame(4)
    for member in (Column(column="log_vix"), scales.linear(rows[["log_vix"]], rows["log_vix"].to_numpy())):
        fit = SimpleNamespace(members=(member,))
        assert size.times_today(fit, rows.iloc[[-1]], size.readings(fit, rows)[-1] + 0.2) is None
    clipped = SimpleNamespace(members=(scales.linear(rows[COLUMNS], rows[COLUMNS[0]].to_numpy()),))
    assert size.times_today(clipped, rows.iloc[[-1]], 50.0) is None
