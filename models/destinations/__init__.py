"""Where money goes: the probability that a group beats the cap leg, moves against it, leads or lags."""
