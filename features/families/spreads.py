"""Credit spreads, in percentage points."""

from __future__ import annotations

from features.feature import Feature, log_return, z_score

FAMILY = "spreads"

FEATURES: tuple[Feature, ...] = (
    Feature("baa_aaa", FAMILY, ("baa", "aaa"), 0, "Baa minus Aaa yield", lambda x: x.panel["baa"] - x.panel["aaa"]),
    Feature(
        "baa_aaa_change_63",
        FAMILY,
        ("baa", "aaa"),
        63,
        "Baa minus Aaa, change over 63 sessions",
        lambda x: (x.panel["baa"] - x.panel["aaa"]).diff(63),
    ),
    Feature(
        "baa_10y", FAMILY, ("baa", "DGS10"), 0, "Baa minus ten-year yield", lambda x: x.panel["baa"] - x.panel["DGS10"]
    ),
    Feature(
        "baa_10y_change_63",
        FAMILY,
        ("baa", "DGS10"),
        63,
        "Baa minus ten-year, change over 63 sessions",
        lambda x: (x.panel["baa"] - x.panel["DGS10"]).diff(63),
    ),
    Feature("hy_oas", FAMILY, ("BAMLH0A0HYM2",), 0, "high-yield spread", lambda x: x.panel["BAMLH0A0HYM2"]),
    Feature(
        "hy_oas_change_21",
        FAMILY,
        ("BAMLH0A0HYM2",),
        21,
        "high-yield spread, change over 21 sessions",
        lambda x: x.panel["BAMLH0A0HYM2"].diff(21),
    ),
    Feature(
        "hy_oas_z_252",
        FAMILY,
        ("BAMLH0A0HYM2",),
        252,
        "high-yield spread, z-score over a year",
        lambda x: z_score(x.panel["BAMLH0A0HYM2"], 252),
    ),
    Feature(
        "hyg_minus_ief_21",
        FAMILY,
        ("ret_hyg", "ret_ief"),
        21,
        "high-yield minus Treasury fund over 21 sessions",
        lambda x: log_return(x.panel["ret_hyg"], 21) - log_return(x.panel["ret_ief"], 21),
    ),
)
