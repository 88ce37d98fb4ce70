"""What the registry states about a metric: direction, unit, range, number format, and where it is shown."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Direction(StrEnum):
    """Which values of a metric are better."""

    HIGHER = "higher"
    LOWER = "lower"
    TARGET = "target"  # the nearer to `Metric.target` the better
    NONE = "none"  # a description, not a score


class Place(StrEnum):
    """Where a metric is shown."""

    LEADERBOARD = "leaderboard"
    VIEW = "view"  # the columns of MLflow's shared view
    CARD = "card"
    CALL = "call"


class Group(StrEnum):
    """Which table of `docs/protocol.md` documents a metric."""

    FORECAST = "forecast"
    BACKTEST = "backtest"
    RUN = "run"


@dataclass(frozen=True)
class Metric:
    """One metric, or a family of metrics whose names differ in one part.

    Attributes
    ----------
    name : str
        A family holds one placeholder: `auc_{outcome}`.
    label : str
        What every table and text calls it; may hold the placeholder.
    unit : str
    direction : Direction
    definition, assumes : str
        One line of Markdown each.
    elicits : str
        The property of the predictive distribution that the score is consistent
        for, or else what the number estimates.
    low, high : float
        Closed range of possible values.
    target : float or None
        The ideal value where `direction` is `TARGET`.
    pattern : str
        Number format, as in `format(value, pattern)`.
    members : tuple of str
        What the placeholder stands for; empty for a single metric.
    shown : mapping of str to tuple of Place
        Where each member is shown; a single metric's key is the empty string.

    Raises
    ------
    ValueError
        The parts contradict each other.
    """

    name: str
    label: str
    unit: str
    direction: Direction
    definition: str
    elicits: str
    assumes: str = ""
    low: float = float("-inf")
    high: float = float("inf")
    target: float | None = None
    pattern: str = ".3f"
    group: Group = Group.FORECAST
    members: tuple[str, ...] = ()
    shown: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        placeholders = {name for _, name, _, _ in string.Formatter().parse(self.name) if name}
        if len(placeholders) != bool(self.members):
            raise ValueError(f"metric {self.name}: a family needs one placeholder and members, a metric neither")
        if (self.target is not None) != (self.direction is Direction.TARGET):
            raise ValueError(f"metric {self.name}: a target goes with the direction `target`, and only with it")
        if not self.low < self.high:
            raise ValueError(f"metric {self.name}: the range {self.low} to {self.high} is empty")
        if not set(self.shown) <= set(self.members or ("",)):
            raise ValueError(f"metric {self.name}: shown for {sorted(self.shown)}, which are not among its members")

    @property
    def part(self) -> str:
        """Name of the placeholder; empty for a single metric."""
        return next((name for _, name, _, _ in string.Formatter().parse(self.name) if name), "")


HIGHER, LOWER, TARGET, NONE = Direction.HIGHER, Direction.LOWER, Direction.TARGET, Direction.NONE
OUTCOMES = ("breakdown", "rotation", "neither")
TABLES = (Place.LEADERBOARD, Place.VIEW)
BOOTSTRAP = "gains stationary, dependence gone within a year"


def bounds(of: Metric, definition: str) -> tuple[Metric, Metric]:
    """The lower and the upper bound of an interval around the metric `of`."""
    low, high = (
        replace(
            of,
            name=f"{of.name}_{end}",
            label=f"{of.label}, {word} bound",
            direction=Direction.NONE,
            target=None,
            low=float("-inf"),
            high=float("inf"),
            definition=f"{word} bound: {definition}",
            elicits="sampling uncertainty",
            assumes="as the p of the skill",
            shown={},
        )
        for end, word in (("low", "lower"), ("high", "upper"))
    )
    return low, high
