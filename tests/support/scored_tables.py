"""Tables of predictions whose scores are known, and a market in which they are worth something."""

import numpy as np
import pandas as pd

from features.data import calendar

OUTCOMES = ("rotation", "breakdown", "neither")


def scored(seed=0, n=600, outcomes=OUTCOMES, freq="W-FRI"):
    """A table whose outcomes were drawn from its own probabilities."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([4, 2, 5][: len(outcomes)], size=n)
    codes = np.array([rng.choice(len(outcomes), p=row) for row in p])
    frame = pd.DataFrame(p, columns=[f"p_{name}" for name in outcomes])
    for place, name in enumerate(outcomes):
        frame[f"base_{name}"] = np.mean(codes == place)
        frame[f"trailing_{name}"] = 1 / len(outcomes)
    frame.insert(0, "date", pd.date_range("2000-01-07", periods=n, freq=freq))
    frame["outcome"] = np.array(outcomes, dtype=object)[codes]
    frame["faltering"] = rng.random(n) < 0.5
    frame["volatility"] = rng.lognormal(size=n)
    moved = (codes == 0) & (rng.random(n) < 0.2) & (len(outcomes) == 3)
    frame["outcome_margin"] = np.where(moved, "neither", frame["outcome"])
    return frame, p, codes


def market(first="1996-01-02", last="2008-12-31", seed=0):
    """Daily returns in which high P(breakdown) weeks are bad, and the table that says so; refits every 26 weeks."""
    rng = np.random.default_rng(seed)
    sessions = calendar.sessions(pd.Timestamp(first), pd.Timestamp(last))
    dates = calendar.decision_dates(sessions[0], sessions[-1])
    lift = np.exp(0.5 * rng.normal(size=len(dates)))
    week = np.minimum(dates.searchsorted(sessions, side="left"), len(dates) - 1)
    cap = rng.normal(0.0005, 0.01, len(sessions)) - 0.002 * (lift[week - 1] > 1.8)
    broad = cap + rng.normal(0.0, 0.004, len(sessions))
    returns = pd.DataFrame({"ret_broad": broad, "ret_cap": cap, "ret_bill": 0.0001}, sessions)
    table = pd.DataFrame({"date": dates, "outcome": rng.choice(["rotation", "breakdown", "neither"], len(dates))})
    table["p_rotation"], table["p_breakdown"] = rng.uniform(0.1, 0.6, len(dates)), 0.1 * lift
    table["p_neither"] = 1.0 - table["p_rotation"] - table["p_breakdown"]
    table[["base_rotation", "base_breakdown", "base_neither"]] = [0.35, 0.1, 0.55]
    table["refit"] = dates[np.arange(len(dates)) // 26 * 26]
    return table, returns
