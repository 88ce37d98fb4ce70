"""A call in plain words, part by part, in the order in which a person reads it.

The terminal, Markdown and the report lay out the same parts, so that a sentence
is written once. Every probability stands beside its usual odds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from features.data import catalog
from features.data.freshness import SAMPLE_IS_PAST, behind
from features.data.percent import percent
from features.wording import spoken
from serving import glossary, reasons
from serving.call import Call, ModelInfo
from serving.headline import SIDES
from serving.sections import destinations_words, evidence
from serving.sections import range as range_section
from serving.sections.direction import Direction, levels_words, words_of

MARGIN = 1.10  # by which an outcome's odds must exceed their usual for a word (`models.evaluation.verdicts`)
NAMED = 6  # series that a line names before it counts the rest
USED = ("rotation", "breakdown", "neither", "usual odds", "head-to-head", "leaders", "challenger")
WORD_ORDER = ("calm", "usual", "turbulent", *SIDES)


@dataclass(frozen=True)
class Grid:
    """A small table: header and rows of the same length, all text; the first column is left-aligned."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Part:
    """One part: whole sentences, then a table, then lists under a heading each."""

    key: str
    title: str
    lines: tuple[str, ...] = ()
    grid: Grid | None = None
    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()


def _live(call: Call) -> Part:
    title = "What the live calls have proved"
    return Part("evidence", title, () if call.evidence is None else tuple(evidence.words(call.evidence)))


def make_parts(call: Call) -> tuple[Part, ...]:
    """Every part that has something to say, in order."""
    every = (
        _range(call),
        _odds(call),
        _followed(call),
        _live(call),
        _places(call),
        _why(call),
        _data(call),
        _change(call),
        _terms(call),
    )
    return tuple(part for part in every if part.lines or part.grid or part.lists)


def _odds(call: Call) -> Part:
    return Part("odds", "The odds and what is usual", (_head_to_head(call), _leaders(call)), _probabilities(call))


def _probabilities(call: Call) -> Grid:
    columns = {"odds": call.probabilities, "usual": call.base_rates}
    if call.model.champion:
        columns["challenger"] = call.challenger.probabilities
    if call.last_week:
        columns[f"on {call.last_week.asof}"] = call.last_week.probabilities
    rows = [
        (name, *(percent(one.as_dict()[name]) for one in columns.values())) for name in call.probabilities.as_dict()
    ]
    rows.append(("head-to-head", *(percent(one.head_to_head) for one in columns.values())))
    return Grid(("", *columns), tuple(rows))


def _range(call: Call) -> Part:
    title = "How far the market may move"
    if call.range is None or call.range_model is None:
        return Part("range", title)
    lines = (*range_section.key(call.range), *range_section.words(call.range, call.range_model))
    return Part("range", title, lines, Grid(*range_section.table(call.range)))


def _head_to_head(call: Call) -> str:
    now, usual = call.probabilities.head_to_head, call.base_rates.head_to_head
    side = "above" if now > usual else "below"
    told = f"Rotation against breakdown stands at {percent(now)}, {side} its usual {percent(usual)}"
    return f"{told}." if call.head_to_head_evidence else f"{told}; no evidence that this splits the two."


def _leaders(call: Call) -> str:
    since = call.leaders_faltering.since
    return f"The leaders have faltered since {since}." if since else "The leaders do not falter."


def _words(section: Direction) -> Part:
    """What followed each word, those that may not be printed too."""
    rows = [
        (
            name,
            f"{one.weeks:,}",
            f"{100.0 * one.mean_return:+.1f} %",
            f"{100.0 * one.q10:+.0f} to {100.0 * one.q90:+.0f}",
            percent(one.breakdown, 0),
            percent(one.rotation, 0),
            "–" if one.at_onsets is None else percent(one.at_onsets, 0),
            f"{one.runs_a_year:.1f}",
            "yes" if one.earned else "no",
        )
        for name, one in sorted(section.followed_by.items(), key=lambda item: WORD_ORDER.index(item[0]))
    ]
    header = ("after", "weeks", "mean", "8 in 10", "breakdown", "rotation", "onsets", "runs", "earned")
    key = (
        "In the table: the broad leg's return in percent over the 21 sessions after each word, how often the outcomes "
        "came, the share of breakdown episodes in whose first week it stood, its runs a year, and whether it may be "
        "printed."
    )
    return Part("followed", "What followed such words before", (key, *words_of(section)), Grid(header, tuple(rows)))


def _followed(call: Call) -> Part:
    if call.direction is not None:
        return _words(call.direction)
    record = call.record.get(call.verdict)
    if record is None:
        return Part("followed", "What followed such calls before")
    low, high = record.interval
    line = (
        f"Of {record.weeks} weeks with this word out of sample, {percent(record.right)} brought it (90 % interval "
        f"{percent(low)} to {percent(high)}; usually {percent(record.base_rate)}), in {record.episodes} episodes."
    )
    return Part("followed", "What followed such calls before", (line,))


def _why(call: Call) -> Part:
    lines, lists = reasons.told(call)
    return Part("why", "Why", tuple(lines), lists=tuple(lists))


def _change(call: Call) -> Part:
    """The odds at which the word would be another."""
    p, base = call.probabilities.as_dict(), call.base_rates.as_dict()
    if not call.model.champion:
        lines = [
            "A word is printed once a model beats the usual odds out of sample with p below 0.05 at the gate and is "
            f"alive: the p of the challenger is {call.model.skill_p:.3f}."
        ]
    elif call.schema_version > 1:
        lines = [
            *(levels_words(call.direction) if call.direction else ()),
            "A word is printed while what it says has followed it more often than otherwise, over all weeks and the "
            "last ten years, with 95 % confidence.",
        ]
    else:
        lift = {name: p[name] / max(base[name], 1e-9) for name in SIDES}
        lines = []
        for name, other in (SIDES, SIDES[::-1]):
            if call.verdict != name:
                needed = base[name] * max(MARGIN, lift[other])
                lines.append(f"The word becomes {name} from odds of about {percent(needed)} (now {percent(p[name])}).")
        if call.verdict in SIDES:
            least = percent(base[call.verdict] * MARGIN)
            lines.append(f"It is no longer {call.verdict} below odds of {least} (now {percent(p[call.verdict])}).")
    return Part("change", "What would change it", tuple(lines))


def _data(call: Call) -> Part:
    model = call.model
    role = "champion" if model.champion else "no champion: the challenger is shown"
    fitted = f"fitted {'for this call as of ' if model.fitted_now else ''}{model.fitted_at}"
    lines = [f"Data: {call.source} {call.digest}. {age_words(call)}"]
    stale = [key for key, one in call.freshness.items() if one.stale]
    if stale:
        lines.append(f"Older than allowed, and left out: {_series(stale)}.")
    lines += [f"Without {spoken(block)}: {why}." for block, why in call.left_out.items()]
    lines.append(
        f"Model: {model.name} v{model.version} ({_made(model)}, {role}), {fitted}. Log-loss skill "
        f"{model.skill:+.3f} out of sample (p {model.skill_p:.3f})."
    )
    if model.override:
        lines.append(f"Set by a person, not by the gate: {model.override}")
    if model.succession:
        lines.append(f"The champion is no longer alive: {model.succession}.")
    lines += [f"{key}: {said}" for key, said in call.substitutions.items()]
    if call.caveat:
        lines.append(f"{call.caveat[0].upper()}{call.caveat[1:]}.")
    return Part("data", "How old the data are", tuple(lines))


def _places(call: Call) -> Part:
    title, section = "Where it may go", call.destinations
    if section is None:
        return Part("destinations", title)
    lists = tuple((name, tuple(lines)) for name, lines in destinations_words.followed_words(section).items())
    return Part(
        "destinations", title, tuple(destinations_words.words(section)), Grid(*destinations_words.grid(section)), lists
    )


def _made(model: ModelInfo) -> str:
    """The model's run and estimator, as in `default max_depth=2: lightgbm`; a baseline's run is named after it."""
    if model.run is None:
        return model.estimator
    return model.run if model.run.endswith(model.estimator) else f"{model.run}: {model.estimator}"


def age_words(call: Call) -> str:
    """How old the data are against the clock, or why that is not asked."""
    days = call.data_age_days
    if call.source == "sample":
        return SAMPLE_IS_PAST
    if days is None:
        return f"A call of the past, with what was known on {call.asof}: its age is not measured."
    return behind(days)


def _series(keys: Iterable[str]) -> str:
    """Series by their names, the first few of them."""
    named = [catalog.BY_KEY[key].meaning if key in catalog.BY_KEY else key for key in keys]
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return "; ".join(named[:NAMED]) + more  # a name may hold a comma


def _terms(call: Call) -> Part:
    size = call.direction.size if call.direction else None
    return Part("terms", "Terms", tuple(glossary.footnotes((*USED, *([size] if size else ["no evidence"])))))
