"""A champion that dies in office is followed by what the rule gives, on stored predictions carried on to today."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features import dataset
from features.data.paths import home
from models.evaluation import metrics
from models.spec import PROTOCOL, ModelSpec, baseline
from models.tracking import (
    connection,
    loader,
    logged_runs,
    promotion,
    registry,
    stored_predictions,
    tidy,
    trial_ledger,
)
from models.tracking.relocation import EXPERIMENT
from models.tracking.shared_view import NOTE_TAG
from serving import call_context, contenders, succession
from serving.call_context import CallContext
from tests.support.logged_experiments import decided
from tests.support.predictions import experiment_of, returns
from tests.support.weekly_noise import SPEC as NOISE
from tests.support.weekly_noise import made
from training import gate_case, run_logger
from training.gate_types import GateOutcome, Leak
from training.walkforward import walk_forward

DATES = pd.date_range("2000-01-07", periods=900, freq="W-FRI")
TRUTH = np.random.default_rng(0).choice(list(dataset.OUTCOMES), len(DATES))
SPEC = ModelSpec(**PROTOCOL)


pytestmark = pytest.mark.usefixtures("mlruns")


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch):
    """The pictures of a run take seconds, and nobody looks at them here."""
    monkeypatch.setattr(run_logger, "figures_of", lambda *_: {})


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


def office(monkeypatch, champion, **tags):
    """Put a version in office, over data whose outcomes are `TRUTH`."""
    registry.set_alias("regime", "champion", champion, tags)
    at = loader.pointer("regime", "champion")
    held = registry.Registered("regime", at.version, None, at.tags, at.run_id)
    return today(monkeypatch, held, held)


def today(monkeypatch, champion, challenger):
    """What the calls of a week share, over data whose outcomes are `TRUTH`."""
    snapshot = SimpleNamespace(source="folder", legs="us")
    X = pd.DataFrame({"x": 0.0}, DATES)
    data = dataset.Dataset(
        X, pd.Series(TRUTH, DATES, dtype=object), pd.Series(DATES, DATES), X["x"] < 0, "path", "d", "folder", "us"
    )
    monkeypatch.setattr(call_context, "build", lambda *_: data)
    return CallContext(snapshot, "regime", champion, challenger)


def trained(toy, tables, champion, outcome=GateOutcome.PASSED, name="default"):
    """An experiment delivered as a training delivers it, the candidate first; returns run id and version by model."""
    made = experiment_of(toy, tuple(tables), name)
    more = {"volatility": 0.1, "faltering": False}
    runs = []
    for run in made.runs:
        whole = tables[run.name].assign(**more)
        spec = SPEC if run.name == "lightgbm" else baseline(SPEC, run.name)
        runs.append(replace(run, predictions=whole, spec=spec, scores=metrics.evaluate(whole) | {"train_seconds": 1.0}))
    names = set.intersection(*(set(run.scores) for run in runs))
    runs = [replace(run, scores={key: run.scores[key] for key in names}) for run in runs]
    X = pd.DataFrame(np.resize(toy.X.to_numpy(), (len(DATES), toy.X.shape[1])), DATES, toy.X.columns)
    data = replace(made.dataset, X=X, returns=returns(tables["climatology"]))
    experiment = replace(made, dataset=data, candidate=runs[0], baselines=tuple(runs[1:]))
    gate_case.judge(experiment)  # adds to the ledger
    decision = replace(
        decided(champion, outcome), fallback=champion, leak=Leak.SKILL if outcome is GateOutcome.SUSPICIOUS else None
    )
    logged = run_logger.log(experiment, decision)
    for run in experiment.runs:
        run_logger.keep_predictions(logged[run.name][0], run.predictions)
    return logged


def in_registry(monkeypatch):
    """Today, with what the registry holds."""
    champion, challenger = (loader.registered("regime", alias) for alias in ("champion", "challenger"))
    return today(monkeypatch, champion, challenger or champion)


DYING = {"lightgbm": (0.0, -0.01), "logit2": (0.08, -0.03), "markov": (0.03, None), "climatology": (0.0, None)}


def tables_of(**instead):
    return {kind: table(*skills) for kind, skills in (DYING | instead).items()}


def test_a_baseline_without_a_version_follows_and_gets_one(toy, monkeypatch):
    logged = trained(toy, tables_of(), "logit2")
    assert {kind: bool(version) for kind, (_, version) in logged.items()} == {
        "lightgbm": True,
        "logit2": True,
        "markov": False,
        "climatology": False,
    }
    context = in_registry(monkeypatch)
    found = succession.follow_the_dead(context)
    assert (found.died, found.champion) == (f"logit2 (version {logged['logit2'][1]})", "markov")
    at = loader.registered("regime", "champion")  # its text is verified too
    assert at.run_id == logged["markov"][0]
    assert at.tags["gate"].startswith("markov is what the rule gives since logit2 (version ")
    assert {"skill", "skill_p", "legs", "digest", "made"} <= at.tags.keys()  # what a call reads of it
    client = connection.client()
    verdicts = {kind: client.get_run(run).data.tags["gate_verdict"] for kind, (run, _) in logged.items()}
    assert (verdicts["logit2"], verdicts["markov"]) == ("former champion", "champion")
    note = client.get_experiment_by_name(EXPERIMENT).tags[NOTE_TAG]
    assert note.startswith("**[regime](#/models/regime)** Current champion: [baseline markov]")
    context = in_registry(monkeypatch)
    assert succession.follow_the_dead(context) is None  # the successor lives


def test_a_candidate_that_follows_counts_as_passed_at_the_next_training(toy, monkeypatch):
    logged = trained(toy, tables_of(lightgbm=(0.11, None)), "logit2")
    assert loader.pointer("regime", "challenger").tags["gate_passed"] == "false"
    context = in_registry(monkeypatch)
    assert succession.follow_the_dead(context).champion == "lightgbm"
    assert loader.pointer("regime", "champion").version == logged["lightgbm"][1]
    present = gate_case.present("regime", trial_ledger.entries("folder", "path"), DATES, "champion")
    assert present.passed
    assert not present.baseline


def test_neither_a_suspicious_candidate_nor_what_ran_beside_it_follows(toy, monkeypatch):
    trained(toy, tables_of(lightgbm=(0.0, None), markov=(0.0, None)), "logit2")
    beside = {"lightgbm": (0.3, None), "logit-all": (0.2, None), "markov": (0.0, None)}
    leaking = trained(toy, tables_of(**beside), "logit2", GateOutcome.SUSPICIOUS, "leaking")
    assert connection.client().get_model_version("regime", leaking["lightgbm"][1]).tags["gate_passed"] == "suspicious"
    # The ridge that ran beside it is beside the challenger too: its run is shared.
    trained(toy, tables_of(lightgbm=(0.0, 0.001), **{"logit-all": (0.2, None), "markov": (0.0, None)}), "logit2")
    context = in_registry(monkeypatch)
    found = succession.follow_the_dead(context)
    assert found.champion is None
    assert found.reason.endswith(succession.NOBODY)


def test_predictions_are_fetched_and_what_cannot_be_had_is_said(toy, monkeypatch):
    logged = trained(toy, tables_of(), "logit2")
    for run_id, _ in logged.values():
        stored_predictions.path_of(run_id).unlink()
    context = in_registry(monkeypatch)
    assert succession.follow_the_dead(context).champion == "markov"  # from MLflow
    registry.set_alias("regime", "champion", logged["logit2"][1])
    run_id = logged["climatology"][0]
    stored_predictions.path_of(run_id).unlink()
    (artifact,) = (home().parent / "runs of mine" / "artifacts" / run_id).rglob("predictions.parquet")
    artifact.unlink()
    context = in_registry(monkeypatch)
    found = succession.follow_the_dead(context)
    assert found.champion is None
    assert found.reason.endswith(succession.UNKNOWN)
    assert loader.pointer("regime", "champion") is None
    assert loader.pointer("regime", "challenger").tags[registry.SUCCESSION] == found.reason


def test_runs_that_are_gone_are_passed_over(toy):
    logged = trained(toy, tables_of(), "logit2")
    run_id = logged["markov"][0]
    connection.client().delete_run(run_id)
    asked = [run_id, logged["climatology"][0], "0" * 32]
    assert set(logged_runs.tags_of(asked)) == {logged["climatology"][0]}
    assert logged_runs.tags_of([]) == {}


def test_what_a_person_set_ends_when_another_follows_and_stays_on_record(toy, monkeypatch):
    logged = trained(toy, tables_of(), "logit2")
    promotion.promote(logged["lightgbm"][0], "the desk wants it")
    assert registry.OVERRIDE in loader.pointer("regime", "champion").tags
    trained(toy, tables_of(lightgbm=(0.0, 0.001)), "logit2")
    tags = connection.client().get_model_version("regime", logged["lightgbm"][1]).tags
    assert registry.OVERRIDE not in tags
    assert tags[registry.FORMER_OVERRIDE].startswith("the desk wants it (")
    (kept,) = tidy.remove_old_versions(0, dry_run=True)
    assert logged["lightgbm"][1] in kept.kept
    # The rule may set it again: then it is the rule's, and not a person's.
    registry.set_alias("regime", "champion", logged["lightgbm"][1])
    assert registry.OVERRIDE not in loader.pointer("regime", "champion").tags
    context = in_registry(monkeypatch)
    succession.follow_the_dead(context)
    promotion.promote(logged["markov"][0], "as before")
    assert registry.SUCCESSION not in loader.pointer("regime", "champion").tags


def test_a_dead_champion_is_followed_by_the_simplest_that_lives(monkeypatch):
    logged("climatology", table(0.0))
    dead = logged("logit2", table(0.08, -0.03))
    alive = logged("markov", table(0.03))
    context = office(monkeypatch, dead)
    found = succession.follow_the_dead(context)
    assert (found.died, found.champion) == (f"logit2 (version {dead})", "markov")
    at = loader.pointer("regime", "champion")
    assert at.version == alive
    assert at.tags[registry.SUCCESSION] == found.reason
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
    person = logged("logit2", table(0.08, -0.03))
    context = office(monkeypatch, person, override="the desk wants it")
    assert succession.follow_the_dead(context) is None
    assert loader.pointer("regime", "champion").version == person


def test_without_stored_predictions_nothing_is_judged_and_that_is_said(monkeypatch):
    version = logged("markov", table(0.08, -0.03))
    context = office(monkeypatch, version)
    kept = home() / "predictions" / loader.pointer("regime", "champion").run_id / "predictions.parquet"
    kept.unlink()
    with pytest.raises(succession.NotJudgedError, match=r"markov \(version 1\) was not judged again: .* stays"):
        succession.follow_the_dead(context)
    assert loader.pointer("regime", "champion").version == version


def test_a_stored_walk_forward_carried_on_is_the_whole_one():
    data, spec = made(700), baseline(NOISE, "logit2")
    whole, _ = walk_forward(data, spec, cached=False)
    folder = home() / "predictions" / "run"
    folder.mkdir(parents=True)
    early = whole.iloc[:-60].assign(outcome=lambda table: table["outcome"].where(table.index < table.index[-4]))
    early.to_parquet(folder / "predictions.parquet", index=False)
    context = CallContext(None, "regime", None, None)
    found = contenders.carried_on("run", spec, data, context)
    matured = whole[whole["outcome"].notna()].reset_index(drop=True)
    columns = [name for name in found if name != "outcome"]
    pd.testing.assert_frame_equal(found[columns], matured[columns], check_dtype=False)
    assert list(found["outcome"]) == list(matured["outcome"])
    losses, base = contenders.losses_of(found)
    assert losses.index.equals(base.index)
    assert base.iloc[-1] == pytest.approx(-np.log(matured[f"base_{matured['outcome'].iloc[-1]}"].iloc[-1]))
