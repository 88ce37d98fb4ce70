"""The model confidence set: which models cannot be told from the best one.

Hansen, Lunde & Nason (2011), Econometrica 79(2), as `arch.bootstrap.MCS` computes
it, by circular blocks of two lengths. A model is in the set if it is in one of the
two: the union is the wider statement.
"""

from __future__ import annotations

import warnings

import pandas as pd

from models.evaluation.bootstrap import BLOCKS

SIZE = 0.10  # the set holds the best model with a probability of 90 %
REPLICATIONS = 1000


def model_confidence_set(losses: pd.DataFrame, blocks: tuple[int, ...] = BLOCKS, seed: int = 0) -> frozenset[str]:
    """Names of the models in the 90 % confidence set.

    Parameters
    ----------
    losses : DataFrame, (weeks, models)
        Loss of each model in the same weeks, in the order of time.
    blocks : tuple of int
        Block lengths in rows.
    seed : int

    Notes
    -----
    A record shorter than two of the longest blocks, or models that never differ,
    exclude nobody.
    """
    every = frozenset(str(name) for name in losses)
    if len(every) < 2 or len(losses) < 2 * max(blocks):
        return every
    distinct = losses.loc[:, ~losses.T.duplicated()]
    if distinct.shape[1] < 2:
        return every
    from arch.bootstrap import MCS  # here: a call needs this module's neighbours, and arch brings matplotlib

    included: set[str] = set()
    for block in blocks:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of arch, where two models hardly differ
            test = MCS(
                distinct.to_numpy(),
                SIZE,
                reps=REPLICATIONS,
                block_size=block,
                method="max",
                bootstrap="circular",
                seed=seed,
            )
            test.compute()
        included |= {str(distinct.columns[place]) for place in test.included}
    # Models with the very losses of an included one are as good.
    twins = [name for name in losses if any(losses[name].equals(losses[one]) for one in included)]
    return frozenset(included) | frozenset(str(name) for name in twins)
