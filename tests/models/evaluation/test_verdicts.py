import pandas as pd

from models.evaluation import verdicts


def test_episodes():
    assert len(verdicts.episode_spans(pd.DatetimeIndex([]))) == 0
    days = pd.DatetimeIndex(["2020-01-03", "2020-04-03", "2020-07-10"])  # 13 weeks, then 14
    assert len(verdicts.episode_spans(days)) == 2
    assert len(verdicts.episode_spans(pd.date_range("2020-01-03", periods=9, freq="W-FRI"))) == 1
