"""The contract every feature keeps, on the sample and, where it is, on the real data."""

import copy

import numpy as np
import pandas as pd
import pytest

from features import feature, lineage, panel_columns
from features.data import calendar, catalog
from features.families import FEATURES, NOT_COVERED, SIGNALS
from features.panel import Inputs, build_inputs
from tests.support.data import needs_shared

SNAPSHOTS = ["sample_snapshot", pytest.param("shared_snapshot", marks=needs_shared)]


@pytest.fixture(params=SNAPSHOTS, scope="module")
def data(request):
    snapshot = request.getfixturevalue(request.param)
    cut = pd.Timestamp("2010-12-31") if snapshot.legs == "sample" else snapshot.last
    whole = build_inputs(snapshot.as_of(cut))
    return feature.block(whole, max(0, len(whole.panel) - 1300), len(whole.panel))


def years(data):
    return data.panel.index[-1].year


def poisoned(data: Inputs, position: int) -> Inputs:
    bad = copy.deepcopy(data)
    bad.panel.iloc[position + 1 :] = 0.7  # a daily return of 70 %, a yield out of line: wrong for any input
    start = bad.members.index.searchsorted(data.panel.index[position], side="right")
    bad.members.iloc[start:] = 1e6
    return bad


@pytest.mark.parametrize("back", [1, 60, 170])
def test_the_future_cannot_move_the_present(data, back):
    year = years(data)
    position = len(data.panel) - 1 - back
    date = data.panel.index[position]
    clean = feature.compute_year(FEATURES, data, year).loc[:date]
    assert len(clean)
    pd.testing.assert_frame_equal(feature.compute_year(FEATURES, poisoned(data, position), year).loc[:date], clean)
    cut = feature.block(data, 0, position + 1)
    pd.testing.assert_frame_equal(feature.compute_year(FEATURES, cut, year), clean, check_freq=False)


def computed(item, data):
    """The feature over all rows of `data`, or None where its inputs are not there."""
    blocks = feature.Blocks(data)
    if not blocks.has(item, 0, len(data.panel)):
        return None  # nothing to compute it from
    block = blocks.cut(0, len(data.panel), bool(feature.MEMBERS & set(item.inputs)))
    with np.errstate(invalid="ignore", divide="ignore"):
        values = item.compute(block)
    assert len(values) == len(block.dates), item.name
    return pd.Series(np.where(np.isfinite(values), values, np.nan), block.dates)


def test_lookback_rows_suffice(data):
    year = years(data)
    first = int(data.panel.index.searchsorted(pd.Timestamp(year, 1, 1)))
    usual = feature.compute_year(FEATURES, data, year)
    checked = 0
    for item in FEATURES:
        longer = computed(item, feature.block(data, max(0, first - 3 * item.lookback - 5), len(data.panel)))
        if longer is None:
            continue
        got = longer.reindex(usual.index)
        name = item.name
        pd.testing.assert_series_equal(got, usual[name], check_names=False, rtol=1e-8, atol=1e-8, obj=name)
        checked += 1
    assert checked >= (240 if "SPY" in data.panel or "VIX" in data.panel else 60)


def test_short_history_gives_nan(data):
    for item in FEATURES:
        if item.lookback < 5:
            continue
        values = computed(item, feature.block(data, len(data.panel) - item.lookback // 2, len(data.panel)))
        assert values is None or values.isna().all(), item.name


def test_inputs_are_not_mutated(data):
    before = copy.deepcopy(data)
    feature.compute_year(FEATURES, data, years(data))
    pd.testing.assert_frame_equal(data.panel, before.panel)
    pd.testing.assert_frame_equal(data.members, before.members)


@needs_shared
def test_rescaled_prices_change_nothing(shared_snapshot):
    scaled = copy.deepcopy(shared_snapshot)
    for name in ("prices_etf", "prices_sp500"):
        columns = [column for column in scaled.tables[name] if column != "available_at"]
        scaled.tables[name][columns] = scaled.tables[name][columns] * 0.5
    plain, other = (feature.compute_year(FEATURES, build_inputs(s), 2023) for s in (shared_snapshot, scaled))
    pd.testing.assert_frame_equal(plain, other, rtol=1e-12, atol=1e-12)


@needs_shared
def test_today_equals_what_training_gets(shared_snapshot):
    date = pd.Timestamp("2020-03-13")
    whole = feature.compute_year(FEATURES, build_inputs(shared_snapshot), 2020)
    then = feature.compute_year(FEATURES, build_inputs(shared_snapshot.as_of(date)), 2020)
    pd.testing.assert_frame_equal(whole.loc[:date], then, check_freq=False)


@needs_shared
def test_the_handover_may_move_without_a_jump(shared_snapshot):
    """Hand over months later: the legs' own features stay the same reading of the market."""
    plain = feature.compute_year(FEATURES, build_inputs(shared_snapshot), 2003)
    names = ["broad_return_21", "broad_return_63", "broad_vol_63", "cap_return_21", "cap_vol_21", "small_minus_cap_63"]
    for months in (3, 9):
        moved = {
            key: (fund, since + pd.DateOffset(months=months)) for key, (fund, since) in panel_columns.HANDOVER.items()
        }
        other = feature.compute_year(FEATURES, build_inputs(shared_snapshot, moved), 2003)
        for name in names:
            both = pd.concat([plain[name], other[name]], axis=1).dropna()
            assert both.corr().iloc[0, 1] > 0.95, (name, months)
            # No jump: no day on which the two readings part by more than the reading itself moves.
            assert (both.iloc[:, 0] - both.iloc[:, 1]).diff().abs().max() < 1.5 * plain[name].diff().abs().max(), name


def test_catalogue_is_complete():
    names = [item.name for item in FEATURES]
    assert len(names) == len(set(names))
    families = {item.family for item in FEATURES}
    assert families == {
        "breadth",
        "relative_strength",
        "sectors",
        "rates",
        "spreads",
        "volatility",
        "macro",
        "flows",
        "sentiment",
        "positioning",
        "earnings",
    }
    assert {item.signal for item in FEATURES} == set(SIGNALS)
    assert not NOT_COVERED
    assert all(item.meaning and "\n" not in item.meaning and "|" not in item.meaning for item in FEATURES)
    for item in FEATURES:
        assert set(item.inputs) <= {*feature.MEMBERS, *panel_columns.COLUMNS}, item.name
    used = {key for item in FEATURES for key in lineage.keys(item)}
    # Not read by a feature: the index is the sample's leg, and the legs' bill feeds the volatility regime.
    assert set(catalog.BY_KEY) - used <= {"^GSPC", "VIX9D"}


def test_what_is_revised_says_so():
    by_name = {item.name: item for item in FEATURES}
    for name in ("cpi_12m", "payrolls_3m", "claims_off_low", "money_funds_4q", "shiller_pe", "forward_pe"):
        assert lineage.revised(by_name[name]), name
    for name in ("nfci", "consumer_sentiment", "y10", "broad_return_21", "loan_officers"):
        assert not lineage.revised(by_name[name]), name
    assert lineage.published_since(by_name["broad_return_21"]) == pd.Timestamp("1997-01-01")
    assert lineage.published_since(by_name["y10"]) is None


def test_availability_by_hand():
    every = calendar.all_sessions()
    day = pd.DatetimeIndex(["2023-11-22"])  # the day before Thanksgiving
    assert catalog.available_sessions(day, "close", every)[0] == pd.Timestamp("2023-11-22")
    assert catalog.available_sessions(day, "next", every)[0] == pd.Timestamp("2023-11-24")
    month = pd.DatetimeIndex(["2023-11-01"])  # fifth session of December 2023
    assert catalog.available_sessions(month, "month", every)[0] == pd.Timestamp("2023-12-07")
    # CPI for November 2023 came on 12 December; the shutdown delay of 2013 is what 22 sessions allow for.
    assert catalog.available_sessions(month, "release", every)[0] == pd.Timestamp("2024-01-03")
    sunday = pd.DatetimeIndex(["2023-11-18"])  # claims for the week ended Saturday 18th came on Wednesday 22nd
    assert catalog.available_sessions(sunday, "week", every)[0] == pd.Timestamp("2023-11-24")
    quarter = pd.DatetimeIndex(["2023-07-01"])  # Z.1 for the third quarter came on 7 December 2023
    assert catalog.available_sessions(quarter, "quarter", every)[0] == pd.Timestamp("2023-12-19")
    assert catalog.available_sessions(quarter, "survey", every)[0] == pd.Timestamp("2023-08-21")
    jobs = catalog.available_at(catalog.BY_KEY["PAYEMS"], pd.DatetimeIndex(["2025-10-01"]), every)
    assert jobs[0] == pd.Timestamp("2025-12-16")  # the shutdown of 2025


def test_relative_strength_against_a_slow_product(data):
    year = years(data)
    got = feature.compute_year(FEATURES, data, year)["broad_minus_cap_21"].iloc[-1]
    tail = data.panel.iloc[-21:]
    slow = sum(np.log(1 + r) for r in tail["ret_broad"]) - sum(np.log(1 + r) for r in tail["ret_cap"])
    assert got == pytest.approx(slow, abs=1e-12)


@needs_shared
def test_members_above_200_against_the_published_series(shared_snapshot):
    from tests.support.data import SHARED

    published = pd.read_parquet(SHARED / "breadth_exchange.parquet")["S5TH"]
    data = build_inputs(shared_snapshot)
    above = tuple(item for item in FEATURES if item.name == "members_above_200")
    own = 100 * feature.compute(above, feature.block(data, 23000, len(data.panel)), 2017)["members_above_200"]
    both = pd.concat([own, published], axis=1, keys=["own", "published"], sort=True).dropna()
    assert len(both) > 1700
    assert both.corr().iloc[0, 1] >= 0.99
    assert abs((both["own"] - both["published"]).mean()) <= 3.0


@needs_shared
def test_breadth_against_a_slow_loop(shared_snapshot):
    data = build_inputs(shared_snapshot)
    date = pd.Timestamp("2022-06-16")
    got = feature.compute_year(FEATURES, data, 2022).loc[date]
    prices = data.members.loc[:date].astype(float)
    inside = [name for name in prices if data.membership.at[date, name]]
    above, highs, lows, returns = [], [], [], []
    for name in inside:
        line = prices[name].to_numpy()
        if not np.isnan(line[-20:]).any():
            above.append(line[-1] > sum(line[-20:]) / 20)
        if not np.isnan(line[-252:]).any():
            highs.append(line[-1] == max(line[-252:]))
            lows.append(line[-1] == min(line[-252:]))
        if not np.isnan(line[[-1, -64]]).any():
            returns.append(np.log(line[-1] / line[-64]))
    market = np.log1p(data.panel["ret_cap"].loc[:date].iloc[-63:]).sum()
    assert got["members_above_20"] == pytest.approx(np.mean(above), abs=1e-12)
    assert got["new_highs_252"] == pytest.approx(np.mean(highs), abs=1e-12)
    assert got["new_lows_252"] == pytest.approx(np.mean(lows), abs=1e-12)
    assert got["members_beating_63"] == pytest.approx(np.mean([r > market for r in returns]), abs=1e-12)
    assert got["member_dispersion_63"] == pytest.approx(np.std(returns, ddof=1), abs=1e-12)


@needs_shared
def test_implied_correlation_against_all_pairs(shared_snapshot):
    data = build_inputs(shared_snapshot)
    date = pd.Timestamp("2020-03-20")
    got = feature.compute_year(FEATURES, data, 2020).loc[date, "member_correlation_63"]
    steps = np.log(data.members.loc[:date].astype(float)).diff().iloc[-63:]
    steps = steps.loc[:, data.membership.loc[date]].dropna(axis=1)
    covariance = np.cov(steps.to_numpy(), rowvar=False)
    n = len(covariance)
    pairs = (covariance.sum() - np.trace(covariance)) / (n * (n - 1))
    # Members change within the window, so the two agree closely, not exactly.
    assert got == pytest.approx(pairs / (np.trace(covariance) / n), abs=0.01)


@needs_shared
def test_low_coverage_is_missing_not_wrong(shared_snapshot):
    data = build_inputs(shared_snapshot)
    then = feature.compute_year(FEATURES, data, 2005)
    assert then["members_above_200"].isna().all()
    assert 0.5 < then["member_coverage"].median() < 0.95
    assert then[["stocks_above_200", "industries_above_200", "advancing_share_10"]].notna().any().all()


@needs_shared
def test_every_signal_holds_values_where_its_input_exists(shared_snapshot):
    daily = feature.compute(FEATURES, build_inputs(shared_snapshot), 1990)
    # The shared folder has neither of the two tables.
    usual = [item.name for item in FEATURES if item.family not in ("positioning", "earnings")]
    assert daily[usual].notna().any().all()
    assert daily["mag7_minus_cap_21"].first_valid_index() > pd.Timestamp("2023-06-01")
    assert daily["nfci"].first_valid_index() >= pd.Timestamp("2011-05-27")


def test_a_year_to_date_starts_anew(data):
    year = years(data)
    got = feature.compute_year(FEATURES, data, year)["cap_minus_broad_ytd"]
    now = data.panel.loc[str(year)]
    slow = (np.log1p(now["ret_cap"]) - np.log1p(now["ret_broad"])).cumsum()
    pd.testing.assert_series_equal(got, slow, check_names=False, check_freq=False, rtol=1e-10, atol=1e-10)


def test_a_data_set_begins_a_year_after_its_legs(tmp_path):
    from features import dataset
    from features.data import store
    from features.data.sources import folder
    from tests.support.data import write_folder

    tables, legs, last = folder.read(write_folder(tmp_path / "data"))
    found = dataset.build(store.Snapshot("0", "folder", legs, last, tables), "path")
    # The folder has prices from 1999, but the broad leg is RSP from 2003-05-02 on and nothing before it.
    assert found.X.index[0] == pd.Timestamp("2004-05-07")
    assert found.X["broad_return_21"].notna().all()
