"""What a fit may learn inside its training window: weights of members, of rows, and columns."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from features import dataset
from features.data.errors import RegimeError
from features.dataset import FAMILY_OF
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


def test_the_columns_an_estimator_sees_are_those_of_its_families(toy):
    """Chosen by hand: two families in, one feature out; the baselines' columns never."""
    names = ["vix", "slope_10y2y", "hy_oas", "broad_vol_21"]
    X = pd.DataFrame(1.0, toy.X.index, [name for name in names if name in FAMILY_OF] + ["last_outcome"])
    data = dataclasses.replace(toy, X=X)
    family = {name: FAMILY_OF[name] for name in X.columns if name != "last_outcome"}
    assert len(set(family.values())) >= 2
    for wanted in sorted(set(family.values())):
        seen = fit.chosen_features(data, ModelSpec(families=(wanted,)))
        assert seen == [name for name in family if family[name] == wanted]
        left = [name for name in family if family[name] != wanted]
        assert fit.chosen_features(data, ModelSpec(exclude=(wanted,))) == left
    one = next(iter(family))
    assert fit.chosen_features(data, ModelSpec(exclude=(one,))) == [name for name in family if name != one]
    assert fit.chosen_features(data, ModelSpec()) == list(family)
    with pytest.raises(RegimeError, match="unknown feature or family 'moon'"):
        fit.chosen_features(data, ModelSpec(families=("moon",)))
    with pytest.raises(RegimeError, match="leave no feature"):
        fit.chosen_features(data, ModelSpec(families=(family[one],), exclude=(family[one],)))


@pytest.mark.parametrize(
    ("rows_per_year", "missing", "lives"),
    [(52, 1, True), (52, 7, True), (52, 8, False), (12, 1, True), (12, 2, False)],
)
def test_a_feature_lives_while_one_of_its_last_rows_has_a_value(toy, rows_per_year, missing, lives):
    X = toy.X.copy()
    at = 300
    X.iloc[at - missing + 1 : at + 1, X.columns.get_loc("noise")] = np.nan
    data = dataclasses.replace(toy, X=X, rows_per_year=rows_per_year)
    assert ("noise" in fit.live_features(data, X.index[at])) == lives
    later = X.copy()  # a value after the date does not bring it back, nor does its absence take it away
    later.iloc[at + 1 :, X.columns.get_loc("noise")] = np.nan if lives else 1.0
    assert fit.live_features(dataclasses.replace(data, X=later), X.index[at]) == fit.live_features(data, X.index[at])


def test_the_head_by_slow_counts(long):
    model = fit.fit_at(long, ModelSpec(estimator="logit2", train_start="1970-01-01"), DATE)
    rows = [i for i, end in enumerate(long.label_end) if end < DATE]
    assert model.rows == len(rows)
    assert model.fitted_at == "2005-03-04"
    counts = [sum(long.outcome.iloc[i] == name for i in rows) for name in long.outcomes]
    assert model.base == tuple(count / len(rows) for count in counts)
    low, high = np.quantile(long.X["noise"].iloc[rows], [0.01, 0.99])
    assert model.ranges["noise"] == pytest.approx((low, high))
    assert "last_outcome" not in model.ranges


def test_too_few_rows_are_said(toy):
    spec = ModelSpec(estimator="climatology", train_start=str(toy.X.index[0].date()))
    ends = toy.label_end.sort_values()
    date = next(day for day in toy.X.index if (ends < day).sum() == 200)
    assert fit.fit_at(toy, spec, date).rows == 200
    before = toy.X.index[toy.X.index < date][-1]
    with pytest.raises(RegimeError, match=r"199 training weeks before .* at least 200"):
        fit.fit_at(toy, spec, before)


def test_a_feature_lives_in_the_first_rows_too(toy):
    X = toy.X.copy()
    X.iloc[1:, X.columns.get_loc("noise")] = np.nan
    data = dataclasses.replace(toy, X=X)
    assert "noise" in fit.live_features(data, X.index[7])  # eight rows, the first of them with a value
    assert "noise" in fit.live_features(data, X.index[3])
    assert "noise" not in fit.live_features(data, X.index[8])


def test_a_fit_reads_what_was_published_by_its_date(long, monkeypatch):
    """A source published in 1995 is read with its history from then on, and not at all before."""
    monkeypatch.setattr(dataset, "PUBLISHED_SINCE", {"noise": pd.Timestamp("1995-06-01")})
    poisoned = dataclasses.replace(long, X=long.X.assign(noise=1e6))
    published = spec(as_published=True, calibration="none", min_history_years=1.0)
    before, after = pd.Timestamp("1995-05-26"), pd.Timestamp("1995-06-02")
    first, other = (fit.fit_at(data, published, before) for data in (long, poisoned))
    assert first.to_json() == other.to_json()
    assert "noise" not in first.features
    plain = spec(calibration="none", min_history_years=1.0)
    assert fit.fit_at(long, published, after).to_json() == fit.fit_at(long, plain, after).to_json()
    assert "noise" in fit.fit_at(long, plain, before).features


def test_members_are_weighed_by_independent_months(long, monkeypatch):
    """Twelve months hold 52 weekly predictions."""
    seen = []
    weigh = fit.mixture_weights
    monkeypatch.setattr(
        fit, "mixture_weights", lambda p, months: (seen.append((p.shape[1], months)), weigh(p, months))[1]
    )
    fit.fit_at(long, spec(calibration="climatology"), DATE)
    ((weeks, months),) = seen
    assert weeks > 500
    assert months == pytest.approx(weeks * 12 / 52)


def test_a_model_of_one_member_is_that_member(long):
    alone = fit.fit_at(long, ModelSpec(estimator="logit2", train_start="1970-01-01"), DATE)
    assert alone.part.type == "logit"
    two = fit.fit_at(long, spec(calibration="none"), DATE)
    assert two.part.type == "mixture"
    assert two.part.weights == (0.5, 0.5)


def test_each_estimator_is_fitted_by_its_own_algorithm(long):
    staged = ModelSpec(estimator="staged", train_start="1970-01-01", params=CHEAP, monotone={"noise": 1})
    assert fit.fit_at(long, staged, DATE).part.type == "staged"


def test_baselines_weigh_every_row_alike(long):
    """Recency is for estimators that take weights: climatology stays the plain share of each outcome."""
    model = fit.fit_at(long, ModelSpec(estimator="climatology", train_start="1970-01-01", half_life_years=1.0), DATE)
    assert model.part.probabilities == pytest.approx(model.base)


def test_a_column_that_is_not_there_is_named(long):
    with pytest.raises(RegimeError, match=r"'logit2' needs the column 'broad_vol_21'"):
        fit.fit_at(
            dataclasses.replace(long, X=long.X.drop(columns="broad_vol_21")),
            ModelSpec(estimator="logit2", train_start="1970-01-01"),
            DATE,
        )


@pytest.mark.parametrize(("known", "years", "seen"), [(1, 0.0, True), (52, 1.0, True), (51, 1.0, False)])
def test_just_enough_history_is_enough(long, known, years, seen):
    X = long.X.copy()
    rows = np.flatnonzero(splits.training_rows(long, spec(), DATE))
    place = X.columns.get_loc("noise")
    X.iloc[: rows[-1] + 1 - known, place] = np.nan
    data = dataclasses.replace(long, X=X)
    names = fit._columns(data, spec(min_history_years=years), DATE, splits.training_rows(data, spec(), DATE))
    assert ("noise" in names) == seen


def test_row_weights_by_hand(long):
    """Uniqueness and recency multiply; one alone stands for itself, and neither is no weights at all."""
    rows = np.zeros(len(long.X), bool)
    rows[[0, 1, 60]] = True
    dates, ends = long.X.index[rows], pd.DatetimeIndex(long.label_end[rows])
    halves = 0.5 ** (np.array([(DATE - day).days for day in dates]) / 365.25 / 2.0)
    own = sample_weights.uniqueness(dates, ends)
    assert own[2] > own[0]  # two labels overlap, the third lives alone
    both = fit._weights(long, spec(weighting="uniqueness", half_life_years=2.0), DATE, rows)
    np.testing.assert_allclose(both, own * halves / halves.mean())
    np.testing.assert_allclose(
        fit._weights(long, spec(weighting="none", half_life_years=2.0), DATE, rows), halves / halves.mean()
    )
    np.testing.assert_allclose(fit._weights(long, spec(weighting="uniqueness", half_life_years=0.0), DATE, rows), own)
    assert fit._weights(long, spec(weighting="none", half_life_years=0.0), DATE, rows) is None


def test_ranges_are_kept_only_where_they_are_asked_for(long):
    assert fit.fit_at(long, spec(), DATE).ranges
    assert fit.fit_at(long, spec(), DATE, with_ranges=False).ranges == {}


def test_an_infinite_value_is_named_by_its_column(long):
    X = long.X.copy()
    last = fit.chosen_features(long, spec())[-1]
    X.loc[X.index[100], last] = np.inf
    with pytest.raises(RegimeError, match=f"^{last} has an infinite value"):
        fit.fit_at(dataclasses.replace(long, X=X), spec(), DATE)
