"""What is logged: the same names in every run, curves, pictures, a card, a verdict that follows the champion."""

import dataclasses
import os

import pandas as pd
import pytest

from models.estimators import COLORS
from models.evaluation import metrics
from models.fit import fit_at
from models.spec import LIGHTGBM_DEFAULTS, ModelSpec
from models.tracking import connection, registry, runs, specification
from models.tracking.relocation import EXPERIMENT
from tests.training.report.test_figures import returns, table
from training import leaderboard, run_logger
from training.report import gain_curves

REASON = "lightgbm: beats climatology and markov"


def log(toy, champion, name="default"):
    """Log an experiment of three models; returns run id and version by kind, and the tables."""
    specs = {
        kind: ModelSpec(estimator=kind, train_start="1980-01-01") for kind in ("lightgbm", "markov", "climatology")
    }
    tables = {kind: table(weeks=200, seed=place) for place, kind in enumerate(specs)}
    # As in life: the features cover the test weeks.
    X = toy.X.set_axis(pd.date_range(end=tables["markov"]["date"].iloc[-1], periods=len(toy.X), freq="W-FRI"))
    data = dataclasses.replace(toy, X=X, returns=returns(tables["markov"]))
    documents = {kind: fit_at(toy, spec, pd.Timestamp("1996-01-05")) for kind, spec in specs.items()}
    scores = {kind: metrics.evaluate(one) | {"train_seconds": 1.0} for kind, one in tables.items()}
    del scores["climatology"]["calibration_slope_breakdown"]  # a constant forecast has none
    aliases = {"champion": champion, "challenger": "lightgbm"}
    verdict = {"gate": REASON, "gate_tries": "12"}
    return run_logger.log(name, data, specs, tables, documents, scores, verdict, aliases, 'label = "path"\n'), tables


def artifacts(client, run):
    found = {item.path for item in client.list_artifacts(run)}
    return found | {item.path for item in client.list_artifacts(run, "pictures")}


def test_an_experiment_as_logged(toy):
    logged, tables = log(toy, "lightgbm")
    client = connection.client()
    logged_runs = {kind: client.get_run(run) for kind, (run, _) in logged.items()}
    assert len({tuple(sorted(run.data.metrics)) for run in logged_runs.values()}) == 1
    slope = "calibration_slope_breakdown"
    assert (
        logged_runs["climatology"].data.metrics[slope] != logged_runs["climatology"].data.metrics[slope]
    )  # NaN, not absent
    verdicts = {kind: run.data.tags["gate_verdict"] for kind, run in logged_runs.items()}
    assert verdicts == {"lightgbm": "champion", "markov": "baseline", "climatology": "baseline"}
    assert all(run.data.tags["gate"] == REASON for run in logged_runs.values())
    fields = set(specification.params_of(ModelSpec()))
    for kind, run in logged_runs.items():  # all of the specification, the baselines' too
        assert fields - {"params"} <= set(run.data.params), kind
    assert logged_runs["lightgbm"].data.params["params.max_depth"] == str(LIGHTGBM_DEFAULTS["max_depth"])
    assert logged_runs["markov"].data.params["exclude_revised"] == "True"
    ripe = tables["lightgbm"][tables["lightgbm"]["outcome"].notna()]
    for name in ("gain_over_climatology", "gain_over_markov"):
        curve = client.get_metric_history(logged["lightgbm"][0], name)
        assert curve[-1].step == int(ripe["date"].iloc[-1].strftime("%Y%m%d"))
        assert len(curve) == len(ripe)
    assert logged_runs["markov"].data.tags["mlflow.runColor"] == COLORS["markov"]
    whole = artifacts(client, logged["lightgbm"][0])
    always = {"predictions.parquet", "model_card.md", "experiment.toml", "dataset.json", "pictures"}
    drawn = {f"pictures/{name}.png" for name in ("reliability", "gain")}
    more = {f"pictures/{name}.png" for name in ("probabilities", "verdicts", "importance", "label")}
    assert always | drawn | more <= whole
    plain = artifacts(client, logged["markov"][0])
    assert always | drawn <= plain
    assert not more & plain
    version = client.get_model_version("regime", logged["lightgbm"][1])
    assert version.description.startswith("# lightgbm, label `path`: champion")
    assert "tried on these weeks: 12" in version.description
    assert logged_runs["lightgbm"].data.tags["mlflow.note.content"] == version.description

    _the_verdict_follows_the_champion(client, logged)
    _the_table_is_the_runs(logged)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert "viewStateShareKey=regime" in experiment.tags["mlflow.note.content"]


def _the_verdict_follows_the_champion(client, logged):
    run = {kind: one for kind, (one, _) in logged.items()}
    registry.set_alias("regime", "champion", logged["markov"][1])
    assert client.get_run(run["lightgbm"]).data.tags["gate_verdict"] == "former champion"
    assert client.get_run(run["markov"]).data.tags["gate_verdict"] == "champion"
    registry.set_alias("regime", "champion", None)
    assert client.get_run(run["markov"]).data.tags["gate_verdict"] == "former champion"


def _the_table_is_the_runs(logged):
    made = leaderboard.rows(runs.finished_runs(), [])
    assert {row["run_id"] for row in made} == {run for run, _ in logged.values()}
    skills = [row["log_loss_skill"] for row in made]
    assert skills == sorted(skills, reverse=True)
    assert {row["label"] for row in made} == {"path"}


@pytest.mark.parametrize(
    ("kind", "champion", "passed", "want"),
    [
        ("lightgbm", "lightgbm", "true", "champion"),
        ("lightgbm", "markov", "false", "challenger"),
        ("lightgbm", None, "suspicious", "refused"),
        ("markov", "markov", "false", "champion"),
        ("markov", None, "suspicious", "baseline"),
    ],
)
def test_standing(kind, champion, passed, want):
    aliases = {"champion": champion, "challenger": "lightgbm"}
    assert run_logger.standing(kind, "lightgbm", aliases, {"gate": "", "gate_passed": passed}) == want


def test_a_baseline_run_for_itself_stays_a_baseline():
    assert run_logger.standing("markov", "markov", {"challenger": "markov"}, {"gate": ""}) == "baseline"


def test_predictions_are_kept_in_the_users_directory(home):
    made = table(weeks=20)
    path = run_logger.keep_predictions("abc", made)
    assert str(path).startswith(os.environ["REGIME_HOME"])
    pd.testing.assert_frame_equal(pd.read_parquet(path), made)
    assert path.is_relative_to(home)


def test_no_curve_has_the_name_of_a_figure(toy):
    """MLflow shows the value of the latest step: a figure of the same name, logged at step 0, would be hidden."""
    _, tables = log(toy, "lightgbm")
    figures = metrics.evaluate(tables["lightgbm"]) | metrics.ahead_of(tables["lightgbm"], tables["markov"], "markov")
    assert not set(figures) & set(gain_curves.stepped(tables, "lightgbm"))
