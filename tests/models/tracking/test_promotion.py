"""A person sets the champion, and says why."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from features import dataset
from features.data.errors import RegimeError
from models.spec import ModelSpec, baseline
from models.tracking import connection, loader, promotion, registry, trial_ledger
from training import cli, gate_case, gate_wording
from training.gate_types import Present
from training.model_run import Experiment, ModelRun

pytestmark = pytest.mark.usefixtures("mlruns")
SPEC = ModelSpec()
DATES = pd.date_range("2000-01-07", periods=400, freq="W-FRI")
TRUTH = np.random.default_rng(0).choice(list(dataset.OUTCOMES), len(DATES))


def table(skill):
    """Probabilities that lean towards what happened by `skill`, week by week with noise."""
    lean = skill + 0.05 * np.random.default_rng(int(1000 * skill)).standard_normal(len(DATES))
    p = {name: np.where(name == TRUTH, 1 / 3 + lean, 1 / 3 - lean / 2) for name in dataset.OUTCOMES}
    columns = {f"p_{name}": values for name, values in p.items()} | {f"base_{name}": 1 / 3 for name in p}
    return pd.DataFrame({"date": DATES, "outcome": TRUTH.astype(object), **columns})


@connection.translate_errors
def bare_run():
    with connection.open_mlflow().start_run() as run:
        pass
    return run.info.run_id


def logged(kind, spec, skill=0.0):
    """A run with a registered version (without a model's files: promotion moves names only) and its ledger entry."""
    run_id = bare_run()
    version = registry.register("regime", f"runs:/{run_id}/model", run_id, {"kind": kind, "spec": spec.to_json()})
    trial_ledger.add([trial_ledger.entry_of(kind, spec, "d", "folder", table(skill))])
    return run_id, version


@pytest.fixture
def registered():
    """Two registered runs."""
    specs = {"lightgbm": SPEC, "markov": baseline(SPEC, "markov")}
    return {kind: logged(kind, spec, 0.02 if kind == "markov" else 0.0) for kind, spec in specs.items()}


def test_the_champion_is_set_with_reason_user_and_date(registered):
    run_id, version = registered["markov"]
    made = promotion.promote(run_id, "  the desk wants\nthe simplest ")
    assert (made.registered_as, made.version, made.kind) == ("regime", version, "markov")
    at = loader.pointer("regime", "champion")
    assert at.version == version
    assert at.tags["override"].startswith("the desk wants the simplest (")
    assert promotion.user() in at.tags["override"]
    assert str(pd.Timestamp.now("UTC").date())[:4] in at.tags["override"]


def test_the_beginning_of_a_run_id_is_enough_if_it_is_one_run_s(registered):
    run_id, version = registered["lightgbm"]
    assert promotion.promote(run_id[:12], "why not").version == version
    # Sixteen first letters: among seventeen more runs two begin alike.
    ids = [run_id, *(bare_run() for _ in range(17))]
    first = next(one[0] for one in ids if sum(other[0] == one[0] for other in ids) > 1)
    with pytest.raises(RegimeError, match="write more of it"):
        promotion.promote(first, "why not")


def test_bad_input_is_one_line(registered):
    run_id, _ = registered["markov"]
    for reason in ("", "  "):
        with pytest.raises(RegimeError, match="a reason is needed"):
            promotion.promote(run_id, reason)
    with pytest.raises(RegimeError, match="no run 'zz'"):
        promotion.promote("zz", "why")
    for odd in ("a/b", "o'no", "both ' and \"", "n" * 300, "../x\n"):
        with pytest.raises(RegimeError, match="no run") as error:
            promotion.promote(odd, "why")
        assert len(str(error.value).splitlines()) == 1
    with pytest.raises(RegimeError, match="no run is named"):
        promotion.promote(" ", "why")
    with pytest.raises(RegimeError, match="has no model"):
        promotion.promote(bare_run(), "why")
    assert loader.pointer("regime", "champion") is None


def test_the_command_prints_json_only(registered):
    run_id, version = registered["markov"]
    done = CliRunner().invoke(cli.app, ["promote", run_id, "--reason", "[simple] is best", "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["version"] == version
    shown = CliRunner().invoke(cli.app, ["promote", run_id, "--reason", "[simple] is best"])
    assert "set by a person: [simple] is best (" in " ".join(shown.stdout.split())


def judged(skill, spec=SPEC):
    """A run whose candidate has this skill, on the ledger and registry as they are."""
    tables = {"lightgbm": table(skill), "climatology": table(0.0), "markov": table(0.02)}
    specs = {name: spec if name == "lightgbm" else baseline(spec, name) for name in tables}
    X = pd.DataFrame({"x": 0.0}, DATES)
    outcome = pd.Series(TRUTH, DATES, dtype=object)
    ends = pd.Series(DATES + pd.Timedelta(days=30), DATES)
    data = dataset.Dataset(X, outcome, ends, X["x"] < 0, "path", "d", "folder", "us")
    runs = [ModelRun(name, specs[name], one, {}, {"auc_breakdown": 0.7}) for name, one in tables.items()]
    return gate_case.judge(Experiment("try", None, data, runs[0], tuple(runs[1:])))


def test_what_a_person_set_stays_until_something_beats_it(registered):
    promotion.promote(registered["markov"][0], "I like it")
    poor = judged(0.01)
    assert gate_wording.kept(poor) == f"markov (version {registered['markov'][1]})"
    assert "which a person set" in gate_wording.reason(poor)
    good = judged(0.035, ModelSpec(seed=8))
    assert good.champion == "lightgbm"
    assert "which a person had set" in gate_wording.reason(good)


def test_a_try_becomes_the_challenger_only_where_it_does_better():
    spec = ModelSpec(seed=8)
    _, version = logged("lightgbm", spec, 0.02)
    registry.set_alias("regime", "challenger", version)
    poor = judged(0.01)
    assert poor.challenger == f"lightgbm (version {version})"
    assert gate_wording.reason(poor).endswith(f"lightgbm (version {version}) stays challenger, its log loss is lower")
    assert judged(0.03, ModelSpec(seed=9)).challenger == ""
    assert judged(0.0, spec).challenger == ""  # trained again


def test_a_challenger_is_compared_on_shared_weeks_alone():
    weeks = pd.date_range("2000-01-07", periods=10, freq="W-FRI")
    losses = pd.Series(1.0, weeks)
    theirs = pd.Series([9.0] * 5 + [0.9] * 5, weeks.shift(-5))  # shares the first five weeks, and is better on them
    assert gate_case.is_better(Present("a", "other", False, losses=theirs), "own", losses)
    assert not gate_case.is_better(Present("a", "own", False, losses=theirs), "own", losses)
    assert not gate_case.is_better(Present("a", "other", False, losses=theirs + 0.2), "own", losses)
    assert not gate_case.is_better(Present("a", "other", False, losses=theirs.iloc[:-1]), "own", losses)  # four shared
    assert not gate_case.is_better(Present("a", "other", False, losses=None), "own", losses)


def test_without_mlflow_nothing_is_judged_and_nobody_unseated(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # the discard port: nobody listens
    found = judged(0.05)
    assert found.keeps_champion
    assert gate_wording.reason(found).startswith("not judged: ")
