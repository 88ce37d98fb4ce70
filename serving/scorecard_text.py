"""How the calls turned out, as plain text; apart from `text`, since a call kept from last time needs none of it."""

from __future__ import annotations

from rich.console import Console

from features.data.percent import percent
from features.folding import fold
from serving import drift_history
from serving.headline import SIDES
from serving.journal_entry import EntryType
from serving.running_evidence import patience, sentence
from serving.scorecard import Scorecard, Scores


def print_scorecard(card: Scorecard, out: Console) -> None:
    """Print how the calls turned out: live ones, then replays."""
    parts: dict[EntryType, Scores] = {"live": card.live, "replay": card.replay}
    for name, scores in parts.items():
        fold(out, _scores(name, scores))
        for evidence in card.evidence.get(name, ()):
            fold(out, f"  {sentence(evidence)}")
        if (drift := _drift(scores)) is not None:
            fold(out, f"  {drift}")
    if any(card.evidence.values()):
        fold(out, patience())


def _drift(scores: Scores) -> str | None:
    """Where the drift stands; None before a call that says it has matured."""
    if scores.get("drift") is None or not scores.get("calibrated_on"):
        return None
    figures = {key: value for key, value in scores.items() if value is not None}
    said, came = ({one: figures[f"{what}_{one}"] for one in SIDES} for what in ("said", "came"))
    outside, median, matured = (figures[key] for key in ("drift", "drift_median", "calibrated_on"))
    return drift_history.sentence(outside, median, said, came, int(matured))


def _scores(name: str, scores: Scores) -> str:
    corrected = scores.get("corrections")
    note = f"; {corrected} corrections kept, not scored" if corrected else ""
    if not scores.get("matured"):
        return f"{name}: {scores['calls']} calls, none matured{note}"
    # Markov has no words of its own: the rule of a call of schema 1 makes them from its odds.
    rates = {
        "outcome named right": scores["hit_rate"],
        "Markov's, by odds a tenth above usual": scores["hit_rate_markov"],
        "climatology's": scores["hit_rate_climatology"],
    }
    hits = "".join(f", {said} {percent(rate, 0)}" for said, rate in rates.items() if rate is not None)
    return (
        f"{name}: {scores['matured']} of {scores['calls']} calls matured ({scores['effective_months']:.0f} effective "
        f"months): skill {scores['log_loss_skill']:+.4f} (p {scores.get('log_loss_skill_p', 1.0):.3f}), Markov "
        f"{scores['log_loss_skill_markov']:+.4f}, promised {scores['promised_skill']:+.4f}{hits}{note}"
    )
