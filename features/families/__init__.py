"""The feature catalogue: one module a family, each a tuple `FEATURES`.

To add a feature, add one entry to one of these tuples.
"""

from features.families import breadth, rates, relative_strength, spreads, volatility
from features.feature import Feature

FEATURES: tuple[Feature, ...] = (
    *breadth.FEATURES,
    *relative_strength.FEATURES,
    *rates.FEATURES,
    *spreads.FEATURES,
    *volatility.FEATURES,
)
