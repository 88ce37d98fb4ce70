"""The drift of the journal's calls, by hand."""

import numpy as np
import pandas as pd
import pytest

from serving import drift_history
from serving.report import drift

WEEKS = pd.date_range("2020-01-03", periods=60, freq="W-FRI")


@pytest.fixture
def scored(home):
    """Sixty weeks of replays, the last two live as well; the outcome of the last five had not matured."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"date": WEEKS, "label_end": WEEKS + pd.Timedelta(days=31), "model": "regime", "kind": "replay"}
    )
    rows["outside"] = np.linspace(0.0, 0.59, 60)
    rows["outcome"] = rng.choice(["rotation", "breakdown", "neither"], 60)
    rows["p_rotation"], rows["p_breakdown"] = 0.4, 0.2
    live = rows.iloc[-2:].assign(kind="live", outside=0.9)
    table = pd.concat([rows, live, rows.assign(model="regime-sample")], ignore_index=True)
    home.mkdir(parents=True, exist_ok=True)
    table.to_parquet(home / drift_history.SCORES, index=False)
    return rows


@pytest.mark.usefixtures("scored")
def test_a_week_is_its_live_call_and_outcomes_are_those_of_the_date():
    asof = WEEKS[-1]
    found = drift_history.stored("regime", asof)
    assert list(found["date"]) == list(WEEKS)
    assert list(found["outside"].iloc[-3:]) == [pytest.approx(0.57), 0.9, 0.9]
    matured = WEEKS + pd.Timedelta(days=31) <= asof
    assert list(found["outcome"].notna()) == list(matured)
    assert len(drift_history.stored("regime", WEEKS[9])) == 10
    assert drift_history.stored("regime", WEEKS[0]) is None
    assert drift_history.stored("regime-range", asof) is None


def test_came_less_said_by_a_slow_count(scored):
    found = drift_history.stored("regime", WEEKS[-1] + pd.Timedelta(days=60))
    gap = drift_history.calibration(found)
    for place in (12, 40, 59):
        rows = scored.iloc[max(0, place - 51) : place + 1]
        want = np.mean([outcome == "rotation" for outcome in rows["outcome"]]) - 0.4
        assert gap["rotation"].iloc[place] == pytest.approx(want)
    assert gap.iloc[:12].isna().all(axis=None)


def test_without_scores_or_with_those_of_an_earlier_version_there_is_no_history(home):
    assert drift_history.stored("regime", WEEKS[0]) is None
    home.mkdir(parents=True, exist_ok=True)
    pd.DataFrame({"date": WEEKS, "model": "regime"}).to_parquet(home / drift_history.SCORES)
    assert drift_history.stored("regime", WEEKS[-1]) is None


@pytest.mark.usefixtures("scored")
def test_the_picture_shows_both_lines():
    found = drift_history.stored("regime", WEEKS[-1])
    upper, lower = drift.draw(found).axes
    np.testing.assert_allclose(upper.lines[0].get_ydata(), found["outside"])
    np.testing.assert_allclose(lower.lines[1].get_ydata(), drift_history.calibration(found)["breakdown"])
    assert "60 calls" in drift.html(found)
