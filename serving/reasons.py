"""Why a call has its odds, in sentences: the readings of its model, each with what followed such readings."""

from __future__ import annotations

from collections.abc import Iterable

from features.data.percent import percent
from models.estimators import BY_NAME
from serving.call import Call, Drift, Driver, Reading
from serving.headline import SIDES

FEW_DRIVERS = 2  # drivers of a champion below which the challenger's are shown too
COUNTED = {1: "one feature", 2: "two features", 3: "three features"}
Reasons = tuple[str, tuple[str, ...]]  # a title, and a line a reason


def _weighted(drift: Drift) -> str:
    return "" if drift.weighted is None else f", {percent(drift.weighted, 0)} weighted by what they contribute"


def told(call: Call) -> tuple[list[str], list[Reasons]]:
    """Sentences, and reasons in lists under a title: what the odds that are printed follow from.

    The challenger's reasons stand under its own name, and only where the champion has hardly any.
    """
    own: list[str] = []
    lists: list[Reasons] = []
    if call.readings:
        own.append(f"The odds are those of {call.model.estimator}, which reads {COUNTED[_features(call)]} alone.")
        own += [_what_followed(one) for one in call.readings]
    elif call.drivers:
        own += _counts(call.drivers, "the odds")
        lists += _reasons(call.drivers, "For {side}")
    else:
        own.append(f"The odds are those of {call.model.estimator}; none of its readings is far from its usual.")
    if call.model.champion and len(call.drivers) < FEW_DRIVERS and call.challenger.drivers:
        own += _counts(call.challenger.drivers, "the challenger's odds")
        lists += _reasons(call.challenger.drivers, f"The challenger ({call.challenger.estimator}) for {{side}}")
    if call.drift.features:
        whose = " of the challenger" if call.drift.of == "challenger" else ""
        own.append(
            f"Unusual: {percent(call.drift.share_outside, 0)} of the features{whose} lie outside the 1 to 99 % range "
            f"of their past (usually 2 %){_weighted(call.drift)}."
        )
    return own, lists


def _features(call: Call) -> int:
    """How many features the model reads: a reading of which nothing can be told is none of the call's."""
    known = BY_NAME.get(call.model.estimator)
    return len((known.columns if known else None) or call.readings)


def _what_followed(one: Reading) -> str:
    """A reading, and how often the outcomes followed such readings."""
    usual = one.usual.as_dict()
    shares = [
        f"{percent(share, 0)} (usually {percent(usual[name], 0)})" for name, share in one.followed.as_dict().items()
    ]
    first, *rest = zip(usual, shares, strict=True)
    told = ", ".join((f"{first[0]} followed in {first[1]}", *(f"{name} in {share}" for name, share in rest)))
    reading = f"{one.words[0].upper()}{one.words[1:]}"
    return f"{reading}. After the {one.weeks:,} weeks of its past with a reading in the same fifth, {told}."


def _counts(drivers: Iterable[Driver], whose: str) -> list[str]:
    """How many of the strongest readings are reasons by their own history, and how many push against it."""
    every = list(drivers)
    listed, against = sum(map(is_reason, every)), sum(one.history is not None and one.history.opposes for one in every)
    lines = [
        f"Of the {len(every)} readings that move {whose} most, those are listed ({listed}) after which what they speak "
        "for came at least a tenth more often than usual."
    ]
    if against:
        lines.append(f"Against their history, which brought it less often than usual: {against} of them, not listed.")
    return lines


def is_reason(driver: Driver) -> bool:
    """Whether a reading's own history supports what it speaks for."""
    return driver.history is not None and driver.history.supports


def _reasons(drivers: Iterable[Driver], title: str) -> list[Reasons]:
    """The reasons for each side, under a title that names it."""
    kept = [one for one in drivers if is_reason(one)]
    sides = {side: tuple(_reason(one) for one in kept if one.side == side) for side in SIDES}
    return [(title.format(side=side), said) for side, said in sides.items() if said]


def _reason(driver: Driver) -> str:
    said = driver.words
    if driver.together:
        count = len(driver.together)
        said += f" (with {count} reading{'s' if count > 1 else ''} that move{'' if count > 1 else 's'} along)"
    found = driver.history
    if found is None:
        return said
    share, usual = percent(found.share, 0), percent(found.usual, 0)
    return f"{said}; {driver.side} then followed in {share} of weeks, usually in {usual}"
