"""How LightGBM sums its histograms changes the time and no bit."""

import lightgbm
import numpy as np
import pandas as pd
import pytest

from models import learners


def table(columns, rows=600):
    rng = np.random.default_rng(columns)
    values = np.where(rng.random((rows, columns)) < 0.2, np.nan, rng.normal(size=(rows, columns)))
    values[:, 0] = rng.integers(0, 3, rows)  # few values, most of them one: LightGBM treats such a bin apart
    values[: rows // 2, 1] = 0.0
    return pd.DataFrame(values, columns=[f"x{i}" for i in range(columns)])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("columns", "drawn"), [(8, 0.2), (120, 0.2), (120, 1.0), (260, 0.1)])
def test_histograms_by_rows_and_by_columns_give_the_same_bits(monkeypatch, columns, drawn, weighted):
    X = table(columns)
    rng = np.random.default_rng(1)
    codes, weight = rng.integers(0, 3, len(X)), rng.uniform(0.1, 2.0, len(X)) if weighted else None
    predicted = []
    for way in ("force_row_wise", "force_col_wise"):
        monkeypatch.setattr(learners, "histograms", lambda *_, way=way: way)
        part = learners.lightgbm(X, codes, 3, {"n_estimators": 40, "colsample_bytree": drawn}, 7, weight)
        assert f"[{way}: 1]" in part.booster
        predicted.append(part.loaded.predict(X.to_numpy(), num_threads=1))
    assert np.ptp(predicted[0], axis=0).min() > 0.01
    np.testing.assert_array_equal(*predicted)


def test_columns_are_summed_where_a_tree_draws_few_of_many(monkeypatch):
    seen, train = [], lightgbm.train
    monkeypatch.setattr(lightgbm, "train", lambda settings, *_, **k: seen.append(settings) or train(settings, *_, **k))
    codes = np.random.default_rng(0).integers(0, 3, 600)
    for columns, drawn in ((120, 0.2), (120, 1.0), (54, 0.2)):
        learners.lightgbm(table(columns), codes, 3, {"n_estimators": 2, "colsample_bytree": drawn}, 7)
    ways = [{name for name in one if name.startswith("force_")} for one in seen]
    assert ways == [{"force_col_wise"}, {"force_row_wise"}, {"force_row_wise"}]
