"""The verdict rule: monotone in the probabilities, silent without evidence.

A call is `breakdown` or `rotation` when that outcome's probability exceeds its
base rate by the larger ratio and by at least a tenth; `neither` when neither's
does so. It is `no_evidence` without a champion, and where no probability is a
tenth above its base rate: that is within what a refit alone moves.
"""

from __future__ import annotations

MARGIN = 1.10


def verdict(probabilities: dict[str, float], base_rates: dict[str, float], has_champion: bool) -> str:
    """One of `rotation`, `breakdown`, `neither`, `no_evidence`."""
    if not has_champion:
        return "no_evidence"
    lift = {
        name: probabilities[name] / max(base_rates[name], 1e-9)
        for name in ("rotation", "breakdown")
        if name in probabilities
    }
    best = max(lift, key=lambda name: lift[name])
    if lift[best] >= MARGIN:
        return best
    return "neither" if probabilities["neither"] >= MARGIN * base_rates["neither"] else "no_evidence"
