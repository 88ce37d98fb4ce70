import pandas as pd
import pytest

from models.evaluation import verdicts


def test_by_hand():
    dates = pd.date_range("2020-01-03", periods=60, freq="W-FRI")
    table = pd.DataFrame({"date": dates, "outcome": "neither"})
    table[["p_rotation", "p_breakdown", "p_neither"]] = [0.3, 0.1, 0.6]
    table[["base_rotation", "base_breakdown", "base_neither"]] = [0.37, 0.17, 0.46]
    calls = [0, 1, 2, 20, 59]  # three weeks, one 18 weeks later, one 39 after that
    table.loc[calls, ["p_rotation", "p_breakdown", "p_neither"]] = [0.2, 0.4, 0.4]
    table.loc[[0, 1], "outcome"] = "breakdown"
    table.loc[59, "outcome"] = None
    got = verdicts.track_record(table)
    assert got["breakdown"]["weeks"] == 4
    assert got["breakdown"]["right"] == 0.5
    assert got["breakdown"]["episodes"] == 2
    assert got["breakdown"]["base_rate"] == pytest.approx(0.17)
    assert got["neither"]["right"] == 1.0
    low, high = got["neither"]["interval"]
    assert 0.7 < low < high == 1.0
    assert "rotation" not in got


def test_episodes():
    assert len(verdicts.episode_spans(pd.DatetimeIndex([]))) == 0
    days = pd.DatetimeIndex(["2020-01-03", "2020-04-03", "2020-07-10"])  # 13 weeks, then 14
    assert len(verdicts.episode_spans(days)) == 2
    assert len(verdicts.episode_spans(pd.date_range("2020-01-03", periods=9, freq="W-FRI"))) == 1
