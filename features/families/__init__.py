"""The feature catalogue: one module a family, breadth in two, each a tuple `FEATURES`.

To add a feature, add one entry to one of these tuples.
"""

from features.families import (
    earnings,
    flows,
    macro,
    market_breadth,
    member_breadth,
    positioning,
    rates,
    relative_strength,
    sectors,
    sentiment,
    spreads,
    volatility,
)
from features.feature import Feature

FEATURES: tuple[Feature, ...] = (
    *member_breadth.FEATURES,
    *market_breadth.FEATURES,
    *relative_strength.FEATURES,
    *sectors.FEATURES,
    *rates.FEATURES,
    *spreads.FEATURES,
    *volatility.FEATURES,
    *macro.FEATURES,
    *flows.FEATURES,
    *sentiment.FEATURES,
    *positioning.FEATURES,
    *earnings.FEATURES,
)

# What a family holds, in one line; experiments choose and leave out features by family.
FAMILIES: dict[str, str] = {
    "breadth": "How many take part: members and industries above their averages, new highs and lows, advances.",
    "relative_strength": "Who leads: mega-caps, equal weight, small and value against the market; the legs' own trend.",
    "sectors": "Sectors against the market, cyclicals against defensives, the rotation graph of sectors and styles.",
    "rates": "The ten-year yield and its changes, the curve, the Fed.",
    "spreads": "Credit spreads and credit funds.",
    "volatility": "Realised, downside and implied volatility of the market, and its regime.",
    "macro": "Inflation, growth and jobs, financial conditions, bank lending, as first released.",
    "flows": "Where dollar volume goes, and cash on the sidelines.",
    "sentiment": "A survey, put/call ratios, and what growth costs against value.",
    "positioning": "Net futures positions of funds and asset managers (CFTC).",
    "earnings": "How many members earn more than a year ago, as first filed.",
    "baseline": "Columns that baselines read; trees and the ridge logit never see them.",
}

# The signals of the research note, in its order; a feature names the one it stands for.
SIGNALS: dict[str, str] = {
    "leaders lagging": "The mega-caps fall behind the market: the largest size decile (XLG once listed), "
    "and for display the seven named in 2023.",
    "narrow leadership": "Few stocks carry the index: cap weight over equal weight, members beating it, dispersion, "
    "correlation.",
    "equal weight vs cap weight": "RSP against SPY and how stretched that is; before 2003 the spliced legs.",
    "small vs large": "Small caps against the market: IWM and IJR against SPY, before that size portfolios and SMB.",
    "value vs growth": "IVE/IVW, IWD/IWF, before that HML; small value.",
    "sectors taking the lead": "Each sector against the market, cyclicals against defensives, XLY against XLP, "
    "regional banks, homebuilders.",
    "relative rotation": "Relative rotation graphs: strength and momentum of sectors and styles around 100, and how "
    "many lead or improve.",
    "stocks above their averages": "The share of stocks above their 20-, 50- and 200-day averages; industries and "
    "published counts before members are covered.",
    "new highs and lows": "New 52-week highs and lows, net, and the 10-day average.",
    "advancing and declining": "Advances against declines: 10-day share, McClellan, thrust, the line and the index.",
    "market trend": "Returns and distance from the high of the two legs.",
    "ten-year yield and its spikes": "Level, change, z-score; the real yield.",
    "curve and re-steepening": "10y-1y, 10y-2y, 10y-3m: level, change, months inverted, rise out of an inversion.",
    "Fed policy": "The effective rate, months since it last moved, and the path priced into one- and two-year yields.",
    "credit spreads": "High-yield, investment-grade and Moody's spreads; credit funds against Treasuries.",
    "VIX level, jumps, calm": "Implied volatility: level, percentile, jumps, term structure, its own volatility.",
    "realised volatility": "Realised and downside volatility of the legs, the volatility regime.",
    "inflation": "Consumer prices and core: 12-month, 3-month annualised, acceleration; the ten-year breakeven.",
    "growth and jobs": "Payrolls, unemployment off its low, claims, industrial production.",
    "financial conditions": "NFCI from first prints only.",
    "bank lending": "Senior loan officers' standards.",
    "fund flows (proxy)": "Where dollar volume goes: funds against SPY.",
    "cash on the sidelines": "Money-market assets and the Fed's reverse repo.",
    "sentiment": "A survey of consumers.",
    "options activity": "Put/call ratios and SKEW.",
    "valuation gap": "Index P/E and how far value has run against growth.",
    "earnings broadening": "Members whose quarterly net income grew on the year, from filings as first made.",
    "hedge-fund positioning": "Net futures positions of leveraged funds and asset managers over open interest, weekly.",
}
