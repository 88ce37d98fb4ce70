"""Ages and refusals, on dates worked by hand."""

from dataclasses import replace

import pandas as pd

from features.data import calendar, catalog, freshness
from features.data.store import Snapshot

LAST = pd.Timestamp("2010-12-31")


def without(snapshot, series, after):
    """The snapshot as if the `fred` series had ended."""
    fred = snapshot.tables["fred"]
    tables = snapshot.tables | {"fred": fred[(fred["series"] != series) | (fred["date"] <= after)]}
    return replace(snapshot, tables=tables)


def test_ages_by_hand(us_snapshot):
    cut = without(us_snapshot, "DGS10", "2010-12-20")
    rows = freshness.ages(cut).set_index("series")
    # The yield of Monday 20 December is available on the 21st: ten days before the 31st, which is allowed.
    assert rows.loc["DGS10", ["age", "allowed", "stale", "required"]].tolist() == [10, 10, False, True]
    assert freshness.refusal_reason(us_snapshot, cut) is None
    later = freshness.ages(cut, pd.Timestamp("2011-01-01")).set_index("series")
    assert later.loc["DGS10", ["age", "stale"]].tolist() == [11, True]
    assert rows.loc["SPY", "age"] == 0
    assert set(rows.index) == set(catalog.BY_KEY)


def test_a_stale_required_input_refuses(us_snapshot):
    cut = without(us_snapshot, "DGS10", "2010-12-17")
    reason = "required input DGS10 is stale: last value 2010-12-20, as of 2010-12-31"
    assert freshness.refusal_reason(us_snapshot, cut) == reason
    assert freshness.refusal_reason(us_snapshot, cut, allowed=("DGS10",)) is None
    optional = without(us_snapshot, "DFII10", "2005-12-17")
    assert freshness.refusal_reason(us_snapshot, optional) is None
    assert freshness.ages(optional).set_index("series").loc["DFII10", "stale"]


def test_a_required_input_that_was_never_there_refuses(us_snapshot):
    never = without(us_snapshot, "DGS10", "1990-01-01")
    assert "DGS10 is missing on 2010-12-31" in freshness.refusal_reason(never, never)


def test_an_input_that_begins_later_is_not_missing(us_snapshot):
    early = us_snapshot.as_of(pd.Timestamp("1994-06-30"))
    before = without(early, "DGS10", "1990-01-01")
    assert freshness.refusal_reason(us_snapshot, before) is None


def test_live_data_are_measured_against_the_clock(us_snapshot, monkeypatch):
    monkeypatch.setattr(pd.Timestamp, "now", lambda tz=None: pd.Timestamp("2011-01-11 22:00", tz=tz))
    live = replace(us_snapshot, source="live")
    assert freshness.reference_date(live) == pd.Timestamp("2011-01-11")
    assert freshness.reference_date(us_snapshot) == LAST
    assert "is stale" in freshness.refusal_reason(live, live, freshness.reference_date(live))


def test_the_sample_is_never_refused():
    empty = Snapshot("0", "sample", "sample", LAST, {})
    assert freshness.refusal_reason(empty, empty) is None


def test_the_age_is_measured_against_the_clock_and_not_for_the_sample(us_snapshot, sample_snapshot):
    last = us_snapshot.last
    monday = pd.Timestamp(last.date(), tz="America/New_York") + pd.Timedelta(days=3000, hours=12)
    behind = freshness.days_behind(us_snapshot, monday)
    assert behind == (calendar.last_complete(monday) - last).days > 2990
    assert freshness.age_sentence(us_snapshot, monday) == f"The data end {behind:,} days before the last session."
    evening = pd.Timestamp(last.date(), tz="America/New_York") + pd.Timedelta(hours=22)
    assert freshness.days_behind(us_snapshot, evening) == 0
    assert freshness.age_sentence(us_snapshot, evening) == "The data hold the last session."
    assert freshness.days_behind(sample_snapshot) is None
    assert "a demonstration of the past" in freshness.age_sentence(sample_snapshot)


def test_series_are_counted_by_state():
    table = pd.DataFrame(
        [("VIX", 30, True, True), ("DGS2", 1200, False, True), ("SPY", 0, True, False), ("RSP", 0, True, False)],
        columns=["series", "age", "required", "stale"],
    ).assign(last=pd.Timestamp("2023-12-29"))
    assert freshness.by_state(table) == [
        "4 series: 1 required and older than allowed, 1 older than allowed, 2 current.",
        "Required and older than allowed: VIX (2023-12-29, 30 days)",
        "Older than allowed: DGS2 (2023-12-29, 1,200 days)",
        "Current: 2 of prices_etf",
    ]
