"""Ken French's daily library through pandas-datareader; returns come in percent and leave as decimals.

The library is published one to two months late and its rows are used only
before the hand-over to the funds, so a copy a month old is as good as new.
"""

from __future__ import annotations

import pandas as pd

from features.data.sources.retry import GoneError, UnavailableError, patiently

TIMEOUT = 60.0  # seconds
KEEP = pd.Timedelta(days=30)
MISSING = -99.0  # the library writes -99.99 or -999


def _ask(name: str) -> pd.DataFrame:
    from pandas_datareader._utils import RemoteDataError
    from pandas_datareader.famafrench import FamaFrenchReader

    try:
        tables = FamaFrenchReader(name, start="1926-01-01", retry_count=0, timeout=TIMEOUT).read()
    except RemoteDataError as error:
        raise UnavailableError(f"Ken French's library, {name}: no answer") from error
    except Exception as error:
        raise UnavailableError(f"Ken French's library, {name}: {type(error).__name__}") from error
    if 0 not in tables:
        raise GoneError(f"Ken French's library, {name}: no table in the file")
    table = tables[0]
    values = table.set_axis(pd.DatetimeIndex(table.index.to_timestamp()).as_unit("ns").rename("date"))
    values.columns = [str(column).strip() for column in values.columns]
    return values.where(values > MISSING) / 100.0


def fetch(name: str) -> pd.DataFrame:
    """The first daily table of a file (value weighted), dates by columns, as decimals.

    Raises
    ------
    GoneError, UnavailableError
    """
    return patiently(lambda: _ask(name))
