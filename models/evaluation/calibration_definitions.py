"""The metrics of calibration: slope and intercept, tail bias, calibration error."""

from __future__ import annotations

from dataclasses import replace

from models.evaluation.metric_types import LOWER, NONE, OUTCOMES, TABLES, TARGET, Metric, Place, bounds

SLOPE = Metric(
    "calibration_slope_{outcome}",
    "calibration slope {outcome}",
    "slope",
    TARGET,
    "slope of the logit of the outcome on logit(p): under 1 the probabilities are too bold, above 1 too timid",
    "calibration, and not sharpness",
    "a linear relation; absent if p is constant or separates the outcomes",
    target=1.0,
    members=OUTCOMES,
    shown={"breakdown": (*TABLES, Place.CARD)},
)
SLOPE_BOUNDS = bounds(SLOPE, "95 % by Newey-West, 26 weeks (6 months)")
INTERCEPT = replace(
    SLOPE,
    name="calibration_intercept_{outcome}",
    label="calibration intercept {outcome}",
    unit="log odds",
    target=0.0,
    definition="intercept of the same regression",
    shown={},
)
INTERCEPT_BOUNDS = bounds(INTERCEPT, "95 % by Newey-West, 26 weeks (6 months)")
TAIL = Metric(
    "tail_bias_{outcome}",
    "tail bias {outcome}",
    "probability",
    TARGET,
    "observed frequency less mean p in the 5 % of weeks with the highest p of the outcome: below 0 the probabilities "
    "were too high",
    "calibration of the highest probabilities",
    "the 5 % are taken from the subset itself, so they are known only afterwards",
    low=-1.0,
    high=1.0,
    target=0.0,
    pattern="+.3f",
    members=OUTCOMES,
    shown={"breakdown": (Place.CARD,)},
)
TAIL_BOUNDS = bounds(TAIL, "90 % percentile interval, circular blocks of 26 and 52 weeks, the wider reach")
ECE = Metric(
    "ece_{outcome}",
    "calibration error {outcome}",
    "probability",
    LOWER,
    "mean over weeks of the bin's \\|mean p - frequency\\|, ten equal-count bins, equal p together",
    "calibration, and not sharpness",
    "nothing; biased upwards: read it beside its bound",
    low=0.0,
    high=1.0,
    members=OUTCOMES,
)
ECE_BOUND = Metric(
    "ece_bound_{outcome}",
    "calibration error of a perfect model, {outcome}",
    "probability",
    NONE,
    "95 % quantile of the calibration error of a perfect model: outcome where Φ(z) < p, z a 21-session sum of "
    "daily normals every 5 sessions (independent for months); 400 simulations",
    "the calibration error that chance alone explains",
    "labels depend on each other by overlap alone",
    low=0.0,
    high=1.0,
    members=OUTCOMES,
)
