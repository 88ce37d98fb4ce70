"""The predictive distribution of the legs' returns over the coming weeks: how far, not which way."""
