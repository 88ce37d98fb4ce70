"""A champion that dies in office is followed by what the rule gives, on stored predictions carried on to today."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features import dataset
from features.data.paths import home
from models.spec import PROTOCOL, ModelSpec, baseline
from models.tracking import connection, loader, registry, trial_ledger
from serving import call_context, succession
from serving.call_context import CallContext
from tests.support.weekly_noise import SPEC as NOISE
from tests.support.weekly_noise import made
from training.walkforward import walk_forward

DATES = pd.date_range("2000-01-07", periods=900, freq="W-FRI")
TRUTH = np.random.default_rng(0).choice(list(dataset.OUTCOMES), len(DATES))
SPEC = ModelSpec(**PROTOCOL)


@pytest.fixture(autouse=True)
def _rooms(mlruns, home):
    """A registry and a home of their own."""


def table(skill, later=None):
    """Probabilities that lean towards what happened by `skill`, and by `later` in the last thirteen years."""
    lean = np.where(DATES < "2004", skill, skill if later is None else later)
    lean = lean + 0.03 * np.random.default_rng(int(1000 * skill)).standard_normal(len(DATES))
    p = {name: np.where(name == TRUTH, 1 / 3 + lean, 1 / 3 - lean / 2) for name in dataset.OUTCOMES}
    columns = {f"p_{name}": values for name, values in p.items()} | {f"base_{name}": 1 / 3 for name in p}
    return pd.DataFrame({"date": DATES, "outcome": TRUTH.astype(object), **columns})


@connection.translate_errors
def logged(kind, predictions, **tags):
    """A registered version with its kept predictions and its ledger entry (no model's files: aliases move names)."""
    with connection.open_mlflow().start_run() as run:
        pass
    run_id = run.info.run_id
    spec = SPEC if kind == "lightgbm" else baseline(SPEC, kind)
    named = {"kind": kind, "spec": spec.to_json(), "source": "folder", "legs": "us", "gate": "before"} | tags
    version = registry.register("regime", f"runs:/{run_id}/model", run_id, named)
    folder = home() / "predictions" / run_id
    folder.mkdir(parents=True)
    predictions.to_parquet(folder / "predictions.parquet", index=False)
    trial_ledger.add([trial_ledger.entry_of(kind, spec, "d", "folder", predictions)])
    return version


def office(monkeypatch, champion):
    """Put a version in office, over data whose outcomes are `TRUTH`; what the calls of a week share."""
    registry.set_alias("regime", "champion", champion)
    at = loader.pointer("regime", "champion")
    held = registry.Registered("regime", at.version, None, at.tags, at.run_id)
    snapshot = SimpleNamespace(source="folder", legs="us")
    X = pd.DataFrame({"x": 0.0}, DATES)
    data = dataset.Dataset(
        X, pd.Series(TRUTH, DATES, dtype=object), pd.Series(DATES, DATES), X["x"] < 0, "path", "d", "folder", "us"
    )
    monkeypatch.setattr(call_context, "build", lambda *_: data)
    return CallContext(snapshot, "regime", held, held)


def test_a_dead_champion_is_followed_by_the_simplest_that_lives(monkeypatch):
    logged("climatology", table(0.0))
    dead = logged("logit2", table(0.08, -0.03))
    alive = logged("markov", table(0.03))
    context = office(monkeypatch, dead)
    found = succession.follow_the_dead(context)
    assert (found.died, found.champion) == (f"logit2 (version {dead})", "markov")
    at = loader.pointer("regime", "champion")
    assert at.version == alive
    assert at.tags[succession.SUCCESSION] == found.reason
    assert found.reason.endswith("markov is what the rule then gives")
    assert " died on 20" in found.reason


def test_nobody_follows_where_nobody_has_earned_it(monkeypatch):
    logged("climatology", table(0.0))
    dead = logged("markov", table(0.08, -0.03))
    context = office(monkeypatch, dead)
    found = succession.follow_the_dead(context)
    assert found.champion is None
    assert loader.pointer("regime", "champion") is None
    assert found.reason.endswith("no evidence")


def test_a_model_that_looked_like_a_leak_does_not_follow(monkeypatch):
    logged("climatology", table(0.0))
    logged("lightgbm", table(0.3), gate_passed="suspicious")
    context = office(monkeypatch, logged("markov", table(0.08, -0.03)))
    assert succession.follow_the_dead(context).champion is None


def test_the_living_and_those_set_by_a_person_stay(monkeypatch):
    logged("climatology", table(0.0))
    context = office(monkeypatch, logged("markov", table(0.03)))
    assert succession.follow_the_dead(context) is None
    person = logged("logit2", table(0.08, -0.03), override="the desk wants it")
    context = office(monkeypatch, person)
    assert succession.follow_the_dead(context) is None
    assert loader.pointer("regime", "champion").version == person


def test_without_stored_predictions_nothing_is_judged(monkeypatch):
    version = logged("markov", table(0.08, -0.03))
    context = office(monkeypatch, version)
    kept = home() / "predictions" / loader.pointer("regime", "champion").run_id / "predictions.parquet"
    kept.unlink()
    assert succession.follow_the_dead(context) is None


def test_a_stored_walk_forward_carried_on_is_the_whole_one():
    data, spec = made(700), baseline(NOISE, "logit2")
    whole, _ = walk_forward(data, spec, cached=False)
    folder = home() / "predictions" / "run"
    folder.mkdir(parents=True)
    early = whole.iloc[:-60].assign(outcome=lambda table: table["outcome"].where(table.index < table.index[-4]))
    early.to_parquet(folder / "predictions.parquet", index=False)
    context = CallContext(None, "regime", None, None)
    found = succession.carried_on("run", spec, data, context)
    matured = whole[whole["outcome"].notna()].reset_index(drop=True)
    columns = [name for name in found if name != "outcome"]
    pd.testing.assert_frame_equal(found[columns], matured[columns], check_dtype=False)
    assert list(found["outcome"]) == list(matured["outcome"])
    losses, base = succession.losses_of(found)
    assert losses.index.equals(base.index)
    assert base.iloc[-1] == pytest.approx(-np.log(matured[f"base_{matured['outcome'].iloc[-1]}"].iloc[-1]))
