"""What could be had at a date: library returns added later, and values posted after a short session."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features import dataset, implied_scale, publication
from features.data import calendar, catalog
from features.data.store import Snapshot
from tests.support.us_market import us_snapshot

SPLIT, ADDED = (pd.Timestamp(day) for day in catalog.DAILY_RETURNS_SINCE)


def _library():
    days = calendar.sessions(pd.Timestamp("1963-06-24"), pd.Timestamp("1963-07-05"))
    table = pd.DataFrame({"Mkt-RF": np.arange(len(days)) / 100.0, "RF": 0.0001, "other": 1.0}, days)
    return table.assign(available_at=days)


def test_daily_returns_before_july_1963_came_after_2005():
    table = _library()
    snapshot = Snapshot("0", "folder", "us", pd.Timestamp("2023-12-29"), {"famafrench_factors_daily": table})
    before = publication.as_of(snapshot, ADDED).tables["famafrench_factors_daily"]
    assert before.loc[:"1963-06-28", ["Mkt-RF", "RF"]].isna().all(axis=None)
    pd.testing.assert_frame_equal(before.loc["1963-07-01":], table.loc["1963-07-01":])
    assert before["other"].notna().all()  # no series of the catalogue
    after = publication.as_of(snapshot, ADDED + pd.Timedelta(days=1)).tables["famafrench_factors_daily"]
    pd.testing.assert_frame_equal(after, table)


def test_short_sessions_by_hand():
    """The day after Thanksgiving and Christmas Eve close at 13:00; 16:20 is after 16:15, 13:20 is not."""
    short = calendar.closed_before("16:15")
    for day in ("1993-11-26", "2003-12-24", "2003-12-26", "2022-11-25", "2023-07-03"):
        assert pd.Timestamp(day) in short, day
    for day in ("1989-11-24", "2022-11-23", "2022-12-23", "2023-11-22"):
        assert pd.Timestamp(day) not in short, day


def test_what_is_posted_after_a_short_session_comes_with_the_next():
    days = pd.DatetimeIndex(["2022-11-23", "2022-11-25", "2022-11-28"])
    fred = pd.DataFrame(
        {
            "series": ["DGS10"] * 3 + ["BAMLH0A0HYM2"] * 3,
            "date": [*(days - pd.Timedelta(days=1))] * 2,
            "value": np.arange(6.0),
            "available_at": [*days] * 2,
        }
    )
    snapshot = Snapshot("0", "folder", "us", days[-1], {"fred": fred})
    found = publication.as_of(snapshot, pd.Timestamp("2023-06-02")).tables["fred"]
    assert list(found["available_at"][:3]) == [days[0], days[2], days[2]]
    assert list(found["available_at"][3:]) == list(days)
    # On the short session itself it is not there yet.
    cut = replace(snapshot, tables={"fred": fred.iloc[[0, 1]]}, last=days[1])
    assert list(publication.as_of(cut, days[1]).tables["fred"]["value"]) == [0.0]


def test_then_builds_once_between_changes_and_only_here():
    asked = []
    snapshot = Snapshot("0", "folder", "us", pd.Timestamp("2023-12-29"), {})
    then = publication.Then(snapshot, lambda seen: asked.append(seen) or len(asked))
    assert [then.at(pd.Timestamp(day)) for day in ("1990-01-05", "2006-01-01", "2006-01-06", "2023-12-29")] == [
        1,
        1,
        2,
        2,
    ]
    there = pickle.loads(pickle.dumps(then))
    with pytest.raises(RuntimeError, match="published by 2006-01-06"):
        there.at(pd.Timestamp("2006-01-06"))


@pytest.fixture(scope="module")
def whole():
    return dataset.build(us_snapshot(), "path")


def test_columns_appear_when_their_source_is_published(whole):
    """VIX's formula of September 2003, real yields since 2004, Barchart's counts since 2009."""
    for date, there, missing in (
        ("2003-09-19", {"broad_return_21", "y10"}, {"vix", "real_y10", "stocks_above_200"}),
        ("2003-09-26", {"vix"}, {"real_y10"}),
        ("2004-01-09", {"vix", "real_y10"}, set()),
        ("2009-07-10", {"vix", "real_y10"}, {"stocks_above_200", "spx_above_200", "skew"}),
        ("2009-07-17", {"stocks_above_200", "spx_above_200"}, {"skew"}),
    ):
        seen = whole.as_published(pd.Timestamp(date)).X
        for name in there:
            assert seen[name].notna().sum() == whole.X[name].notna().sum(), (date, name)
        for name in missing:
            assert seen[name].isna().all(), (date, name)


def test_values_from_before_a_publication_are_history_afterwards(whole):
    """A row of 2000 may be read in a fold of 2004, though VIX of that kind was not published in 2000."""
    early = whole.X.index < pd.Timestamp("2003-01-01")
    seen = whole.as_published(pd.Timestamp("2004-02-06")).X
    assert whole.X.loc[early, "vix"].notna().any()
    pd.testing.assert_series_equal(seen.loc[early, "vix"], whole.X.loc[early, "vix"])


def test_before_vix_the_expected_volatility_is_the_realised(whole):
    seen = whole.as_published(pd.Timestamp("2002-01-04")).X
    want = implied_scale.compute(None, whole.X["broad_vol_21"], 52)
    pd.testing.assert_series_equal(seen[implied_scale.NAME], want)
    late = whole.as_published(pd.Timestamp("2004-01-09")).X
    pd.testing.assert_series_equal(late[implied_scale.NAME], whole.X[implied_scale.NAME])


def test_before_the_library_nothing_of_it_is_read_but_the_outcomes(whole):
    seen = whole.as_published(pd.Timestamp("1996-06-07"))
    for name in ("broad_return_21", "broad_vol_21", "vol_regime", "simulated_breakdown", implied_scale.NAME):
        assert seen.X[name].isna().all(), name
    assert seen.outcome.notna().any()


def test_a_thanksgiving_row_knows_the_yields_of_wednesday(whole):
    """H.15 of Wednesday is posted on Friday at 16:15, three hours after Friday's close; Tuesday's stands there."""
    friday, thursday_before = pd.Timestamp("2008-11-28"), pd.Timestamp("2008-11-26")
    seen = whole.as_published(pd.Timestamp("2008-06-06"))
    fred = us_snapshot().tables["fred"]
    y10 = fred[fred["series"] == "DGS10"].set_index("date")["value"]
    assert whole.X.loc[friday, "y10"] == y10[thursday_before]
    assert seen.X.loc[friday, "y10"] == y10[pd.Timestamp("2008-11-25")]


def test_what_is_published_later_changes_nothing_before(whole):
    """No hindsight: other values of VIX, or of the library before 1963, leave what is seen at an earlier date alone."""
    snapshot = us_snapshot()
    tables = dict(snapshot.tables)
    tables["vix"] = tables["vix"].assign(VIX=77.0)
    other = dataset.build(replace(snapshot, tables=tables), "path")
    for date in (pd.Timestamp("1999-01-08"), pd.Timestamp("2003-09-19")):
        pd.testing.assert_frame_equal(other.as_published(date).X, whole.as_published(date).X)
    assert not other.X["vix"].equals(whole.X["vix"])
