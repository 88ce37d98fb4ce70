"""What came of the calls: outcomes by date, running skill and e-value as a slow loop has them."""

import csv
import io
import math

import numpy as np
import pandas as pd
import pytest

from features.data import calendar
from models.evaluation import e_processes
from serving import journal, journal_record, journal_table
from serving.scorecard import call_table
from tests.support.calls import BASE_RATES, make_test_call

DATES = [pd.Timestamp(day) for day in calendar.decision_dates(pd.Timestamp("2010-01-01"), pd.Timestamp("2010-12-31"))]
CAME = ["rotation", "breakdown", "neither"]


def probabilities(place):
    p = 0.2 + 0.02 * (place % 10)
    return {"rotation": p, "breakdown": 0.3, "neither": 0.7 - p}


@pytest.fixture
def kept():
    """Twenty live calls of which the last four have not matured, one of them corrected, and a call of other data."""
    for place, date in enumerate(DATES[:20]):
        said = {"asof": str(date.date()), "probabilities": probabilities(place), "verdict": CAME[place % 2]}
        now = date.tz_localize("UTC") + pd.Timedelta(hours=22)
        journal.append(make_test_call(**said), now)
        if place == 3:
            corrected = said | {"probabilities": probabilities(9), "digest": "1" * 16}
            journal.append(make_test_call(**corrected), now + pd.Timedelta(hours=1))
    other = make_test_call(asof=str(DATES[5].date()), model={"name": "regime-sample"}, source="sample")
    journal.append(other, DATES[19].tz_localize("UTC") + pd.Timedelta(hours=23), "replay")
    outcome = pd.Series([CAME[place % 3] for place in range(16)], DATES[:16]).reindex(DATES)
    entries = journal.of_model(journal.read(), "regime")
    return journal_record.joined(journal_table.table(), entries, outcome), entries, outcome


def test_skill_is_that_of_a_slow_loop(kept):
    told, _, outcome = kept
    scored = told[told["skill"].notna()].sort_values("asof")
    assert list(scored["n"]) == [1, 2, 3, 4, *range(6, 18)]  # the first live call of each week; not its correction
    own = usual = 0.0
    for place, row in enumerate(scored.to_dict("records")):
        came = outcome.loc[pd.Timestamp(row["asof"])]
        own -= math.log(probabilities(place)[came])
        usual -= math.log(BASE_RATES[came])
        assert row["skill"] == pytest.approx(1.0 - own / usual)
        assert row["right"] == (row["verdict"] == came)


def test_the_e_value_is_that_of_the_record(kept):
    told, entries, outcome = kept
    table = call_table([one for one in journal.scored(entries) if one.entry_type == "live"], outcome)
    rows = table[table["outcome"].notna()]
    said, base = (rows[[f"{prefix}_{name}" for name in CAME]].to_numpy() for prefix in ("p", "base"))
    bets = e_processes.reference_is_right(
        pd.DatetimeIndex(rows["date"]),
        pd.DatetimeIndex(rows["label_end"]),
        said,
        base,
        np.array([CAME.index(one) for one in rows["outcome"]]),
    )
    shown = told[told["e_value"].notna()].sort_values("asof")["e_value"]
    np.testing.assert_allclose(shown, bets.values.reindex(pd.DatetimeIndex(rows["date"])))


def test_what_has_not_matured_and_what_is_of_other_data_has_no_outcome(kept):
    told = kept[0].set_index("n")
    assert told.loc[18:21, "outcome"].isna().all()
    assert told.loc[22, ["outcome", "skill"]].isna().all()
    assert told.loc[5, "outcome"] == told.loc[4, "outcome"]
    assert math.isnan(told.loc[5, "skill"])


def test_the_table_fits_80_columns_and_marks_a_correction(kept):
    from rich.console import Console

    console = Console(width=80, file=io.StringIO())
    console.print(journal_table.view(kept[0].assign(q10=-0.0512, q90=0.0431)))
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    row = next(line for line in text.splitlines() if line.startswith(str(DATES[3].date())))
    assert row.split()[1:10] == ["breakdown", "26", "(37)", "30", "(17)", "-5", "+4", "rotation", "no"]
    assert row.split()[-1] == "live*"
    assert "corrected by a later line" in text


def test_the_chart_is_drawn_while_nothing_has_come_yet(kept):
    waiting = kept[0].assign(outcome=pd.Series(pd.NA, kept[0].index, dtype=object))
    assert "P(breakdown)" in journal_record.chart(waiting, 80)


def test_the_chart_shows_both_lines_and_what_came(kept):
    text = journal_record.chart(kept[0], 80)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert "P(rotation), %" in text
    assert "P(breakdown), %" in text
    assert "\x1b" not in text
    marks = [line for line in lines if "R" in line and "B" in line and "n" in line]
    assert marks
    assert str(DATES[0].date()) in lines[-1]


def test_csv_holds_the_numbers(kept):
    rows = list(csv.DictReader(io.StringIO(kept[0].to_csv(index=False))))
    assert len(rows) == 22
    assert float(rows[0]["p_rotation"]) == 0.2
