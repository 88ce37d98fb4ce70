"""Quarterly net income of companies as first filed: EDGAR's company facts.

Plain GETs with a User-Agent that names a contact, as the SEC asks, at most ten a
second. A fact is filed again in later reports, at times with another value; what
was known is the value of the earliest `filed` date, from the session after it. The
`frame` mark and the frames API name the last filing and are not point-in-time. No
company files its fourth quarter: it is the year less its first three quarters,
known when the annual report was filed. The list of tickers is today's, so companies
that are gone have no number and are missing.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import requests

from features.data import calendar
from features.data.arrays import Floats
from features.data.errors import RegimeError
from features.data.sources.retry import GoneError, UnavailableError, patiently

DATA_HOST, LIST_HOST = "https://data.sec.gov", "https://www.sec.gov"
TIMEOUT = 30.0  # seconds
PAUSE = 0.11  # seconds between requests: fewer than ten a second
TAGS = ("NetIncomeLoss", "ProfitLoss")  # the first that a company files
QUARTER_DAYS = (80, 100)
YEAR_DAYS = (350, 380)
COVERED = "covered"  # the column that says how many of the members have reported
SHARE_REPORTED = 0.60
STALE_DAYS = 200  # a company whose last known quarter ended longer ago than this counts as not reported


@dataclass
class Client:
    """Asks EDGAR, politely.

    Attributes
    ----------
    user_agent : str
        A name and an address to write to; the SEC answers 403 without one.
    """

    user_agent: str
    data_host: str = DATA_HOST
    list_host: str = LIST_HOST

    def __post_init__(self) -> None:
        if "@" not in self.user_agent:
            raise RegimeError(
                f"EDGAR wants a User-Agent with an e-mail address, got {self.user_agent!r}: set SEC_USER_AGENT to "
                "'name address@example.org'"
            )
        self._lock = threading.Lock()
        self._last = 0.0

    def company_numbers(self) -> dict[str, int]:
        """Today's ticker to company number (CIK), tickers as Yahoo writes them."""
        return numbers(self._get(f"{self.list_host}/files/company_tickers.json"))

    def facts(self, number: int) -> dict[str, Any]:
        """All facts of a company.

        Raises
        ------
        GoneError
            The company has none.
        UnavailableError
            EDGAR did not answer with data.
        """
        return self._get(f"{self.data_host}/api/xbrl/companyfacts/CIK{number:010d}.json")

    def _get(self, url: str) -> dict[str, Any]:
        return patiently(lambda: self._ask(url))

    def _ask(self, url: str) -> dict[str, Any]:
        with self._lock:
            time.sleep(max(0.0, self._last + PAUSE - time.monotonic()))
            self._last = time.monotonic()
        name = url.rsplit("/", 1)[-1]
        try:
            answer = requests.get(url, headers={"User-Agent": self.user_agent}, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise UnavailableError(f"EDGAR, {name}: {type(error).__name__}") from error
        if answer.status_code == 404:
            raise GoneError(f"EDGAR has no {name}")
        if answer.status_code in (403, 429):
            raise UnavailableError(f"EDGAR refuses {name}: status {answer.status_code}", refused=True)
        if answer.status_code != 200:
            raise UnavailableError(f"EDGAR, {name}: status {answer.status_code}")
        try:
            found = json.loads(answer.content)
        except ValueError as error:
            raise UnavailableError(f"EDGAR, {name}: the answer is not JSON, or was cut off") from error
        if not isinstance(found, dict):
            raise UnavailableError(f"EDGAR, {name}: the answer is no object")
        return found


def numbers(listed: dict[str, Any]) -> dict[str, int]:
    """Ticker to company number, tickers as Yahoo writes them, from EDGAR's `company_tickers.json`."""
    return {str(row["ticker"]).replace(".", "-").upper(): int(row["cik_str"]) for row in listed.values()}


def first_filed(facts: dict[str, Any]) -> pd.DataFrame:
    """Net income by period as first filed: `start`, `end`, `value`, `filed`, in the order of `filed`.

    Raises
    ------
    GoneError
        The company files no net income in dollars.
    """
    tags = facts.get("facts", {}).get("us-gaap", {})
    rows = next((found for tag in TAGS if (found := tags.get(tag, {}).get("units", {}).get("USD"))), None)
    if rows is None:
        raise GoneError(f"{facts.get('entityName', 'the company')} files no net income in dollars")
    whole = [row for row in rows if "start" in row]
    table = pd.DataFrame(
        {name: pd.to_datetime([row[name] for row in whole], format="%Y-%m-%d") for name in ("start", "end", "filed")}
        | {"value": np.array([row["val"] for row in whole], dtype=float)}
    )
    return table.sort_values("filed", kind="stable").drop_duplicates(["start", "end"]).reset_index(drop=True)


def _lasting(table: pd.DataFrame, days: tuple[int, int]) -> pd.DataFrame:
    return table[(table["end"] - table["start"]).dt.days.add(1).between(*days)]


def quarters(filed: pd.DataFrame) -> pd.DataFrame:
    """Net income by quarter, fourth quarters included: `end`, `value`, `filed`.

    A fourth quarter is the year less the three quarters that fill its first nine
    months, all as first filed, and is known when the last of the four was.
    """
    direct = _lasting(filed, QUARTER_DAYS)[["start", "end", "value", "filed"]]
    made = []
    for year in _lasting(filed, YEAR_DAYS).itertuples():
        inside = direct[(direct["start"] >= year.start) & (direct["end"] <= year.end)].sort_values("end")
        if len(inside) != 3 or (year.end - inside["end"].iloc[-1]).days not in range(*QUARTER_DAYS):
            continue
        value = year.value - float(inside["value"].sum())
        made.append((inside["end"].iloc[-1], year.end, value, max(year.filed, inside["filed"].max())))
    both = pd.concat([direct, pd.DataFrame(made, columns=direct.columns)]) if made else direct
    return both.drop_duplicates("end").sort_values("end")[["end", "value", "filed"]].reset_index(drop=True)


def growth(table: pd.DataFrame) -> pd.DataFrame:
    """Whether each quarter's net income was above that of the same quarter a year before: `end`, `grew`, `known`.

    `known` is the session after the later of the two filings.
    """
    rows = []
    for now in table.itertuples():
        gap = (now.end - table["end"]).dt.days
        before = table[gap.between(*YEAR_DAYS)]
        if len(before) == 1:
            filed = max(now.filed, before["filed"].iloc[0])
            rows.append((now.end, bool(now.value > before["value"].iloc[0]), _session_after(filed)))
    return pd.DataFrame(rows, columns=["end", "grew", "known"])


def _session_after(day: pd.Timestamp) -> pd.Timestamp:
    every = calendar.all_sessions()
    return pd.Timestamp(every[int(every.searchsorted(day, side="right"))])


def breadth(companies: dict[str, pd.DataFrame], inside: pd.DataFrame) -> pd.DataFrame:
    """Share of the members of each session whose last known quarter grew, and the share that is covered.

    Parameters
    ----------
    companies : dict of str to DataFrame
        `growth` by ticker; a member without one is not covered.
    inside : DataFrame of bool, (sessions, tickers)
        Who was a member on each session.

    Returns
    -------
    DataFrame, (sessions, 2)
        `grew`, NaN while fewer than `SHARE_REPORTED` of the members are covered,
        and `covered`.
    """
    sessions = pd.DatetimeIndex(inside.index)
    members = inside.sum(axis=1).to_numpy(float)
    grew, said = np.zeros(len(sessions)), np.zeros(len(sessions))
    for name in inside:
        table = companies.get(str(name))
        if table is not None and len(table):
            latest = np.where(inside[name].to_numpy(bool), _latest(table, sessions), np.nan)
            said += np.isfinite(latest)
            grew += np.nan_to_num(latest)
    covered = np.where(members > 0.0, said / np.maximum(members, 1.0), 0.0)
    share = np.where((covered >= SHARE_REPORTED) & (said > 0.0), grew / np.maximum(said, 1.0), np.nan)
    return pd.DataFrame({"grew": share, COVERED: covered}, sessions)


def _latest(table: pd.DataFrame, sessions: pd.DatetimeIndex) -> Floats:
    """1 or 0 as the newest quarter known on each session grew or not; NaN where nothing recent was known."""
    ordered = table.sort_values("known", kind="stable")
    ends, grew = ordered["end"].to_numpy("datetime64[ns]"), ordered["grew"].to_numpy(float)
    newest = np.maximum.accumulate(ends)
    place = np.maximum.accumulate(np.where(ends == newest, np.arange(len(ends)), 0))
    at = np.searchsorted(ordered["known"].to_numpy("datetime64[ns]"), sessions.to_numpy(), side="right") - 1
    known = at >= 0
    row = place[np.maximum(at, 0)]
    young = (sessions.to_numpy() - ends[row]) <= np.timedelta64(STALE_DAYS, "D")
    return np.where(known & young, grew[row], np.nan)
