"""The range's walk-forward, its replay, its gate on markets whose volatility is known, and what is logged."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from features import simulated_market
from features.data import store
from features.data.errors import RegimeError
from models.destinations.spec import DestinationsSpec
from models.range import fit, predictor
from models.range.schedule import refit_rows
from models.range.spec import RangeSpec
from models.tracking.connection import open_mlflow
from models.tracking.errors import TrackingError
from training import destinations_experiment, range_experiment, range_run
from training.range_walkforward import PUBLISHED, walk_forward

SPEC = RangeSpec(model="har", train_start="1980-01-01", horizons=(5, 21), families=())


@pytest.fixture(scope="module")
def market():
    return simulated_market.dataset(simulated_market.market(1, 1000, simulated_market.WILD), 1)


@pytest.fixture(scope="module")
def data(market):
    return fit.prepare(market, SPEC.horizons)


@pytest.fixture(scope="module")
def walked(data):
    return walk_forward(data, SPEC)


@pytest.mark.slow
def test_the_published_columns_and_what_must_hold_of_them(walked, data):
    table, outcomes, _ = walked
    assert tuple(table.columns[: len(PUBLISHED)]) == PUBLISHED or set(PUBLISHED) <= set(table.columns)
    assert len(table) == 3 * 2 * (len(data.dates) - refit_rows(data.dates, SPEC)[0])
    quantiles = table[list(predictor.QUANTILES)].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0.0).all()
    broad = table[table["leg"] == "broad"]
    assert (np.diff(broad[list(predictor.FALL_NAMES)].to_numpy(), axis=1) <= 0.0).all()
    assert (broad["label_end"].dropna() > broad["date"][broad["label_end"].notna()]).all()
    np.testing.assert_allclose(outcomes.filter(like="p_").sum(axis=1), 1.0)


@pytest.mark.slow
def test_a_replay_of_a_week_gives_the_bits_of_its_fold(walked, data):
    table, _, _ = walked
    start = int(refit_rows(data.dates, SPEC)[2])
    week = start + 7
    fitted = fit.fit_range_at(data, SPEC, data.dates[start])
    drawn = predictor.predict_range(fitted, data.frame.iloc[[week]])
    row = table[(table["date"] == data.dates[week]) & (table["leg"] == "broad") & (table["horizon"] == 21)]
    again = predictor.quantiles(np.sort(drawn[21].broad, axis=1))[0]
    assert (row[list(predictor.QUANTILES)].to_numpy()[0] == again).all()


@pytest.mark.slow
@pytest.mark.usefixtures("mlruns")
def test_an_experiment_is_judged_and_logged(market, data):
    runs = range_experiment.compute(data, market, SPEC)
    decision = range_experiment.judge({kind: one.ranges for kind, one in runs.items()})
    assert decision.champion is None or decision.champion in decision.confidence_set
    logged = range_experiment.range_runs.log(
        [
            range_run.as_logged("har", one, market, data, "model = 'har'", range_experiment.said(kind, decision))
            for kind, one in runs.items()
            if kind in ("har", "garch")
        ],
        "regime-range-toy",
        {"champion": "har"},
    )
    run = open_mlflow().get_run(logged["har"].run_id)
    assert json.loads(run.data.tags["spec"])["model"] == "har"
    assert "range/crps_skill_21" in run.data.metrics
    path = range_run.write_ranges(logged["har"].run_id, runs["har"].ranges)
    assert tuple(pd.read_parquet(path).columns) == PUBLISHED


def losses(champion: str | None) -> dict[str, pd.DataFrame]:
    """Weekly ranges of three models of which `champion`, and what is less simple, gains over a constant scale."""
    rng = np.random.default_rng(0)
    dates = pd.date_range("1990-01-05", periods=600, freq="W-FRI")
    noise = rng.normal(scale=0.05, size=600)
    tables, gain = {}, 0.0
    for name in ("constant", "realised", "har"):
        gain = 0.1 if name == champion else gain
        rows = pd.DataFrame({"date": dates, "leg": "broad", "horizon": 5, "realised": 0.0, "base_crps": 1.0})
        tables[name] = rows.assign(crps=1.0 + noise - gain + rng.normal(scale=0.01, size=600))
    return tables


@pytest.mark.parametrize("champion", ["realised", "har", None])
def test_the_champion_is_the_simplest_that_beats_a_constant_scale(champion):
    decision = range_experiment.judge(losses(champion))
    assert decision.champion == champion
    said = range_experiment.reason(decision)
    assert (champion or "no range model") in said


def test_a_model_whose_last_years_earn_nothing_is_no_champion():
    tables = losses("realised")
    dates = pd.date_range("1970-01-02", periods=1500, freq="W-FRI")
    late = np.arange(1500) >= 800  # thirteen years
    for name, table in tables.items():
        whole = table.iloc[np.arange(1500) % len(table)].assign(date=dates)
        tables[name] = whole.assign(crps=whole["crps"] + np.where(late & (name == "realised"), 0.103, 0.0))
    decision = range_experiment.judge(tables)
    assert decision.p["realised"] < 0.05
    assert decision.dead == {"realised"}
    assert decision.champion == "har"


def with_candidate(gain: float) -> dict[str, pd.DataFrame]:
    """Three baselines, of which a HAR gains, and a candidate that gains so much more."""
    tables, noise = losses("har"), np.random.default_rng(1).normal(scale=0.01, size=600)
    return tables | {"range": tables["har"].assign(crps=tables["har"]["crps"] - gain + noise)}


def test_a_candidate_must_beat_every_simpler_model_over_all_that_was_tried():
    assert range_experiment.judge(with_candidate(0.01)).champion == "range"
    assert range_experiment.judge(with_candidate(0.0)).champion == "har"
    # Among many tries of noise as large as its lead, the same lead is no news.
    tables = with_candidate(0.0012)
    own = range_experiment.weekly_losses(tables)
    alone = range_experiment._spa_p(own, "range", ())
    rng = np.random.default_rng(2)
    tries = [own["har"] + rng.normal(scale=0.01, size=len(own)) for _ in range(60)]
    assert range_experiment._spa_p(own, "range", tries) > alone


@pytest.mark.usefixtures("mlruns")
def test_the_ledger_counts_candidates_of_ranges_and_not_baselines(toy):
    tables = with_candidate(0.01)
    runs = {
        kind: range_run.RangeModelRun(RangeSpec(model=kind), table, pd.DataFrame(), None, {})
        for kind, table in tables.items()
    }
    found = range_experiment.tried("range", runs, toy)
    assert len(found) == 1
    np.testing.assert_allclose(found[0], range_experiment.weekly_losses(tables)["range"], atol=1e-5)
    assert len(range_experiment.tried("range", runs, toy)) == 1
    # The same candidate on a later snapshot, which has a week more, is no second try.
    longer = {kind: pd.concat([table, later_week(table)]) for kind, table in tables.items()}
    runs = {kind: dataclasses.replace(one, ranges=longer[kind]) for kind, one in runs.items()}
    found = range_experiment.tried("range", runs, dataclasses.replace(toy, digest="f" * 16))
    assert [len(one) for one in found] == [601]


def later_week(table: pd.DataFrame) -> pd.DataFrame:
    """The last row again, a week later."""
    last = table.iloc[[-1]]
    return last.assign(date=last["date"] + pd.Timedelta(weeks=1))


@pytest.mark.usefixtures("mlruns")
def test_a_baseline_on_other_rows_is_a_try_and_moves_no_alias(toy):
    tables = {kind: table for kind, table in losses("har").items() if kind in ("constant", "har")}
    changed = {
        kind: range_run.RangeModelRun(RangeSpec(model=kind, train_start="1950-01-01"), table, pd.DataFrame(), None, {})
        for kind, table in tables.items()
    }
    assert len(range_experiment.tried("mine", changed, toy)) == 2
    decision = range_experiment.judge(losses("har"))
    assert decision.champion == "har"
    assert range_experiment.aliases("har", changed, decision) == {}
    plain = {kind: dataclasses.replace(one, spec=RangeSpec(model=kind)) for kind, one in changed.items()}
    assert range_experiment.aliases("har", plain, decision)["champion"] == "har"


def test_bad_input_is_one_line(toy):
    with pytest.raises(RegimeError, match="ret_broad has no value"):
        fit.prepare(toy, (5,))


def test_without_mlflow_nothing_is_computed_in_vain(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # the discard port: nobody listens
    monkeypatch.setattr(store, "load", lambda: pytest.fail("computed, and lost"))
    with pytest.raises(TrackingError):
        range_experiment.run("range", RangeSpec(), "")
    with pytest.raises(TrackingError):
        destinations_experiment.run("destinations", DestinationsSpec(), "")
