"""The contract every feature keeps, on the sample and, where it is, on the real data."""

import copy

import numpy as np
import pandas as pd
import pytest

from features import feature, groups, lineage, panel_columns
from features.data import catalog
from features.families import FEATURES, SIGNALS
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
    if not blocks.can_compute(item, 0, len(data.panel)):
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
    assert all(item.meaning and "\n" not in item.meaning and "|" not in item.meaning for item in FEATURES)
    for item in FEATURES:
        assert set(item.inputs) <= {*feature.MEMBERS, *panel_columns.COLUMNS}, item.name
    used = {key for item in FEATURES for key in lineage.keys(item)}
    used |= {key for group in groups.GROUPS for key in (group.fund, *group.library)}
    # Read by neither: the index is the sample's leg, and the legs' bill feeds the volatility regime.
    assert set(catalog.BY_KEY) - used <= {"^GSPC", "VIX9D"}


def test_relative_strength_against_a_slow_product(data):
    year = years(data)
    got = feature.compute_year(FEATURES, data, year)["broad_minus_cap_21"].iloc[-1]
    tail = data.panel.iloc[-21:]
    slow = sum(np.log(1 + r) for r in tail["ret_broad"]) - sum(np.log(1 + r) for r in tail["ret_cap"])
    assert got == pytest.approx(slow, abs=1e-12)


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
