"""What every call of one process shares: the snapshot, the registered models, and the models fitted so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from features import group_panel
from features.data import store
from features.data.errors import RefusedError, RegimeError
from features.data.store import Snapshot
from features.dataset import Dataset, build
from features.group_panel import GroupPanel
from models.destinations.record import DestinationsRecord
from models.fit import fit_at
from models.fitted import FittedModel
from models.range import schedule
from models.range.fit import fit_range_at, prepare
from models.range.fitted import FittedRange
from models.spec import ModelSpec, from_json
from models.splits import refit_dates
from models.stacking import FitCache
from models.tracking import destination_runs, loader, range_registry
from models.tracking.range_registry import RegisteredRange
from models.tracking.registry import Registered, registry_name


@dataclass
class CallContext:
    """The snapshot in force, uncut, with the champion and the challenger of its source.

    Attributes
    ----------
    snapshot : Snapshot
        Whole: each call cuts it at its own as-of date.
    model_name : str
        The registered name both models stand under.
    champion : Registered or None
        None while no model has earned it.
    challenger : Registered
        Of the judged candidates the one with the lowest log loss, or the champion where there is none.
    range_model : RegisteredRange or None
        The range shown: the champion of its gate, or the challenger without one; None where none is registered.
    range_is_champion : bool
    """

    snapshot: Snapshot
    model_name: str
    champion: Registered | None
    challenger: Registered
    range_model: RegisteredRange | None = None
    range_is_champion: bool = False
    _until: tuple[pd.Timestamp, Dataset] | None = None
    _ranges: dict[tuple[str, pd.Timestamp], FittedRange] = field(default_factory=dict)
    _folds: FitCache = field(default_factory=FitCache)
    _fitted: dict[tuple[str, pd.Timestamp], FittedModel] = field(default_factory=dict)

    @cached_property
    def dataset(self) -> Dataset:
        """The data set of the whole snapshot, with every outcome known today; a call's own ends at its decision."""
        return self._build(self.snapshot)

    def dataset_until(self, date: pd.Timestamp, step: Callable[[int, int], None] | None = None) -> Dataset:
        """The data set with what was known at a decision; the last one asked for is kept."""
        if self._until is None or self._until[0] != date:
            self._until = (date, self._build(self.snapshot.as_of(date), step))
        return self._until[1]

    def _build(self, snapshot: Snapshot, step: Callable[[int, int], None] | None = None) -> Dataset:
        specs = self.specs
        return build(snapshot, specs[-1].label, step, any(spec.needs_jump for spec in specs))

    @cached_property
    def groups(self) -> GroupPanel:
        """The groups' panel of the whole snapshot: a past week's rows are those it had then (tested)."""
        return group_panel.build(self.snapshot)

    @cached_property
    def destinations(self) -> tuple[str, DestinationsRecord] | None:
        """Version and record of the latest destinations experiment, or None where there is none."""
        return destination_runs.latest()

    @property
    def shown(self) -> Registered:
        """The model whose probabilities are the call's: the champion, or the challenger without one."""
        return self.champion or self.challenger

    @property
    def specs(self) -> list[ModelSpec]:
        """The specifications of champion (if any) and challenger."""
        return [from_json(one.tags["spec"]) for one in (self.champion, self.challenger) if one is not None]

    def model_in_force(self, dataset: Dataset, spec: ModelSpec, date: pd.Timestamp) -> FittedModel:
        """The model a walk-forward would use at `date`, fitted at the last scheduled refit; the same until the next."""
        key = (spec.identity, last_refit(dataset, spec, date))
        if key not in self._fitted:
            self._fitted[key] = fit_at(dataset, spec, key[1], self._folds)
        return self._fitted[key]

    def range_in_force(self, dataset: Dataset, registered: RegisteredRange, date: pd.Timestamp) -> FittedRange:
        """The range a walk-forward would use at `date`, fitted at the last scheduled refit; the same until the next."""
        spec = registered.spec
        refit = schedule.last_refit(pd.DatetimeIndex(dataset.X.index), spec, date)
        key = (spec.to_json(), refit)
        if key not in self._ranges:
            data = prepare(dataset, spec.horizons, spec.reads_garch)
            self._ranges[key] = fit_range_at(data, spec, refit)
        return self._ranges[key]


def last_refit(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp) -> pd.Timestamp:
    """The last scheduled refit at or before `date`.

    Raises
    ------
    RegimeError
        `date` lies before the first test week.
    """
    refits = refit_dates(dataset, spec)
    past = refits[refits <= date]
    if not len(past):
        raise RegimeError(f"no model could exist on {date.date()}: the first test week is {refits[0].date()}")
    return pd.Timestamp(past[-1])


def load_context(snapshot: Snapshot | None = None) -> CallContext:
    """Load the snapshot in force, unless it is given, and the models registered for its source.

    Raises
    ------
    RegimeError, RefusedError
        No data, no model, or a model trained on other legs or another source.
    """
    snapshot = snapshot or store.load()
    name = registry_name(snapshot.source, "path")
    champion, challenger = (loader.registered(name, alias) for alias in ("champion", "challenger"))
    challenger = challenger or champion  # a candidate that was refused as a leak leaves no challenger
    if challenger is None:
        raise RegimeError(
            f"no model {name!r} is registered yet, or the one trained looks like a leak: run `regime train run default`"
        )
    range_name = range_registry.registry_name(snapshot.source)
    range_champion = range_registry.registered(range_name, "champion")
    context = CallContext(
        snapshot,
        name,
        champion,
        challenger,
        range_champion or range_registry.registered(range_name, "challenger"),
        range_champion is not None,
    )
    for what, held in (("legs", snapshot.legs), ("source", snapshot.source)):
        if context.shown.tags[what] != held:
            raise RefusedError(
                f"{name} was trained on {what} {context.shown.tags[what]!r}, the store holds {held!r}: run "
                "`regime train run default` on these data"
            )
    return context
