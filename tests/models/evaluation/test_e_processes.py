"""E-processes against slow loops, by hand, and in simulation under the null with overlapping months."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from features.data import calendar
from models.evaluation import e_processes, simulated_records

DATES = pd.date_range("2001-01-05", periods=6, freq="W-FRI")
NEXT_WEEK = DATES + pd.Timedelta(days=4)  # labels that end before the next decision: one subsequence would do


def test_five_weeks_of_2001_held_twenty_sessions_and_no_bet_overlaps():
    dates = calendar.decision_dates(pd.Timestamp("2001-06-01"), pd.Timestamp("2002-03-01"))
    ends = pd.DatetimeIndex([calendar.session_after(date, 21) for date in dates])
    chosen = e_processes.subsequences(dates, ends)
    for place in range(e_processes.SUBSEQUENCES):
        mine = np.flatnonzero(chosen == place)
        assert all(ends[a] < dates[b] for a, b in pairwise(mine))
    # Labor Day, and the exchange shut from 11 to 14 September: from 24 August to 28 September there are 20 sessions.
    assert ends[dates.get_loc(pd.Timestamp("2001-08-24"))] == pd.Timestamp("2001-10-01")
    week = chosen[dates.get_loc(pd.Timestamp("2001-08-24"))]
    assert week >= 0
    assert chosen[dates.get_loc(pd.Timestamp("2001-09-28"))] != week  # its label ends on the Monday after
    assert (chosen >= 0).mean() > 0.9


def test_the_likelihood_ratio_by_hand():
    p, q = np.array([[0.5, 0.5], [0.8, 0.2]]), np.array([[0.25, 0.75], [0.4, 0.6]])
    assert e_processes.likelihood_ratio(p, q, np.array([0, 1])) == pytest.approx([2.0, 0.2 / 0.6])


@pytest.mark.parametrize(("p", "q"), [(0.3, 0.1), (0.1, 0.3), (0.5, 0.5)])
def test_the_bet_of_henzi_and_ziegel_is_fair_where_the_scores_are_equal(p, q):
    even = (p + q) / 2.0
    won, lost = e_processes.henzi_ziegel(np.array([p, p]), np.array([q, q]), np.array([True, False]))
    assert even * won + (1.0 - even) * lost == pytest.approx(1.0)
    brier = {name: even * (one - 1.0) ** 2 + (1.0 - even) * one**2 for name, one in (("p", p), ("q", q))}
    assert brier["p"] == pytest.approx(brier["q"])
    if p != q:  # and unfavourable wherever q scores better
        nearer = q + 0.4 * (p - q)
        assert nearer * won + (1.0 - nearer) * lost < 1.0


def test_the_mean_of_subsequences_is_that_of_a_slow_loop():
    record = simulated_records.draw(3, 120, 0.05)
    found = e_processes.reference_is_right(record.dates, record.label_ends, record.p, record.base, record.outcome)
    rows = np.arange(120)
    factor = record.p[rows, record.outcome] / record.base[rows, record.outcome]
    chosen = e_processes.subsequences(record.dates, record.label_ends)
    for week in (0, 4, 5, 30, 119):
        parts = [1.0] * e_processes.SUBSEQUENCES
        for past in range(120):
            if chosen[past] >= 0 and past < week and record.label_ends[past] <= record.dates[week]:
                parts[chosen[past]] *= factor[past]
        assert found.values.iloc[week] == pytest.approx(np.mean(parts))
    assert found.bets == (chosen >= 0).sum()


def test_betting_stops_at_the_first_crossing_and_the_pending_bets_decide():
    size = 60
    dates = calendar.decision_dates(pd.Timestamp("2010-01-01"), pd.Timestamp("2012-01-01"))[:size]
    ends = pd.DatetimeIndex([calendar.session_after(date, 21) for date in dates])
    p, q = np.tile([0.9, 0.1], (size, 1)), np.tile([0.1, 0.9], (size, 1))
    always = np.zeros(size, dtype=int)
    found = e_processes.reference_is_right(dates, ends, p, q, always)
    assert found.claimed
    first = found.values.index.get_loc(found.crossed)
    assert found.values.iloc[first] >= 20.0 > found.values.iloc[first - 1]
    placed = (e_processes.subsequences(dates, ends)[:first] >= 0).sum()
    assert found.bets == placed  # none at the crossing or after it
    # The same record, but every bet pending at the crossing is lost: it crossed, and there is nothing to claim.
    lost = always.copy()
    pending = [week for week in range(first) if ends[week] > dates[first]]
    lost[pending] = 1
    settled = e_processes.reference_is_right(dates, ends, p, q, lost)
    assert settled.crossed == found.crossed
    assert not settled.claimed


def test_recalibration_keeps_the_sum_and_its_ends():
    p, base = np.array([[0.6, 0.3, 0.1]]), np.array([[0.2, 0.5, 0.3]])
    assert e_processes.recalibrated(p, base, 0.0) == pytest.approx(base)
    assert e_processes.recalibrated(p, base, 1.0) == pytest.approx(p)
    sharper = e_processes.recalibrated(p, base, 2.0)
    assert sharper.sum() == pytest.approx(1.0)
    assert sharper[0, 0] > 0.6


def test_bernstein_is_the_published_formula():
    differences = np.array([0.4, -0.2, 0.9, 0.1])
    dates = DATES[:4]
    ends = dates + pd.Timedelta(days=3)
    p = np.zeros((4, 2))
    process = e_processes._Bernstein(differences)  # the formula itself, without the dealing into subsequences
    expected = []
    for week in range(4):
        process.settle(week)
        total = differences[: week + 1].sum()
        means = [differences[:i].sum() / (i + 1.0) for i in range(week + 1)]
        variance = ((differences[: week + 1] - means) ** 2).sum()
        c = 4.0
        rates = e_processes.BETS / c
        psi = (-np.log(1.0 - c * rates) - c * rates) / c**2
        expected.append(np.mean(np.exp(rates * total - psi * variance)))
        assert process.value == pytest.approx(expected[-1])
    assert len(ends) == len(p)


def _rate(seeds, process):
    return sum(process(seed).claimed for seed in range(seeds))


def _right_reference(seed):
    truth = simulated_records.draw(seed, 1774, 0.0)
    said = simulated_records.draw(10_000 + seed, 1774, 0.05).p
    return truth, said


def _by_reference(seed):
    truth, said = _right_reference(seed)
    return e_processes.reference_is_right(truth.dates, truth.label_ends, said, truth.base, truth.outcome)


def _by_step(seed):
    truth, said = _right_reference(seed)
    happened = truth.outcome == 0
    return e_processes.at_no_step_better(truth.dates, truth.label_ends, said[:, 0], truth.base[:, 0], happened)


def _on_average(seed):
    truth, said = _right_reference(seed)
    return e_processes.no_better_on_average(truth.dates, truth.label_ends, said, truth.base, truth.outcome)


def _own(seed):
    made = simulated_records.draw(seed, 1774, 0.03)
    return e_processes.own_probabilities_are_right(made.dates, made.label_ends, made.p, made.base, made.outcome)


@pytest.mark.slow
@pytest.mark.parametrize("process", [_by_reference, _by_step, _on_average, _own])
def test_under_the_null_twenty_is_reached_in_at_most_one_record_in_twenty(process):
    crossed = _rate(400, process)
    low = beta.ppf(0.025, crossed, 400 - crossed + 1) if crossed else 0.0
    assert low <= 0.05, f"{crossed} of 400 records of 34 years claim something that is not there"


@pytest.mark.slow
def test_a_skill_of_six_hundredths_is_seen_in_years_not_decades():
    years = []
    for seed in range(100):
        made = simulated_records.draw(seed, 1774, 0.06)
        found = e_processes.reference_is_right(made.dates, made.label_ends, made.p, made.base, made.outcome)
        years.append((found.crossed - made.dates[0]).days / 365.25 if found.claimed else np.inf)
    assert 2.0 < np.median(years) < 8.0
