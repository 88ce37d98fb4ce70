"""Who is positioned in equity futures: the CFTC's weekly Traders in Financial Futures.

One ZIP of comma-separated text a year (one for 2006 to 2016), asked for with plain
GETs. The file's form has changed over the years: fields are padded with spaces,
quoted or bare, lines end in LF or CRLF, a missing number is a dot, the report date
has two headings; market names change, contract codes stay. Rows are therefore found
by code and columns by heading.

A report is about a Tuesday (or the last business day before a holiday) and is
published on the third federal business day after it at 15:30 New York time: before
that day's close, unless the exchange closes early or is shut, in which case it is
known with the next session. Late releases are in `LATE`.
"""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd
from pandas.tseries.offsets import CustomBusinessDay

from features.data import calendar
from features.data.errors import RegimeError
from features.data.sources.retry import GoneError, UnavailableError, patiently

HOST = "https://www.cftc.gov"
TIMEOUT = 60.0  # seconds
FIRST_YEAR, BUNDLED_UNTIL = 2006, 2016
PUBLISHED_SINCE = pd.Timestamp("2010-07-22")  # earlier reports were computed when the series began
RELEASE = pd.Timedelta(hours=15, minutes=30)
BUSINESS_DAYS_TO_RELEASE = 3
LARGEST_FILE = 64 * 2**20  # bytes of text in one archive; a year has about 5 MB

CODE, OPEN_INTEREST = "CFTC_Contract_Market_Code", "Open_Interest_All"
DATE_COLUMNS = ("Report_Date_as_YYYY-MM-DD", "Report_Date_as_MM_DD_YYYY")
POSITIONS = {
    "leveraged": ("Lev_Money_Positions_Long_All", "Lev_Money_Positions_Short_All"),
    "asset_manager": ("Asset_Mgr_Positions_Long_All", "Asset_Mgr_Positions_Short_All"),
}


@dataclass(frozen=True)
class Contract:
    """A futures contract: its codes over time, each valid from a report date on."""

    name: str
    codes: tuple[tuple[str, str], ...]


# The consolidated S&P contract (13874+) changes its unit and is not used.
CONTRACTS = (
    Contract("sp500", (("13874A", "2006-06-13"),)),
    Contract("nasdaq100", (("209742", "2006-06-13"),)),
    Contract("russell2000", (("23977A", "2008-09-16"), ("239742", "2017-08-15"))),
    Contract("vix", (("1170E1", "2006-06-13"),)),
)

# Report date to day of publication, from the CFTC's notices; where a notice gives no day for each report, the day on
# which the backlog was cleared stands for all of them: late is safe, early would be a leak.
LATE: dict[str, str] = {
    **dict.fromkeys(("2013-10-01", "2013-10-08", "2013-10-15", "2013-10-22"), "2013-11-01"),
    "2018-12-24": "2019-02-01",
    "2018-12-31": "2019-02-05",
    "2019-01-08": "2019-02-08",
    "2019-01-15": "2019-02-12",
    "2019-01-22": "2019-02-15",
    "2019-01-29": "2019-02-19",
    "2019-02-05": "2019-02-22",
    "2019-02-12": "2019-02-26",
    "2019-02-19": "2019-03-01",
    "2019-02-26": "2019-03-05",
    "2023-01-31": "2023-02-24",
    **dict.fromkeys(
        ("2023-02-07", "2023-02-14", "2023-02-21", "2023-02-28", "2023-03-07", "2023-03-14"),
        "2023-03-24",
    ),
    "2025-09-30": "2025-11-19",
    "2025-10-07": "2025-11-21",
    "2025-10-14": "2025-11-25",
    "2025-10-21": "2025-12-02",
    "2025-10-28": "2025-12-05",
    "2025-11-04": "2025-12-09",
    "2025-11-10": "2025-12-12",
    "2025-11-18": "2025-12-16",
    "2025-11-25": "2025-12-19",
    "2025-12-02": "2025-12-23",
    "2025-12-09": "2025-12-30",
    "2025-12-16": "2026-01-06",
    "2025-12-23": "2026-01-09",
    "2025-12-30": "2026-01-13",
    "2026-01-06": "2026-01-16",
    "2026-01-13": "2026-01-20",
}


@lru_cache(maxsize=1)
def _federal() -> CustomBusinessDay:
    """One federal business day; its holidays take a while to compute, and the catalogue needs none of them."""
    from pandas.tseries.holiday import USFederalHolidayCalendar

    return CustomBusinessDay(calendar=USFederalHolidayCalendar())


def scheduled_release(report: pd.Timestamp) -> pd.Timestamp:
    """The third federal business day after the report date."""
    return pd.Timestamp(report + BUSINESS_DAYS_TO_RELEASE * _federal())


def available_at(reports: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The session with whose close each report was known.

    Parameters
    ----------
    reports : DatetimeIndex
        Report dates.
    """
    return pd.DatetimeIndex([_session(report) for report in reports])


def _session(report: pd.Timestamp) -> pd.Timestamp:
    late = LATE.get(str(report.date()))
    release = pd.Timestamp(late) if late else scheduled_release(report)
    return calendar.session_at(release + RELEASE)


def archive_path(year: int) -> str:
    """Path of the archive that holds a year's reports; one archive holds the first years."""
    if year <= BUNDLED_UNTIL:
        return f"/files/dea/history/fin_fut_txt_{FIRST_YEAR}_{BUNDLED_UNTIL}.zip"
    return f"/files/dea/history/fut_fin_txt_{year}.zip"


def fetch(year: int, host: str = HOST) -> pd.DataFrame:
    """The positions of a year (of all years to 2016 for any of them), as `parse` gives them.

    Raises
    ------
    GoneError, UnavailableError
    """
    return patiently(lambda: _ask(archive_path(year), host))


def _ask(path: str, host: str) -> pd.DataFrame:
    import requests  # here: whoever reads the catalogue asks no vendor

    try:
        answer = requests.get(host + path, timeout=TIMEOUT)
    except requests.RequestException as error:
        raise UnavailableError(f"CFTC, {path}: {type(error).__name__}") from error
    if answer.status_code in (404, 410):
        raise GoneError(f"CFTC has no file {path}")
    if answer.status_code != 200:
        raise UnavailableError(f"CFTC, {path}: status {answer.status_code}", refused=answer.status_code == 429)
    return parse(text_of(answer.content, path))


def text_of(content: bytes, name: str) -> str:
    """The text in an archive, or the text itself.

    Raises
    ------
    UnavailableError
        The archive was cut off or holds no text.
    RegimeError
        It holds more than a year of reports could.
    """
    if not content.startswith(b"PK"):
        return content.decode("latin-1")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            (inside,) = archive.infolist()
            if inside.file_size > LARGEST_FILE:
                raise RegimeError(f"CFTC, {name}: {inside.file_size} bytes of text where about 5 MB are expected")
            return archive.read(inside).decode("latin-1")
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        raise UnavailableError(f"CFTC, {name}: the archive is damaged or cut off") from error


def parse(text: str) -> pd.DataFrame:
    """Positions of `CONTRACTS` from one file's text.

    Returns
    -------
    DataFrame
        Indexed by report date; for every contract `<contract>_open_interest` and
        `<contract>_<group>_net` (long less short contracts of each group of
        `POSITIONS`), NaN where the file has none.

    Raises
    ------
    UnavailableError
        The text is no such report, or its last row is cut off.
    """
    read = csv.reader(io.StringIO(text), skipinitialspace=True)
    rows = [[field.strip() for field in row] for row in read if any(map(str.strip, row))]
    if not rows or CODE not in rows[0]:
        raise UnavailableError("CFTC: the file is not a report of Traders in Financial Futures (no contract codes)")
    place = {name: position for position, name in enumerate(rows[0])}
    date = next((name for name in DATE_COLUMNS if name in place), None)
    needed = [OPEN_INTEREST, *(column for pair in POSITIONS.values() for column in pair)]
    missing = [name for name in needed if name not in place]
    if date is None or missing:
        raise UnavailableError(f"CFTC: the report lacks the column {missing[0] if missing else DATE_COLUMNS[0]}")
    short = [row for row in rows if len(row) != len(rows[0])]
    if short:
        raise UnavailableError(f"CFTC: a row of {len(short[0])} fields where {len(rows[0])} are expected: cut off?")
    wanted = {code: contract for contract in CONTRACTS for code, _ in contract.codes}
    found: dict[pd.Timestamp, dict[str, float]] = {}
    for row in rows[1:]:
        contract = wanted.get(row[place[CODE]])
        day = _date(row[place[date]])
        if contract is None or row[place[CODE]] != _code_at(contract, day):
            continue
        values = found.setdefault(day, {})
        values[f"{contract.name}_open_interest"] = _number(row[place[OPEN_INTEREST]])
        for group, (long, short_) in POSITIONS.items():
            values[f"{contract.name}_{group}_net"] = _number(row[place[long]]) - _number(row[place[short_]])
    table = pd.DataFrame.from_dict(found, orient="index", dtype=float).sort_index()
    table.index = pd.DatetimeIndex(table.index, name="date").as_unit("ns")
    return table


def shares(counts: pd.DataFrame) -> pd.DataFrame:
    """Net positions over open interest by report date, from the counts of `parse`."""
    found = {}
    for contract in CONTRACTS:
        interest = counts.get(f"{contract.name}_open_interest")
        for group in POSITIONS:
            net = counts.get(f"{contract.name}_{group}_net")
            if interest is not None and net is not None:
                found[f"{contract.name}_{group}"] = net / interest.where(interest > 0.0)
    return pd.DataFrame(found).rename_axis("date")


def _code_at(contract: Contract, day: pd.Timestamp) -> str:
    """The code that stands for a contract on a report date; the first one before its own begin."""
    valid = [code for code, since in contract.codes if day >= pd.Timestamp(since)]
    return valid[-1] if valid else contract.codes[0][0]


def _date(text: str) -> pd.Timestamp:
    form = "%m/%d/%Y" if "/" in text else "%Y-%m-%d"
    try:
        return pd.Timestamp(pd.to_datetime(text[:10], format=form))
    except ValueError as error:
        raise UnavailableError(f"CFTC: {text!r} is not a report date") from error


def _number(text: str) -> float:
    """A count of contracts; a dot or nothing is missing."""
    if text in ("", "."):
        return float("nan")
    try:
        return float(text.replace(",", ""))
    except ValueError as error:
        raise UnavailableError(f"CFTC: {text!r} is not a number of contracts") from error
