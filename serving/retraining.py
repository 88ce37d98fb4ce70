"""Training as a part of the week: the walk-forward and the gate are run again when they are due.

The weekly run may not import the room `training`: it starts `regime train run` as a
person would, in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys

import pandas as pd

from features.data import store
from features.data.errors import RegimeError
from features.data.settings import WeeklySettings
from models.tracking import registry


def due(plan: WeeklySettings, now: pd.Timestamp) -> bool:
    """Whether models of the data in force are missing, or were last trained `plan.retrain_weeks` ago or longer."""
    if not plan.retrain_weeks:
        return False
    name = registry.registry_name(store.current_manifest().source, "path")
    made = registry.last_made_at(name)  # of any version: a candidate that took no alias was trained too
    return bool(now - pd.Timestamp(made, unit="s", tz="UTC") >= pd.Timedelta(weeks=plan.retrain_weeks))


def retrain(experiments: tuple[str, ...]) -> None:
    """Run experiments, one after the other, as `regime train run` does; what they print is kept for an error.

    Raises
    ------
    RegimeError
        One ended with an error; the last line it said. What was registered before stays in force.
    """
    for name in experiments:
        words = [sys.executable, "-m", "regime", "train", "run", name, "--json"]
        ended = subprocess.run(words, capture_output=True, text=True, check=False)
        if ended.returncode:
            said = ended.stderr.strip().splitlines()
            raise RegimeError(
                f"training {name} ended with status {ended.returncode}: {said[-1] if said else 'it said nothing'}"
            )
