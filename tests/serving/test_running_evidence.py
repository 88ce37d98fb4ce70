"""The evidence of a record of calls: the e-processes on its columns, in words, and how long it takes."""

import numpy as np
import pandas as pd
import pytest

from features.dataset import OUTCOMES
from models.evaluation import e_processes, simulated_records
from serving import running_evidence


def table(record):
    """A simulated record as the scorecard's table; Markov says the base rates."""
    place = [simulated_records.OUTCOMES.index(name) for name in OUTCOMES]
    made = {"date": record.dates, "label_end": record.label_ends}
    for prefix, shares in (("p", record.p), ("base", record.base), ("markov", record.base)):
        made |= {f"{prefix}_{name}": shares[:, column] for name, column in zip(OUTCOMES, place, strict=True)}
    return pd.DataFrame(made | {"outcome": np.array(simulated_records.OUTCOMES)[record.outcome]})


def test_each_null_is_tested_on_its_own_columns():
    record = simulated_records.draw(4, 500, 0.06)
    found = {one.null: one for one in running_evidence.evidence_of(table(record))}
    assert set(found) == set(running_evidence.NULLS)
    direct = e_processes.reference_is_right(record.dates, record.label_ends, record.p, record.base, record.outcome)
    assert found["climatology"].value == pytest.approx(direct.settled)
    assert found["climatology"].bets == direct.bets
    assert found["markov"].value == pytest.approx(found["climatology"].value)
    happened = record.outcome == simulated_records.OUTCOMES.index("breakdown")
    brier = e_processes.at_no_step_better(record.dates, record.label_ends, record.p[:, 0], record.base[:, 0], happened)
    assert found["breakdown_brier"].value == pytest.approx(brier.settled)
    assert found["own"].value < 20.0


def test_nothing_is_said_of_nothing():
    assert running_evidence.evidence_of(table(simulated_records.draw(0, 60, 0.0)).iloc[:0]) == ()


def test_a_claim_and_one_that_did_not_hold_read_differently():
    held = running_evidence.Evidence("climatology", "2014-01-03", 25.04, 90, "2020-03-06", True)
    lost = running_evidence.Evidence("climatology", "2014-01-03", 7.0, 90, "2020-03-06", False)
    open_ = running_evidence.Evidence("own", "2014-01-03", 3.14, 90, None, False)
    assert running_evidence.sentence(open_) == (
        '3.1 to 1 against "the calls\' own odds are right"; from 20 to 1 this is an alarm.'
    )
    alarm = running_evidence.Evidence("own", "2014-01-03", 25.04, 90, "2020-03-06", True)
    assert running_evidence.sentence(alarm).startswith("WARNING: 25.0 to 1 against the calls' own odds")
    assert running_evidence.sentence(held) == (
        '25.0 to 1 against "the usual odds are right"; 20 to 1 was reached on 2020-03-06 and holds with every bet '
        "settled."
    )
    assert "did not hold" in running_evidence.sentence(lost)
    assert "7.3 years at a skill of 0.03 and 4.1 years at a skill of 0.06" in running_evidence.patience()


@pytest.mark.slow
@pytest.mark.parametrize("skill", running_evidence.YEARS_TO_THRESHOLD)
def test_the_years_it_takes_are_those_of_a_hundred_simulated_records(skill):
    years = []
    for seed in range(100):
        record = simulated_records.draw(seed, 1774, skill)
        found = e_processes.reference_is_right(record.dates, record.label_ends, record.p, record.base, record.outcome)
        years.append((found.crossed - record.dates[0]).days / 365.25 if found.claimed else np.inf)
    assert np.median(years) == pytest.approx(running_evidence.YEARS_TO_THRESHOLD[skill], abs=0.06)


@pytest.mark.slow
def test_the_bounded_scores_take_longer_by_a_hundred_simulated_records():
    years, on_average = [], 0
    for seed in range(100):
        record = simulated_records.draw(seed, 1774, 0.03)
        dates, ends = record.dates, record.label_ends
        found = e_processes.at_no_step_better(dates, ends, record.p[:, 0], record.base[:, 0], record.outcome == 0)
        years.append((found.crossed - dates[0]).days / 365.25 if found.claimed else np.inf)
        on_average += e_processes.no_better_on_average(dates, ends, record.p, record.base, record.outcome).claimed
    assert np.median(years) == pytest.approx(running_evidence.HENZI_ZIEGEL_YEARS[0.03], abs=0.06)
    assert on_average < 50
