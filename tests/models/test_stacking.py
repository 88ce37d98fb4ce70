"""Weights of the linear pool, and the inner models that folds share."""

import pickle

import numpy as np
import pytest
from scipy.optimize import minimize

from models import stacking


def test_mixture_weights_maximise_the_posterior():
    rng = np.random.default_rng(0)
    p = rng.beta(2, 4, size=(3, 400))
    p[0] += 0.1
    months = 90.0

    def minus(free):
        w = np.exp(free) / np.exp(free).sum()
        return -(months * np.log(w @ p).mean() + stacking.PRIOR_MONTHS / 3 * np.log(w).sum())

    best = minimize(
        minus, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000}
    ).x
    np.testing.assert_allclose(stacking.mixture_weights(p, months), np.exp(best) / np.exp(best).sum(), atol=1e-4)


def test_inner_models_are_fitted_once_and_the_oldest_is_dropped():
    cache, made = stacking.FitCache(size=2), []

    def ask(name):
        return cache.get((name, ""), lambda: made.append(name) or name)

    assert [ask(name) for name in "aab"] == ["a", "a", "b"]
    assert made == ["a", "b"]
    ask("c")
    assert len(cache) == 2
    ask("b")
    assert made == ["a", "b", "c"]
    ask("a")
    assert made == ["a", "b", "c", "a"]


def test_a_fit_that_failed_is_tried_again():
    cache = stacking.FitCache()

    def broken():
        raise MemoryError("none left")

    with pytest.raises(MemoryError, match="none left"):
        cache.get(("a", ""), broken)
    assert cache.get(("a", ""), lambda: "fitted") == "fitted"


def test_a_cache_arrives_empty_in_another_process():
    cache = stacking.FitCache(size=7)
    cache.get(("a", ""), lambda: "fitted")
    there = pickle.loads(pickle.dumps(cache))
    assert (len(there), there.size) == (0, 7)
