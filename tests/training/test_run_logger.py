"""What is logged: the same names in every run, curves, figures, a card, a verdict that follows the champion."""

import json
import os
from dataclasses import replace

import pandas as pd
import pytest

from models.estimators import COLORS
from models.evaluation import metrics
from models.figures import gain_curves
from models.spec import LIGHTGBM_DEFAULTS, ModelSpec
from models.tracking import connection, front_page, logged_runs, promotion, registry, runs, spec_params
from models.tracking.relocation import EXPERIMENT
from tests.support.logged_experiments import REASON, decided, log
from tests.support.predictions import experiment_of, table
from training import gate, leaderboard, run_logger, run_names
from training.gate_types import Decision, GateOutcome
from training.standing import Standing, aliases, standing_of


def artifacts(client, run):
    found = {item.path for item in client.list_artifacts(run)}
    return found | {item.path for item in client.list_artifacts(run, "pictures")}


def test_an_experiment_as_logged(toy):
    logged, tables = log(toy, "lightgbm")
    client = connection.client()
    made_runs = {kind: client.get_run(run) for kind, (run, _) in logged.items()}
    assert len({tuple(sorted(run.data.metrics)) for run in made_runs.values()}) == 1
    slope = "calibration_slope_breakdown"
    found = made_runs["climatology"].data.metrics[f"calibration/{slope}"]
    assert found != found  # NaN, not absent
    names = set(made_runs["lightgbm"].data.metrics)
    assert {
        "skill/log_loss_skill",
        "breakdown/auc_breakdown",
        "rotation/auc_head_to_head",
        "run/train_seconds",
    } <= names
    assert "period/faltering/auc_breakdown" in names
    assert all("/" in name for name in names)
    verdicts = {kind: run.data.tags["gate_verdict"] for kind, run in made_runs.items()}
    assert verdicts == {"lightgbm": "champion", "markov": "baseline", "climatology": "baseline"}
    assert {kind: run.data.tags.get("gate") for kind, run in made_runs.items()} == {
        "lightgbm": REASON,
        "markov": None,  # a baseline's run is everybody's: one experiment's reason does not belong there
        "climatology": None,
    }
    fields = set(spec_params.params_of(ModelSpec()))
    for kind, run in made_runs.items():  # all of the specification, the baselines' too
        assert fields - {"params"} <= set(run.data.params), kind
    assert made_runs["lightgbm"].data.params["params.max_depth"] == str(LIGHTGBM_DEFAULTS["max_depth"])
    assert made_runs["markov"].data.params["exclude_revised"] == "True"
    matured = tables["lightgbm"][tables["lightgbm"]["outcome"].notna()]
    for name in ("gain_over_climatology", "gain_over_markov"):
        curve = client.get_metric_history(logged["lightgbm"][0], name.replace("gain_", "gain/"))
        assert [point.step for point in curve] == list(range(len(matured)))
        assert [pd.Timestamp(point.timestamp, unit="ms") for point in curve] == list(matured["date"])
        assert len(curve) == len(matured)
    assert made_runs["markov"].data.tags["mlflow.runColor"] == COLORS["markov"]
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
    assert made_runs["lightgbm"].data.tags["mlflow.note.content"] == version.description

    _the_verdict_follows_the_champion(client, logged)
    _the_table_is_the_runs(logged)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert "viewStateShareKey=regime" in experiment.tags["mlflow.note.content"]


def with_changes(toy, settings=None, note="", **scores):
    experiment = experiment_of(toy)
    candidate = replace(
        experiment.candidate, spec=experiment.candidate.spec.replace(**(settings or {})), began=1_700_000_000.0
    )
    made = run_names.changes(experiment.candidate.spec, candidate.spec)
    return replace(experiment, candidate=candidate.with_scores(scores), changes=made, note=note)


def test_baselines_are_logged_once_and_linked(toy):
    first = run_logger.log(with_changes(toy), decided("lightgbm"))
    changed = with_changes(toy, {"params": {"max_depth": 2}, "seed": 8}, note="fewer interactions")
    changed = replace(  # another seed is another specification of the baselines, and the same baselines
        changed, baselines=tuple(replace(one, spec=one.spec.replace(seed=8)) for one in changed.baselines)
    )
    second = run_logger.log(changed, decided("lightgbm"))
    assert first["markov"] == second["markov"]
    assert first["lightgbm"] != second["lightgbm"]
    client = connection.client()
    listed = logged_runs.finished_runs().set_index("run_id")
    assert len(listed) == 4
    assert {int(one.version) for one in client.search_model_versions("name = 'regime'")} == {1, 2}  # candidates only
    tags = client.get_run(second["lightgbm"][0]).data.tags
    assert tags["mlflow.runName"] == "default max_depth=2 seed=8"
    assert tags["changes"] == "params.max_depth 3 -> 2, seed 7 -> 8"
    assert tags["parent experiment"] == "default"
    assert tags["note"] == "fewer interactions"
    assert tags["data"] == f"folder to {changed.candidate.predictions['date'].iloc[-5]:%Y-%m-%d}, toy"
    assert json.loads(tags["baseline_runs"]) == {kind: first[kind][0] for kind in ("markov", "climatology")}
    assert first["markov"][0] in tags["mlflow.note.content"]
    assert set(listed["tags.baselines"]) == {"path, folder, toy"}
    assert listed.loc[first["markov"][0], "tags.mlflow.runName"].startswith("baseline markov")
    assert listed.loc[second["lightgbm"][0], "tags.changes"] != listed.loc[first["lightgbm"][0], "tags.changes"]


def test_a_run_has_the_times_of_its_training(toy):
    logged = run_logger.log(with_changes(toy, train_seconds=174.0), decided("lightgbm"))
    info = connection.client().get_run(logged["lightgbm"][0]).info
    assert (info.start_time, info.end_time) == (1_700_000_000_000, 1_700_000_174_000)
    assert info.status == "FINISHED"


def test_a_baseline_becomes_a_version_only_when_it_becomes_champion(toy):
    run_logger.log(with_changes(toy), decided("lightgbm"))
    later = with_changes(toy, {"seed": 8})
    failed = decided("markov", GateOutcome.FAILED)
    logged = run_logger.log(later, failed)
    client = connection.client()
    version = client.get_model_version_by_alias("regime", "champion")
    assert (str(version.version), version.run_id) == (logged["markov"][1], logged["markov"][0])
    assert version.tags["gate"] == client.get_run(version.run_id).data.tags["gate"] != ""
    assert client.get_run(version.run_id).data.tags["gate_verdict"] == "champion"
    # Champion again: the reason is the new one, the version the same.
    run_logger.log(with_changes(toy, {"seed": 9}), decided("lightgbm"))
    reason = replace(failed, clauses=replace(failed.clauses, tries=77))
    again = run_logger.log(with_changes(toy, {"seed": 10}), reason)
    version = client.get_model_version_by_alias("regime", "champion")
    assert str(version.version) == again["markov"][1] == logged["markov"][1]
    assert version.tags["gate_tries"] == "77"


def test_who_is_in_office_stands_first(toy):
    run_logger.log(with_changes(toy), decided("lightgbm"))
    client = connection.client()
    note = client.get_experiment_by_name(EXPERIMENT).tags["mlflow.note.content"]
    said = client.get_registered_model("regime").description
    for text in (note, said):
        assert f"because: {REASON}" in text
        assert "Current champion" in text.splitlines()[0]
    connection.prepare_experiment()  # the start of the next command leaves it
    assert client.get_experiment_by_name(EXPERIMENT).tags["mlflow.note.content"] == note
    registry.set_alias("regime", "champion", None)
    front_page.write()
    assert "No champion: no model has earned it." in client.get_registered_model("regime").description


def test_two_processes_that_log_one_baseline_at_once_leave_one(toy, monkeypatch):
    experiment = with_changes(toy)
    first = run_logger.log(experiment, decided("lightgbm"))
    # As in another process that asked before the first had finished.
    monkeypatch.setattr(logged_runs, "find_baselines", lambda _group, _ids: {})
    monkeypatch.setattr(runs, "_logged", lambda _mlflow, _one: None)
    second = run_logger.log(with_changes(toy, {"seed": 8}), decided("lightgbm"))
    assert second["markov"][0] == first["markov"][0]
    assert len(logged_runs.finished_runs()) == 4


def _the_verdict_follows_the_champion(client, logged):
    run = {kind: one for kind, (one, _) in logged.items()}
    markov = promotion.promote(run["markov"], "a test").version
    assert markov == "2"
    assert client.get_run(run["lightgbm"]).data.tags["gate_verdict"] == "former champion"
    assert client.get_run(run["markov"]).data.tags["gate_verdict"] == "champion"
    registry.set_alias("regime", "champion", None)
    assert client.get_run(run["markov"]).data.tags["gate_verdict"] == "former champion"


def _the_table_is_the_runs(logged):
    made = leaderboard.rows(logged_runs.finished_runs(), [])
    assert {row["run_id"] for row in made} == {run for run, _ in logged.values()}
    skills = [row["log_loss_skill"] for row in made]
    assert skills == sorted(skills, reverse=True)
    assert {row["label"] for row in made} == {"path"}


@pytest.mark.parametrize(
    ("name", "champion", "outcome", "expected"),
    [
        ("lightgbm", "lightgbm", GateOutcome.PASSED, "champion"),
        ("lightgbm", "markov", GateOutcome.FAILED, "challenger"),
        ("lightgbm", None, GateOutcome.SUSPICIOUS, "refused"),
        ("lightgbm", None, GateOutcome.UNJUDGED, "challenger"),
        ("markov", "markov", GateOutcome.FAILED, "champion"),
        ("markov", None, GateOutcome.SUSPICIOUS, "baseline"),
    ],
)
def test_standing(toy, name, champion, outcome, expected):
    experiment = experiment_of(toy)
    run = next(one for one in experiment.runs if one.name == name)
    assert standing_of(run, decided(champion, outcome)) is Standing(expected)


def test_a_baseline_run_by_itself_stays_a_baseline(toy):
    experiment = experiment_of(toy, ("markov", "climatology"))
    decision = Decision(GateOutcome.BASELINE, "markov", "path")
    assert standing_of(experiment.candidate, decision) is Standing.BASELINE


def test_an_alias_moves_only_where_the_gate_says_so(toy):
    experiment = experiment_of(toy)
    assert aliases(experiment, decided("markov")) == {"challenger": "lightgbm", "champion": "markov"}
    assert aliases(experiment, decided(None, GateOutcome.SUSPICIOUS)) == {"champion": None}
    assert aliases(experiment, decided("markov").replace(challenger="default (version 3)")) == {"champion": "markov"}
    assert aliases(experiment, gate.unjudged("lightgbm", "path", "no server")) == {"challenger": "lightgbm"}


def test_the_head_to_head_s_p_is_that_of_the_model_over_the_two_feature_logit(toy):
    """The logged p is small for the better of the two and large for the worse, and 1 without the rival."""
    experiment = experiment_of(toy, ("lightgbm", "logit2"))
    candidate, logit2 = experiment.runs
    flat = candidate.predictions.assign(p_rotation=0.3, p_breakdown=0.3, p_neither=0.4)
    against = replace(experiment, baselines=(replace(logit2, predictions=flat),))
    tagged = float(run_logger._tags(against, candidate)["head_to_head_p"])
    assert tagged == pytest.approx(metrics.head_to_head_p(candidate.predictions, flat), abs=1e-4)
    assert tagged < 0.05
    worse = replace(
        against,
        candidate=replace(candidate, predictions=flat),
        baselines=(replace(logit2, predictions=candidate.predictions),),
    )
    assert float(run_logger._tags(worse, worse.candidate)["head_to_head_p"]) > 0.95
    assert run_logger._tags(replace(experiment, baselines=()), candidate)["head_to_head_p"] == "1.0000"


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
    assert not set(figures) & set(gain_curves.stepped(tables["lightgbm"], tables))


def test_what_people_read_fits_what_postgresql_takes():
    ids = {f"baseline-{place}": "a" * 32 for place in range(6)}
    text = front_page.with_links("# card\n" + "a line of the card\n" * 400, ids)
    assert len(text) <= front_page.LIMIT
    assert text.startswith("# card\na line")
    assert all(kind in text for kind in ids)
    assert front_page.with_links("short", {}) == "short"
    long = [f"**[regime-{place}](#)** {'champion ' * 40}  \n{'challenger ' * 40}" for place in range(20)]
    fitting = front_page._fitting(long)
    assert sum(map(len, fitting)) <= front_page.ROOM
    assert fitting[0].startswith("**[regime-0]")
    assert front_page._fitting(long[:2]) == long[:2]


def on_other_rows(toy):
    """The same models trained on other rows than the protocol's, under another experiment's name."""
    made = experiment_of(toy, name="from-1980")
    moved = [replace(run, spec=run.spec.replace(train_start="1980-01-01")) for run in made.runs]
    tables = [run.predictions.copy() for run in moved]
    for table_ in tables[1:]:  # baselines of other rows say something else
        table_[["p_rotation", "p_breakdown", "p_neither"]] = [0.5, 0.2, 0.3]
        table_[["base_rotation", "base_breakdown", "base_neither"]] = [0.5, 0.2, 0.3]
    moved = [replace(run, predictions=one) for run, one in zip(moved, tables, strict=True)]
    return replace(made, candidate=moved[0], baselines=tuple(moved[1:]))


def test_one_name_of_a_gain_is_one_reference_in_every_run(toy):
    log(toy, "lightgbm")  # on the protocol's rows
    other = on_other_rows(toy)
    logged = run_logger.log(other, decided("lightgbm"))
    client, run_id = connection.client(), logged["lightgbm"][0]
    own = gain_curves.losses(other.candidate.predictions)
    protocol = experiment_of(toy).predictions
    for name in ("climatology", "markov"):
        shared = gain_curves.losses(protocol[name])
        ends = {
            curve: client.get_metric_history(run_id, f"gain/{curve}_{name}")[-1].value for curve in ("over", "over_own")
        }
        assert ends["over"] == pytest.approx((shared - own).sum(), abs=1e-3)
        want = gain_curves.cumulative_gains(other.candidate.predictions, other.predictions)[name].iloc[-1]
        assert ends["over_own"] == pytest.approx(want)
    tags = client.get_run(run_id).data.tags
    assert tags["changes"] == "none"  # it is the file as it is
    assert "train_start 1927-01-01 -> 1980-01-01" in tags["differs from default"]
    assert "**Differs from `default`:** " in tags["mlflow.note.content"]
    assert "**Against** default: " in tags["mlflow.note.content"]
    assert tags["against"].startswith("default: ")


def test_where_the_protocol_s_baselines_are_not_known_no_curve_has_their_name(toy):
    logged = run_logger.log(on_other_rows(toy), decided("lightgbm"))
    found = connection.client().get_run(logged["lightgbm"][0]).data.metrics
    assert {name for name in found if name.startswith("gain/")} == {"gain/over_own_climatology", "gain/over_own_markov"}
