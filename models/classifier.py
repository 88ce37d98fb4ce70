"""Every model behind scikit-learn's contract: `fit`, `predict_proba`, `classes_`, parameters that `clone` understands.

The estimator knows arrays and names, not dates: which rows are past, which
columns a model may see and what it is blended with is `models.fit`'s business.
What `fit` leaves behind is `fitted_`, one of the
types of `models.fitted`, which `models.predictor` reads.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from models import learners, predictor
from models.fitted import Part

ALGORITHMS = ("constant", "table", "stated", "logit", "lightgbm", "staged")


class RegimeClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """One of the project's models as a scikit-learn classifier.

    Parameters
    ----------
    algorithm : str
        One of `ALGORITHMS`: `constant` (class shares), `table` (shares given the
        first column, small integers), `stated` (the columns are the
        probabilities, in the order of the outcomes), `logit` (multinomial, standardised
        columns, ridge), `lightgbm`, `staged` (LightGBM twice: `pivot` or not,
        then the other classes).
    strength : float
        Inverse ridge penalty of the logit, scikit-learn's `C`.
    clip : float or None
        The logit's columns are held within this many standard deviations.
    params : dict or None
        LightGBM parameters, over `LIGHTGBM_DEFAULTS`.
    seed, seeds : int
        LightGBM is fitted with `seeds` seeds from `seed` on and averaged.
    monotone : dict or None
        Column name to +1 or -1: the pivot's probability may only rise or fall with it.
    outcomes : sequence or None
        All classes in the order of the fitted part's columns, those absent from
        `y` included; None: the sorted classes of `y`.
    pivot : object or None
        The class `staged` and two-class LightGBM are about; None: the first.

    Attributes
    ----------
    classes_ : ndarray, (classes,)
        Sorted, as scikit-learn wants it.
    fitted_ : Part
        What was learned; its columns follow `outcomes`.
    """

    def __init__(
        self,
        algorithm: str = "lightgbm",
        strength: float = 1.0,
        clip: float | None = None,
        params: dict[str, float] | None = None,
        seed: int = 7,
        seeds: int = 1,
        monotone: dict[str, int] | None = None,
        outcomes: tuple[Any, ...] | None = None,
        pivot: Any = None,
    ) -> None:
        self.algorithm = algorithm
        self.strength = strength
        self.clip = clip
        self.params = params
        self.seed = seed
        self.seeds = seeds
        self.monotone = monotone
        self.outcomes = outcomes
        self.pivot = pivot

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from `X` (rows, columns; NaN is missing) and classes `y` (rows,).

        Raises
        ------
        ValueError
            An unknown algorithm, a class outside `outcomes`, or data
            scikit-learn's validation refuses.
        """
        if self.algorithm not in ALGORITHMS:
            raise ValueError(f"unknown algorithm {self.algorithm!r}: known are {', '.join(ALGORITHMS)}")
        values, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        check_classification_targets(y)
        order = np.unique(y) if self.outcomes is None else np.array(self.outcomes)
        self.classes_ = np.unique(order)
        place = {name: position for position, name in enumerate(order.tolist())}
        strange = sorted(set(np.unique(y).tolist()) - set(place))
        if strange:
            raise ValueError(f"class {strange[0]!r} is not among the outcomes {order.tolist()}")
        codes = np.array([place[name] for name in np.asarray(y).tolist()], dtype=int)
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, values)
        frame = pd.DataFrame(values, columns=self._names())
        self.fitted_ = self.part(frame, codes, order.tolist(), weight)
        self._columns = [place[name] for name in self.classes_.tolist()]
        return self

    def _names(self) -> list[str]:
        given = getattr(self, "feature_names_in_", None)
        return [f"x{i}" for i in range(self.n_features_in_)] if given is None else [str(name) for name in given]

    def part(self, X: pd.DataFrame, codes: np.ndarray, order: list[Any], weight: np.ndarray | None) -> Part:
        """What is learned from rows whose form is known: `fit` without its look at the arguments.

        Parameters
        ----------
        X : DataFrame, (rows, columns)
            Floats; NaN is missing.
        codes : int array, (rows,)
            Position of each row's class in `order`.
        order : list, (classes,)
            All classes, in the order of the part's columns.
        weight : ndarray, (rows,), or None
        """
        k = len(order)
        if self.algorithm == "constant" or k == 1:
            return learners.constant(learners.shares(codes, k, weight))
        if self.algorithm == "table":
            return learners.table(X.iloc[:, 0], codes, k, weight)
        if self.algorithm == "stated":
            return learners.stated(X, codes, k, weight)
        if self.algorithm == "logit":
            return learners.logit(X, codes, k, self.strength, self.clip, weight)
        pivot = 0 if self.pivot is None else order.index(self.pivot)
        members = [self._trees(X, codes, k, pivot, self.seed + i, weight) for i in range(self.seeds)]
        return members[0] if len(members) == 1 else learners.mixture(members, [1.0 / len(members)] * len(members))

    def _trees(
        self, X: pd.DataFrame, codes: np.ndarray, k: int, pivot: int, seed: int, weight: np.ndarray | None
    ) -> Part:
        params, monotone = self.params or {}, self.monotone or {}
        if self.algorithm == "lightgbm" and k > 2:
            return learners.lightgbm(X, codes, k, params, seed, weight)
        others = [place for place in range(k) if place != pivot]
        is_pivot = codes == pivot
        first = learners.lightgbm(X, np.where(is_pivot, 0, 1), 2, params, seed, weight, monotone)
        if k == 2 and pivot == 0:
            return first
        rest = np.searchsorted(others, codes[~is_pivot])
        second = (
            learners.constant(np.ones(1))
            if k == 2
            else learners.lightgbm(
                X[~is_pivot], rest, k - 1, params, seed, None if weight is None else weight[~is_pivot]
            )
        )
        return learners.staged(first, second, pivot, k)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Class probabilities, (rows, classes), columns in the order of `classes_`."""
        check_is_fitted(self, "fitted_")
        values = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        frame = pd.DataFrame(values, columns=self._names())
        return np.asarray(predictor.predict(self.fitted_, frame)[:, self._columns])

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row, (rows,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])
