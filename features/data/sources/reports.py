"""Weekly positions and companies' filings in a live refresh: what is asked, kept in the archive and made of it.

Both vendors are optional: when one is down or refuses, the refresh goes on, what was
fetched before stays, and one line says so.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.data import calendar, catalog, environment, settings
from features.data.arrays import Tables
from features.data.sources import archive, cftc, edgar
from features.data.sources.live_names import Notes
from features.data.sources.retry import GoneError

CFTC, EDGAR = "cftc", "edgar"
AGENT = "SEC_USER_AGENT"
EVERY = pd.Timedelta(days=7)  # a company is asked again after this time
NAMED = 8  # companies without filings that a line names before it counts the rest
CLOSED = "-02-01"  # of the year after: by then the last reports of a year have been in its archive for weeks


def user_agent() -> str:
    """Who asks EDGAR, by the environment, else the settings; empty where neither says."""
    return (environment.read().sec_user_agent or settings.load().sec_user_agent or "").strip()


def years(session: pd.Timestamp) -> tuple[str, ...]:
    """The CFTC's archives to ask for, by year; the one of the first years goes by its last."""
    wanted = []
    for year in range(cftc.BUNDLED_UNTIL, session.year + 1):
        stored = archive.read(CFTC, str(year))
        seen = "" if stored is None else str(stored.attrs.get("session", ""))
        if not seen or (seen < f"{year + 1}{CLOSED}" and seen < str(session.date())):
            wanted.append(str(year))
    return tuple(wanted)


def companies(members: pd.DataFrame, session: pd.Timestamp) -> tuple[str, ...]:
    """Today's members whose filings were not asked for within a week; none without a User-Agent."""
    if not user_agent():
        return ()
    current = members.loc[members["end"].isna(), "price_col"]
    return tuple(str(name) for name in current if not _asked_within(str(name), session))


def _asked_within(name: str, session: pd.Timestamp) -> bool:
    stored = archive.read(EDGAR, name)
    return stored is not None and session - pd.Timestamp(stored.attrs.get("session", "1970-01-01")) < EVERY


def positions(year: str, session: pd.Timestamp) -> None:
    """Fetch a year's reports; what an earlier fetch had and this one lacks stays.

    Raises
    ------
    GoneError, UnavailableError
        The file is not there, or it is no whole report: the stored one stays.
    """
    found, stored = cftc.fetch(int(year)), archive.read(CFTC, year)
    if stored is not None:
        found = found.combine_first(stored)
    archive.write(CFTC, year, found, session=str(session.date()))


class Filings:
    """Asks EDGAR for one company after another; the list of company numbers is asked for once."""

    def __init__(self, session: pd.Timestamp) -> None:
        self.client = edgar.Client(user_agent())
        self.session = session
        self.numbers: dict[str, int] | None = None

    def __call__(self, name: str) -> None:
        """Fetch a company's filings; the value first filed for a period is never replaced by a later one."""
        if self.numbers is None:
            self.numbers = self.client.company_numbers()
        stored = archive.read(EDGAR, name)
        day = str(self.session.date())
        try:
            if name not in self.numbers:
                raise GoneError(f"EDGAR lists no company for {name}")
            found = edgar.first_filed(self.client.facts(self.numbers[name]))
        except GoneError:
            empty = pd.DataFrame({"start": [], "end": [], "filed": []}, dtype="datetime64[ns]").assign(value=np.nan)
            archive.write(EDGAR, name, empty if stored is None else stored, session=day)
            raise
        if stored is not None and len(stored):
            both = pd.concat([stored, found]).sort_values("filed", kind="stable")
            found = both.drop_duplicates(["start", "end"]).reset_index(drop=True)
        archive.write(EDGAR, name, found, session=day)


def tables(members: pd.DataFrame, session: pd.Timestamp, notes: Notes) -> Tables:
    """The two tables from what the archive holds, as a folder has them; none where nothing was fetched."""
    filings = _filings(members)
    made = {
        "cftc_positioning": positioning_table(session),
        "earnings_breadth": earnings_table(members, filings, session),
    }
    if made["cftc_positioning"] is not None:
        first = cftc.PUBLISHED_SINCE.date()
        notes.back_filled["cftc_positioning"] = f"reports before {first} were published afterwards"
    without = [name for name, stored in filings.items() if not len(stored)]
    if without:
        more = f" and {len(without) - NAMED} more" if len(without) > NAMED else ""
        notes.missing["earnings"] = f"no net income at EDGAR of {', '.join(sorted(without)[:NAMED])}{more}"
    if not user_agent():
        notes.missing[EDGAR] = (
            f"earnings breadth needs {AGENT} or the setting `sec_user_agent`: a name and an e-mail address, as the SEC "
            "asks"
        )
    return {name: table for name, table in made.items() if table is not None and len(table)}


def _filings(members: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What is stored of each company, a table without rows where EDGAR has nothing."""
    read = {name: archive.read(EDGAR, name) for name in members["price_col"].astype(str).unique()}
    return {name: stored for name, stored in read.items() if stored is not None}


def positioning_table(session: pd.Timestamp) -> pd.DataFrame | None:
    """Net positions over open interest by report date, from all archived years."""
    parts = [archive.read(CFTC, str(year)) for year in range(cftc.BUNDLED_UNTIL, session.year + 1)]
    held = [part for part in parts if part is not None]
    if not held:
        return None
    whole = pd.concat(held).sort_index()
    whole = whole[~whole.index.duplicated(keep="last")]
    return cftc.shares(whole)


def earnings_table(
    members: pd.DataFrame, filings: dict[str, pd.DataFrame], session: pd.Timestamp | None = None
) -> pd.DataFrame | None:
    """Share of the day's members whose earnings grew, with and without the named seven, and the share covered.

    Up to `session`, else to the day on which the last of the filings was known.
    """
    grown = {name: edgar.growth(edgar.quarters(stored)) for name, stored in filings.items() if len(stored)}
    known = [day for table in grown.values() if len(table) for day in (table["known"].min(), table["known"].max())]
    if not known:
        return None
    first = max(min(known), pd.Timestamp(members["start"].min()))
    last = max(known) if session is None else session
    if first > last:
        return None
    sessions = calendar.sessions(first, last)
    inside = _inside(members, sessions)
    whole = edgar.breadth(grown, inside)
    without = edgar.breadth(grown, inside.drop(columns=[one for one in catalog.MAG7 if one in inside]))
    made = {"grew": whole["grew"], "grew_without_seven": without["grew"], edgar.COVERED: whole[edgar.COVERED]}
    return pd.DataFrame(made).rename_axis("date")


def _inside(members: pd.DataFrame, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """Who was a member on each session, (sessions, members)."""
    names = members["price_col"].astype(str).unique()
    inside = pd.DataFrame(False, sessions, names)
    for row in members.itertuples():
        end = row.end if pd.notna(row.end) else sessions[-1] + pd.Timedelta(days=1)
        inside.loc[(sessions >= row.start) & (sessions < end), str(row.price_col)] = True
    return inside
