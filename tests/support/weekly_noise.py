"""Weekly noise as a data set, for what must not depend on the data."""

import numpy as np
import pandas as pd

from features.dataset import OUTCOMES, Dataset, last_matured
from models.spec import ModelSpec

SPEC = ModelSpec(train_start="1984-01-01", params={"n_estimators": 5})


def made(weeks, seed=0):
    """Noise since 1984; the first `weeks` rows are the same for any length."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("1984-01-06", periods=weeks, freq="W-FRI")
    values = rng.normal(size=(2000, 4))[:weeks]
    X = pd.DataFrame(values, dates, ["broad_return_21", "broad_vol_21", "vol_regime", "noise"])
    outcome = pd.Series(np.array(OUTCOMES, dtype=object)[rng.integers(0, 3, 2000)[:weeks]], dates)
    ends = pd.Series(dates + pd.Timedelta(days=30), dates)
    outcome[ends > dates[-1]] = pd.NA  # not matured yet
    X["last_outcome"] = last_matured(outcome, ends, OUTCOMES)
    return Dataset(X, outcome, ends, X["noise"] < 0, "path", f"digest of {weeks}", "folder", "us")


def same(one, other):
    """Assert that two walk-forwards have the same bits: predictions and last fitted model."""
    pd.testing.assert_frame_equal(one[0], other[0], check_exact=True)
    assert one[1].to_json() == other[1].to_json()
