"""Returns of prices, returns beyond the risk-free rate, and rates and risks of another horizon."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import InputError, NumericalError, require_choice, require_positive
from factor_core.labelled import Columns, as_columns, one_column, same_rows
from factor_core.regression import sheet_row

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from factor_core.labelled import Matrix

RATE_METHODS = ("simple", "geometric")
SCALE_KINDS = ("mean", "geometric", "vol", "variance", "sharpe")


def simple_returns(prices: ArrayLike | Columns) -> Columns:
    r"""Return the simple returns of prices.

    Parameters
    ----------
    prices : array of shape (n,) or (n, m)
        Prices, oldest first, adjusted for dividends and splits; a column an asset.

    Returns
    -------
    Columns of shape (n - 1, m)
        Decimal returns: row t belongs to price t + 1. A row without a price is NaN; the return of
        the next price spans the gap. Names are kept.

    Raises
    ------
    InputError
        A price that is not above 0.
    NumericalError
        Fewer than two rows.

    Notes
    -----
    r_t = p_t / p_(t-1) - 1, computed as (p_t - p_(t-1)) / p_(t-1), which keeps the digits of a
    small return.

    References
    ----------
    J. Y. Campbell, A. W. Lo and A. C. MacKinlay, The Econometrics of Financial Markets (1997),
    section 1.4.

    Examples
    --------
    >>> simple_returns([100.0, 110.0, np.nan, 99.0]).values.ravel().round(12)
    array([ 0.1,  nan, -0.1])
    """
    columns = as_columns(prices, "prices")
    return Columns(_price_steps(columns), columns.names, columns.rows - 1)


def log_returns(prices: ArrayLike | Columns) -> Columns:
    r"""Return the continuously compounded returns of prices.

    Parameters
    ----------
    prices : array of shape (n,) or (n, m)
        Prices, oldest first, adjusted for dividends and splits; a column an asset.

    Returns
    -------
    Columns of shape (n - 1, m)
        Row t belongs to price t + 1. A row without a price is NaN; the return of the next price
        spans the gap. Names are kept.

    Raises
    ------
    InputError
        A price that is not above 0.
    NumericalError
        Fewer than two rows.

    Warnings
    --------
    The log return of a portfolio is not the weighted sum of its assets' log returns: betas and
    hedges need simple returns, and a regression never mixes the two.

    Notes
    -----
    r_t = ln(p_t / p_(t-1)).

    References
    ----------
    J. Y. Campbell, A. W. Lo and A. C. MacKinlay, The Econometrics of Financial Markets (1997),
    section 1.4.

    Examples
    --------
    >>> log_returns([100.0, 110.0, 121.0]).values.ravel().round(6)
    array([0.09531, 0.09531])
    """
    columns = as_columns(prices, "prices")
    with np.errstate(divide="ignore"):  # next to nothing is left: shown as #NUM!
        return Columns(np.log1p(_price_steps(columns)), columns.names, columns.rows - 1)


def _price_steps(prices: Columns) -> Matrix:
    """Return the change of each price from the last one known before it, relative to that one."""
    values = prices.values
    _refuse_nonpositive(prices)
    if len(values) < 2:
        lying = ", one below the other: TRANSPOSE turns a row into a column"
        hint = lying if prices.width > 1 else ""
        raise NumericalError(f"prices has {len(values)} row; a return needs at least 2{hint}")
    row_numbers = np.arange(len(values))[:, None]
    last_known = np.maximum.accumulate(np.where(np.isnan(values), 0, row_numbers), axis=0)[:-1]
    before = np.take_along_axis(values, last_known, axis=0)
    with np.errstate(over="ignore"):  # an infinite return is shown as #NUM!
        return (values[1:] - before) / before


def _refuse_nonpositive(prices: Columns) -> None:
    bad = prices.values <= 0
    if bad.any():
        row, column = np.argwhere(bad)[0]
        place = f"prices row {sheet_row(prices, row)}, column {column + 1}"
        raise InputError(
            f"{place} is {prices.values[row, column]:g}; use a price above 0, or a blank"
        )


def excess_returns(returns: ArrayLike | Columns, rf: ArrayLike | Columns) -> Columns:
    r"""Return returns less the risk-free rate of the same period.

    Parameters
    ----------
    returns : array of shape (n,) or (n, m)
        Decimal returns per period, oldest first.
    rf : float or array of shape (n,)
        Risk-free rate per period, decimal: one for all rows, or one a row.

    Returns
    -------
    Columns of shape (n, m)
        NaN where the return or the rate is missing: a day without a rate stays in sight instead of
        being deleted. Names are those of the returns.

    Raises
    ------
    InputError
        Unequal lengths, or rf of several columns.

    Notes
    -----
    r_t - rf_t. Compound returns and rates apart before subtracting when the frequency
    changes.

    References
    ----------
    J. Y. Campbell, A. W. Lo and A. C. MacKinlay, The Econometrics of Financial Markets (1997),
    section 1.4.

    Examples
    --------
    >>> excess_returns([0.010, 0.020], 0.001).values.ravel()
    array([0.009, 0.019])
    """
    columns = as_columns(returns, "returns")
    rate = one_column(rf, "rf", "use one number or one column")
    if rate.rows == 1:
        return Columns(columns.values - rate.values[0, 0], columns.names, columns.rows)
    values, rates = same_rows({"returns": columns, "rf": rate})
    return Columns(values - rates, columns.names, columns.rows)


def rf_per_period(
    annual_rate: ArrayLike, periods: float = 252, method: str = "simple"
) -> NDArray[np.float64]:
    r"""Return an annual rate as a rate per period.

    Parameters
    ----------
    annual_rate : array of any shape
        Decimal rate a year.
    periods : float
        Periods a year.
    method : {"simple", "geometric"}

    Returns
    -------
    ndarray of the same shape
        NaN where the rate is missing.

    Raises
    ------
    NumericalError
        periods not above 0, or a geometric rate of -100 % or less.

    Notes
    -----
    simple: rate / P, as money-market rates are quoted; geometric: (1 + rate)^(1/P) - 1.

    References
    ----------
    Z. Bodie, A. Kane and A. J. Marcus, Investments, chapter 5.

    Examples
    --------
    >>> rf_per_period([0.0504], 252)
    array([0.0002])
    >>> rf_per_period([0.0504], 12, "geometric").round(6)
    array([0.004106])
    """
    rates = np.asarray(annual_rate, dtype=np.float64)
    require_positive(periods, "periods")
    if require_choice(method, RATE_METHODS, "method") == "simple":
        return rates / periods
    refuse_where(rates <= -1, rates, "annual_rate", "a rate of -100 % or less does not compound")
    return np.expm1(np.log1p(rates) / periods)


def annualize(value: ArrayLike, periods: float = 252, kind: str = "mean") -> NDArray[np.float64]:
    r"""Return a figure per period as the figure a year.

    Parameters
    ----------
    value : array of any shape
        Mean return, volatility, variance or Sharpe ratio per period, decimal.
    periods : float
        Periods a year.
    kind : {"mean", "geometric", "vol", "variance", "sharpe"}
        What the value is. `mean` adds up, `geometric` compounds.

    Returns
    -------
    ndarray of the same shape
        NaN where the value is missing.

    Raises
    ------
    NumericalError
        periods not above 0, a negative volatility or variance, or a compounded loss above 100 %.

    Notes
    -----
    mean and variance: P v; vol and sharpe: sqrt(P) v; geometric:
    (1 + v)^P - 1. The square root holds for returns without autocorrelation.

    References
    ----------
    A. W. Lo (2002), The Statistics of Sharpe Ratios, Financial Analysts Journal 58(4), 36-52.

    Examples
    --------
    >>> annualize([0.000585], 252).round(5)
    array([0.14742])
    >>> annualize([0.01], 252, "vol").round(6)
    array([0.158745])
    """
    values = np.asarray(value, dtype=np.float64)
    require_positive(periods, "periods")
    require_choice(kind, SCALE_KINDS, "kind")
    if kind in ("vol", "variance"):
        refuse_where(values < 0, values, "value", f"a {kind} is never negative")
    with np.errstate(over="ignore", divide="ignore"):
        if kind == "geometric":
            refuse_where(values < -1, values, "value", "a loss above 100 % does not compound")
            return np.expm1(np.log1p(values) * periods)
        return values * (periods if kind in ("mean", "variance") else math.sqrt(periods))


def vol_scale(vol: ArrayLike, from_periods: float, to_periods: float) -> NDArray[np.float64]:
    r"""Return the volatility of one horizon as that of another.

    Parameters
    ----------
    vol : array of any shape
        Volatility, decimal or in money.
    from_periods, to_periods : float
        Periods a year of the volatility given and of the one wanted: daily to monthly is (252, 12).

    Returns
    -------
    ndarray of the same shape
        NaN where the volatility is missing.

    Raises
    ------
    NumericalError
        A negative volatility, or periods not above 0.

    Notes
    -----
    vol x sqrt(from_periods / to_periods): the square root of time, for returns without
    autocorrelation.

    References
    ----------
    F. X. Diebold, A. Hickman, A. Inoue and T. Schuermann (1998), Converting 1-Day Volatility to
    h-Day Volatility: Scaling by Root-h is Worse than You Think, Wharton working paper 97-34.

    Examples
    --------
    >>> vol_scale([0.02], 252, 12).round(6)
    array([0.091652])
    """
    values = np.asarray(vol, dtype=np.float64)
    require_positive(from_periods, "from_periods")
    require_positive(to_periods, "to_periods")
    refuse_where(values < 0, values, "vol", "a volatility is never negative")
    with np.errstate(over="ignore"):
        return values * math.sqrt(from_periods / to_periods)


def refuse_where(
    bad: NDArray[np.bool_], values: NDArray[np.float64], name: str, reason: str
) -> None:
    """Raise NumericalError that names the first of `values` that is `bad`, by its place."""
    if not bad.any():
        return
    words = zip(("row", "column"), np.argwhere(bad)[0] + 1, strict=False)
    place = ", ".join(f"{word} {i}" for word, i in words) if values.size > 1 else ""
    raise NumericalError(f"{f'{name} {place}'.rstrip()} is {values[bad][0]:g}; {reason}")
