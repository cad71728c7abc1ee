"""At which shift two series fit best: the test for a series that is dated a row too late."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from factor_core.labelled import Vector

LARGEST_SHIFT = 5
FEWEST_PAIRS = 20  # below, the best of eleven lags is chance
CLEAR_SHIFT = 4.0  # standard errors of Fisher's z by which a shift must fit better to be named
PERFECT = 1 - 1e-12  # a correlation of 1 has no finite z


class LagScan(NamedTuple):
    """The shift at which two series fit best; a positive lag: the second runs behind the first."""

    lag: float
    """NaN where too few rows can be compared."""
    found: float
    as_dated: float
    pairs: int

    def is_clear(self, errors: float = CLEAR_SHIFT) -> bool:
        """Return whether a shift fits better than the dates do by more than chance would."""
        if not self.lag or np.isnan(self.lag):
            return False
        now = 0.0 if np.isnan(self.as_dated) else abs(self.as_dated)
        gain = np.arctanh(min(abs(self.found), PERFECT)) - np.arctanh(min(now, PERFECT))
        return bool(gain * np.sqrt(self.pairs - 3) > errors)


def scan_lags(first: Vector, second: Vector) -> LagScan:
    """Return the lag, of up to five rows, with the largest absolute correlation.

    NaN is a missing value: its pairs are left out.
    """
    fits = {
        lag: correlation(first, second, lag) for lag in range(-LARGEST_SHIFT, LARGEST_SHIFT + 1)
    }
    as_dated, pairs = fits[0]
    enough = {lag: r for lag, (r, n) in fits.items() if n >= FEWEST_PAIRS and not np.isnan(r)}
    if pairs < FEWEST_PAIRS or not enough:
        return LagScan(np.nan, np.nan, as_dated, pairs)
    # Of equal fits the smallest shift: it must be better to be named.
    best = max(enough, key=lambda lag: (abs(enough[lag]), -abs(lag)))
    return LagScan(best, enough[best], as_dated, pairs)


def correlation(first: Vector, second: Vector, lag: int = 0) -> tuple[float, int]:
    """Return the correlation of first[t] and second[t + lag], and the number of pairs."""
    overlap = max(len(first) - abs(lag), 0)
    x, y = first[max(-lag, 0) :][:overlap], second[max(lag, 0) :][:overlap]
    paired = ~(np.isnan(x) | np.isnan(y))
    x, y = x[paired], y[paired]
    if len(x) < 3:
        return np.nan, len(x)
    x, y = x - x.mean(), y - y.mean()
    length = float(np.sqrt((x @ x) * (y @ y)))
    return (float(x @ y) / length if length > 0 else np.nan), len(x)
