"""Member features by one pass over each stock's prices, compiled by numba: sums slide, extremes wait in a queue."""

from __future__ import annotations

from typing import Any

import numpy as np

# Windows in sessions, and the share of members that must have a value.
ABOVE, EXTREME, BEATING, DISPERSION, CORRELATION = (20, 50, 200), 252, (21, 63, 252), (21, 63), 63
COVERAGE = 0.95
# Sums over the members of a session: how many have a value (known), for how many it holds (true), or of the value.
KNOWN_ABOVE, TRUE_ABOVE = 0, 3
KNOWN_EXTREME, TRUE_EXTREME = 6, 7  # highs, then lows
KNOWN_RETURN, TRUE_BEATING, TOTAL, SQUARES = 9, 12, 15, 18
KNOWN_SPREAD, VARIANCES, STEPS, STEP, PRICED = 21, 22, 23, 24, 25
SUMS = 26


def slide(
    prices: np.ndarray,
    member: np.ndarray,
    ahead: np.ndarray,
    above: np.ndarray,
    beating: np.ndarray,
    extreme: int,
    window: int,
) -> np.ndarray:
    """`SUMS` of each session, (sessions, SUMS), from prices (stocks, sessions) and the leg's returns `ahead`."""
    stocks, sessions = prices.shape
    out = np.zeros((sessions, SUMS))
    price, log, step = np.empty(sessions), np.empty(sessions), np.empty(sessions)
    queue = np.empty((2, sessions), np.int64)  # sessions that no later price has passed: highs, lows
    for stock in range(stocks):
        run = steps = 0  # sessions in a row with a price, and with a step
        total, first, second = np.zeros(len(above)), 0.0, 0.0
        head, tail = np.zeros(2, np.int64), np.zeros(2, np.int64)
        for t in range(sessions):
            price[t] = prices[stock, t]
            inside = member[stock, t]
            step[t] = np.nan
            if np.isnan(price[t]):
                log[t] = np.nan
                run = steps = 0
                total[:] = 0.0
                first = second = 0.0
                head[:] = tail[:] = 0
                continue
            log[t] = np.log(price[t])
            run += 1
            for k in range(len(above)):
                total[k] += price[t]
                if run > above[k]:
                    total[k] -= price[t - above[k]]
                if inside and run >= above[k]:
                    out[t, KNOWN_ABOVE + k] += 1.0
                    out[t, TRUE_ABOVE + k] += price[t] > total[k] / above[k]
            for k in range(2):
                sign = 1.0 - 2.0 * k
                while tail[k] > head[k] and sign * price[queue[k, tail[k] - 1]] <= sign * price[t]:
                    tail[k] -= 1
                queue[k, tail[k]] = t
                tail[k] += 1
                if queue[k, head[k]] <= t - extreme:
                    head[k] += 1
                if inside and run >= extreme:
                    out[t, TRUE_EXTREME + k] += price[t] == price[queue[k, head[k]]]
            if run > 1:
                step[t] = log[t] - log[t - 1]
                steps += 1
                first += step[t]
                second += step[t] ** 2
                if steps > window:
                    first -= step[t - window]
                    second -= step[t - window] ** 2
            if not inside:
                continue
            out[t, PRICED] += 1.0
            if run >= extreme:
                out[t, KNOWN_EXTREME] += 1.0
            for k in range(len(beating)):
                if t < beating[k] or np.isnan(log[t - beating[k]]):
                    continue
                change = log[t] - log[t - beating[k]]
                out[t, KNOWN_RETURN + k] += 1.0
                out[t, TRUE_BEATING + k] += change > ahead[k, t]
                out[t, TOTAL + k] += change
                out[t, SQUARES + k] += change**2
            if steps >= 1:
                out[t, STEPS] += 1.0
                out[t, STEP] += step[t]
            if steps >= window:
                out[t, KNOWN_SPREAD] += 1.0
                out[t, VARIANCES] += (second - first**2 / window) / (window - 1)
    return out


def _rolling(values: np.ndarray, window: int, function: Any) -> np.ndarray:
    """`function` of the windows that end at each row; missing before the first whole one."""
    out = np.full(len(values), np.nan)
    out[window - 1 :] = function(np.lib.stride_tricks.sliding_window_view(values, window), axis=1)
    return out


def _features(sums: np.ndarray, count: np.ndarray, ahead: np.ndarray) -> np.ndarray:
    """(sessions, features) from the sums."""

    def where(known: int, values: np.ndarray) -> np.ndarray:
        return np.where((sums[:, known] >= COVERAGE * count) & (count > 0), values, np.nan)

    def share(known: int, true: int) -> np.ndarray:
        return where(known, sums[:, true] / sums[:, known])

    def change(values: np.ndarray) -> np.ndarray:
        return values - np.concatenate([np.full(21, np.nan), values[:-21]])

    above = [share(KNOWN_ABOVE + k, TRUE_ABOVE + k) for k in range(len(ABOVE))]
    highs, lows = share(KNOWN_EXTREME, TRUE_EXTREME), share(KNOWN_EXTREME, TRUE_EXTREME + 1)
    beating = [
        np.where(np.isnan(ahead[k]), np.nan, share(KNOWN_RETURN + k, TRUE_BEATING + k)) for k in range(len(BEATING))
    ]
    dispersion = []
    for k in range(len(DISPERSION)):
        n = sums[:, KNOWN_RETURN + k]
        variance = (sums[:, SQUARES + k] - sums[:, TOTAL + k] ** 2 / n) / (n - 1)
        dispersion.append(where(KNOWN_RETURN + k, np.sqrt(np.maximum(variance, 0.0))))
    n, own = sums[:, KNOWN_SPREAD], sums[:, VARIANCES] / sums[:, KNOWN_SPREAD]
    together = _rolling(sums[:, STEP] / sums[:, STEPS], CORRELATION, lambda x, axis: x.var(axis=axis, ddof=1))
    correlation = where(KNOWN_SPREAD, (together - own / n) / (own * (1.0 - 1.0 / n)))
    rows = [*above, *(change(one) for one in above[1:]), highs, lows, _rolling(highs - lows, 10, np.mean)]
    return np.column_stack([*rows, *beating, *dispersion, correlation, sums[:, PRICED] / count])


def numba(data: dict[str, Any]) -> Any:
    """The pass over stocks that lie one after another in memory, and what follows from its sums."""
    import numba as library

    compiled = library.njit(slide)
    prices, member = np.ascontiguousarray(data["prices"].T), np.ascontiguousarray(data["member"].T)
    above, beating = np.array(ABOVE), np.array(BEATING)
    two = (np.ascontiguousarray(x[:, :2]) for x in (prices, member, np.zeros((len(BEATING), 2))))
    compiled(*two, above, beating, EXTREME, CORRELATION)  # compiles

    def measured() -> np.ndarray:
        ahead = np.stack([_rolling(np.log1p(data["market"]), w, np.sum) for w in BEATING])
        sums = compiled(prices, member, ahead, above, beating, EXTREME, CORRELATION)
        with np.errstate(invalid="ignore", divide="ignore"):
            return _features(sums, data["count"], ahead)

    return measured
