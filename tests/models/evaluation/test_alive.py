"""The alive rule by hand, and its operating curve on simulated records."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from models.evaluation import alive, simulated_records

WEEKS = 2300  # 44 years


def series(values, start="1990-01-05"):
    return pd.Series(np.asarray(values, dtype=float), pd.date_range(start, periods=len(values), freq="W-FRI"))


def test_a_model_dies_below_zero_and_lives_again_only_at_the_upper_bound():
    # Ten good years, fifteen bad ones, then ever better ones: by hand the skill of the last twelve years is the mean.
    gains = np.concatenate([np.full(520, 0.05), np.full(780, -0.02), np.full(1000, 0.08)])
    reference = series(np.ones(len(gains)))
    found = alive.life(reference - gains, reference)
    states = found.history["alive"]
    assert states.iloc[0]
    died = states.index[~states.to_numpy()][0]
    back = states[states.index > died].index[states[states.index > died].to_numpy()][0]
    assert found.history.loc[died, "skill"] < 0.0 <= found.history["skill"].shift(1).loc[died]
    assert found.history.loc[back, "skill"] >= 0.03 > found.history["skill"].shift(1).loc[back]
    between = found.history.loc[died:back].iloc[:-1]
    assert (between["skill"] > 0.0).any()  # a skill between the bounds does not bring it back
    assert found.since == back
    assert found.alive


def test_the_window_is_the_last_twelve_years():
    loss, reference = series(np.linspace(0.8, 1.2, 1000)), series(np.ones(1000))
    found = alive.life(loss, reference)
    kept = loss.index > loss.index[-1] - pd.DateOffset(years=12)
    assert found.skill == pytest.approx(1.0 - loss[kept].mean())


def test_what_was_known_then_does_not_change():
    record = simulated_records.draw(1, 1500, 0.03)
    loss, reference = _losses(record)
    whole = alive.life(loss, reference).history
    then = alive.life(loss.iloc[:1300], reference.iloc[:1300]).history
    common = whole.index.intersection(then.index)
    assert len(common) > 25
    pd.testing.assert_frame_equal(whole.loc[common], then.loc[common])


def test_nothing_dies_before_ten_years_of_record():
    assert alive.life(series([1.1] * 519), series([1.0] * 519)).alive
    assert alive.life(series([1.1] * 519), series([1.0] * 519)).skill == pytest.approx(-0.1)
    assert not alive.life(series([1.1] * 520), series([1.0] * 520)).alive
    with pytest.raises(ValueError, match="same weeks"):
        alive.life(series([1.0]), series([1.0], start="1991-01-04"))


def _losses(record):
    rows = np.arange(len(record.outcome))
    loss = pd.Series(-np.log(record.p[rows, record.outcome]), record.dates)
    return loss, pd.Series(-np.log(record.base[rows, record.outcome]), record.dates)


def _shares(seeds, dies_at, years):
    """Share of looks at which the model is alive, from `years` after its death (or its start), by seed."""
    found = []
    for seed in range(seeds):
        history = alive.life(*_losses(simulated_records.draw(seed, WEEKS, 0.03, dies_at))).history
        start = history.index[0] if dies_at is None else simulated_records.draw(seed, WEEKS, 0.03).dates[dies_at]
        found.append(history.loc[start + pd.DateOffset(years=years) :, "alive"].mean())
    return np.array(found)


def _reaches(shares, least):
    """Whether the share is not below `least` beyond chance: Clopper and Pearson on records, 97.5 % one-sided."""
    count = len(shares)
    hits = round(shares.sum())
    high = beta.ppf(0.975, hits + 1, count - hits) if hits < count else 1.0
    return high >= least


@pytest.mark.slow
def test_a_model_of_constant_skill_is_kept():
    shares = _shares(400, None, 0)
    assert _reaches(shares, 0.85), shares.mean()


@pytest.mark.slow
@pytest.mark.parametrize(("years", "least"), [(10, 0.60), (15, 0.75)])
def test_a_model_that_died_is_out(years, least):
    shares = 1.0 - _shares(400, 520, years)
    assert _reaches(shares, least), shares.mean()


def test_monthly_records_are_looked_at_twice_a_year():
    months = pd.date_range("1990-01-31", periods=150, freq="ME")
    loss = pd.Series(0.9, months)
    found = alive.life(loss, pd.Series(1.0, months), 12)
    assert list(found.history.index) == [*months[[119, 125, 131, 137, 143]], months[-1]]
