"""The destinations walk-forward, its replay, its gate, what is published and what is registered."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features import group_panel
from features.data import kept_results
from features.data.errors import RefusedError, RegimeError
from features.group_panel import HORIZONS
from features.groups import MAY_CLAIM, NAMES
from models.destinations import record
from models.destinations.fit import TrainingTable, fit_at
from models.destinations.schedule import last_refit, refit_rows
from models.destinations.spec import OUTCOMES, DestinationsSpec
from models.evaluation.destination_scores import Weekly
from models.tracking import destination_runs, loader
from models.tracking.connection import open_mlflow
from training import destinations_experiment, destinations_gate, groups_run
from training.destinations_walkforward import universe_mask, walk_forward

SPEC = DestinationsSpec(model="quadrants", outcomes=("beats", "moves"), horizons=(21,), train_start="1994-01-01")


@pytest.fixture(scope="module")
def panel(us_snapshot):
    return group_panel.build(us_snapshot, (21,))


def test_a_replay_of_a_week_gives_the_bits_of_its_fold(us_snapshot, panel):
    table = TrainingTable(panel, SPEC.train_start)
    walked = walk_forward(table, SPEC, "beats", 21)
    start = int(refit_rows(panel, SPEC)[2])
    date = panel.dates[start]
    then = group_panel.build(us_snapshot.as_of(panel.dates[start + 7]), (21,))
    again = fit_at(TrainingTable(then, SPEC.train_start), SPEC, "beats", 21, date)
    p = again.probabilities(then.rows["joined"].X[start + 7 : start + 8])[0]
    mask = universe_mask(panel, "funds")[start + 7]
    assert np.array_equal(p[mask], walked.p["funds"][start + 7][mask])


@pytest.mark.usefixtures("mlruns")
def test_an_experiment_publishes_scores_logs_and_registers(panel):
    runs = groups_run.compute(panel, SPEC)
    assert set(runs) == {"base", "momentum", "quadrants", "logit3", "volatility"} | {"quadrants"}
    table = destinations_experiment.published(panel, runs["quadrants"])
    assert tuple(table.columns[:9]) == destinations_experiment.PUBLISHED
    assert not table.duplicated(["date", "horizon", "universe", "group"]).any()
    assert table["p_beats"].between(0.0, 1.0).all()
    assert (table["label_end"] > table["date"]).all()
    known = table.dropna(subset="relative")
    assert ((known["relative"] > 0.0) == (known["beats"] == 1.0)).all()
    verdicts = destinations_gate.judge(groups_run.on_funds(runs))
    made = destinations_experiment._record(SPEC, panel, runs, verdicts, [], 0)
    logged = destination_runs.log(
        [
            destinations_experiment._logged(
                "test", "quadrants", runs, verdicts, panel, made, "model = 'quadrants'", table
            )
        ]
    )
    version = destination_runs.register(made, logged["quadrants"])
    place = Path(loader.pointer(destination_runs.NAME, "challenger").place)
    text = place.read_bytes()
    place.write_bytes(b"\xff\xfe" + text)
    with pytest.raises(RefusedError, match="cannot be read") as error:
        destination_runs.latest()
    assert len(str(error.value).splitlines()) == 1
    place.write_bytes(text.replace(b"beats", b"bests"))
    with pytest.raises(RefusedError, match="is not the one that was registered"):
        destination_runs.latest()
    place.write_bytes(text)
    assert destination_runs.latest() == (version, made)
    told = open_mlflow().MlflowClient().get_registered_model(destination_runs.NAME).description
    assert "Current challenger: [quadrants](#/experiments/" in told
    assert "because: beats_" in told
    run = open_mlflow().get_run(logged["quadrants"])
    assert json.loads(run.data.tags["spec"])["model"] == "quadrants"
    assert "destinations/ic_beats_21_funds" in run.data.metrics
    assert record.from_json(made.to_json()) == made


def test_the_rows_of_a_run_are_kept_within_the_bound(home, monkeypatch):
    table = pd.DataFrame({"date": pd.date_range("1990-01-05", periods=3, freq="W-FRI"), "p_beats": 0.5})
    first = Path(destinations_experiment.write_destinations("first", table))
    assert first == home / "predictions" / "first" / "destinations.parquet"
    monkeypatch.setattr(kept_results, "LIMIT", 0)
    second = Path(destinations_experiment.write_destinations("second", table))
    assert not first.exists()
    pd.testing.assert_frame_equal(pd.read_parquet(second), table)


@pytest.mark.usefixtures("mlruns")
def test_the_ledger_counts_candidates_of_other_experiments(panel):
    runs = groups_run.compute(panel, SPEC.replace(outcomes=("beats",)))
    cells_left_out = len(OUTCOMES) * len(HORIZONS) - 1
    first = destinations_experiment._ledger("one", runs, panel)
    assert first == cells_left_out * (len(runs) - 1)
    candidate = groups_run.compute(
        panel,
        DestinationsSpec(**(dict(SPEC) | {"model": "lightgbm", "params": {"n_estimators": 3}, "outcomes": ("beats",)})),
    )
    assert destinations_experiment._ledger("two", candidate, panel) == cells_left_out * (len(candidate) - 1)
    assert destinations_experiment._ledger("one", runs, panel) == first + 1
    # The same candidate on a later snapshot of the same data is no second try.
    later = dataclasses.replace(panel, digest="f" * 16)
    destinations_experiment._ledger("two", candidate, later)
    assert destinations_experiment._ledger("one", runs, panel) == first + 1


def cell(gains: dict[str, float], late: float | None = None, weeks: int = 1200) -> dict[str, Weekly]:
    """Weeks of models whose log loss is below the base rates' by `gains`; `late`: the last half instead."""
    rng = np.random.default_rng(0)
    dates = pd.date_range("1999-01-01", periods=weeks, freq="W-FRI")
    reference, empty = np.full(weeks, 0.69), np.full(weeks, np.nan)
    made = {"base": Weekly(dates, reference, reference, empty, empty)}
    for name, gain in gains.items():
        path = np.where(np.arange(weeks) < weeks // 2, gain, gain if late is None else late)
        made[name] = Weekly(dates, reference - path + 0.01 * rng.normal(size=weeks), reference, empty, empty)
    return made


def test_the_champion_is_the_simplest_that_earns_it_on_funds():
    found = destinations_gate.judge({("beats", 21): cell({"momentum": 0.0, "logit3": 0.01, "lightgbm": 0.01})})
    assert found[("beats", 21)].champion == "logit3"


def test_a_dead_model_claims_nothing():
    found = destinations_gate.judge({("beats", 21): cell({"momentum": 0.02}, late=-0.01)})[("beats", 21)]
    assert found.champion is None
    assert found.alive == {"momentum": False}


def test_a_candidate_for_the_size_must_beat_the_volatility_logit():
    equal = {("moves", 21): cell({"volatility": -0.01, "lightgbm": 0.005})}
    assert destinations_gate.judge(equal)[("moves", 21)].champion == "lightgbm"
    same = cell({"volatility": 0.01})
    same["lightgbm"] = same["volatility"]
    assert destinations_gate.judge({("moves", 21): same})[("moves", 21)].champion == "volatility"


def test_more_comparisons_and_tries_raise_the_bar():
    one = {("beats", 21): cell({"momentum": 0.0012})}
    p = destinations_gate.judge(one)[("beats", 21)].adjusted["momentum"]
    assert destinations_gate.judge(one, tries=9)[("beats", 21)].adjusted["momentum"] == pytest.approx(min(1.0, 10 * p))


def test_groups_of_the_broad_leg_are_not_scored(panel):
    walked = walk_forward(TrainingTable(panel, SPEC.train_start), SPEC, "beats", 21)
    mine = groups_run.score(panel, walked, ("beats", 21), "funds", MAY_CLAIM)
    other = walked.p["funds"].copy()
    other[:, NAMES.index("equal_weight")] = 0.99
    walked.p["funds"][:] = other
    again = groups_run.score(panel, walked, ("beats", 21), "funds", MAY_CLAIM)
    assert np.array_equal(mine.loss, again.loss, equal_nan=True)


def test_data_that_end_early_are_one_line(panel):
    with pytest.raises(RegimeError, match="no test week: the first would be 2020"):
        refit_rows(panel, SPEC.replace(first_test="2020-01-01"))


def test_a_call_is_fitted_in_the_weeks_of_the_walk_forward(panel):
    """On data that begin late the first test week is ten years in, for a call as for the folds."""
    spec = DestinationsSpec(refit_weeks=10)
    rows = refit_rows(panel, spec)
    first = panel.dates[panel.rows["joined"].known.any(axis=1)][0]
    assert panel.dates[rows[0]] >= first + pd.DateOffset(years=10) > panel.dates[rows[0] - 1]
    for row in range(rows[0], len(panel.dates), 7):
        want = max(one for one in rows if one <= row)
        assert last_refit(panel, spec, panel.dates[row]) == panel.dates[want]
    early = panel.dates[rows[0] - 1]
    assert last_refit(panel, spec, early) == early
    assert last_refit(panel, spec.replace(first_test="2050-01-01"), early) == early
