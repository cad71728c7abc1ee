"""Ratios of return to risk, the significance of a mean, where return and beta came from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import DivisionError, InputError, NumericalError, require_positive
from factor_core.labelled import Columns, Table, as_columns, one_column
from factor_core.regression import EXACT_FIT, column_name, refuse_exact_fit, regress
from factor_core.risk import regress_one_asset

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from factor_core.labelled import Matrix, Vector


def sharpe_ratio(excess_returns: ArrayLike | Columns, periods: float = 252) -> Vector:
    """Return the Sharpe ratio a year of each column.

    Parameters
    ----------
    excess_returns : array of shape (n,) or (n, m)
        Returns beyond the risk-free rate, or of a self-financing position, decimal.
    periods : float
        Periods a year.

    Returns
    -------
    ndarray of shape (m,)
        Missing returns are left out, column by column.

    Raises
    ------
    DivisionError
        Returns that are all the same.
    NumericalError
        Fewer than two returns, or periods not above 0.

    Notes
    -----
    sqrt(P) mean(r) / sd(r) with the standard deviation of ddof 1. The square root of time
    holds for returns without autocorrelation.

    References
    ----------
    W. F. Sharpe (1994), The Sharpe Ratio, Journal of Portfolio Management 21(1), 49-58.

    Examples
    --------
    >>> sharpe_ratio([0.01, -0.02, 0.03, 0.00, 0.02], periods=12).round(4)
    array([1.4407])
    """
    require_positive(periods, "periods")
    _, mean, deviation = moments(as_columns(excess_returns, "excess_returns"), "excess_returns")
    return mean / deviation * math.sqrt(periods)


def mean_tstat(returns: ArrayLike | Columns, null_value: float = 0.0) -> Vector:
    """Return the t statistic of each column's mean.

    Parameters
    ----------
    returns : array of shape (n,) or (n, m)
        Returns per period, decimal.
    null_value : float
        Mean per period that the test takes as true.

    Returns
    -------
    ndarray of shape (m,)
        Missing returns are left out, column by column.

    Raises
    ------
    DivisionError
        Returns that are all the same.
    NumericalError
        Fewer than two returns.

    Notes
    -----
    (mean(r) - null_value) / (sd(r) / sqrt(n)), n - 1 degrees of freedom; for returns without
    autocorrelation.

    References
    ----------
    Student (1908), The Probable Error of a Mean, Biometrika 6(1), 1-25.

    Examples
    --------
    >>> mean_tstat([0.01, -0.02, 0.03, 0.00, 0.02]).round(4)
    array([0.93])
    """
    n, mean, deviation = moments(as_columns(returns, "returns"), "returns")
    return (mean - null_value) / deviation * np.sqrt(n)


def moments(columns: Columns, argument: str) -> tuple[Vector, Vector, Vector]:
    """Return number, mean and standard deviation (ddof 1, never 0) of every column."""
    values = columns.values
    there = ~np.isnan(values)
    n = there.sum(axis=0)
    if (n < 2).any():
        lying = columns.rows == 1 and columns.width > 1
        hint = ", one below the other: TRANSPOSE turns a row into a column" if lying else ""
        raise NumericalError(
            f"{column_name(argument, columns, int(n.argmin()))} holds {n.min()} return(s); "
            f"at least 2 are needed{hint}"
        )
    mean = np.where(there, values, 0.0).sum(axis=0) / n
    distance = np.where(there, values - mean, 0.0)
    deviation = np.sqrt((distance * distance).sum(axis=0) / (n - 1))
    flat = ~(deviation > EXACT_FIT * np.abs(mean))
    if flat.any():
        raise DivisionError(
            f"{column_name(argument, columns, int(flat.argmax()))} is constant: "
            "there is no volatility to divide by"
        )
    return n, mean, deviation


def appraisal_ratio(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns, periods: float = 252
) -> Vector:
    """Return alpha over residual volatility a year: the Sharpe ratio of the hedged asset.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    periods : float
        Periods a year.

    Returns
    -------
    ndarray of shape (m,)
        Rows with a missing value are left out.

    Raises
    ------
    InputError
        Unequal lengths.
    DivisionError
        An asset that the factors explain exactly.
    NumericalError
        Too few rows, a factor that is constant or collinear, or periods not above 0.

    Notes
    -----
    alpha P / (sd(e) sqrt(P)) with the residuals' standard deviation of ddof 1.

    References
    ----------
    J. L. Treynor and F. Black (1973), How to Use Security Analysis to Improve Portfolio Selection,
    Journal of Business 46(1), 66-86.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> appraisal_ratio([0.02, -0.02, 0.03, 0.01, 0.03], market, periods=12).round(4)
    array([3.6266])
    """
    require_positive(periods, "periods")
    fit = regress(asset_returns, factor_returns)
    refuse_exact_fit(fit)
    return fit.alpha / np.sqrt(fit.idio_variance) * math.sqrt(periods)


def treynor_ratio(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns, periods: float = 252
) -> Vector:
    """Return the mean excess return a year over the beta of each asset.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,)
        Returns of one factor over the same rows.
    periods : float
        Periods a year.

    Returns
    -------
    ndarray of shape (m,)
        Rows with a missing value are left out.

    Raises
    ------
    InputError
        Several factors, or unequal lengths.
    DivisionError
        A beta of 0.
    NumericalError
        Too few rows, a constant factor, or periods not above 0.

    Notes
    -----
    P mean(r) / beta.

    References
    ----------
    J. L. Treynor (1965), How to Rate Management of Investment Funds, Harvard Business Review 43(1),
    63-75.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> treynor_ratio([0.02, -0.02, 0.03, 0.01, 0.03], market, periods=12).round(4)
    array([0.1615])
    """
    require_positive(periods, "periods")
    fit = regress(asset_returns, one_column(factor_returns, "factor_returns", "use one factor"))
    beta = fit.beta[:, 0]
    deviation = np.sqrt(1 / fit.inverse[:, 0, 0] / (fit.n - 1))
    size = np.sqrt(fit.tss / (fit.n - 1)) + np.abs(fit.asset_mean)
    flat = ~(np.abs(beta) * deviation > EXACT_FIT * size)
    if flat.any():
        raise DivisionError(
            f"{column_name('asset_returns', fit.assets, int(flat.argmax()))} has a beta of 0: "
            "nothing to divide by"
        )
    return fit.asset_mean / beta * periods


def return_attribution(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns, periods: float = 252
) -> Table:
    """Return the mean return a year of an asset as alpha plus what each factor paid.

    Parameters
    ----------
    asset_returns : array of shape (n,)
        Excess returns per period of one asset, decimal, oldest first.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    periods : float
        Periods a year.

    Returns
    -------
    Table of k + 2 rows: alpha, factors, total
        The total is the sum of the rows above it: the mean return over the complete rows.

    Raises
    ------
    InputError
        Several assets, or unequal lengths.
    NumericalError
        Too few rows, a factor that is constant or collinear, or periods not above 0.

    Notes
    -----
    P mean(r) = P alpha + sum of P beta_j mean(f_j), because the regression passes through
    the means.

    References
    ----------
    M. C. Jensen (1968), The Performance of Mutual Funds in the Period 1945-1964, Journal of Finance
    23(2), 389-416.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> for name, part in return_attribution([0.02, -0.02, 0.03, 0.01, 0.03], market).rows:
    ...     print(f"{name:9} {part:.4f}")
    alpha     1.4303
    factor 1  2.0977
    total     3.5280
    """
    require_positive(periods, "periods")
    fit = regress_one_asset(asset_returns, factor_returns)
    paid = fit.beta[0] * fit.factor_mean[0]
    parts = [float(part) * periods for part in (fit.alpha[0], *paid)]
    names = ("alpha", *fit.factors.labels("factor"), "total")
    return Table(("source", "return"), list(zip(names, (*parts, sum(parts)), strict=True)))


def bottom_up_beta(weights: ArrayLike, betas: ArrayLike) -> Matrix:
    """Return the betas of a portfolio from those of its assets.

    Parameters
    ----------
    weights : array of shape (m,)
        Weights or money, one an asset; short positions are negative. They need not sum to 1.
    betas : array of shape (m, k)
        Betas, one row an asset and one column a factor.

    Returns
    -------
    ndarray of shape (1, k)
        Weights give the portfolio's betas; money gives money of each factor.

    Raises
    ------
    InputError
        Another number of weights than of rows of betas.

    Warnings
    --------
    Betas of assets change less than those of a portfolio that trades: the regression of the
    portfolio's own past returns gives the beta it had, this one gives the beta it has.

    Notes
    -----
    w'B: the beta of a sum is the sum of the betas.

    References
    ----------
    R. C. Grinold and R. N. Kahn, Active Portfolio Management, 2nd ed., chapter 2.

    Examples
    --------
    >>> bottom_up_beta([0.6, 0.4], [[1.2, 0.5], [0.7, -0.3]]).round(2)
    array([[1.  , 0.18]])
    """
    shares = np.asarray(weights, dtype=np.float64).ravel()
    block = as_columns(betas, "betas").values
    if len(block) != len(shares):
        lying = block.shape[1] == len(shares)
        hint = ": TRANSPOSE turns a row of betas into a column" if lying else ""
        raise InputError(
            f"weights holds {len(shares)} numbers and betas has {len(block)} rows; "
            f"use one row of betas an asset{hint}"
        )
    product: Matrix = shares[None, :] @ block
    return product
