"""One colour for each outcome, verdict and estimator, wherever it is drawn.

Okabe & Ito's palette, which colour-blind readers can tell apart. Plain text, so
that what only needs a colour does not import a drawing library.
"""

from __future__ import annotations

INK, MUTED, GRID, BAND, BAR = "#1F2933", "#66727F", "#E4E7EB", "#C8CED4", "#56667A"
OUTCOME_COLORS = {"rotation": "#009E73", "breakdown": "#D55E00", "neither": "#A7AEB5"}
VERDICT_COLORS = OUTCOME_COLORS | {"no_evidence": "#E4E7EB"}
# Baselines look the same in every figure and in MLflow's charts; MLflow draws the others from a hash.
ESTIMATOR_COLORS = {
    "climatology": "#4D4D4D",
    "persistence": "#A7AEB5",
    "logit2": "#0072B2",
    "markov": "#CC79A7",
    "logit-all": "#56B4E9",
    "jump": "#E69F00",
}
