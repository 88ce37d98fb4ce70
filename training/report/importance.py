"""Which features move a model, how much, and which way."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.dataset import FAMILY_OF
from features.wording import spoken
from models import explain
from models.figures import style
from models.figures.colors import BAR, MUTED, OUTCOME_COLORS
from models.fitted import FittedModel

ROWS_EXPLAINED = 400
FEATURES_SHOWN = 14


def explained(document: FittedModel, X: pd.DataFrame) -> pd.DataFrame:
    """Mean absolute contribution and sign of each feature over about `ROWS_EXPLAINED` rows of `X`, largest first.

    Columns `family`, `strength` (mean |contribution| to the log odds) and `sign`
    (rank correlation of the contribution with the feature's value).
    """
    rows = X.iloc[:: max(1, len(X) // ROWS_EXPLAINED)]
    parts = explain.contribution_table(document, rows)
    out = pd.DataFrame(
        {
            "family": [FAMILY_OF.get(str(name), "other") for name in parts],
            "strength": parts.abs().mean(),
            "sign": _signs(rows[parts.columns], parts),
        },
        index=parts.columns,
    )
    return out.sort_values("strength", ascending=False)


def _signs(values: pd.DataFrame, parts: pd.DataFrame) -> pd.Series:
    """Spearman's rank correlation of each column where it has a value; 0 where either does not vary."""
    known = values.notna()
    a, b = values.rank(), parts.where(known).rank()
    a, b = a - a.mean(), b - b.mean()
    spread = np.sqrt((a**2).sum() * (b**2).sum())
    return ((a * b).sum() / spread.where(spread > 0.0)).fillna(0.0)


def diagram(name: str, document: FittedModel, X: pd.DataFrame) -> bytes | None:
    """Mean |SHAP| by family, and the strongest features with what high values speak for; None if nothing counts."""
    found = explained(document, X)
    if not len(found) or not found["strength"].sum() > 0.0:
        return None
    up = "rotation" if "rotation" in document.outcomes else "neither"
    with style.applied():
        figure = style.figure(
            f"{name}: what moves the log odds of {up} against breakdown",
            f"mean |SHAP| of the model of the last fold ({document.fitted_at}) over the rows since "
            f"{X.index[0]:%Y}; {len(found)} features; beside a bar: what a high value of it speaks for",
        )
        left, right = figure.subplots(1, 2, width_ratios=[1.0, 1.6])
        families = found.groupby("family")["strength"].sum().sort_values()
        left.barh([spoken(one) for one in families.index], families, color=BAR)
        left.set_title("by family")
        left.set_xlabel("sum over its features")
        top = found.iloc[:FEATURES_SHOWN].iloc[::-1]
        colors = [
            OUTCOME_COLORS["breakdown"] if sign < 0 else OUTCOME_COLORS["rotation"] if up == "rotation" else BAR
            for sign in top["sign"]
        ]
        right.barh([spoken(str(one)) for one in top.index], top["strength"], color=colors)
        for place, sign in enumerate(top["sign"]):
            mark = " mixed" if abs(sign) < 0.3 else f" high: {up if sign > 0 else 'breakdown'}"
            right.annotate(mark, (top["strength"].iloc[place], place), va="center", fontsize=9, color=MUTED)
        right.margins(x=0.22)
        right.set_title("the strongest features")
        for axes in (left, right):
            axes.grid(visible=False, axis="y")
        return style.png(figure)
