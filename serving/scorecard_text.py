"""How the calls turned out, as plain text; apart from `text`, since a call kept from last time needs none of it."""

from __future__ import annotations

from rich.console import Console

from features.data.percent import percent
from features.folding import fold
from serving import drift_history
from serving.headline import SIDES
from serving.journal_entry import EntryType
from serving.running_evidence import meaning, patience, sentence
from serving.scorecard import Scorecard, Scores

WHAT: dict[EntryType, str] = {"live": "Live calls", "replay": "Replays (past weeks, called later)"}


def print_scorecard(card: Scorecard, out: Console) -> None:
    """Print how the calls turned out: live ones, then replays."""
    parts: dict[EntryType, Scores] = {"live": card.live, "replay": card.replay}
    for name, scores in parts.items():
        first, *rest = _scores(name, scores)
        fold(out, first)
        evidence = card.evidence.get(name, ())
        if evidence:
            rest.append(meaning(evidence[0].since))
        for line in (*rest, *(f"- {sentence(one)}" for one in evidence), *_drift(scores)):
            fold(out, line, "  ", "    " if line.startswith("- ") else "  ")
    if any(card.evidence.values()):
        fold(out, patience())


def _drift(scores: Scores) -> list[str]:
    """Where the drift stands; nothing before a call that says it has matured."""
    if scores.get("drift") is None or not scores.get("calibrated_on"):
        return []
    figures = {key: value for key, value in scores.items() if value is not None}
    said, came = ({one: figures[f"{what}_{one}"] for one in SIDES} for what in ("said", "came"))
    outside, median, matured = (figures[key] for key in ("drift", "drift_median", "calibrated_on"))
    return drift_history.sentences(outside, median, said, came, int(matured))


def _scores(name: EntryType, scores: Scores) -> list[str]:
    """What the calls of one type were worth: the counts, then a line a figure with what it means."""
    what = f"{WHAT[name]}: {scores['calls']} calls, "
    corrected = scores.get("corrections")
    kept = [f"{corrected} corrections are kept in the journal and not scored."] if corrected else []
    if not scores.get("matured"):
        return [f"{what}none with a known outcome.", *kept]
    p = scores.get("log_loss_skill_p")
    sure = "too few weeks for a p" if p is None or p >= 1.0 else f"p {p:.3f}, the chance of so much without any skill"
    return [
        f"{what}{scores['matured']} with a known outcome. As they overlap, they are worth "
        f"{scores['effective_months']:.0f} independent months.",
        f"Log-loss skill: {scores['log_loss_skill']:+.4f}. This is the loss saved against the usual odds; below 0 the "
        f"usual odds were better ({sure}).",
        f"Markov's skill in the same weeks: {scores['log_loss_skill_markov']:+.4f}. Markov is the baseline that reads "
        "the volatility regime alone.",
        f"The model's skill before these calls: {scores['promised_skill']:+.4f}, out of sample, when it made the "
        "latest of them.",
        *_named_right(scores),
        *kept,
    ]


def _named_right(scores: Scores) -> list[str]:
    """How often an outcome that was named came. Markov has no words: the rule of a call of schema 1 makes them."""
    own, markov, usual = (scores.get(f"hit_rate{of}") for of in ("", "_markov", "_climatology"))
    if own is None:
        return ["No call named an outcome, so none was right or wrong."]
    lines = [f"Of the calls that named an outcome, it came in {percent(own, 0)}."]
    if usual is not None:
        rule = "To compare: the outcome of the highest usual odds, named in every week, came in"
        lines.append(f"{rule} {percent(usual, 0)}.")
    if markov is not None:
        rule = "Where Markov's odds of an outcome were a tenth above the usual, it came in"
        lines.append(f"{rule} {percent(markov, 0)}.")
    return lines
