"""A fitted range by hand: pools of noise on two columns, one horizon."""

import numpy as np

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
