"""The groups money may move to: each with the fund that trades it and the library portfolio before there was one.

A group that overlaps the broad leg leads in rotations by definition: it is shown
apart and claims nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from features import panel_columns
from features.data import calendar
from features.data.arrays import Floats
from features.data.catalog import BROAD_PARTS, CONTINUED_BY, GROUP_SERIES, MARKET_PARTS
from features.data.errors import RegimeError
from features.data.point_in_time import Reader
from features.data.store import Snapshot
from features.panel import FIRST_DATE

Kind = Literal["sector", "style", "overlap"]


@dataclass(frozen=True)
class Group:
    """A group of stocks.

    Attributes
    ----------
    name : str
    kind : str
        `sector`, `style`, or `overlap` with the broad leg.
    fund : str
        Catalogue key of the fund that trades it.
    library : tuple of str
        Catalogue keys of the portfolios whose mean stands for it before the fund; none for some.
    """

    name: str
    kind: Kind
    fund: str
    library: tuple[str, ...]


KIND_OF: dict[str, Kind] = {
    **dict.fromkeys(("value", "growth", "small_value"), "style"),
    **dict.fromkeys(("small", "mid", "equal_weight", "largest"), "overlap"),
}
GROUPS: tuple[Group, ...] = tuple(
    Group(name, KIND_OF.get(name, "sector"), fund, library) for name, (fund, library) in GROUP_SERIES.items()
)
NAMES = tuple(group.name for group in GROUPS)
KINDS = np.array([group.kind for group in GROUPS])
MAY_CLAIM = KINDS != "overlap"


@dataclass(frozen=True)
class GroupReturns:
    """Daily log returns of one universe, (sessions, groups); the cap leg and the spread go with each group's own.

    Attributes
    ----------
    sessions : DatetimeIndex, (sessions,)
    own, cap, broad : ndarray, (sessions, groups)
        Of the group, of the cap leg and of the broad leg beside it.
    on_fund : ndarray of bool, (sessions, groups)
        The return is the fund's.
    """

    sessions: pd.DatetimeIndex
    own: Floats
    cap: Floats
    broad: Floats
    on_fund: np.ndarray

    @property
    def relative(self) -> Floats:
        """Log return of the group over the cap leg's."""
        return np.asarray(self.own - self.cap)


@dataclass(frozen=True)
class Read:
    """What a snapshot says of the groups.

    Attributes
    ----------
    library, joined : GroupReturns
        The library's portfolios throughout; the same until the fund exists and then the fund against the cap leg's.
    legs : DataFrame, (sessions, `ret_broad`, `ret_cap`, `ret_leaders`)
        Daily returns as decimals.
    missing : tuple of str
        Groups without any return.
    """

    library: GroupReturns
    joined: GroupReturns
    legs: pd.DataFrame
    missing: tuple[str, ...]


def read(snapshot: Snapshot) -> Read:
    """Daily returns of every group as `snapshot` shows them.

    Raises
    ------
    RegimeError
        The embedded sample, which has no groups, or no group at all.
    """
    if snapshot.legs != "us":
        raise RegimeError("the sample has no sector or style: destinations need your own folder or live data")
    sessions = calendar.sessions(FIRST_DATE["us"], snapshot.last)
    reader = Reader(snapshot, sessions, panel_columns.HANDOVER)
    library, fund = _columns(reader)
    missing = tuple(str(name) for name, a, b in zip(NAMES, library.T, fund.T, strict=True) if _empty(a) and _empty(b))
    if len(missing) == len(GROUPS):
        raise RegimeError("no group has a return: prices_etf or famafrench_portfolios_daily is needed")
    legs = pd.DataFrame(
        {name: panel_columns.COLUMNS[name].read(reader) for name in ("ret_broad", "ret_cap", "ret_leaders")}, sessions
    )
    market = np.sum([reader.exact(key) for key in MARKET_PARTS], axis=0)
    equal = np.mean([reader.exact(key) for key in BROAD_PARTS], axis=0)
    # From its first return on a group is its fund, holes included: a hole is missing, not the library's again.
    on_fund = np.cumsum(np.isfinite(fund), axis=0) > 0
    wide = np.ones((1, len(GROUPS)))
    cap_fund = reader.fund(CONTINUED_BY["cap"][0])[:, None] * wide
    cap, broad = market[:, None] * wide, equal[:, None] * wide
    own = np.where(on_fund, fund, library)
    modern = legs["ret_broad"].to_numpy()[:, None] * wide
    logs = [
        np.log1p(x)
        for x in (library, cap, broad, own, np.where(on_fund, cap_fund, cap), np.where(on_fund, modern, broad))
    ]
    return Read(
        GroupReturns(sessions, logs[0], logs[1], logs[2], np.zeros(own.shape, bool)),
        GroupReturns(sessions, logs[3], logs[4], logs[5], on_fund),
        legs,
        missing,
    )


def _columns(reader: Reader) -> tuple[Floats, Floats]:
    """Returns of the library portfolios and of the funds, each (sessions, groups)."""
    nothing = np.full(len(reader.sessions), np.nan)
    library = [
        np.mean([reader.exact(key) for key in group.library], axis=0) if group.library else nothing for group in GROUPS
    ]
    return np.stack(library, axis=1), np.stack([reader.fund(group.fund) for group in GROUPS], axis=1)


def _empty(values: Floats) -> bool:
    return not bool(np.isfinite(values).any())
