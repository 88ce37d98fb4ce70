"""A fitted range by hand, pools of noise on two columns and one horizon; and a market before the test weeks."""

from dataclasses import replace

import numpy as np
import pandas as pd

from features.dataset import Dataset
from models.range.fitted import Column, FittedRange, HorizonFit, Pool


def pool(seed: int, count: int = 300) -> Pool:
    """Paths of four steps of noise."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(count, 4))
    return Pool(
        years=20,
        broad=tuple(steps.sum(axis=1).tolist()),
        spread=tuple(rng.normal(size=count).tolist()),
        lowest=tuple(np.cumsum(steps, axis=1).min(axis=1).tolist()),
    )


def fitted_range(name: str, usual: Pool) -> FittedRange:
    """A range over 21 sessions from the columns `own` and `other`."""
    one = HorizonFit(
        horizon=21,
        rows=300,
        members=(Column(column="own"),),
        spread_members=(Column(column="other"),),
        pool=pool(1),
        usual=usual,
        discounted={},
    )
    return FittedRange(name=name, fitted_at="2020-01-03", horizons=(one,))


def earlier(drawn: Dataset, by: pd.Timedelta = pd.Timedelta(weeks=626)) -> Dataset:
    """A simulated market twelve years earlier: it begins in 1968, so that weeks before 1990 can be tested."""
    return replace(
        drawn,
        X=drawn.X.set_axis(drawn.X.index - by),
        outcome=drawn.outcome.set_axis(drawn.outcome.index - by),
        label_end=drawn.label_end.set_axis(drawn.label_end.index - by) - by,
        faltering=drawn.faltering.set_axis(drawn.faltering.index - by),
        returns=drawn.returns.set_axis(drawn.returns.index - by),
    )
