"""The statistical jump model's column: against a decoding by hand, and with no look-ahead."""

import sys

import numpy as np
import pandas as pd
import pytest

from features import jump_regime
from features.data.errors import RegimeError

pytest.importorskip("jumpmodels", reason="the extra `baselines` is not installed")
SESSIONS = pd.bdate_range("1990-01-01", periods=3400)
BEAR = slice(2500, 2650)  # within 1999


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(3)
    returns = rng.normal(0.0006, 0.007, len(SESSIONS))
    for first in (600, 1400, 2100, BEAR.start):
        returns[first : first + 150] = rng.normal(-0.004, 0.022, 150)
    return pd.DataFrame({"ret_cap": returns, "ret_bill": 0.0001}, SESSIONS)


@pytest.fixture(scope="module")
def column(panel):
    return jump_regime.compute(panel, 1990)


def test_a_bear_market_is_told_from_the_rest(column):
    assert set(column.dropna().unique()) == {0.0, 1.0}
    spell = column.iloc[BEAR]
    assert spell.iloc[20:].mean() > 0.9  # it is decoded as it unfolds, some days late
    calm = column["2002":"2002"]
    assert calm.mean() < 0.2


def test_years_without_a_past_of_1500_sessions_are_missing(panel, column):
    first = column.first_valid_index()
    assert first.year == 1996  # 1,566 sessions end with 1995; 1,305 with 1994
    assert (SESSIONS < "1996-01-01").sum() >= jump_regime.MIN_ROWS > (SESSIONS < "1995-01-01").sum()
    assert column["1996":].notna().all()
    assert column.index.equals(panel.index)


def test_later_sessions_change_nothing_before_them(panel, column):
    until = SESSIONS[2600]
    wild = panel.copy()
    wild.loc[wild.index > until, "ret_cap"] = np.random.default_rng(9).normal(0.0, 0.2, int((wild.index > until).sum()))
    pd.testing.assert_series_equal(jump_regime.compute(wild, 1998)[:until], column["1998":until])
    pd.testing.assert_series_equal(jump_regime.compute(panel[:until], 1998), column["1998":until])


def test_a_year_is_decoded_online(panel, column, monkeypatch):
    """Each day's state ends the cheapest path of states up to that day: a plain dynamic programme from 1990 on."""
    made = []
    package = jump_regime._package()

    class Kept(package.JumpModel):
        def fit(self, *arguments, **options):
            made.append((self, arguments[0]))
            return super().fit(*arguments, **options)

    monkeypatch.setattr(package, "JumpModel", Kept)
    jump_regime.compute(panel["1990":"1999"], 1999)
    ((model, past),) = made
    excess = panel["ret_cap"] - panel["ret_bill"]
    january = int(SESSIONS.searchsorted(pd.Timestamp("1999-01-01")))
    first = max(0, january - jump_regime.WINDOW - jump_regime.WARM_UP)
    looks = jump_regime.features_of(excess.iloc[first:]).loc[past.index[0] : "1999-12-31"]
    before = looks.loc[: past.index[-1]]
    scaled = ((looks - before.mean()) / before.std(ddof=0)).clip(-3.0, 3.0).to_numpy()
    pd.testing.assert_frame_equal(past, pd.DataFrame(scaled[: len(past)], past.index, past.columns))
    cost, states = np.zeros(2), []
    for row in scaled:
        near = 0.5 * ((row - np.asarray(model.centers_)) ** 2).sum(axis=1)
        cost = near + np.minimum(cost, cost[::-1] + jump_regime.PENALTY)
        states.append(int(cost.argmin()))
    want = pd.Series(np.array(states[len(past) :], dtype=float), looks.index[len(past) :], name=jump_regime.NAME)
    pd.testing.assert_series_equal(column["1999":"1999"], want, check_freq=False)


def test_the_looks_against_a_slow_loop():
    excess = pd.Series(np.random.default_rng(1).normal(0.0, 0.01, 90))
    found = jump_regime.features_of(excess).iloc[-1]

    def mean(values, life):
        weights = [0.5 ** (age / life) for age in range(len(values) - 1, -1, -1)]
        return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)

    down = [min(value, 0.0) ** 2 for value in excess]
    assert found["dd_10"] == pytest.approx(np.log(np.sqrt(mean(down, 10))))
    for life in (20, 60):
        assert found[f"sortino_{life}"] == pytest.approx(mean(list(excess), life) / np.sqrt(mean(down, life)))


def test_without_the_package_the_extra_is_named(panel, monkeypatch):
    monkeypatch.setitem(sys.modules, "jumpmodels", None)
    monkeypatch.setitem(sys.modules, "jumpmodels.jump", None)
    with pytest.raises(RegimeError, match=r"pip install 'regime\[baselines\]'"):
        jump_regime.compute(panel, 1990)
