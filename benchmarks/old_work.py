"""`regime train run default` with the work of the reference's alone: two members and the baselines it had.

A process of its own, so that what it leaves out is left out of nothing else: the simulated paths, in the data set and
in the blend, and the baseline on implied volatility.
"""

from __future__ import annotations

import sys
from typing import Any

import pandas as pd

from features import path_simulation
from regime import main
from training import experiment

NEW = ("simulation", "vix")


def no_paths(_: Any, __: str, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """No columns, and so no baseline that reads them."""
    return pd.DataFrame(index=dates)


if __name__ == "__main__":
    path_simulation.compute = no_paths
    experiment.BESIDE = tuple(kind for kind in experiment.BESIDE if kind not in NEW)
    sys.argv = ["regime", "train", "run", "default", "--set", 'blend=["logit-all"]', *sys.argv[1:]]
    main()
