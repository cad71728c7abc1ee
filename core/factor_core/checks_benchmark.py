"""Findings on the benchmark: a price index for total return, raw for excess returns.

What a name says, and what the built-in US market of Kenneth French says over the same months.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core import sample
from factor_core.calendar_periods import EXCEL_DAY_ZERO, period_ends
from factor_core.compounding import compound_returns
from factor_core.errors import FactorError
from factor_core.findings import Finding, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from factor_core.findings import Inspected, Series
    from factor_core.labelled import Matrix, Vector

PRICE_WORDS = re.compile(r"price[ _-]*(index|return)|\(pr\)|\bex[ -]dividend", re.IGNORECASE)
# Tickers under which the usual vendors quote an index of prices. DAX is one of total return.
PRICE_TICKERS = re.compile(
    r"\^(gspc|spx|dji|ixic|ndx|rut|ftse|n225|stoxx50e|fchi|hsi|axjo|gsptse|ssmi)"
    r"|\.?(spx|inx|gspc|dji|djia|ixic|ndx|rut|rty|ukx|ftse|sx5e|nky|n225|cac|hsi)"
    r"|spx index|s&p ?500( index)?|sp500|snp500|nasdaq ?(100|composite)|ftse ?100|nikkei ?225",
    re.IGNORECASE,
)
FEWEST_MONTHS = 36
LARGEST = 100.0
US_MARKET = 0.95  # correlation of months from which a series is taken for the US market
OWN_BETA = (0.85, 1.15)
SHORTFALL, SHORTFALL_T = -0.01, -3.0  # a year
RAW_SLOPE, RAW_T = (0.5, 1.5), 4.0  # of rf: 1 for raw returns, 0 for excess ones


class Fit(NamedTuple):
    """A series on French's factors and the risk-free rate, by months; beta is the market's."""

    correlation: float
    alpha: float
    """A year, decimal."""
    alpha_t: float
    beta: float
    rf_slope: float
    rf_t: float
    n: int


def benchmark(data: Inspected, series: tuple[Series, ...]) -> Iterator[Finding]:
    """Benchmarks without their dividends, and series that are not in excess of the rate."""
    fits = [(factor, _fit(data, [factor])) for factor in data.factors if factor in series]
    for factor, fit in fits:
        yield from _price_index(factor, fit)
    for factor, fit in fits:
        if fit and not fit.correlation < US_MARKET:
            yield from _raw_returns([factor], fit)
    assets = [asset for asset in data.assets if asset in series]
    fit = _fit(data, assets) if assets else None
    if fit:
        yield from _raw_returns(assets, fit)


def _price_index(factor: Series, fit: Fit | None) -> Iterator[Finding]:
    short = _is_short(fit)
    if PRICE_WORDS.search(factor.name):
        said = "named so"
    elif PRICE_TICKERS.fullmatch(factor.name.strip()):
        said = "a ticker of prices"
    else:
        said = ""
    if not (said or short):
        return
    measured = f"{-fit.alpha:.1%} a year below the US market" if short and fit else ""
    why = " and ".join(text for text in (said, measured) if text)
    yield Finding(
        "warning",
        "a price index in place of total return: dividends are missing, alphas are too high",
        f"{factor.place}: {why}",
        float(len(factor.known)),
        "use the total-return index, or a fund's prices adjusted for dividends",
    )


def _is_short(fit: Fit | None) -> bool:
    return (
        fit is not None
        and fit.correlation > US_MARKET
        and OWN_BETA[0] < fit.beta < OWN_BETA[1]
        and fit.alpha < SHORTFALL
        and fit.alpha_t < SHORTFALL_T
    )


def _raw_returns(group: list[Series], fit: Fit) -> Iterator[Finding]:
    if fit.rf_t < RAW_T or not RAW_SLOPE[0] < fit.rf_slope < RAW_SLOPE[1]:
        return
    yield Finding(
        "warning",
        "raw returns in place of excess returns",
        f"{named(group)}: rises by {fit.rf_slope:.2f} with each 1 of the risk-free rate",
        float(fit.n),
        "subtract the risk-free rate from both sides with EXCESS_RETURNS",
    )


def _fit(data: Inspected, group: list[Series]) -> Fit | None:
    """Return the mean of these series on French's factors and rate, over the months of both."""
    months = _monthly(data, group)
    if months is None:
        return None
    ends, ours = months
    french_ends, french = _french()
    both, mine, theirs = np.intersect1d(ends, french_ends, return_indices=True)
    y, x = ours[mine], np.column_stack([np.ones(len(both)), french[theirs]])
    y, x = y[~np.isnan(y)], x[~np.isnan(y)]
    if len(y) < FEWEST_MONTHS or not np.ptp(y):
        return None
    return _least_squares(y, x)


def _least_squares(y: Vector, x: Matrix) -> Fit | None:
    if not np.ptp(x[:, -1]):
        return None
    coefficients = np.linalg.lstsq(x, y, rcond=None)[0]
    rest = y - x @ coefficients
    variance = max(float(rest @ rest) / (len(y) - x.shape[1]), np.finfo(float).tiny)
    t = coefficients / np.sqrt(variance * np.diag(np.linalg.inv(x.T @ x)))
    r = float(np.corrcoef(y, x[:, 1])[0, 1])
    alpha, beta, slope = (float(coefficients[place]) for place in (0, 1, -1))
    return Fit(r, 12 * alpha, float(t[0]), beta, slope, float(t[-1]), len(y))


def _monthly(data: Inspected, group: list[Series]) -> tuple[Vector, Vector] | None:
    """Return month ends and the mean of the series' monthly returns; None where none can be had."""
    if data.days is None or data.frequency not in ("daily", "weekly", "monthly"):
        return None
    if any(np.abs(series.known).max(initial=0.0) > LARGEST for series in group):
        return None  # no return; its powers would be infinite
    # The first row of a repeated date; other checks name the others.
    first = np.unique(data.days, return_index=True)[1]
    first = first[~np.isnan(data.days[first])]
    values = np.column_stack([series.values[first] for series in group])
    try:
        months = compound_returns(values, data.days[first], "M").values
    except FactorError:
        return None
    means: Vector = months[:, 1:].mean(axis=1)
    return months[:, 0], means


@cache
def _french() -> tuple[Vector, Matrix]:
    """Return month ends, and the factors and, last, the risk-free rate of the built-in sample."""
    data = sample.monthly()
    days = np.array(data.dates, dtype="M8[D]") - EXCEL_DAY_ZERO
    ends = period_ends(days.astype(np.float64), "M")
    return ends, np.column_stack([data.factors, data.rf])
