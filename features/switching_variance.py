"""Two-state switching-variance regression: a constant mean and two variances, chosen by a hidden Markov chain.

The model is Hamilton's (1989), Econometrica 57(2); the maximum-likelihood estimate
is found by Newton's method from the last one, so that fits of a growing history
take two or three steps each. The likelihood is a product of one 2 x 2 matrix a
row. The product is associative, so it is taken in pairs over the whole history at
once, for all parameter points of a finite-difference Hessian together.
`statsmodels.MarkovRegression` estimates the same model and is the oracle in tests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.data.arrays import Floats

MAX_STEPS = 60
TOLERANCE = 1e-10  # a Newton step that would gain less in log likelihood ends the search
ROUNDING = 1e-6  # a promised gain below it that does not come is rounding, and the search is at its end
STEP_SIZE = 1e-4  # of the finite differences
LONGEST_MOVE = 1.0  # of one parameter in one step, on the unconstrained scale
HALVINGS = 0.5 ** np.arange(6)
PARAMETERS = 5

Matrix = tuple[Floats, Floats, Floats, Floats]  # entries 00, 01, 10, 11, each (points, rows)


@dataclass(frozen=True)
class SwitchingVariance:
    """Parameters, the state of lower variance first.

    `stay` holds each state's probability of staying, a row; `variance` is that of
    the values themselves.
    """

    mean: float
    variance: tuple[float, float]
    stay: tuple[float, float]
    log_likelihood: float


def fit(values: Floats, start: SwitchingVariance | None = None) -> SwitchingVariance | None:
    """Maximum-likelihood estimate on all of `values`; None where the values are equal or the search does not converge.

    Parameters
    ----------
    values : ndarray, (rows,)
        In the order of time, without gaps.
    start : SwitchingVariance, optional
        Where the search begins; a moderate guess from the standard deviation if there is none.
    """
    if not values.std() > 0.0:
        return None
    point = _guess(values) if start is None else _unconstrained(start)
    value, gradient, hessian = _derivatives(point, values)
    for _ in range(MAX_STEPS):
        step, gain = _newton_step(gradient, hessian)
        if gain < TOLERANCE:
            return _constrained(point, value)
        tried = point + np.outer(HALVINGS, np.clip(step, -LONGEST_MOVE, LONGEST_MOVE))
        found = np.nan_to_num(log_likelihoods(tried, values), nan=-np.inf)
        best = int(np.argmax(found))
        if not found[best] > value:
            return _constrained(point, value) if gain < ROUNDING else None
        point = tried[best]
        value, gradient, hessian = _derivatives(point, values)
    return None


def _guess(values: Floats) -> Floats:
    spread = values.std()
    return np.array(
        [values.mean(), np.log(0.7 * spread), np.log(1.6 * spread), np.log(0.97 / 0.03), np.log(0.93 / 0.07)]
    )


def _unconstrained(model: SwitchingVariance) -> Floats:
    stay = np.array(model.stay)
    return np.concatenate([[model.mean], 0.5 * np.log(model.variance), np.log(stay / (1.0 - stay))])


def _constrained(point: Floats, value: float) -> SwitchingVariance:
    variance, stay = np.exp(2.0 * point[1:3]), 1.0 / (1.0 + np.exp(-point[3:5]))
    low, high = np.argsort(variance)
    return SwitchingVariance(
        float(point[0]),
        (float(variance[low]), float(variance[high])),
        (float(stay[low]), float(stay[high])),
        float(value),
    )


def log_likelihoods(points: Floats, values: Floats) -> Floats:
    """Log likelihood of `values` at each point, (points,).

    Parameters
    ----------
    points : ndarray, (points, 5)
        Mean, log standard deviations of both states, log odds of staying in each.
    values : ndarray, (rows,)
    """
    stay = 1.0 / (1.0 + np.exp(-points[:, 3:5]))
    squared = (values[None, :] - points[:, :1]) ** 2
    logs = [-0.5 * squared * np.exp(-2.0 * points[:, [k]]) - points[:, [k]] for k in (1, 2)]
    top = np.maximum(*logs)
    total = top.sum(axis=1) - 0.5 * len(values) * np.log(2.0 * np.pi)
    calm, turbulent = (np.exp(one - top) for one in logs)
    first, second = stay[:, :1], stay[:, 1:]
    product: Matrix = (first * calm, (1.0 - first) * turbulent, (1.0 - second) * calm, second * turbulent)
    rows = len(values)
    while rows > 1:
        if rows % 2:
            product = _with_identity(product)
            rows += 1
        product = _multiply(_every_other(product, 0), _every_other(product, 1))
        rows //= 2
        scale = np.maximum.reduce(product)
        total = total + np.log(scale).sum(axis=1)
        product = tuple(entry / scale for entry in product)
    before = (1.0 - stay[:, 1]) / (2.0 - stay[:, 0] - stay[:, 1])  # the stationary share of the first state
    a, b, c, d = (entry[:, 0] for entry in product)
    return np.asarray(total + np.log(before * (a + b) + (1.0 - before) * (c + d)))


def _multiply(left: Matrix, right: Matrix) -> Matrix:
    a, b, c, d = left
    e, f, g, h = right
    return a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h


def _every_other(product: Matrix, first: int) -> Matrix:
    return tuple(entry[:, first::2] for entry in product)  # type: ignore[return-value]


def _with_identity(product: Matrix) -> Matrix:
    points = len(product[0])
    ones = (1.0, 0.0, 0.0, 1.0)
    grown = [
        np.concatenate([entry, np.full((points, 1), one)], axis=1) for entry, one in zip(product, ones, strict=True)
    ]
    return tuple(grown)  # type: ignore[return-value]


def _differences() -> tuple[Floats, list[tuple[int, int]]]:
    """Points around zero at which the likelihood is taken for its first and second derivatives."""
    unit = np.eye(PARAMETERS) * STEP_SIZE
    pairs = [(i, j) for i in range(PARAMETERS) for j in range(i)]
    both = [unit[i] + unit[j] for i, j in pairs]
    return np.vstack([np.zeros((1, PARAMETERS)), unit, -unit, both, np.negative(both)]), pairs


_POINTS, _PAIRS = _differences()


def _derivatives(point: Floats, values: Floats) -> tuple[float, Floats, Floats]:
    found = log_likelihoods(point + _POINTS, values)
    here, up, down = found[0], found[1 : 1 + PARAMETERS], found[1 + PARAMETERS : 1 + 2 * PARAMETERS]
    both, neither = np.split(found[1 + 2 * PARAMETERS :], 2)
    hessian = np.diag((up - 2.0 * here + down) / STEP_SIZE**2)
    for place, (i, j) in enumerate(_PAIRS):
        mixed = both[place] + neither[place] + 2.0 * here - up[i] - down[i] - up[j] - down[j]
        hessian[i, j] = hessian[j, i] = mixed / (2.0 * STEP_SIZE**2)
    return float(here), (up - down) / (2.0 * STEP_SIZE), hessian


def _newton_step(gradient: Floats, hessian: Floats) -> tuple[Floats, float]:
    """The step, uphill also where the surface is not concave, and the gain it promises."""
    curvature, axes = np.linalg.eigh(-hessian)
    step = axes @ ((axes.T @ gradient) / np.maximum(np.abs(curvature), 1e-3))
    return step, float(gradient @ step)


def filtered_probabilities(values: Floats, model: SwitchingVariance) -> Floats:
    """Probability of the state of higher variance given the values up to each row, (rows,)."""
    deviation = np.sqrt(model.variance)
    density = np.exp(-0.5 * ((values[:, None] - model.mean) / deviation) ** 2) / deviation
    stay_calm, stay_turbulent = model.stay
    turbulent = (1.0 - stay_calm) / (2.0 - stay_calm - stay_turbulent)
    out = np.empty(len(values))
    for row, (calm_density, turbulent_density) in enumerate(density):
        ahead = turbulent * stay_turbulent + (1.0 - turbulent) * (1.0 - stay_calm)
        weight = ahead * turbulent_density
        turbulent = weight / (weight + (1.0 - ahead) * calm_density)
        out[row] = turbulent
    return out
