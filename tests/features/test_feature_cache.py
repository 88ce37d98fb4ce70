"""Past years are computed once, until what they are made of changes."""

import logging

import pandas as pd

from features import feature, feature_cache, panel
from features.families import FEATURES


def test_the_past_is_computed_once(sample_snapshot, home, monkeypatch):
    days = [pd.Timestamp(day) for day in ("2015-08-14", "2015-08-21")]
    then, now = (panel.build_inputs(sample_snapshot.as_of(day)) for day in days)
    pd.testing.assert_frame_equal(feature_cache.compute(FEATURES, then, 1991), feature.compute(FEATURES, then, 1991))
    years = []
    whole = feature.compute_years
    with monkeypatch.context() as patch:
        patch.setattr(feature, "compute_years", lambda f, i, y: years.append(y) or whole(f, i, y))
        week = feature_cache.compute(FEATURES, now, 1991)
    assert years == [range(2015, 2016)]
    pd.testing.assert_frame_equal(week, feature.compute(FEATURES, now, 1991))
    # A revised past is another past.
    now.panel.loc[pd.Timestamp("2001-06-15"), "ret_cap"] += 1e-9
    feature_cache.compute(FEATURES, now, 1991)
    assert len(list((home / "cache" / "features").iterdir())) == 2


def test_an_edited_entry_is_computed_again(sample_snapshot, home, caplog):
    inputs = panel.build_inputs(sample_snapshot.as_of(pd.Timestamp("1993-08-13")))
    whole = feature_cache.compute(FEATURES, inputs, 1991)
    (entry,) = (home / "cache" / "features").iterdir()
    content = bytearray(entry.read_bytes())
    content[len(content) // 2] ^= 1
    entry.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        pd.testing.assert_frame_equal(feature_cache.compute(FEATURES, inputs, 1991), whole)
    assert "does not verify" in caplog.text
