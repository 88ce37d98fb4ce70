"""The metrics of a forecast and of a run, in the order in which they are shown and documented."""

from __future__ import annotations

from models.evaluation import calibration_definitions as calibration
from models.evaluation import discrimination_definitions as discrimination
from models.evaluation import score_definitions as score
from models.evaluation.metric_types import LOWER, NONE, TABLES, Group, Metric

WEIGHTS = tuple(str(weight) for weight in range(1, 11))
EFFECTIVE_MONTHS = Metric(
    "effective_months",
    "independent months",
    "months",
    NONE,
    "weeks x 5/21; rows for a monthly label",
    "the size of the evidence",
    low=0.0,
    pattern=".0f",
    shown={"": TABLES},
)
EPISODES = Metric(
    "episodes",
    "episodes of breakdown",
    "episodes",
    NONE,
    "runs of breakdown weeks with gaps of at most 13 weeks",
    "the size of the evidence",
    low=0.0,
    pattern=".0f",
)
COST_RATIO = Metric(
    "cost_ratio_{weight}",
    "cost ratio, a miss weighs {weight}",
    "share of the reference's cost",
    LOWER,
    "a missed breakdown costs the weight, a false alarm 1; alarm where p > 1/(1+w); over the cheaper of always and "
    "never, chosen in hindsight",
    "the probability at the decision threshold 1/(1+w)",
    "the cost is the same every week",
    low=0.0,
    members=WEIGHTS,
)
FORECAST = (
    score.SKILL,
    score.SKILL_P,
    discrimination.AUC,
    discrimination.HEAD_TO_HEAD,
    discrimination.HEAD_TO_HEAD_WITHIN_VOLATILITY,
    score.BRIER_SKILL,
    calibration.SLOPE,
    discrimination.AUC_ONSET,
    discrimination.AUC_DEEP,
    discrimination.EPISODES_CALLED,
    calibration.TAIL,
    EFFECTIVE_MONTHS,
    score.LOG_LOSS,
    score.BRIER,
    *calibration.TAIL_BOUNDS,
    *score.SKILL_BOUNDS,
    score.SKILL_TRAILING,
    score.SKILL_MARGIN,
    score.SKILL_ROTATION,
    score.SKILL_ROTATION_P,
    score.SKILL_WITHOUT_BEST_CRISIS,
    score.GAIN,
    score.GAIN_P,
    calibration.ECE,
    calibration.ECE_BOUND,
    *calibration.SLOPE_BOUNDS,
    calibration.INTERCEPT,
    *calibration.INTERCEPT_BOUNDS,
    EPISODES,
    COST_RATIO,
)
RUN = (
    Metric(
        "train_seconds",
        "seconds to train",
        "seconds",
        NONE,
        "wall time of the walk-forward; a fold read from the cache counts what reading took",
        "the cost of a run",
        low=0.0,
        pattern=".0f",
        group=Group.RUN,
        shown={"": TABLES},
    ),
)
