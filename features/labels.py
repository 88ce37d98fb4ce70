"""What happened in the 21 sessions after a decision. The only module that looks forward.

Outcomes are exhaustive and decided in this order: `breakdown`, `rotation`,
`neither`. An outcome exists only once its whole horizon has been seen.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.errors import RegimeError

HORIZON = 21
OUTCOMES = ("rotation", "breakdown", "neither")
PATH_FALL = -0.05
RETURN_FALL = -0.04
LABELS = {
    "path": "breakdown: the broad leg closes 5 % or more below today's close within the next 21 sessions",
    "return": "breakdown: the broad leg's return over the next 21 sessions is -4 % or less",
}


def check(label: str) -> None:
    """Raise for a label that is not defined."""
    if label not in LABELS:
        raise RegimeError(f"unknown label {label!r}: known are {', '.join(LABELS)}")


def outcomes(label: str, broad: pd.Series, cap: pd.Series) -> pd.Series:
    """The outcome of every session whose horizon has ended; missing for the others.

    Parameters
    ----------
    label : str
        A key of `LABELS`.
    broad, cap : Series, shape (sessions,)
        Daily total returns of the legs, as decimals.
    """
    check(label)
    size = len(broad)
    steps = np.log1p(broad.to_numpy(float)), np.log1p(cap.to_numpy(float))
    out = pd.Series(pd.NA, index=broad.index, dtype="object")
    if size <= HORIZON:
        return out
    ahead = [np.cumsum(np.lib.stride_tricks.sliding_window_view(step[1:], HORIZON), axis=1) for step in steps]
    broad_return, cap_return = (np.expm1(path[:, -1]) for path in ahead)
    fell = np.expm1(ahead[0].min(axis=1)) <= PATH_FALL if label == "path" else broad_return <= RETURN_FALL
    rotated = (broad_return > 0.0) & (broad_return > cap_return)
    known = np.isfinite(broad_return) & np.isfinite(cap_return)
    values = np.where(fell, "breakdown", np.where(rotated, "rotation", "neither")).astype(object)
    values[~known] = pd.NA
    out.iloc[: size - HORIZON] = values
    return out
