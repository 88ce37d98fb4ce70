"""Hansen's test for superior predictive ability, asked of one candidate among many.

Hansen (2005), JBES 23(4), 365-380, on the block bootstrap of `models.evaluation.bootstrap`.
`arch.bootstrap.SPA` draws the same replications a thousand times slower and
compares plain means (its `studentize` only picks which models are irrelevant), so
that the noisiest try sets the bar for all. Here the loss differences are divided
by their long-run deviation first, which is Hansen's statistic; on differences so
scaled both agree, which is tested.

The test as published asks whether *some* candidate beats the benchmark. Here the
candidate's own p is wanted: the smallest level at which it belongs to
`SPA.better_models`, that is at which its mean exceeds the critical value of the
largest of all. It bounds the chance of any false pass (Romano & Wolf 2005).
"""

from __future__ import annotations

import numpy as np

from models.evaluation import bootstrap

NEGLIGIBLE = 1e-6  # nats: a smaller deviation is rounding, and the try equals the benchmark


def adjusted_p(benchmark: np.ndarray, models: np.ndarray, blocks: tuple[int, ...]) -> float:
    """The first model's own p against the benchmark, given all models; the largest over the block lengths.

    Parameters
    ----------
    benchmark : array, (weeks,)
        Losses of the model to beat.
    models : array, (weeks, models)
        Losses of the candidates, the one asked about first.
    blocks : tuple of int
        Lengths of the circular bootstrap's blocks, in rows.

    Returns
    -------
    float
        In (0, 1]; 1 where there are fewer than two of the longest blocks, or the
        candidate equals the benchmark.

    Notes
    -----
    Assumes what `models.evaluation.bootstrap.p_value` does, and is the same number but for
    rounding where the candidate is alone.
    """
    gains = benchmark[:, None] - models
    if len(gains) < 2 * max(blocks) or deviation(gains[:, :1], max(blocks))[0] < NEGLIGIBLE:
        return 1.0
    return max(_p(gains, block) for block in blocks)


def deviation(gains: np.ndarray, block: int) -> np.ndarray:
    """Long-run standard deviation of each column, (models,): that of a circular block sum over the root of its length.

    The exact variance of the circular block bootstrap's mean, times the weeks (Politis & Romano 1992).
    """
    centred = gains - gains.mean(axis=0)
    wrapped = np.concatenate([np.zeros((1, gains.shape[1])), centred, centred[: block - 1]]).cumsum(axis=0)
    sums = wrapped[block:] - wrapped[:-block]
    return np.asarray(np.sqrt((sums**2).mean(axis=0) / block))


def _p(gains: np.ndarray, block: int) -> float:
    size, scale = len(gains), deviation(gains, block)
    wide = bootstrap.widening(size, block)
    # Hansen's consistent p: a try too far behind to be the best is not centred, so it drops out.
    threshold = -np.sqrt(2.0 * np.log(np.log(size)) / size) * wide
    largest = np.full(bootstrap.REPLICATIONS, -np.inf)
    for place in np.flatnonzero(scale >= NEGLIGIBLE):
        scaled = gains[:, place] / scale[place]
        mean = scaled.mean()
        drawn = (bootstrap.resampled_means(scaled, block) - mean) * wide
        largest = np.maximum(largest, drawn if mean >= threshold else drawn + mean)
    own = gains[:, 0].mean() / scale[0]
    return float((1.0 + np.sum(largest >= own)) / (bootstrap.REPLICATIONS + 1.0))
