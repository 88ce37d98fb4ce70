"""Sectors against the market, and the relative rotation graph of sectors and styles.

A graph's two axes are public only by description (J. de Kempenaer): how strong
the trend of relative strength is, and how fast that changes, each around 100.
Here both are z-scores over a fixed window, so they are causal and finite.
"""

from __future__ import annotations

import numpy as np

from features import wording as say
from features.data.arrays import Floats
from features.data.catalog import CONTINUED_BY, YOUNG_SECTORS
from features.feature import Block, Feature, entries
from features.rolling import lagged, mean, z_score
from features.wording import spoken

_LEAD, _GRAPH = "sectors taking the lead", "relative rotation"
_entry = entries("sectors")
# The column of each sector's return and the fund it is called by.
SECTORS: dict[str, tuple[str, str]] = {
    sector: (f"ret_{library}", CONTINUED_BY[library][0])
    for sector, library in {
        "technology": "HiTec",
        "industrials": "Manuf",
        "financials": "Other",
        "energy": "Enrgy",
        "materials": "Chems",
        "health": "Hlth",
        "staples": "NoDur",
        "discretionary": "Durbl",
        "utilities": "Utils",
    }.items()
}
YOUNG = {sector: (f"ret_{fund.lower()}", fund) for sector, fund in YOUNG_SECTORS.items()}
SPLIT_OFF = ("real_estate", "communication")
STYLES = {
    "equal_weight": ("ret_broad", "ret_cap", "equal weight against cap weight"),
    "small": ("ret_small", "ret_cap", "small caps against large caps"),
    "leaders": ("ret_leaders", "ret_broad", "the largest stocks against equal weight"),
    "value": ("ret_value", None, "value against growth"),
}
SMOOTH, WINDOW, STEP = 10, 63, 5
RATIO_ROWS = SMOOTH + WINDOW
GRAPH_ROWS = RATIO_ROWS + STEP + WINDOW


def ratio(line: Floats) -> Floats:
    """Where smoothed relative strength stands in its window, 100 being the middle."""
    return 100.0 + z_score(mean(line, SMOOTH), WINDOW)


def momentum(line: Floats) -> Floats:
    """How `ratio` changes over `STEP` sessions against its window, 100 being no more than usual."""
    across = ratio(line)
    return 100.0 + z_score(across - lagged(across, STEP), WINDOW)


def _line(x: Block, column: str, against: str | None) -> Floats:
    return x.line(column) - (x.line(against) if against else 0.0)


def _spread(name: str, column: str, said: str, window: int) -> Feature:
    meaning = f"{spoken(name)} ({said}) minus the cap leg over {window} sessions"
    inputs = (column, "ret_cap")

    def compute(x: Block) -> Floats:
        return x.run(column, window) - x.run("ret_cap", window)

    words = say.lead(spoken(name), "cap weight", say.over(window))
    return _entry(f"{name}_minus_cap_{window}", _LEAD, inputs, window, meaning, words, compute)


def _graph(
    name: str, column: str, against: str | None, said: str, short: str, display: bool = False
) -> tuple[Feature, Feature]:
    what = f"the relative strength of {short}"
    usual = f"{what} is at its 3-month mean"
    strong = say.by_sign(
        f"{what} is {{}} standard deviations above its 3-month mean",
        f"{what} is {{}} standard deviations below its 3-month mean",
        usual,
    )
    rising = say.by_sign(
        f"{what} gains pace, {{}} standard deviations above usual",
        f"{what} loses pace, {{}} standard deviations below usual",
        f"{what} changes as usual",
    )
    inputs = (column, against) if against else (column,)
    return (
        _entry(
            f"{name}_rs_ratio",
            _GRAPH,
            inputs,
            RATIO_ROWS,
            f"relative strength of {said} (100: its usual)",
            lambda v: strong(v - 100.0),
            lambda x: ratio(_line(x, column, against)),
            display,
        ),
        _entry(
            f"{name}_rs_momentum",
            _GRAPH,
            inputs,
            GRAPH_ROWS,
            f"momentum of the relative strength of {said} (100: its usual)",
            lambda v: rising(v - 100.0),
            lambda x: momentum(_line(x, column, against)),
            display,
        ),
    )


def _quadrant(x: Block, strong: bool) -> Floats:
    """Share of sectors whose relative strength rises while it is strong (leading) or weak (improving)."""
    inside, known = [], []
    for column, _ in SECTORS.values():
        line = _line(x, column, "ret_cap")
        across, up = ratio(line), momentum(line)
        inside.append(((across > 100.0) == strong) & (up > 100.0))
        known.append(~np.isnan(up))
    return np.where(np.all(known, axis=0), np.mean(inside, axis=0), np.nan)


_CYCLICAL = f"consumer discretionary ({SECTORS['discretionary'][1]}) minus staples ({SECTORS['staples'][1]})"
_COLUMNS = tuple(column for column, _ in SECTORS.values())
FEATURES: tuple[Feature, ...] = (
    *(_spread(name, *entry, w) for name, entry in SECTORS.items() for w in (21, 63, 252)),
    *(_spread(name, *entry, w) for name, entry in YOUNG.items() for w in (21, 63)),
    *(
        _entry(
            f"discretionary_minus_staples_{w}",
            _LEAD,
            ("ret_Durbl", "ret_NoDur"),
            w,
            f"{_CYCLICAL} over {w} sessions",
            say.lead("consumer discretionary", "staples", say.over(w)),
            lambda x, w=w: x.run("ret_Durbl", w) - x.run("ret_NoDur", w),
        )
        for w in (21, 63)
    ),
    *(f for name, (column, fund) in SECTORS.items() for f in _graph(name, column, "ret_cap", f"{name} ({fund})", name)),
    # The two sectors that were made from others later: on the graph, too young to train on.
    *(
        f
        for name in SPLIT_OFF
        for f in _graph(name, YOUNG[name][0], "ret_cap", f"{spoken(name)} ({YOUNG[name][1]})", spoken(name), True)
    ),
    *(f for name, (column, against, said) in STYLES.items() for f in _graph(name, column, against, said, said)),
    _entry(
        "sectors_leading",
        _GRAPH,
        (*_COLUMNS, "ret_cap"),
        GRAPH_ROWS,
        "share of sectors in the leading quadrant (strong and rising)",
        say.share("of sectors are strong and rising"),
        lambda x: _quadrant(x, True),
    ),
    _entry(
        "sectors_improving",
        _GRAPH,
        (*_COLUMNS, "ret_cap"),
        GRAPH_ROWS,
        "share of sectors in the improving quadrant (weak and rising)",
        say.share("of sectors are weak and rising"),
        lambda x: _quadrant(x, False),
    ),
)
