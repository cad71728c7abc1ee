"""Performance beside a benchmark: information ratio, M-squared, up and down capture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core.errors import DivisionError, NumericalError, require_positive
from factor_core.labelled import Columns, as_columns, one_column, same_rows
from factor_core.performance import moments
from factor_core.regression import EXACT_FIT, column_name, sheet_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from factor_core.labelled import Matrix, Vector


class _Pair(NamedTuple):
    """Assets and their one benchmark over rows of their own: NaN where either is missing."""

    assets: Columns
    benchmark: Columns


def _pair(named: dict[str, ArrayLike | Columns]) -> _Pair:
    """Return both inputs, the second as wide as the first; a row counts only where both have it."""
    (of_assets, assets), (of_benchmark, benchmark) = named.items()
    first = as_columns(assets, of_assets)
    second = one_column(benchmark, of_benchmark, "use one column")
    y, x = same_rows({of_assets: first, of_benchmark: second})
    lost = np.isnan(y) | np.isnan(x)
    wide = np.broadcast_to(x, y.shape)
    return _Pair(
        Columns(np.where(lost, np.nan, y), first.names, first.rows),
        Columns(np.where(lost, np.nan, wide), second.names * first.width, second.rows),
    )


def information_ratio(
    returns: ArrayLike | Columns, benchmark_returns: ArrayLike | Columns, periods: float = 252
) -> Vector:
    """Return the mean active return a year over the tracking error of each asset.

    Parameters
    ----------
    returns : array of shape (n,) or (n, m)
        Returns per period, decimal; a column an asset. Both total or both excess.
    benchmark_returns : array of shape (n,)
        Returns of the benchmark over the same rows.
    periods : float
        Periods a year.

    Returns
    -------
    ndarray of shape (m,)
        Rows with a missing value are left out, for each asset by itself.

    Raises
    ------
    InputError
        Several benchmarks, unequal lengths or infinite values.
    DivisionError
        An asset at a constant distance from the benchmark: its tracking error is 0.
    NumericalError
        Fewer than two complete rows, or periods not above 0.

    Warnings
    --------
    The active return r - b is not the residual: a beta other than 1 is part of it. The ratio of
    alpha to residual volatility is APPRAISAL_RATIO; many books call both by one name.

    Notes
    -----
    sqrt(P) mean(r - b) / sd(r - b), ddof 1: mean active return P mean(r - b) over TRACKING_ERROR.

    References
    ----------
    T. H. Goodwin, The Information Ratio, Financial Analysts Journal 54(4) (1998), 34-43.

    Examples
    --------
    >>> benchmark = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> information_ratio([0.02, -0.02, 0.05, 0.01, 0.02], benchmark, periods=12).round(4)
    array([3.3123])
    """
    require_positive(periods, "periods")
    pair = _pair({"returns": returns, "benchmark_returns": benchmark_returns})
    return _active_sharpe(pair) * math.sqrt(periods)


def _active_sharpe(pair: _Pair) -> Vector:
    """Return mean over standard deviation of the active returns."""
    y, x = pair.assets.values, pair.benchmark.values
    size = np.nan_to_num(np.maximum(np.abs(y), np.abs(x))).max(axis=0, initial=0.0)
    active = y - x
    flat = np.nan_to_num(np.abs(active - _first_there(active))).max(axis=0, initial=0.0)
    same = (flat <= EXACT_FIT * size) & ((~np.isnan(active)).sum(axis=0) > 1)
    if same.any():
        asset = column_name("returns", pair.assets, int(same.argmax()))
        raise DivisionError(
            f"{asset} less benchmark_returns is constant: there is no tracking error to divide by"
        )
    _, mean, deviation = moments(Columns(active, pair.assets.names, pair.assets.rows), "returns")
    return mean / deviation


def _first_there(block: Matrix) -> Vector:
    """Return the first number of every column that is not missing."""
    rows = (~np.isnan(block)).argmax(axis=0) if len(block) else np.zeros(block.shape[1], int)
    first: Vector = block[rows, np.arange(block.shape[1])]
    return first


def msquared(
    asset_returns: ArrayLike | Columns, market_returns: ArrayLike | Columns, periods: float = 252
) -> Vector:
    """Return the excess return a year that each asset has when levered to the market's volatility.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    market_returns : array of shape (n,)
        Excess returns of the market over the same rows.
    periods : float
        Periods a year.

    Returns
    -------
    ndarray of shape (m,)
        Rows with a missing value are left out, for each asset by itself.

    Raises
    ------
    InputError
        Several markets, unequal lengths or infinite values.
    DivisionError
        A constant asset or market: there is no volatility to lever by or to.
    NumericalError
        Fewer than two complete rows, or periods not above 0.

    Warnings
    --------
    It is an excess return. Modigliani and Modigliani add the risk-free rate a year to show it as a
    total return; MSQUARED_ALPHA does not depend on that.

    Notes
    -----
    P mean(r) sd(m) / sd(r): the Sharpe ratio times the market's volatility, both a year.

    References
    ----------
    F. Modigliani and L. Modigliani, Risk-Adjusted Performance, Journal of Portfolio Management
    23(2) (1997), 45-54.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> msquared([0.02, -0.02, 0.05, 0.01, 0.02], market, periods=12).round(4)
    array([0.1471])
    """
    require_positive(periods, "periods")
    levered, _ = _levered(asset_returns, market_returns)
    return levered * periods


def msquared_alpha(
    asset_returns: ArrayLike | Columns, market_returns: ArrayLike | Columns, periods: float = 252
) -> Vector:
    """Return by how much a year each asset beats the market at the market's volatility.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    market_returns : array of shape (n,)
        Excess returns of the market over the same rows.
    periods : float
        Periods a year.

    Returns
    -------
    ndarray of shape (m,)
        Rows with a missing value are left out, for each asset by itself.

    Raises
    ------
    InputError
        Several markets, unequal lengths or infinite values.
    DivisionError
        A constant asset or market: there is no volatility to lever by or to.
    NumericalError
        Fewer than two complete rows, or periods not above 0.

    Notes
    -----
    MSQUARED less the market's mean excess return a year: P (mean(r) sd(m) / sd(r) - mean(m)), the
    difference of the Sharpe ratios times the market's volatility. It is not the intercept of a
    regression, which adjusts for beta instead of volatility.

    References
    ----------
    F. Modigliani and L. Modigliani, Risk-Adjusted Performance, Journal of Portfolio Management
    23(2) (1997), 45-54.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> msquared_alpha([0.02, -0.02, 0.05, 0.01, 0.02], market, periods=12).round(4)
    array([0.0511])
    """
    require_positive(periods, "periods")
    levered, market = _levered(asset_returns, market_returns)
    return (levered - market) * periods


def _levered(
    asset_returns: ArrayLike | Columns, market_returns: ArrayLike | Columns
) -> tuple[Vector, Vector]:
    """Return mean asset return at the market's volatility and mean market return, per period."""
    named = {"asset_returns": asset_returns, "market_returns": market_returns}
    assets, market = _pair(named)
    _, mean, deviation = moments(assets, "asset_returns")
    beside = "market_returns" + (" beside asset_returns" if assets.width > 1 else "")
    names = assets.names if assets.width > 1 else market.names
    _, market_mean, market_deviation = moments(Columns(market.values, names), beside)
    return mean / deviation * market_deviation, market_mean


def up_capture(returns: ArrayLike | Columns, benchmark_returns: ArrayLike | Columns) -> Vector:
    """Return the share of the benchmark's gains that each asset makes while the benchmark rises.

    Parameters
    ----------
    returns : array of shape (n,) or (n, m)
        Total returns per period, decimal; a column an asset.
    benchmark_returns : array of shape (n,)
        Total returns of the benchmark over the same rows.

    Returns
    -------
    ndarray of shape (m,)
        1 is as much as the benchmark. Rows with a missing value are left out, for each asset by
        itself.

    Raises
    ------
    InputError
        Several benchmarks, unequal lengths or infinite values.
    NumericalError
        No row in which the benchmark is above 0, or a return below -1.

    Notes
    -----
    g(r) / g(b) over the rows in which b > 0, with the geometric mean g(x) = (product of
    (1 + x))^(1/n) - 1 per period. Rows with b = 0 belong to neither side. Morningstar's ratio of
    annualised returns and ratios of total returns differ from it, the latter without limit as the
    history grows.

    References
    ----------
    C. R. Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., chapter 4.

    Examples
    --------
    >>> benchmark = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> up_capture([0.02, -0.02, 0.05, 0.01, 0.02], benchmark).round(4)
    array([1.4976])
    """
    return _capture(returns, benchmark_returns, np.greater, "above")


def down_capture(returns: ArrayLike | Columns, benchmark_returns: ArrayLike | Columns) -> Vector:
    """Return the share of the benchmark's losses that each asset makes while the benchmark falls.

    Parameters
    ----------
    returns : array of shape (n,) or (n, m)
        Total returns per period, decimal; a column an asset.
    benchmark_returns : array of shape (n,)
        Total returns of the benchmark over the same rows.

    Returns
    -------
    ndarray of shape (m,)
        1 is as much as the benchmark; below 0 the asset gains while the benchmark falls. Rows with
        a missing value are left out, for each asset by itself.

    Raises
    ------
    InputError
        Several benchmarks, unequal lengths or infinite values.
    NumericalError
        No row in which the benchmark is below 0, or a return below -1.

    Notes
    -----
    g(r) / g(b) over the rows in which b < 0, with the geometric mean g(x) = (product of
    (1 + x))^(1/n) - 1 per period. Rows with b = 0 belong to neither side.

    References
    ----------
    C. R. Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., chapter 4.

    Examples
    --------
    >>> benchmark = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> down_capture([0.02, -0.01, 0.05, 0.01, 0.02], benchmark).round(4)
    array([0.5])
    """
    return _capture(returns, benchmark_returns, np.less, "below")


def _capture(
    returns: ArrayLike | Columns,
    benchmark_returns: ArrayLike | Columns,
    compare: Callable[[Matrix, float], Matrix],
    side: str,
) -> Vector:
    pair = _pair({"returns": returns, "benchmark_returns": benchmark_returns})
    _refuse_below_minus_1(pair.assets, "returns")
    _refuse_below_minus_1(pair.benchmark, "benchmark_returns")
    inside = compare(pair.benchmark.values, 0.0)
    n = inside.sum(axis=0)
    if not n.all():
        asset = column_name("returns", pair.assets, int(n.argmin()))
        raise NumericalError(
            f"benchmark_returns is {side} 0 in no row that is complete for {asset}; "
            "there is nothing to capture"
        )
    with np.errstate(divide="ignore"):  # a total loss is log 0, and -1 again after expm1
        asset, benchmark = (
            np.expm1(np.where(inside, np.log1p(np.where(inside, block, 0.0)), 0.0).sum(axis=0) / n)
            for block in (pair.assets.values, pair.benchmark.values)
        )
    return asset / benchmark


def _refuse_below_minus_1(columns: Columns, name: str) -> None:
    """Raise NumericalError that names the first return that loses more than everything."""
    bad = np.argwhere(columns.values < -1)
    if len(bad):
        row, j = (int(i) for i in bad[0])
        column = 1 if name == "benchmark_returns" else j + 1  # one column, repeated for each asset
        place = f"row {sheet_row(columns, row)}, column {column}"
        raise NumericalError(
            f"{name} {place} is {columns.values[row, j]:g}, a loss of more than everything; "
            "use decimal returns (-0.01 for -1 %)"
        )
