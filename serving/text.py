"""A call, a scorecard and a weekly run as plain text, for a terminal."""

from __future__ import annotations

from rich.console import Console, RenderableType
from rich.table import Table

from features.data.calendar import HORIZON
from serving.call import Call, Driver
from serving.journal_entry import EntryType
from serving.running_evidence import patience, sentence
from serving.scorecard import Scorecard, Scores


def spoken(name: str) -> str:
    """A name without underscores."""
    return name.replace("_", " ")


def shown_drivers(call: Call) -> tuple[tuple[Driver, ...], bool]:
    """The drivers to show, and whether they are the challenger's: they are where the champion has fewer than two."""
    few = len(call.drivers) < 2 and bool(call.challenger.drivers)
    return (call.challenger.drivers if few else call.drivers), few


def print_call(call: Call, out: Console) -> None:
    """Print a call: the verdict, the probabilities, why, and what it stands on."""
    out.print(f"[bold]{spoken(call.verdict)}[/]  as of {call.asof}, for the next {HORIZON} sessions")
    out.print(_probabilities(call))
    mark = "" if call.head_to_head_evidence else " (no evidence on rotation)"
    _print(out, f"head-to-head, rotation against breakdown: {call.head_to_head:.1%}{mark}")
    for line in (*_why(call), *_record(call), *_leaders(call), *_model(call), *_data(call)):
        _print(out, line)
    if call.caveat:
        out.print(call.caveat, style="yellow", soft_wrap=True, markup=False)


def _print(out: Console, line: str) -> None:
    out.print(line, markup=False, soft_wrap=True)


def _probabilities(call: Call) -> RenderableType:
    last = call.last_week.probabilities.as_dict() if call.last_week else None
    challenger, base_rates = call.challenger.probabilities.as_dict(), call.base_rates.as_dict()
    table = Table(box=None, pad_edge=False)
    for name in ("", "probability", "base rate", "challenger", "since last week"):
        table.add_column(name, justify="right" if name else "left")
    for name, value in call.probabilities.as_dict().items():
        change = f"{100 * (value - last[name]):+.1f}" if last else ""
        table.add_row(name, f"{value:.1%}", f"{base_rates[name]:.1%}", f"{challenger[name]:.1%}", change)
    return table


def _why(call: Call) -> list[str]:
    drivers, of_challenger = shown_drivers(call)
    lines = [f"champion: {one.words}" for one in call.drivers] if of_challenger else []
    for side in ("rotation", "breakdown"):
        said = sorted((one for one in drivers if one.side == side), key=lambda one: one.family)
        if said:
            head = f"for {side}{' (challenger)' if of_challenger else ''}:"
            lines.append("\n".join([head, *(f"  {spoken(one.family)}: {one.words}" for one in said)]))
    if call.drift.features:
        named = ", ".join(call.drift.features[:4])
        lines.append(f"unusual: {call.drift.share_outside:.0%} of the features outside their past 1-99 % ({named})")
    return lines


def _record(call: Call) -> list[str]:
    record = call.record.get(call.verdict)
    if record is None:
        return []
    low, high = record.interval
    return [
        f"this verdict was right in {record.right:.0%} of {record.weeks} weeks out of sample (90 % interval "
        f"{low:.0%} to {high:.0%}; base rate {record.base_rate:.0%}; {record.episodes} episodes)"
    ]


def _leaders(call: Call) -> list[str]:
    since = call.leaders_faltering.since
    return [f"leaders falter since {since}" if since else "leaders do not falter"]


def _model(call: Call) -> list[str]:
    model = call.model
    role = "champion" if model.champion else "no champion, challenger shown"
    fitted = f"fitted {'for this call as of ' if model.fitted_now else ''}{model.fitted_at}"
    lines = [
        f"model {model.name} v{model.version} ({model.estimator}, {role}), {fitted}; skill {model.skill:+.4f}, "
        f"p {model.skill_p:.3f}"
    ]
    if model.override:
        lines.append(f"set by a person, not by the gate: {model.override}")
    return lines


def _data(call: Call) -> list[str]:
    stale = [name for name, series in call.freshness.items() if series.stale]
    return [f"data {call.source} {call.digest}" + (f"; stale: {', '.join(stale)}" if stale else "")]


def print_scorecard(card: Scorecard, out: Console) -> None:
    """Print how the calls turned out: live ones, then replays."""
    parts: dict[EntryType, Scores] = {"live": card.live, "replay": card.replay}
    for name, scores in parts.items():
        _print(out, _scores(name, scores))
        for evidence in card.evidence.get(name, ()):
            _print(out, f"  {sentence(evidence)}")
    if any(card.evidence.values()):
        _print(out, patience())


def _scores(name: str, scores: Scores) -> str:
    corrected = scores.get("corrections")
    note = f"; {corrected} corrections kept, not scored" if corrected else ""
    if not scores.get("matured"):
        return f"{name}: {scores['calls']} calls, none matured{note}"
    rates = {"verdict right": "hit_rate", "Markov's": "hit_rate_markov", "climatology's": "hit_rate_climatology"}
    hits = "".join(f", {said} {scores[key]:.0%}" for said, key in rates.items() if scores[key] is not None)
    return (
        f"{name}: {scores['matured']} of {scores['calls']} calls matured ({scores['effective_months']:.0f} effective "
        f"months): skill {scores['log_loss_skill']:+.4f} (p {scores.get('log_loss_skill_p', 1.0):.3f}), Markov "
        f"{scores['log_loss_skill_markov']:+.4f}, promised {scores['promised_skill']:+.4f}{hits}{note}"
    )


def weekly_summary(call: Call, refresh_failed: bool, head: str) -> str:
    """One line for a mail's subject: the verdict, both sides, the leaders, the journal's head."""
    p = call.probabilities
    leaders = "leaders falter" if call.leaders_faltering.now else "leaders hold"
    return (
        f"regime {call.asof}: {spoken(call.verdict)} (rotation {p.rotation:.0%}, breakdown {p.breakdown:.0%}), "
        f"{leaders}, journal {head[:12]}{'; refresh failed, older data used' if refresh_failed else ''}"
    )
