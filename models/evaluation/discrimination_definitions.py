"""The metrics of discrimination: areas under the ROC curve, and episodes called."""

from __future__ import annotations

from models.evaluation.metric_types import HIGHER, TABLES, Metric, Place

RANKING = "the ranking by probability; blind to calibration"
AUC = Metric(
    "auc_{outcome}",
    "AUC {outcome}",
    "share of pairs",
    HIGHER,
    "share of pairs (a week with the outcome, one without) ranked correctly, ties count one half",
    RANKING,
    "nothing; compares across all years",
    low=0.0,
    high=1.0,
    members=("breakdown", "rotation"),
    shown={"breakdown": (*TABLES, Place.CARD), "rotation": (*TABLES, Place.CARD)},
)
HEAD_TO_HEAD = Metric(
    "auc_head_to_head",
    "AUC head-to-head",
    "share of pairs",
    HIGHER,
    "the AUC of p(rotation) / (p(rotation) + p(breakdown)) on weeks with either outcome",
    RANKING,
    "nothing",
    low=0.0,
    high=1.0,
    shown={"": (*TABLES, Place.CARD)},
)
HEAD_TO_HEAD_WITHIN_VOLATILITY = Metric(
    "auc_head_to_head_vol",
    "AUC head-to-head within volatility",
    "share of pairs",
    HIGHER,
    "the same, only pairs within a quintile of trailing 21-session volatility, every pair once",
    "the ranking beyond what volatility explains",
    "quintiles of the subset itself, so they are known only afterwards",
    low=0.0,
    high=1.0,
    shown={"": (*TABLES, Place.CARD)},
)
AUC_ONSET = Metric(
    "auc_onset",
    "AUC onset",
    "share of pairs",
    HIGHER,
    "the AUC of breakdown among weeks within 5 % of the broad leg's 63-session high",
    "the ranking before a fall",
    "nothing; compares across all years",
    low=0.0,
    high=1.0,
    shown={"": (Place.CARD,)},
)
AUC_DEEP = Metric(
    "auc_deep",
    "AUC once deep",
    "share of pairs",
    HIGHER,
    "the AUC of breakdown among the weeks already deeper",
    "the ranking within a fall",
    "nothing; compares across all years",
    low=0.0,
    high=1.0,
    shown={"": (Place.CARD,)},
)
EPISODES_CALLED = Metric(
    "episodes_called",
    "episodes called",
    "share of episodes",
    HIGHER,
    "share of breakdown episodes whose first decision has a p(breakdown) above the 80 % quantile of the weeks "
    "without one, that is at 20 % of false alarms",
    "warning before the fall; without information 0.2",
    "episodes are few and independent",
    low=0.0,
    high=1.0,
    shown={"": (Place.CARD,)},
)
