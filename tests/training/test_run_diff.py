"""Two runs side by side."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from features.data.errors import RegimeError
from models.evaluation import metrics
from models.evaluation.predictions import PERIOD_SUFFIXES
from models.spec import ModelSpec
from models.tracking import comparisons, connection, logged_runs
from tests.support.logged_experiments import changed, decided, log
from tests.support.predictions import table
from training import cli, config, run_diff, run_logger


def side(name, spec=None, predictions=None, columns=("slope", "vol"), **tags):
    made = {"spec": (spec or ModelSpec()).to_json(), "label": "path", "source": "folder", "digest": "d"} | tags
    shown = table(weeks=400) if predictions is None else predictions
    return run_diff.Side(name * 4, name, made, dict(metrics.evaluate(shown)), frozenset(columns), shown)


def blurred(made, share):
    """Probabilities drawn towards equal ones: still calibrated in the mean, and worse."""
    found = made.copy()
    for name in ("p_rotation", "p_breakdown", "p_neither"):
        found[name] = (1.0 - share) * found[name] + share / 3.0
    return found


def test_what_differs_and_whether_it_is_more_than_chance():
    first = side("a", ModelSpec(params={"max_depth": 3}))
    worse = blurred(first.predictions, 0.9)
    second = side("b", ModelSpec(params={"max_depth": 2}), worse, columns=("slope", "yield"))
    found = run_diff.compare(first, second)
    assert found.specification == {"params.max_depth": ("3", "2")}
    assert found.features == {"only_first": ["vol"], "only_second": ["yield"]}
    assert found.warnings == ()
    loss = next(row for row in found.figures if row["metric"] == "log_loss")
    codes = pd.Categorical(first.predictions["outcome"], categories=["rotation", "breakdown", "neither"]).codes
    own = [
        -np.log(np.maximum(one.loc[i, f"p_{one.loc[i, 'outcome']}"], 1e-6))
        for one in (first.predictions, worse)
        for i in range(len(codes))
        if codes[i] >= 0
    ]
    half = len(own) // 2
    gain = pd.Series(own[:half]) - pd.Series(own[half:])
    assert loss["difference"] == pytest.approx(-gain.mean())
    rows = {row["metric"]: row for row in found.figures if "p" in row}
    assert {f"log_loss{suffix}" for suffix in PERIOD_SUFFIXES if f"log_loss{suffix}" in first.figures} <= {*rows}
    assert "log_loss_last_10_years" in rows
    assert loss["verdict"] == "worse"
    assert "more than chance" in found.sentence
    assert found.weeks == half
    text = run_diff.markdown(found)
    assert "| params.max_depth | 3 | 2 |" in text
    assert text.startswith("**b has a higher log loss than a by ")


def test_a_run_is_not_different_from_itself():
    found = run_diff.compare(side("a"), side("b"))
    assert "within chance" in found.sentence
    assert {row.get("verdict", "within chance") for row in found.figures} == {"within chance"}


def test_other_data_and_other_labels_are_warned_of():
    first = side("a")
    later = side("b", predictions=first.predictions.iloc[100:].reset_index(drop=True), digest="e")
    found = run_diff.compare(first, later)
    assert "different data" in found.warnings[0]
    assert found.weeks == 400 - 4 - 100
    other = run_diff.compare(first, side("c", label="return"))
    assert "their losses cannot be compared" in other.warnings[0]
    assert not [row for row in other.figures if "p" in row]
    assert other.sentence == "there is no decision that both were judged on"


def test_two_logged_runs(toy):
    first, _ = log(toy, "lightgbm")
    second = run_logger.log(changed(toy, {"params": {"max_depth": 2}}, "why"), decided("lightgbm"))
    done = CliRunner().invoke(cli.app, ["diff", "default", second["lightgbm"][0][:12], "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["specification"] == {"params.max_depth": ["3", "2"]}
    client = connection.client()
    run = client.get_run(found["logged_as"])
    assert run.info.run_name == "default against default max_depth=2"
    assert found["sentence"] in run.data.tags["mlflow.note.content"]
    assert client.get_experiment(run.info.experiment_id).name == comparisons.EXPERIMENT
    shown = CliRunner().invoke(cli.app, ["diff", "default", "default max_depth=2"])
    assert found["sentence"] in " ".join(shown.stdout.split())
    assert found["logged_as"][:8] in shown.stdout  # the same comparison is one run
    assert set(logged_runs.finished_runs()["run_id"]) == {one for one, _ in (*first.values(), *second.values())}
    listed = logged_runs.finished_runs()
    with pytest.raises(RegimeError, match="no run 'zz'"):
        run_diff.find("zz", listed)
    own = listed[listed["run_id"] == first["lightgbm"][0]]
    newer = own.assign(run_id="x1", **{"tags.digest": "of other data"})
    assert run_diff.find("default", pd.concat([own, own.assign(run_id="x2")])).run_id == first["lightgbm"][0]
    found = run_diff.find("default", pd.concat([newer, listed]), own["tags.digest"].iloc[0])
    assert found.run_id == first["lightgbm"][0]  # not the newest, but of the data in force
    taken = f"the newest on the data in force, {found.run_id[:8]}, is taken"
    assert found.choice == f"2 runs are called 'default': {taken}; an id names another"
    assert found.choice in run_diff.compare(found, found).warnings


def test_names_that_are_no_file_are_one_line():
    for name in ("a/b", "../default", "n" * 300, "n" * 5_000, "zero\0byte"):
        with pytest.raises(RegimeError, match="no experiment") as error:
            config.read_spec(name)
        assert len(str(error.value).splitlines()) == 1
        assert len(str(error.value)) < 800
    with pytest.raises(RegimeError, match="rename the file"):
        config.experiment_name("runs/" + "n" * 240 + ".toml")


@pytest.mark.parametrize(("shares", "said"), [((0.0, 0.9), "higher"), ((0.9, 0.0), "lower")])
def test_the_sentence_names_the_better_one(shares, said):
    made = table(weeks=400)
    first, second = (side(name, predictions=blurred(made, share)) for name, share in zip("ab", shares, strict=True))
    assert f"b has a {said} log loss than a by " in run_diff.compare(first, second).sentence


def test_a_difference_has_the_digits_of_its_figure():
    row = {"metric": "effective_months", "first": 272.0, "second": 270.0, "difference": -2.0}
    assert run_diff.cells(row) == ["effective_months", "272", "270", "-2", "", ""]
    row = {"metric": "log_loss_skill", "first": 0.01, "second": 0.0301, "difference": 0.0201}
    assert run_diff.cells(row)[3] == "+0.0201"
    unknown = {"metric": "log_loss_skill", "first": float("nan"), "second": 0.03, "difference": float("nan")}
    assert run_diff.cells(unknown)[3] == "–"
