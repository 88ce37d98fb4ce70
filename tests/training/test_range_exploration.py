"""A range on weeks before the test weeks: a run and a try of its own, which no gate, ledger or call reads."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from features import simulated_market
from features.data import store
from features.data.errors import RegimeError
from models.range import fit
from models.range.spec import RangeSpec
from models.tracking import trial_ledger
from models.tracking.connection import open_mlflow
from models.tracking.errors import TrackingError
from tests.support.ranges import earlier
from training import cli, range_experiment, range_exploration, range_run
from training.range_walkforward import walk_forward

SPEC = RangeSpec(
    model="har",
    train_start="1968-01-01",
    first_test="1983-06-01",
    last_test="1985-12-31",
    horizons=(5, 21),
    families=(),
)


@pytest.fixture(scope="module")
def market():
    return earlier(simulated_market.dataset(simulated_market.market(1, 1000, simulated_market.WILD), 1))


@pytest.fixture(scope="module")
def data(market):
    return fit.prepare(market, SPEC.horizons, with_garch=False)


def test_its_test_weeks_are_those_asked_for(data):
    table, outcomes, _ = walk_forward(data, SPEC)
    weeks = data.dates[(data.dates >= "1983-06-01") & (data.dates <= "1985-12-31")]
    assert list(table["date"].unique()) == list(weeks)
    assert list(outcomes["date"]) == list(weeks)


def test_weeks_after_the_last_test_week_change_no_bit_before_it(data):
    short = walk_forward(data, SPEC, legs=("broad",))[0]
    longer = walk_forward(data, SPEC.replace(last_test="1986-06-30"), legs=("broad",))[0]
    common = longer[longer["date"] <= "1985-12-31"].sort_values(["horizon", "date"], ignore_index=True)
    pd.testing.assert_frame_equal(short.sort_values(["horizon", "date"], ignore_index=True), common, check_exact=True)


def test_the_skill_is_against_the_unscaled_pool_by_a_slow_sum(data, market):
    one = range_run.walk(data, market, SPEC)
    rows = one.ranges[(one.ranges["leg"] == "broad") & (one.ranges["horizon"] == 21)]
    assert one.scores["crps_skill_21"] == pytest.approx(1.0 - sum(rows["crps"]) / sum(rows["base_crps"]))
    assert "crps_skill_21_2012_on" not in one.scores


def run_on(market, monkeypatch, **changes):
    monkeypatch.setattr(store, "load", lambda: None)
    monkeypatch.setattr(range_exploration, "build", lambda *_: market)
    settings = {"model": "har", "horizons": [5, 21], "families": [], **changes}
    words = [f"{key}={json.dumps(value)}" for key, value in settings.items()]
    words += ["first_test=1983-06-01", "last_test=1985-12-31", "train_start=1968-01-01"]
    done = CliRunner().invoke(cli.app, ["run", "range", "--json", *(x for one in words for x in ("--set", one))])
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


@pytest.mark.usefixtures("mlruns")
def test_it_is_logged_as_one_run_that_no_gate_reads(market, monkeypatch):
    found = run_on(market, monkeypatch)
    assert (found["champion"], found["registered_as"], found["tries"]) == (None, None, 1)
    assert found["span"] == ["1983-06-03", "1985-12-27"]
    client = open_mlflow().MlflowClient()
    assert list(client.search_registered_models()) == []
    assert client.get_experiment_by_name("regime-range") is None
    place = client.get_experiment_by_name("regime-range-explored").experiment_id
    (run,) = client.search_runs([place])
    assert run.info.run_id == found["models"]["har"]["run_id"]
    assert run.data.metrics["range/crps_skill_21"] == found["models"]["har"]["crps_skill_21"]
    assert run.data.tags["explored"] == "1983-06-03 to 1985-12-27"
    assert run.data.tags["gate"].startswith("not judged")
    assert json.loads(run.data.tags["spec"])["last_test"] == "1985-12-31"
    assert len(pd.read_parquet(found["ranges"])) == 3 * 2 * found["weeks"]


@pytest.mark.usefixtures("mlruns")
def test_the_ledger_counts_it_apart_and_once(market, monkeypatch):
    assert run_on(market, monkeypatch)["tries"] == 1
    assert run_on(market, monkeypatch)["tries"] == 1
    assert run_on(market, monkeypatch, half_life_years=5)["tries"] == 2
    assert trial_ledger.entries("synthetic", range_experiment.LEDGER_LABEL) == []
    explored = trial_ledger.entries("synthetic", range_exploration.LEDGER_LABEL)
    assert [len(one.losses) for one in explored] == [135, 135]
    assert not any(one.baseline for one in explored)


@pytest.mark.usefixtures("mlruns")
def test_a_run_on_the_test_weeks_is_judged_over_the_same_tries_as_before(market, monkeypatch):
    """Explored before it or not: neither its tries nor its p of Hansen's SPA see the explored weeks."""
    dates, rng = pd.date_range("1990-01-05", periods=400, freq="W-FRI"), np.random.default_rng(0)
    rows = pd.DataFrame({"date": dates, "leg": "broad", "horizon": 5, "realised": 0.0, "base_crps": 1.0})
    tables = {
        kind: rows.assign(crps=1.0 - gain + rng.normal(scale=0.05, size=400))
        for kind, gain in (("constant", 0.0), ("har", 0.01), ("range", 0.02))
    }
    runs = {
        kind: range_run.RangeModelRun(RangeSpec(model=kind), table, pd.DataFrame(), None, {})
        for kind, table in tables.items()
    }
    before = range_experiment.tried("range", runs, market)
    run_on(market, monkeypatch)
    after = range_experiment.tried("range", runs, market)
    assert len(before) == len(after) == 1
    assert range_experiment.judge(tables, before) == range_experiment.judge(tables, after)


def test_a_span_without_a_test_week_is_one_line(data):
    early = SPEC.replace(first_test="1970-01-01", last_test="1975-12-31")
    with pytest.raises(RegimeError, match=r"no test week: the first would be 1983-01-\d\d, last_test is 1975-12-31"):
        walk_forward(data, early)


def test_without_mlflow_nothing_is_computed_in_vain(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # the discard port: nobody listens
    monkeypatch.setattr(store, "load", lambda: pytest.fail("computed, and lost"))
    with pytest.raises(TrackingError):
        range_exploration.run("range", SPEC, "")
