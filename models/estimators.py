"""The registry of estimators: what each name reads, how it is fitted, what it is called and how it is drawn.

How a *fitted* model predicts and is explained depends on its type alone, and
stands in `models.predictor` and `models.explain`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from features.data.errors import RegimeError

SIMULATED = ("simulated_rotation", "simulated_breakdown", "simulated_neither")
LOGIT2_COLUMNS = ("broad_return_21", "broad_vol_21")


@dataclass(frozen=True)
class Estimator:
    """One way to fit a model.

    Attributes
    ----------
    name : str
        Its name in a specification.
    label : str
        Its name on pages and pictures.
    columns : tuple of str, optional
        The columns it reads; None: those its specification chooses.
    settings : dict
        Parameters of `models.classifier.RegimeClassifier`.
    baseline : str
        `always` (run beside every candidate), `optional` (a baseline where
        somebody runs it: its package may be absent), `beside` (run beside every
        candidate, but a candidate itself: it reads too many columns) or `no`.
    trees : bool
        Takes LightGBM's parameters, seeds and monotone constraints.
    weighted : bool
        Takes the row weights of its specification.
    color : str, optional
        Okabe & Ito's colours; None: MLflow draws one from a hash.
    """

    name: str
    label: str
    columns: tuple[str, ...] | None
    settings: dict[str, Any] = field(hash=False)
    baseline: str = "no"
    trees: bool = False
    weighted: bool = False
    color: str | None = None


# From the simplest to the least simple. The ridge of `logit-all` was fixed on weeks before 1990 (docs/method.md).
ESTIMATORS = (
    Estimator("climatology", "Climatology", (), {"algorithm": "constant"}, "always", color="#4D4D4D"),
    Estimator("persistence", "Persistence", ("last_outcome",), {"algorithm": "table"}, "always", color="#A7AEB5"),
    Estimator("logit2", "Two-feature logit", LOGIT2_COLUMNS, {"algorithm": "logit"}, "always", color="#0072B2"),
    Estimator("markov", "Markov regime", ("vol_regime",), {"algorithm": "logit"}, "always", color="#CC79A7"),
    Estimator("vix", "Implied volatility", ("implied_scale",), {"algorithm": "logit"}, "always", color="#B5A642"),
    Estimator("jump", "Jump regime", ("jump_state",), {"algorithm": "logit"}, "optional", color="#E69F00"),
    Estimator("simulation", "Simulated paths", SIMULATED, {"algorithm": "stated"}, "always", color="#6A4C93"),
    Estimator(
        "logit-all",
        "Ridge logit on all features",
        None,
        {"algorithm": "logit", "strength": 0.001, "clip": 2.5},
        "beside",
        weighted=True,
        color="#56B4E9",
    ),
    Estimator("lightgbm", "LightGBM", None, {"algorithm": "lightgbm"}, trees=True, weighted=True),
    Estimator("staged", "Staged LightGBM", None, {"algorithm": "staged"}, trees=True, weighted=True),
)
BY_NAME = {one.name: one for one in ESTIMATORS}
NAMES = tuple(BY_NAME)
MOST_COLUMNS = 5  # that a baseline may read: whatever reads more was fitted, and must pass as a candidate
BESIDE = tuple(one.name for one in ESTIMATORS if one.baseline in ("always", "beside"))  # in the folds of every run


def is_baseline(one: Estimator) -> bool:
    """Whether an estimator may be a baseline of the protocol: declared one, and with few columns of its own."""
    few = one.columns is not None and len(one.columns) <= MOST_COLUMNS
    return few and one.baseline in ("always", "optional")


ALL_BASELINES = tuple(one.name for one in ESTIMATORS if is_baseline(one))
TREES = tuple(one.name for one in ESTIMATORS if one.trees)
COLORS = {one.name: one.color for one in ESTIMATORS if one.color is not None}


def estimator(name: str) -> Estimator:
    """The entry of a name; raises RegimeError for one that is not registered."""
    if name not in BY_NAME:
        raise RegimeError(f"unknown estimator {name!r}: known are {', '.join(NAMES)}")
    return BY_NAME[name]


def simplicity(name: str) -> int:
    """Rank of an estimator by simplicity, 0 the simplest; raises RegimeError for one that is not registered."""
    return NAMES.index(estimator(name).name)
