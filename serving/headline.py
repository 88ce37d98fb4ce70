"""What a call says in one word and in one sentence."""

from __future__ import annotations

from features.data.calendar import HORIZON
from features.data.percent import percent
from features.data.settings import ALLOWED_AGE_DAYS
from features.wording import spoken
from serving.call import Call, Side
from serving.sections.direction import NO_DIRECTION

SIDES: tuple[Side, Side] = ("rotation", "breakdown")
SIZE_WORDS = {
    "calm": "Small moves",
    "usual": "Moves of a middling size",
    "turbulent": "Large moves, up or down,",
}


def word_of(call: Call) -> str:
    """The call in one or two words: a direction where one is earned, else a size, else that there is no evidence."""
    if call.verdict not in SIDES and call.direction is not None and call.direction.size:
        return call.direction.size
    return spoken(call.verdict)


def headline(call: Call) -> str:
    """What the call says, in one sentence; the age of old data comes first."""
    old = call.data_age_days is not None and call.data_age_days > ALLOWED_AGE_DAYS
    return f"{f'The data are {call.data_age_days:,} days old. ' if old else ''}{_claim(call)}"


def _claim(call: Call) -> str:
    p, base = call.probabilities.as_dict(), call.base_rates.as_dict()
    when = f"in the {HORIZON} sessions after {call.asof}"
    if call.direction is not None and call.verdict not in SIDES:
        size = call.direction.size
        if size is None:
            return f"No evidence on size or direction {when}."
        record = call.direction.followed_by[size]
        otherwise = "" if record.otherwise is None else f", in {percent(record.otherwise, 0)} of the others"
        right = f"they came in {percent(record.event, 0)} of the weeks with this call{otherwise}"
        claim = f"{SIZE_WORDS[size]} by the last ten years' measure are likelier than otherwise"
        return f"{claim} {when}: {right}; {NO_DIRECTION}."
    if call.verdict in p:
        odds = f"{percent(p[call.verdict])}, usually {percent(base[call.verdict])}"
        if call.verdict == "neither":
            return f"Likelier than usual: neither rotation nor breakdown {when}: {odds}."
        return f"A {call.verdict} is likelier than usual {when}: {odds}."
    if not call.model.champion:
        return f"No evidence: no model has earned a word on what comes {when}."
    if call.schema_version > 1:
        return f"No word {when}: it could not be made."
    return f"No evidence: no outcome is a tenth likelier than usual {when}."
