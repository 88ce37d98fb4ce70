"""The gate, first form: who may be champion, and why.

1. It beats climatology with p < 0.05.
2. It has a lower loss than every baseline.
If the candidate fails, the best baseline that passes clause 1 is champion; if
none does, there is no champion and the call says "no evidence".
"""

from __future__ import annotations

LEVEL = 0.05
Metrics = dict[str, float]


def choose(metrics: dict[str, Metrics], candidate: str) -> tuple[str | None, str]:
    """Name of the champion, or None, and the reason in one sentence."""

    def passes(name: str) -> bool:
        return metrics[name]["log_loss_skill"] > 0.0 and metrics[name]["log_loss_skill_p"] < LEVEL

    baselines = sorted((name for name in metrics if name != candidate), key=lambda name: metrics[name]["log_loss"])
    best = baselines[0]
    skill, p = metrics[candidate]["log_loss_skill"], metrics[candidate]["log_loss_skill_p"]
    said = f"{candidate}: skill {skill:+.4f}, p {p:.3f}"
    if passes(candidate) and metrics[candidate]["log_loss"] < metrics[best]["log_loss"]:
        return candidate, f"{said}; beats climatology and has a lower loss than every baseline"
    why = "does not beat climatology" if not passes(candidate) else f"has no lower loss than {best}"
    for name in baselines:
        if passes(name):
            return name, f"{said}; {why}; {name} is the best baseline that beats climatology"
    return None, f"{said}; {why}; no baseline beats climatology either: no evidence"
