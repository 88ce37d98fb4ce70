"""Which rows train and when, against dates worked out by hand and an independent audit (the package purgedcv)."""

import numpy as np
import pandas as pd
import pytest
from purgedcv import BaseTemporalSplitter, audit_splitter, purge

from features import labels
from features.data.errors import RegimeError
from features.dataset import Dataset
from models.spec import ModelSpec
from models.splits import inner_dates, refit_dates, training_rows
from training.walkforward import spans

DAY = pd.Timedelta(days=1)  # labels are closed intervals of days here, half-open ones in the package
SPEC = ModelSpec(train_start="2002-01-01", refit_weeks=13)


def rows_of(label, start, end):
    """A data set of nothing but dates, from the real calendar."""
    dates = labels.decision_dates(label, pd.Timestamp(start), pd.Timestamp(end))
    kinds = labels.outcomes_of(label)
    blank = pd.DataFrame({"broad_vol_21": np.zeros(len(dates))}, dates)
    per_year = 12 if label in labels.MONTHLY else 52
    ends = labels.label_ends(label, dates)
    outcome = pd.Series("neither", dates, dtype=object)
    return Dataset(blank, outcome, ends, blank["broad_vol_21"] > 0, label, "", "folder", "us", kinds, per_year)


@pytest.fixture(scope="module")
def weekly():
    return rows_of("path", "2001-01-01", "2013-12-31")


@pytest.fixture(scope="module")
def monthly():
    return rows_of("stress", "2001-01-01", "2013-12-31")


@pytest.mark.parametrize(
    ("decision", "last", "its_end", "next_end"),
    [
        # The exchange was shut from 11 to 14 September 2001: labels across it end four sessions later.
        ("2001-10-05", "2001-08-24", "2001-10-01", "2001-10-08"),
        # A year end: 24, 26, 27, 28, 31 December and 2 January are sessions, 25 and 1 are not.
        ("2013-01-04", "2012-11-30", "2013-01-02", "2013-01-09"),
        # Good Friday, 6 April 2012: the week is decided on Thursday, and the next label spans the holiday.
        ("2012-04-05", "2012-03-02", "2012-04-02", "2012-04-10"),
        # Thanksgiving, 22 November 2012, and the storm of 29 and 30 October.
        ("2012-11-23", "2012-10-19", "2012-11-21", "2012-11-29"),
    ],
)
def test_the_last_training_week_by_hand(weekly, decision, last, its_end, next_end):
    spec = SPEC.replace(train_start="2001-01-01")
    trained = weekly.X.index[training_rows(weekly, spec, pd.Timestamp(decision))]
    assert trained[-1] == pd.Timestamp(last)
    assert weekly.label_end[last] == pd.Timestamp(its_end)
    assert weekly.label_end.iloc[len(trained)] == pd.Timestamp(next_end)  # not ended: the next row stays out


def test_decisions_of_odd_weeks_by_hand(weekly):
    week_of_the_attack = weekly.X.index[(weekly.X.index > "2001-09-07") & (weekly.X.index < "2001-09-28")]
    assert list(week_of_the_attack.strftime("%Y-%m-%d")) == ["2001-09-10", "2001-09-21"]
    assert weekly.label_end["2001-09-10"] == pd.Timestamp("2001-10-15")
    turn_of_the_year = weekly.X.index[(weekly.X.index > "2012-12-21") & (weekly.X.index < "2013-01-11")]
    assert list(turn_of_the_year.strftime("%Y-%m-%d")) == ["2012-12-28", "2013-01-04"]


def test_a_label_that_ends_with_the_decision_stays_out(monthly):
    """A month's label ends on the very session of the next decision."""
    spec = SPEC.replace(label="stress", train_start="2001-01-01")
    assert monthly.label_end["2001-08-31"] == pd.Timestamp("2001-09-28")
    trained = monthly.X.index[training_rows(monthly, spec, pd.Timestamp("2001-09-28"))]
    assert trained[-1] == pd.Timestamp("2001-07-31")


def test_refits_by_hand(weekly, monthly):
    # The first row is 2002-01-04; ten years on is a Wednesday; thirteen weeks later is Good Friday.
    want = ["2012-01-06", "2012-04-05", "2012-07-06", "2012-10-05", "2013-01-04"]
    assert list(refit_dates(weekly, SPEC)[:5].strftime("%Y-%m-%d")) == want
    months = refit_dates(monthly, SPEC.replace(label="stress"))
    assert list(months[:3].strftime("%Y-%m-%d")) == ["2012-01-31", "2012-04-30", "2012-07-31"]


def test_training_begins_where_it_is_told(weekly):
    trained = weekly.X.index[training_rows(weekly, SPEC, pd.Timestamp("2012-01-06"))]
    assert trained[0] == pd.Timestamp("2002-01-04")


class OurFolds(BaseTemporalSplitter):
    """Our folds as the package sees a splitter; its purge then has nothing left to remove, or it says so."""

    def __init__(self, dataset, spec, candidates):
        super().__init__(
            prediction_times=pd.Series(dataset.X.index),
            evaluation_times=dataset.label_end.reset_index(drop=True),
            purge_horizon=DAY,
        )
        index = dataset.X.index
        self.tests, self.trains = [], {}
        for start, end in spans(refit_dates(dataset, spec)):
            test = np.flatnonzero((index >= start) & (index < end if end is not None else True))
            self.tests.append(test)
            self.trains[test[0]] = np.flatnonzero(candidates(dataset, spec, start))

    def _iter_test_indices(self, n_samples):  # noqa: ARG002
        return self.tests

    def _candidate_train_idx(self, n_samples, test_idx):  # noqa: ARG002
        return self.trains[test_idx[0]]

    def get_n_splits(self, X=None, y=None, groups=None):  # noqa: ARG002
        return len(self.tests)


@pytest.mark.parametrize("name", ["weekly", "monthly"])
def test_the_audit_finds_no_overlap_in_our_folds(name, request):
    data = request.getfixturevalue(name)
    spec = SPEC.replace(label=data.label)
    folds = OurFolds(data, spec, training_rows)
    report = audit_splitter(folds, data.X)
    assert len(report) == len(refit_dates(data, spec)) >= 7
    assert report["temporal_leakage_free"].all()
    assert report["train_nonempty"].all()
    assert (report["candidate_overlap_fraction"] == 0.0).all()
    assert (report["rows_removed_by_purge"] == 0).all()


@pytest.mark.parametrize("name", ["weekly", "monthly"])
def test_the_audits_own_purge_gives_our_training_rows(name, request):
    """All rows before the first test decision, purged by the package, are exactly the rows we train on."""
    data = request.getfixturevalue(name)
    spec = SPEC.replace(label=data.label)
    naive = OurFolds(data, spec, lambda d, s, start: (d.X.index >= s.train_start) & (d.X.index < start))
    assert (audit_splitter(naive, data.X)["rows_removed_by_purge"] > 0).all()  # it does see a leak
    times = pd.Series(data.X.index), data.label_end.reset_index(drop=True)
    for test in naive.tests:
        kept = purge(naive.trains[test[0]], test, *times, purge_horizon=DAY)
        np.testing.assert_array_equal(kept, np.flatnonzero(training_rows(data, spec, data.X.index[test[0]])))


def test_the_day_it_begins_on_counts(weekly):
    # 2002-01-04 is a decision; ten years on is a Wednesday, and the Friday after it the first test week.
    spec = SPEC.replace(train_start="2002-01-04")
    assert refit_dates(weekly, spec)[0] == pd.Timestamp("2012-01-06")
    assert inner_dates(weekly, spec, pd.Timestamp("2013-01-04"))[0] == pd.Timestamp("2012-01-06")


def test_a_refit_every_week_and_every_year(weekly, monthly):
    every_week = refit_dates(weekly, SPEC.replace(refit_weeks=1))
    assert list(every_week[:3].strftime("%Y-%m-%d")) == ["2012-01-06", "2012-01-13", "2012-01-20"]
    every_year = refit_dates(weekly, SPEC.replace(refit_weeks=52))
    assert list(every_year.strftime("%Y-%m-%d")) == ["2012-01-06", "2013-01-04"]
    every_month = refit_dates(monthly, SPEC.replace(label="stress", refit_weeks=1))
    assert list(every_month[:2].strftime("%Y-%m-%d")) == ["2012-01-31", "2012-02-29"]


@pytest.mark.parametrize(
    ("train_start", "said"),
    [
        ("2014-01-01", r"no week on or after train_start 2014-01-01; the data end on 2013-12-27"),
        ("2005-01-01", r"no test week: the first would be 2015-01-07, the data end on 2013-12-27"),
    ],
)
def test_data_that_end_too_early_say_when(weekly, train_start, said):
    with pytest.raises(RegimeError, match=said):
        refit_dates(weekly, SPEC.replace(train_start=train_start))


@pytest.mark.parametrize(
    ("date", "inner"),
    [
        ("2012-01-05", []),  # the day after the tenth anniversary, before the week that follows it
        ("2012-01-06", []),  # an inner refit lies before the decision, never on it
        ("2012-01-13", ["2012-01-06"]),
        ("2020-01-03", ["2012-01-06"]),  # five years on the data have ended
    ],
)
def test_inner_refits_lie_before_the_decision_and_within_the_data(weekly, date, inner):
    assert list(inner_dates(weekly, SPEC, pd.Timestamp(date)).strftime("%Y-%m-%d")) == inner
