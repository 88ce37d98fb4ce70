"""What a fit may learn inside its training window: weights of members, of rows, and columns."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from features.data import calendar
from features.data.errors import RegimeError
from models import fit, sample_weights, splits, stacking
from models.predictor import predict
from models.spec import ModelSpec

DATE = pd.Timestamp("2005-03-04")
CHEAP = {"n_estimators": 5, "min_child_samples": 20}


@pytest.fixture(scope="module")
def long(toy):
    """The toy data repeated to 2,000 weeks, so that a walk-forward fits inside the window."""
    dates = pd.date_range("1970-01-02", periods=2000, freq="W-FRI")
    rng = np.random.default_rng(3)
    X = pd.DataFrame(rng.normal(size=(2000, toy.X.shape[1])), dates, toy.X.columns)
    X["last_outcome"], X["jump_state"] = 0.0, 1.0
    outcome = pd.Series(rng.choice(list(toy.outcomes), 2000), dates, dtype=object)
    outcome[(X["vol_regime"] > 1.0).to_numpy()] = "breakdown"
    ends = pd.Series(dates + pd.Timedelta(days=30), dates)
    return dataclasses.replace(toy, X=X, outcome=outcome, label_end=ends, faltering=X["noise"] < 0)


def spec(**more):
    return ModelSpec(train_start="1970-01-01", params=CHEAP, blend=("logit2",), **more)


@pytest.mark.parametrize("calibration", ["climatology", "markov", "stack"])
def test_weights_are_learned_on_the_past_alone(long, calibration):
    later = (long.label_end >= DATE).to_numpy()
    X, outcome = long.X.copy(), long.outcome.copy()
    X[long.X.index > DATE] = 1e6
    outcome[later] = "breakdown"
    other = dataclasses.replace(long, X=X, outcome=outcome)
    first = fit.fit_at(long, spec(calibration=calibration), DATE).to_json()
    assert first == fit.fit_at(other, spec(calibration=calibration), DATE).to_json()


def test_a_shared_cache_changes_nothing(long):
    alone = fit.fit_at(long, spec(calibration="stack"), DATE).to_json()
    cache = stacking.FitCache()
    assert fit.fit_at(long, spec(calibration="stack"), DATE, cache).to_json() == alone
    assert len(cache)
    assert fit.fit_at(long, spec(calibration="stack"), DATE, cache).to_json() == alone


def test_folds_at_work_together_fit_an_inner_model_once(long, monkeypatch):
    one, made, cache = fit.fit_one, [], stacking.FitCache()

    def counted(dataset, spec, date, rows):
        made.append((spec.to_json(), date))
        return one(dataset, spec, date, rows)

    monkeypatch.setattr(fit, "fit_one", counted)
    dates = [DATE, DATE + pd.Timedelta(weeks=1)]  # two folds with the same inner refits
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda date: fit.fit_at(long, spec(calibration="stack"), date, cache), dates))
    inner = [one for one in made if one[1] not in dates]
    assert inner
    assert len(inner) == len(set(inner))


def test_noise_is_shrunk_and_knowledge_is_not(long):
    shrunk = fit.fit_at(long, spec(calibration="climatology"), DATE)
    towards_markov = fit.fit_at(long, spec(calibration="markov"), DATE)
    assert shrunk.part.weights[1] > 0.3  # a logit on noise and five small trees know little
    assert towards_markov.part.weights[1] > shrunk.part.weights[1]  # the regime column tells of breakdowns here
    p = predict(shrunk, long.X.iloc[-5:])
    np.testing.assert_allclose(p.sum(axis=1), 1.0)


def test_inner_dates_by_hand(long):
    got = splits.inner_dates(long, spec(), pd.Timestamp("1996-06-07"))
    # Ten years after 1970-01-02, then every five: the first Friday on or after each 2 January.
    assert list(got) == [pd.Timestamp(day) for day in ("1980-01-04", "1985-01-04", "1990-01-05", "1995-01-06")]
    assert not len(splits.inner_dates(long, spec(), pd.Timestamp("1979-06-01")))


def test_mixture_weights_maximise_the_posterior():
    rng = np.random.default_rng(0)
    p = rng.beta(2, 4, size=(3, 400))
    p[0] += 0.1
    months = 90.0

    def minus(free):
        w = np.exp(free) / np.exp(free).sum()
        return -(months * np.log(w @ p).mean() + stacking.PRIOR_MONTHS / 3 * np.log(w).sum())

    best = minimize(
        minus, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000}
    ).x
    np.testing.assert_allclose(stacking.mixture_weights(p, months), np.exp(best) / np.exp(best).sum(), atol=1e-4)


def test_uniqueness_equals_a_slow_count():
    dates = calendar.decision_dates(pd.Timestamp("2019-11-01"), pd.Timestamp("2020-03-01"))
    ends = pd.DatetimeIndex([calendar.session_after(day, 21) for day in dates])
    every = calendar.sessions(dates[0], ends[-1])
    lives = [[day for day in every if start < day <= end] for start, end in zip(dates, ends, strict=True)]
    alive = {day: sum(day in life for life in lives) for day in every}
    slow = np.array([np.mean([1 / alive[day] for day in life]) for life in lives])
    np.testing.assert_allclose(sample_weights.uniqueness(dates, ends), slow / slow.mean())


def test_rows_lose_half_their_weight():
    dates = pd.DatetimeIndex(["1980-01-04", "1990-01-05"])
    got = sample_weights.recency(dates, pd.Timestamp("2000-01-07"), 10.0)
    assert got[1] / got[0] == pytest.approx(2.0, rel=1e-3)


def test_a_young_feature_waits(long):
    X = long.X.copy()
    X.loc[:"1998-01-01", "noise"] = np.nan
    young = dataclasses.replace(long, X=X)
    at = {years: fit.fit_at(young, spec(min_history_years=years), DATE).features for years in (5.0, 10.0)}
    assert "noise" in at[5.0]
    assert "noise" not in at[10.0]


def test_a_window_shorter_than_the_patience_asks_most_of_itself(long):
    X = long.X.copy()
    X.iloc[:80, X.columns.get_loc("noise")] = np.nan
    document = fit.fit_at(dataclasses.replace(long, X=X), spec(min_history_years=10), pd.Timestamp("1976-01-02"))
    assert "vol_regime" in document.features
    assert "noise" not in document.features


def test_a_monotone_feature_must_exist(long):
    wrong = ModelSpec(estimator="staged", train_start="1970-01-01", monotone={"moon_phase": 1})
    with pytest.raises(RegimeError, match="moon_phase"):
        fit.fit_at(long, wrong, DATE)


def test_weighted_rows_count(long):
    plain, weighted = (fit.fit_at(long, spec(half_life_years=years), DATE) for years in (0.0, 2.0))
    assert plain.part.members != weighted.part.members
