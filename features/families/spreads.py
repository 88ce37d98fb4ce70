"""Credit spreads, in percentage points."""

from __future__ import annotations

from features import wording as say
from features.data.arrays import Floats
from features.feature import Block, Feature, entries
from features.rolling import change, z_score

_CREDIT = "credit spreads"
_entry = entries("spreads")


def _reading(name: str, said: str, inputs: tuple[str, ...]) -> tuple[Feature, ...]:
    """Level, change over 21 and 63 sessions, z-score over a year; of a column or a difference of two."""

    def read(x: Block) -> Floats:
        return x[inputs[0]] - x[inputs[1]] if len(inputs) == 2 else x[inputs[0]]

    what, verbs = said if "spread" in said else f"the spread of {said}", ("widened", "narrowed")
    return (
        _entry(name, _CREDIT, inputs, 0, said, say.level(what, " points"), read),
        *(
            _entry(
                f"{name}_change_{w}",
                _CREDIT,
                inputs,
                w,
                f"{said}, change over {w} sessions",
                say.moved(what, say.over(w), verbs=verbs),
                lambda x, w=w: change(read(x), w),
            )
            for w in (21, 63)
        ),
        _entry(
            f"{name}_z_252",
            _CREDIT,
            inputs,
            252,
            f"{said}, z-score over a year",
            say.deviations(what, 252),
            lambda x: z_score(read(x), 252),
        ),
    )


def _funds(name: str, long: str, said: str, window: int) -> Feature:
    def compute(x: Block) -> Floats:
        return x.run(long, window) - x.run("ret_ief", window)

    meaning = f"{said} minus Treasury fund over {window} sessions"
    words = say.lead(f"{said} bonds", "Treasuries", say.over(window))
    return _entry(f"{name}_{window}", _CREDIT, (long, "ret_ief"), window, meaning, words, compute)


FEATURES: tuple[Feature, ...] = (
    *_reading("baa_aaa", "Baa over Aaa yields", ("baa", "aaa")),
    *_reading("baa_10y", "Baa over ten-year Treasury yields", ("baa", "DGS10")),
    *_reading("baa10y_daily", "Baa over ten-year Treasury yields (daily)", ("BAA10Y",)),
    *_reading("hy_oas", "the high-yield spread", ("BAMLH0A0HYM2",)),
    *_reading("ig_oas", "the investment-grade spread", ("BAMLC0A0CM",)),
    *(_funds("hyg_minus_ief", "ret_hyg", "high-yield", w) for w in (21, 63)),
    *(_funds("lqd_minus_ief", "ret_lqd", "investment-grade", w) for w in (21, 63)),
)
