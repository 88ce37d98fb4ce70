"""What the daily panel holds: one entry a column, with the catalogue series it is made of.

The legs and the long backbone are *returns*, spliced at fixed hand-over dates
from the French library to the fund that continues it. The library arrives
months late, but only its rows before the hand-over are ever used, so the row
for today and the row the training set gets for today are the same computation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.data import catalog
from features.data.arrays import Floats
from features.data.point_in_time import Handover, Reader

# key: (fund, the session from which the fund's return is used)
HANDOVER: Handover = {
    f"ret_{name}": (fund, pd.Timestamp(since)) for name, (fund, since) in catalog.CONTINUED_BY.items()
}
LEGS_HANDOVER = HANDOVER["ret_broad"][1]
SECTOR_HANDOVER = HANDOVER["ret_HiTec"][1]


@dataclass(frozen=True)
class Column:
    """One column of the panel: the catalogue series it is made of, and how."""

    keys: tuple[str, ...]
    read: Callable[[Reader], Floats]


def _daily(key: str) -> Column:
    return Column((key,), lambda r: r.daily(key))


def _exact(key: str) -> Column:
    return Column((key,), lambda r: r.exact(key))


def _fund(ticker: str) -> Column:
    return Column((ticker,), lambda r: r.fund(ticker))


def _spliced(name: str, french: str) -> Column:
    return Column((french, HANDOVER[name][0]), lambda r: r.spliced(name, r.exact(french)))


def _mean(name: str, parts: tuple[str, ...]) -> Column:
    def read(r: Reader) -> Floats:
        return r.spliced(name, np.asarray(sum(r.exact(part) for part in parts)) / len(parts))

    return Column((*parts, HANDOVER[name][0]), read)


def _industry(name: str) -> Column:
    if name in catalog.CONTINUED_BY:
        return _spliced(f"ret_{name}", f"IND10_VW_{name}")
    # No fund continues this industry: it ends where its fellows are handed over.
    key = f"IND10_VW_{name}"
    return Column((key,), lambda r: np.where(r.sessions < SECTOR_HANDOVER, r.exact(key), np.nan))


def _dollar(ticker: str) -> Column:
    keys = (ticker, f"{ticker}_VOLUME")
    return Column(keys, lambda r: r.exact(keys[0]) * r.exact(keys[1]))


def _window(key: str, frequency: str, length: int, function: Callable[[Floats], Floats]) -> Column:
    return Column((key,), lambda r: r.windows(key, frequency, length, function))


def _or_monthly(daily: str, monthly: str) -> Column:
    def read(r: Reader) -> Floats:
        found = r.daily(daily)
        return np.where(np.isnan(found), r.daily(monthly), found)

    return Column((daily, monthly), read)


def _growth(months: int) -> Callable[[Floats], Floats]:
    """Percent growth over the last `months`, annualised."""
    return lambda x: 100.0 * ((x[:, -1] / x[:, -1 - months]) ** (12.0 / months) - 1.0)


def _off_low(x: Floats) -> Floats:
    return np.asarray(x[:, -1] - x.min(axis=1))


def _claims(x: Floats) -> Floats:
    """Log of the four-week mean over the lowest of the past year."""
    means = np.lib.stride_tricks.sliding_window_view(x, 4, axis=1).mean(axis=2)
    return np.asarray(np.log(means[:, -1] / means.min(axis=1)))


def _against_trend(x: Floats) -> Floats:
    """Log growth over the last four quarters less the yearly mean of the last five years."""
    logs = np.log(x)
    return 100.0 * ((logs[:, -1] - logs[:, -5]) - (logs[:, -1] - logs[:, 0]) / 5.0)


def _change(x: Floats) -> Floats:
    return np.asarray(x[:, -1] - x[:, 0])


COLUMNS: dict[str, Column] = {
    # The legs, and what continues them.
    "ret_broad": _mean("ret_broad", ("ME_VW_Dec7", "ME_VW_Dec8", "ME_VW_Dec9", "ME_VW_Hi10")),
    "ret_cap": Column(("Mkt-RF", "RF", "SPY"), lambda r: r.spliced("ret_cap", r.exact("Mkt-RF") + r.exact("RF"))),
    "ret_leaders": _spliced("ret_leaders", "ME_VW_Hi10"),
    "ret_small": _spliced("ret_small", "ME_VW_Lo30"),
    "ret_smb": Column(
        ("SMB", "IWM", "SPY"), lambda r: r.spliced("ret_smb", r.exact("SMB"), r.fund("IWM") - r.fund("SPY"))
    ),
    "ret_value": Column(
        ("HML", "IVE", "IVW"), lambda r: r.spliced("ret_value", r.exact("HML"), r.fund("IVE") - r.fund("IVW"))
    ),
    "ret_small_value": _mean("ret_small_value", ("SZBM25_VW_ME1_BM5", "SZBM25_VW_ME2_BM5")),
    "ret_bill": Column(
        ("RF", "DGS3MO"),
        lambda r: np.where(r.sessions < LEGS_HANDOVER, r.exact("RF"), r.daily("DGS3MO") / 100.0 / 252.0),
    ),
    **{f"ret_{name}": _industry(name) for name in catalog.INDUSTRIES},
    "ret_Chems": _spliced("ret_Chems", "IND12_VW_Chems"),
    # Funds as they are.
    **{f"ret_{t.lower()}": _fund(t) for t in ("HYG", "IEF", "LQD", "XLRE", "XLC", "KRE", "XHB")},
    **{f"ret_{t.lower()}": _fund(t) for t in ("IJR", "IWM", "IWD", "IWF", "SPY", "RSP", "QQQ", "XLK")},
    **{f"ret_{t.lower()}": _fund(t) for t in catalog.MAG7},
    **{f"dollar_{t.lower()}": _dollar(t) for t in catalog.VOLUME_FUNDS},
    # Counts of the day, and what is carried until the next value.
    **{key: _exact(key) for key in ("ADV", "DECL", "MMTH", "MAHN", "MALN", "S5TH")},
    **{key: _daily(key) for key in ("VIX", "VIX3M", "VIX9D", "VVIX", "SKEW")},
    **{key: _daily(key) for key in ("PCR_TOTAL", "PCR_EQUITY", "PCR_INDEX", "SPX_FWD_PE", "pe10")},
    **{key: _daily(key) for key in ("DGS1", "DGS2", "DGS10", "DGS3MO", "DFF", "DFII10", "T10YIE", "RRPONTSYD")},
    **{key: _daily(key) for key in ("BAMLH0A0HYM2", "BAMLC0A0CM", "BAA10Y", "UMCSENT", "DRTSCILM", "NFCI_FIRST")},
    **{s.key: _daily(s.key) for s in catalog.CATALOG if s.table in ("cftc_positioning", "earnings_breadth")},
    "aaa": _or_monthly("DAAA", "AAA"),
    "baa": _or_monthly("DBAA", "BAA"),
    # Slow series, as they stood at each release.
    "cpi_12m": _window("CPIAUCSL", "M", 13, _growth(12)),
    "cpi_3m": _window("CPIAUCSL", "M", 4, _growth(3)),
    "core_12m": _window("CPILFESL", "M", 13, _growth(12)),
    "core_3m": _window("CPILFESL", "M", 4, _growth(3)),
    "payrolls_3m": _window("PAYEMS", "M", 4, _growth(3)),
    "payrolls_12m": _window("PAYEMS", "M", 13, _growth(12)),
    "unemployment_off_low": _window("UNRATE", "M", 12, _off_low),
    "production_3m": _window("INDPRO", "M", 4, _growth(3)),
    "production_12m": _window("INDPRO", "M", 13, _growth(12)),
    "claims_off_low": _window("ICSA", "W-SAT", 55, _claims),
    "sentiment_change_3m": _window("UMCSENT", "M", 4, _change),
    "sentiment_change_12m": _window("UMCSENT", "M", 13, _change),
    "loans_change_4q": _window("DRTSCILM", "Q", 5, _change),
    "money_funds_4q": _window("MMMFFAQ027S", "Q", 5, lambda x: 100.0 * np.log(x[:, -1] / x[:, 0])),
    "money_funds_against_trend": _window("MMMFFAQ027S", "Q", 21, _against_trend),
    "nfci_change_13w": _window("NFCI_FIRST", "W-FRI", 14, _change),
}
