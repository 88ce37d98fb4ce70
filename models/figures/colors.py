"""One colour for each outcome and verdict, wherever it is drawn; those of estimators are in `models.estimators`.

Okabe & Ito's palette, which colour-blind readers can tell apart. Plain text, so
that what only needs a colour does not import a drawing library.
"""

from __future__ import annotations

INK, MUTED, GRID, BAND, BAR = "#1F2933", "#66727F", "#E4E7EB", "#C8CED4", "#56667A"
OUTCOME_COLORS = {"rotation": "#009E73", "breakdown": "#D55E00", "neither": "#A7AEB5"}
