import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import labels
from features.errors import RegimeError


def slow(label, broad, cap, i):
    """The definition, as a loop."""
    if i + labels.HORIZON >= len(broad):
        return None
    level, low, other = 1.0, 1.0, 1.0
    for j in range(i + 1, i + labels.HORIZON + 1):
        level *= 1 + broad[j]
        other *= 1 + cap[j]
        low = min(low, level)
    if (label == "path" and low <= 0.95) or (label == "return" and level <= 0.96):
        return "breakdown"
    return "rotation" if level > 1 and level > other else "neither"


@pytest.mark.parametrize("label", list(labels.LABELS))
@given(seed=st.integers(0, 10_000), scale=st.sampled_from([0.002, 0.01, 0.03]))
def test_equals_the_definition(label, seed, scale):
    rng = np.random.default_rng(seed)
    broad, cap = rng.normal(0.0005, scale, size=(2, 60))
    got = labels.outcomes(label, pd.Series(broad), pd.Series(cap))
    assert [None if pd.isna(value) else value for value in got] == [slow(label, broad, cap, i) for i in range(60)]


def test_only_the_horizon_counts():
    broad = pd.Series(np.full(60, 0.001))
    cap = pd.Series(np.zeros(60))
    before = labels.outcomes("path", broad, cap)
    broad.iloc[40] = -0.5
    after = labels.outcomes("path", broad, cap)
    moved = [i for i in range(60) if not pd.isna(before[i]) and before[i] != after[i]]
    # Day 40 lies within the 21 sessions after days 19..38 (39 has no whole horizon).
    assert moved == list(range(19, 39))


def test_unknown_label():
    with pytest.raises(RegimeError, match=r"unknown label 'paht'.*path, return"):
        labels.outcomes("paht", pd.Series(dtype=float), pd.Series(dtype=float))
