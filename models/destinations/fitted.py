"""A fitted model of one outcome and horizon, as JSON, and its probabilities."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import expit, logit

from features.blas import one_blas_thread
from features.group_panel import FEATURES, QUADRANT

CLIP = 5.0  # standard deviations a column may count


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class NoShift(_Frozen):
    """The group's own base rate as it stands."""

    kind: Literal["base"] = "base"

    def shift(self, X: np.ndarray) -> np.ndarray:
        """Log odds added to the base rate's, (rows,)."""
        return np.zeros(len(X))


class LogitShift(_Frozen):
    """A line in standardised columns; a missing value counts as the training mean."""

    kind: Literal["logit"] = "logit"
    columns: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    coef: tuple[float, ...]
    intercept: float

    def shift(self, X: np.ndarray) -> np.ndarray:
        """Log odds added to the base rate's, (rows,)."""
        return np.asarray(
            standardised(X, self.columns, np.array(self.mean), np.array(self.scale)) @ self.coef + self.intercept
        )


class QuadrantShift(_Frozen):
    """One number a quadrant of the rotation graph."""

    kind: Literal["quadrants"] = "quadrants"
    shifts: tuple[float, ...]

    def shift(self, X: np.ndarray) -> np.ndarray:
        """Log odds added to the base rate's, (rows,); none where the quadrant is not known."""
        place = X[:, FEATURES.index(QUADRANT)]
        found = np.array(self.shifts)[np.where(np.isfinite(place), place, 0.0).astype(int)]
        return np.where(np.isfinite(place), found, 0.0)


class TreesShift(_Frozen):
    """LightGBM's raw score, and the line from a ranker's score to log odds (identity for a binary booster)."""

    kind: Literal["trees"] = "trees"
    booster: str
    slope: float = 1.0
    intercept: float = 0.0

    @cached_property
    def _loaded(self) -> Any:
        import lightgbm as lgb

        return lgb.Booster(model_str=self.booster)

    def shift(self, X: np.ndarray) -> np.ndarray:
        """Log odds added to the base rate's, (rows,)."""
        if not len(X):
            return np.zeros(0)
        raw = np.asarray(self._loaded.predict(X, raw_score=True, num_threads=1), float)
        return np.asarray(self.intercept + self.slope * raw)


Shift = Annotated[NoShift | LogitShift | QuadrantShift | TreesShift, Field(discriminator="kind")]


class FittedGroups(_Frozen):
    """One outcome and horizon: each group's base rate, and what the model adds to its log odds."""

    model: str
    outcome: str
    horizon: int
    fitted_at: str
    rows: int
    base: tuple[float, ...]
    part: Shift

    def probabilities(self, X: np.ndarray) -> np.ndarray:
        """P(outcome) of every week and group, from (weeks, groups, features) to (weeks, groups)."""
        weeks, groups, size = X.shape
        with one_blas_thread():
            shift = self.part.shift(X.reshape(-1, size)).reshape(weeks, groups)
        return np.asarray(expit(logit(np.array(self.base))[None, :] + shift))


def standardised(X: np.ndarray, columns: tuple[str, ...], mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Some columns in standard deviations, held within `CLIP`; a missing value is zero."""
    values = (X[:, [FEATURES.index(name) for name in columns]] - mean) / scale
    return np.asarray(np.clip(np.where(np.isfinite(values), values, 0.0), -CLIP, CLIP))
