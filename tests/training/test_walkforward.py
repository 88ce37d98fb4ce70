"""The walk-forward is the same for any number of workers, from the cache, and a week later."""

import dataclasses
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features import dataset
from features.data import cache
from features.dataset import OUTCOMES, Dataset
from models import direction, fingerprint, fit, predictor, splits
from models.evaluation import words
from tests.support.weekly_noise import SPEC, made, same
from training import fold_cache, walkforward
from training.walkforward import walk_forward


@pytest.fixture(scope="module")
def data():
    return made(700)


@pytest.fixture
def fits(monkeypatch):
    """The dates of the fits that are made."""
    dates = []
    monkeypatch.setattr(
        walkforward,
        "fit_at",
        lambda dataset, spec, date, *_, **k: (dates.append(date), fit.fit_at(dataset, spec, date, *_, **k))[1],
    )
    return dates


def test_any_number_of_workers_gives_the_same_bits(data):
    alone = walk_forward(data, SPEC, 1, cached=False)
    same(alone, walk_forward(data, SPEC, 3, cached=False))
    assert len(alone[0]) == (data.X.index >= pd.Timestamp("1994-01-06")).sum()


def test_a_fold_is_a_fit_and_its_predictions(data):
    """The slow obvious loop, week by week."""
    table, _ = walk_forward(data, SPEC, cached=False)
    dates = splits.refit_dates(data, SPEC)
    for row in table.iloc[:: len(table) // 7].to_dict("records"):
        document = fit.fit_at(data, SPEC, dates[dates <= row["date"]][-1])
        want = predictor.predict(document, data.X.loc[[row["date"]]])[0]
        assert [row[f"p_{name}"] for name in OUTCOMES] == want.tolist()


class Later:
    """The data as they could be had: until 2000 without the first five years and with other values of a column."""

    def __init__(self, data):
        early = dataclasses.replace(data, X=data.X.assign(noise=-data.X["noise"]))
        rows = {name: getattr(early, name).iloc[260:] for name in ("X", "outcome", "label_end", "faltering")}
        self.before, self.after = dataclasses.replace(early, **rows), data

    def at(self, date):
        return self.before if date <= pd.Timestamp("2000-01-01") else self.after


def test_what_was_published_is_one_computation_in_fold_and_replay(monkeypatch):
    """Fold, kept fold and a past week's call: fit and row as they stood at the refit, before and after a change."""
    monkeypatch.setattr(dataset, "PUBLISHED_SINCE", {"vol_regime": pd.Timestamp("1998-01-01")})
    plain = made(1100)
    data, spec = dataclasses.replace(plain, then=Later(plain)), SPEC.replace(as_published=True, blend=("logit-all",))
    first = walk_forward(data, spec)
    same(first, walk_forward(data, spec))
    same(first, walk_forward(data, spec, 3, cached=False))
    refits, seen = splits.refit_dates(data, spec), set()
    for row in first[0].iloc[::13].to_dict("records"):
        refit = refits[refits <= row["date"]][-1]
        model, then = fit.fit_at(data, spec, refit), fit.seen_by(data, spec, refit)
        want = predictor.predict(model, then.X.loc[[row["date"]]])[0]
        assert [row[f"p_{name}"] for name in OUTCOMES] == want.tolist()
        seen.add(("vol_regime" in model.features, model.rows > 800))
    assert len(seen) >= 3  # before the column, with it, and with the older rows
    # What came in 2000 is not in any fold before: other values of it change nothing there.
    other = dataclasses.replace(plain, X=plain.X.assign(noise=7.0))
    changed = dataclasses.replace(other, then=Later(plain))
    changed.then.after = other
    table = walk_forward(changed, spec, cached=False)[0]
    early = table["refit"] <= pd.Timestamp("2000-01-01")
    pd.testing.assert_frame_equal(table[early], first[0][early])
    assert not table[~early].equals(first[0][~early])


def test_a_repeated_run_fits_nothing_and_gives_the_same_bits(data, fits):
    first = walk_forward(data, SPEC)
    assert fits == list(splits.refit_dates(data, SPEC))
    fits.clear()
    same(first, walk_forward(data, SPEC, 2))
    assert fits == []
    same(first, walk_forward(data, SPEC, 1, cached=False))


def test_a_fold_returns_what_is_used(data, monkeypatch):
    """Its table; the model, with the ranges of its features, from the last fold alone."""
    ranged, ranges = [], fit._ranges
    monkeypatch.setattr(fit, "_ranges", lambda X: ranged.append(len(X)) or ranges(X))
    starts = splits.refit_dates(data, SPEC)
    folds = list(walkforward.fitted_folds(data, SPEC, walkforward.spans(starts), 2))
    assert [model is None for _, model in folds] == [True] * (len(starts) - 1) + [False]
    assert len(ranged) == 1
    assert folds[-1][1].to_json() == fit.fit_at(data, SPEC, starts[-1]).to_json()
    walk_forward(data, SPEC)
    assert len(list(cache.folder("folds").glob(f"*{fold_cache.MODEL}"))) == 1
    assert len(list(cache.folder("folds").glob(f"*{fold_cache.TABLE}"))) == len(starts)


def test_the_week_after_recomputes_the_last_fold_only(data, fits):
    walk_forward(data, SPEC)
    fits.clear()
    later = made(701)
    got = walk_forward(later, SPEC)
    assert fits == [splits.refit_dates(later, SPEC)[-1]]
    same(got, walk_forward(later, SPEC, cached=False))


@pytest.mark.parametrize("change", ["feature", "outcome", "spec", "outcome_not_seen"])
def test_what_a_fold_depends_on_is_in_its_key(data, fits, change):
    starts = splits.refit_dates(data, SPEC)
    place = data.X.index.get_loc(starts[4]) - 10
    walk_forward(data, SPEC)
    fits.clear()
    X, outcome, spec = data.X.copy(), data.outcome.copy(), SPEC
    if change == "feature":  # in the test rows of fold 3: that fold, and all that train on it
        X.iloc[place, 3] += 1e-12
    elif change == "outcome":
        outcome.iloc[place] = next(name for name in OUTCOMES if name != outcome.iloc[place])
    elif change == "spec":
        spec = SPEC.replace(seed=8)
    else:  # its label ends on the day of the decision of the last fold: no fold trains on it
        row = np.flatnonzero((data.label_end >= starts[-1]).to_numpy())[0]
        outcome.iloc[row] = pd.NA
    other = dataclasses.replace(data, X=X, outcome=outcome)
    got = walk_forward(other, spec)
    want = {"feature": starts[3:], "outcome": starts[4:], "spec": starts, "outcome_not_seen": starts[:0]}[change]
    assert fits == list(want)
    same(got, walk_forward(other, spec, cached=False))


def test_another_program_or_library_makes_other_keys(data, fits, monkeypatch):
    walk_forward(data, SPEC)
    fits.clear()
    monkeypatch.setattr(fingerprint, "environment", lambda: "another")
    walk_forward(data, SPEC)
    assert len(fits) == len(splits.refit_dates(data, SPEC))


@pytest.mark.parametrize("module", [walkforward, direction, words])
def test_a_change_of_what_makes_a_table_of_a_fit_makes_other_keys(data, fits, monkeypatch, module):
    walk_forward(data, SPEC)
    fits.clear()
    changed, read = Path(module.__file__), Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + b"#" * (path == changed))
    walk_forward(data, SPEC)
    assert len(fits) == len(splits.refit_dates(data, SPEC))


def test_the_program_of_a_fit_is_followed_through_its_imports():
    names = {path.relative_to(fingerprint.TOP).as_posix() for path in fingerprint.program_files()}
    wanted = ("fit", "estimators", "predictor", "spec", "sample_weights", "fitted", "splits", "stacking")
    assert {f"models/{name}.py" for name in wanted} <= names
    assert {"features/blas.py", "features/data/calendar.py"} <= names
    assert not [name for name in names if name.startswith(("models/tracking/", "models/evaluation/"))]


@pytest.mark.parametrize("suffix", [fold_cache.TABLE, fold_cache.MODEL])
def test_a_damaged_entry_is_computed_anew_and_said(data, fits, caplog, suffix):
    first = walk_forward(data, SPEC)
    fits.clear()
    last = max(cache.folder("folds").glob(f"*{suffix}"), key=lambda path: path.stat().st_mtime_ns)
    last.write_bytes(last.read_bytes()[:-20])
    with caplog.at_level(logging.WARNING):
        same(first, walk_forward(data, SPEC))
    assert len(fits) == 1
    assert "does not verify" in caplog.text
    caplog.clear()
    same(first, walk_forward(data, SPEC))
    assert (len(fits), caplog.text) == (1, "")


def test_the_cache_keeps_within_its_limit(data, fits, monkeypatch):
    walk_forward(data, SPEC)
    size = sum(path.stat().st_size for path in cache.folder("folds").iterdir())
    monkeypatch.setitem(cache.LIMITS, "folds", size // 2)
    walk_forward(data, SPEC.replace(seed=8))
    assert sum(path.stat().st_size for path in cache.folder("folds").iterdir()) <= size // 2
    fits.clear()
    walk_forward(data, SPEC)
    assert len(fits) == len(splits.refit_dates(data, SPEC))  # the older run went first


def test_a_cache_that_cannot_be_written_costs_no_result(data, home, caplog):
    home.mkdir()
    (home / "cache").write_text("a file where the directory should be")
    with caplog.at_level(logging.WARNING):
        got = walk_forward(data, SPEC)
    assert "not kept" in caplog.text
    same(got, walk_forward(data, SPEC, cached=False))


def test_a_prefix_digest_sees_the_past_and_nothing_else(data):
    dates = data.X.index[[300, 400, 500]]
    whole = fingerprint.digests(data, dates)
    assert len(set(whole)) == 3
    assert fingerprint.digests(data, dates[1:]) == whole[1:]
    date = dates[1]
    X, outcome = data.X.copy(), data.outcome.copy()
    X[X.index > date] = 1e6
    outcome[data.label_end >= date] = "breakdown"
    poisoned = dataclasses.replace(data, X=X, outcome=outcome, digest="other", source="live")
    assert fingerprint.digests(poisoned, dates) == [*whole[:2], fingerprint.digests(poisoned, dates)[2]]
    with pytest.raises(ValueError, match="ascend"):
        fingerprint.digests(data, dates[::-1])


def test_every_field_of_a_data_set_has_its_place_in_the_digest():
    named = {*fingerprint.DESCRIBING, *fingerprint.BY_ROW, *fingerprint.MATURING, *fingerprint.LEFT_OUT}
    assert named == {field.name for field in dataclasses.fields(Dataset)}


def test_quantiles_equal_numpys():
    rng = np.random.default_rng(0)
    values = np.where(rng.random((50, 7)) < 0.4, np.nan, rng.normal(size=(50, 7)))
    values[1:, 0] = np.nan
    values[0, 0] = 1.0
    want = np.nanquantile(values, [0.01, 0.99], axis=0)
    np.testing.assert_allclose(fit._quantiles(values, (0.01, 0.99)), want, rtol=0, atol=1e-15)
