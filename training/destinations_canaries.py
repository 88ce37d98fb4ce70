"""Canaries of the groups' gate: where nothing links features and outcomes, nothing may claim.

- `groups_shuffled`: what followed is dealt to other groups of the same week, by one
  permutation for each half year, so that horizons overlap as they do: direction.
- `weeks_moved`: what followed is moved in time by random blocks of a year, all
  groups together: size, which shuffling within weeks leaves whole.

Panel, walk-forward, scores and gate are the real ones, with yearly refits. Each may
let something pass in at most 5 % of the seeds.

`docs/method.md` says what was measured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np

from features import group_panel
from features.data import store
from features.group_panel import GroupPanel, Rows
from models.destinations.spec import DestinationsSpec
from training import groups_run
from training.canary_cases import Outcome
from training.destinations_gate import judge

REFIT = 52
HORIZON = 21
TREES = {"n_estimators": 20.0, "min_child_samples": 500.0}
CANARIES = {"groups_shuffled": "beats", "weeks_moved": "moves"}
HALF_YEAR, YEAR = 26, 52


def groups_shuffled(panel: GroupPanel, seed: int) -> GroupPanel:
    """The panel with what followed dealt to other groups, the same deal for half a year and in both universes."""
    rng = np.random.default_rng(seed)
    size = panel.rows["joined"].ahead[HORIZON].shape
    deals = {block: rng.permutation(size[1]) for block in range(-(-size[0] // HALF_YEAR))}

    def deal(ahead: np.ndarray) -> np.ndarray:
        out = np.full_like(ahead, np.nan)
        for week in range(len(ahead)):
            there = np.flatnonzero(np.isfinite(ahead[week]))
            order = deals[week // HALF_YEAR]
            out[week, there] = ahead[week, order[np.isin(order, there)]]
        return out

    return _with(panel, deal)


def weeks_moved(panel: GroupPanel, seed: int) -> GroupPanel:
    """The panel with what followed cut into years and put in another order, all groups of a week together."""
    weeks = len(panel.dates)
    order = np.random.default_rng(seed).permutation(-(-weeks // YEAR))
    source = np.concatenate([np.arange(one * YEAR, min((one + 1) * YEAR, weeks)) for one in order])
    return _with(panel, lambda ahead: ahead[source])


def _with(panel: GroupPanel, change: Callable[[np.ndarray], np.ndarray]) -> GroupPanel:
    rows = {
        name: Rows(one.X, {horizon: change(ahead) for horizon, ahead in one.ahead.items()}, one.on_fund)
        for name, one in panel.rows.items()
    }
    return replace(panel, rows=rows)


def passed(name: str, panel: GroupPanel, seed: int, params: dict[str, float] | None = None) -> str | None:
    """The gate's champion in one shuffled panel, or None."""
    changed = groups_shuffled(panel, seed) if name == "groups_shuffled" else weeks_moved(panel, seed)
    spec = DestinationsSpec(
        outcomes=(CANARIES[name],), horizons=(HORIZON,), refit_weeks=REFIT, params=TREES if params is None else params
    )
    runs = groups_run.walk(changed, spec)
    return judge(groups_run.on_funds(runs))[CANARIES[name], HORIZON].champion


@lru_cache(maxsize=1)
def _panel() -> GroupPanel:
    """The panel of the data in force, built once in each process."""
    return group_panel.build(store.load(), (HORIZON,))


def outcome(name: str, seed: int) -> Outcome:
    """The same on the data in force, as `training.canaries` counts it."""
    found = passed(name, _panel(), seed)
    return Outcome(passed=found is not None, champion=found)
