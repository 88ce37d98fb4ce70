"""Who is in the S&P 500, by date.

The user's own dated table, `sp500_membership.csv` in `REGIME_HOME` (ticker,
start, end), goes before everything. Without one there is today's list from the
package pytickersymbols, and it is used from the day it was first seen: who was
a member before that is not known, so live breadth of members begins with the
first refresh, and published series carry the past.
"""

from __future__ import annotations

import pandas as pd

from features.data.checks import dates, tables
from features.data.errors import RegimeError
from features.data.paths import home
from features.data.sources import archive

FILE = "sp500_membership.csv"
INDEX = "S&P 500"
LEAST = 400  # a list shorter than this is not the index


def _own() -> pd.DataFrame | None:
    path = home() / FILE
    if not path.exists():
        return None
    table = tables.read(path, tables.ALL_TEXT)
    missing = {"ticker", "start"} - set(table.columns)
    if missing:
        raise RegimeError(f"{path}: column {sorted(missing)[0]} is missing; it needs ticker, start, end")
    table = tables.blank_rows_dropped(table, "ticker")
    if table["ticker"].isna().any():
        raise RegimeError(f"{path}: {int(table['ticker'].isna().sum())} rows have no ticker")
    start = dates.read(f"{path}: column start", table["start"])
    end = dates.read(f"{path}: column end", table["end"], empty=True) if "end" in table else pd.NaT
    return pd.DataFrame({"ticker": table["ticker"].str.strip().to_numpy(), "start": start, "end": end})


def listed() -> set[str]:
    """Today's members by the package, as Yahoo writes them."""
    from pytickersymbols import PyTickerSymbols

    found = {str(row["symbol"]).replace(".", "-") for row in PyTickerSymbols().get_stocks_by_index(INDEX)}
    if len(found) < LEAST:
        raise RegimeError(f"pytickersymbols names {len(found)} members of the {INDEX}: put a {FILE} into {home()}")
    return found


def dated(known: pd.DataFrame | None, members: set[str], session: pd.Timestamp) -> pd.DataFrame:
    """`known` intervals with who is new from `session` on and who has gone until it."""
    if known is None:
        known = pd.DataFrame({"ticker": [], "start": [], "end": []})
    current = set(known.loc[known["end"].isna(), "ticker"])
    gone = known["end"].isna() & ~known["ticker"].isin(members)
    new = pd.DataFrame({"ticker": sorted(members - current), "start": session, "end": pd.NaT})
    table = pd.concat([known.assign(end=known["end"].where(~gone, session)), new], ignore_index=True)
    return table.astype({"ticker": str, "start": "datetime64[ns]", "end": "datetime64[ns]"})


def table(session: pd.Timestamp) -> tuple[pd.DataFrame, str]:
    """Dated intervals (`ticker`, `start`, `end`, `price_col`) and where they come from."""
    own = _own()
    if own is not None:
        return own.assign(price_col=own["ticker"]), FILE
    found = dated(archive.read("membership", "sp500", again=False), listed(), session)
    archive.write("membership", "sp500", found)
    return found.assign(price_col=found["ticker"]), "pytickersymbols"
