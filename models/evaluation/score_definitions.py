"""The proper scores of a forecast: log loss, its skill and gains, the Brier score."""

from __future__ import annotations

from models.evaluation.metric_types import BOOTSTRAP, HIGHER, LOWER, OUTCOMES, TABLES, Metric, Place, bounds

REFERENCES = ("markov",)  # baselines that every run is compared with, by name
MEAN = "the whole distribution (strictly proper)"
SKILL = Metric(
    "log_loss_skill",
    "log-loss skill",
    "share of climatology's loss",
    HIGHER,
    "1 - log loss / log loss of climatology",
    MEAN,
    "that climatology was known then: it is the fold's training base rate",
    high=1.0,
    pattern="+.4f",
    shown={"": (*TABLES, Place.CARD, Place.CALL)},
)
SKILL_P = Metric(
    "log_loss_skill_p",
    "p",
    "probability",
    LOWER,
    "one-sided p of the mean weekly gain, circular block bootstrap, 2,000 draws; blocks of 26 and 52 weeks "
    "(6 and 12 months), the larger p",
    "evidence against a mean gain of zero or less",
    BOOTSTRAP,
    low=0.0,
    high=1.0,
    shown={"": (*TABLES, Place.CARD, Place.CALL)},
)
BRIER_SKILL = Metric(
    "brier_skill_{outcome}",
    "Brier skill {outcome}",
    "share of climatology's score",
    HIGHER,
    "1 - Brier score / Brier score of climatology",
    "the probability of the outcome (strictly proper)",
    "as `log_loss_skill`",
    high=1.0,
    pattern="+.3f",
    members=OUTCOMES,
    shown={"breakdown": (*TABLES, Place.CARD), "rotation": TABLES},
)
LOG_LOSS = Metric(
    "log_loss",
    "log loss",
    "nats a decision",
    LOWER,
    "mean -ln p of what happened, p at least 1e-6",
    MEAN,
    "nothing",
    low=0.0,
    pattern=".4f",
)
BRIER = Metric(
    "brier_{outcome}",
    "Brier score {outcome}",
    "squared probability",
    LOWER,
    "mean (p - happened)²",
    "the probability of the outcome (strictly proper)",
    "nothing",
    low=0.0,
    high=1.0,
    members=OUTCOMES,
)
SKILL_BOUNDS = bounds(
    SKILL, "90 % percentile interval, loss and reference resampled together, the wider reach of both blocks"
)
SKILL_TRAILING = Metric(
    "log_loss_skill_trailing",
    "log-loss skill over the trailing climatology",
    "share of the reference's loss",
    HIGHER,
    "skill against the shares of the last 20 years",
    MEAN,
    "nothing",
    high=1.0,
    pattern="+.4f",
)
SKILL_MARGIN = Metric(
    "log_loss_skill_margin",
    "log-loss skill with a margin on rotation",
    "share of climatology's loss",
    HIGHER,
    "skill when rotation must win by 50 bp; climatology is not refitted",
    MEAN,
    "that the skill does not come from weeks close to the label's boundary",
    high=1.0,
    pattern="+.4f",
)
SKILL_ROTATION = Metric(
    "log_loss_skill_rotation",
    "log-loss skill of rotation against neither",
    "share of climatology's loss",
    HIGHER,
    "p(rotation) / (p(rotation) + p(neither)) on weeks without breakdown, against climatology's",
    "the distribution given no breakdown (strictly proper)",
    "conditional on the outcome, so it cannot be traded; it isolates rotation from breakdown",
    high=1.0,
    pattern="+.4f",
)
SKILL_ROTATION_P = Metric(
    "log_loss_skill_rotation_p",
    "p of rotation against neither",
    "probability",
    LOWER,
    "p of that skill, as `log_loss_skill_p`",
    "evidence against a mean gain of zero or less",
    BOOTSTRAP,
    low=0.0,
    high=1.0,
)
SKILL_WITHOUT_BEST_CRISIS = Metric(
    "log_loss_skill_without_best_crisis",
    "log-loss skill without the best crisis",
    "share of climatology's loss",
    HIGHER,
    "skill without all weeks from the first to the last of the breakdown episode with the largest summed gain",
    "how far the skill depends on one episode",
    "the episode is chosen in hindsight, against the model",
    high=1.0,
    pattern="+.4f",
)
GAIN = Metric(
    "ahead_of_{reference}",
    "gain over {reference}",
    "nats a decision",
    HIGHER,
    "mean log loss of that baseline in the same folds less the model's",
    MEAN,
    "nothing",
    pattern="+.4f",
    members=REFERENCES,
)
GAIN_P = Metric(
    "ahead_of_{reference}_p",
    "p of the gain over {reference}",
    "probability",
    LOWER,
    "p of that gain, as `log_loss_skill_p`",
    "evidence against a mean gain of zero or less",
    BOOTSTRAP,
    low=0.0,
    high=1.0,
    members=REFERENCES,
)
