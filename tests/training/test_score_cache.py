"""Kept scores are those that would be computed, to the last bit, and those of nothing else."""

import numpy as np
import pandas as pd
import pytest

from features.data import cache
from models.evaluation import metrics
from tests.support import predictions
from training import score_cache


@pytest.fixture
def tables():
    return [predictions.table(seed=seed) for seed in (0, 1)]


def nothing_is_computed(*_, **__):
    raise AssertionError("computed though it was kept")


def test_what_is_kept_is_what_was_computed(tables, monkeypatch):
    mine, rival = tables
    want = metrics.ahead_of(mine, rival, "markov")
    assert score_cache.kept(metrics.ahead_of, mine, rival, "markov") == want
    nothing_is_computed.__qualname__ = metrics.ahead_of.__qualname__
    monkeypatch.setattr(metrics, "ahead_of", nothing_is_computed)
    assert score_cache.kept(metrics.ahead_of, mine.copy(), rival.copy(), "markov") == want


def test_another_number_word_or_column_is_another_score(tables):
    mine, rival = tables
    score_cache.kept(metrics.ahead_of, mine, rival, "markov")
    moved = mine.copy()
    p = moved.columns[moved.columns.str.startswith("p_")][0]
    moved.loc[moved.index[0], p] = np.nextafter(moved.loc[moved.index[0], p], 1.0)
    later = mine.assign(date=pd.DatetimeIndex(mine["date"]) + pd.Timedelta(days=7))
    others = [(moved, rival, "markov"), (rival, mine, "markov"), (mine, rival, "vix"), (later, rival, "markov")]
    for first, second, name in others:
        score_cache.kept(metrics.ahead_of, first, second, name)
    assert len(list(cache.folder("scores").iterdir())) == 1 + len(others)


def test_an_edited_score_is_computed_again(tables, caplog):
    want = score_cache.kept(metrics.ahead_of, *tables, "markov")
    (entry,) = cache.folder("scores").iterdir()
    entry.write_bytes(entry.read_bytes().replace(b"0.", b"9.", 1))
    assert score_cache.kept(metrics.ahead_of, *tables, "markov") == want
    assert "does not verify" in caplog.text
