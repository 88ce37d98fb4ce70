"""Tables of runs: whole or not there, and the newest within a bound."""

import os

import pandas as pd

from features.data import kept_results


def test_the_oldest_runs_go_and_the_newest_stays(home, monkeypatch):
    table = pd.DataFrame({"date": pd.date_range("2020-01-03", periods=200, freq="W-FRI")})
    size = kept_results.write("first", "predictions.parquet", table).stat().st_size
    monkeypatch.setattr(kept_results, "LIMIT", 2 * size)
    for place, name in enumerate(("first", "second")):
        kept_results.write(name, "predictions.parquet", table)
        os.utime(kept_results.folder(name), (1000 + place, 1000 + place))
    kept_results.write("third", "predictions.parquet", table)
    assert sorted(path.name for path in (home / "predictions").iterdir()) == ["second", "third"]
    pd.testing.assert_frame_equal(pd.read_parquet(kept_results.folder("third") / "predictions.parquet"), table)
