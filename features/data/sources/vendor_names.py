"""Where each vendor keeps a series of the catalogue, and under what name."""

from __future__ import annotations

from features.data.catalog import Series

# Files of the French library, and their heading of each of our columns where it is another.
FRENCH_FILES: dict[str, tuple[str, dict[str, str]]] = {
    "factors": ("F-F_Research_Data_Factors_daily", {}),
    "size": (
        "Portfolios_Formed_on_ME_daily",
        {
            "ME_VW_Dec7": "Dec 7",
            "ME_VW_Dec8": "Dec 8",
            "ME_VW_Dec9": "Dec 9",
            "ME_VW_Hi10": "Hi 10",
            "ME_VW_Lo30": "Lo 30",
        },
    ),
    "industries": ("10_Industry_Portfolios_daily", {}),
    "chemicals": ("12_Industry_Portfolios_daily", {"IND12_VW_Chems": "Chems"}),
    "small_value": (
        "25_Portfolios_5x5_daily",
        {
            "SZBM25_VW_ME1_BM5": "SMALL HiBM",
            "SZBM25_VW_ME2_BM5": "ME2 BM5",
            "SZBM25_VW_ME5_BM1": "BIG LoBM",
            "SZBM25_VW_ME5_BM2": "ME5 BM2",
            "SZBM25_VW_ME5_BM4": "ME5 BM4",
            "SZBM25_VW_ME5_BM5": "BIG HiBM",
        },
    ),
}

REPORTS = {"cftc_positioning": "cftc", "earnings_breadth": "edgar"}


def live(series: Series) -> tuple[str, str] | None:
    """Vendor and name there; None where no free live source is known.

    Vendors are ``yahoo``, ``fred``, ``french``, ``cftc`` and ``edgar``.
    """
    if series.table in ("prices_etf", "prices_mag7", "volume_etf"):
        return "yahoo", series.column
    if series.table == "vix" and not series.column.startswith("PCR_"):
        return "yahoo", f"^{series.column}"
    if series.table in ("fred", "fredmd"):
        return "fred", "NFCI" if series.lag == "vintage" else series.column
    if series.table.startswith("famafrench"):
        return "french", french_file(series.column)[0]
    if series.table in REPORTS:
        return REPORTS[series.table], series.column
    return None


def french_file(column: str) -> tuple[str, str]:
    """The library's file and the column there of one of our columns."""
    for name, columns in FRENCH_FILES.values():
        if column in columns:
            return name, columns[column]
    if column.startswith("IND10_VW_"):
        return FRENCH_FILES["industries"][0], column.removeprefix("IND10_VW_")
    return FRENCH_FILES["factors"][0], column
