"""Betas of assets whose prices are stale: the factor's neighbouring rows count, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.covariance import coefficient_covariance
from factor_core.errors import InputError, NumericalError
from factor_core.labelled import Columns, same_rows
from factor_core.regression import column_name, regress
from factor_core.rolling import gap_patterns, usable_rows
from factor_core.single_factor import one_factor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    from factor_core.labelled import Matrix, Vector
    from factor_core.regression import Regression


def dimson_beta(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    lags: int = 1,
    leads: int = 1,
) -> Matrix:
    """Return the sum of an asset's betas on a factor's earlier, same and later returns.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,)
        Returns of one factor over the same rows.
    lags, leads : int
        Rows before and after each row whose factor returns are factors, too.

    Returns
    -------
    ndarray of shape (m, 2)
        The sum of the betas and its classical standard error, a row an asset; p-values have n - 2
        lags - 2 leads - 2 degrees of freedom. Rows with a missing value are left out, for each
        asset by itself; the rows around them count as neighbours.

    Raises
    ------
    InputError
        Several factors, unequal lengths, infinite values, or negative lags or leads.
    NumericalError
        Too few complete rows, or a factor whose lags are constant or collinear.

    Warnings
    --------
    Each lag and lead costs a row and a degree of freedom: the standard error grows with them.

    Notes
    -----
    One regression of r(t) on f(t - lags) ... f(t + leads) with intercept; its betas are added up,
    and se^2 = 1' V 1, the sum over all their variances and covariances.

    References
    ----------
    E. Dimson (1979), Risk Measurement when Shares are Subject to Infrequent Trading, Journal of
    Financial Economics 7(2), 197-226.

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.02, -0.01, 0.01, -0.03, 0.02, 0.01])
    >>> late = 0.7 * market + 0.3 * np.roll(market, 1)  # a third of the move shows a day later
    >>> dimson_beta(late[1:], market[1:])[0, 0].round(6)
    np.float64(1.0)
    """
    for name, value in (("lags", lags), ("leads", leads)):
        if value < 0:
            raise InputError(f"{name} is {value}; use 0 or more rows")
    fit = regress(asset_returns, one_factor(factor_returns))
    shifts = lags + leads
    _require_rows(fit, 2 * shifts + 3, f"{lags} lag(s) and {leads} lead(s) need")
    results = np.empty((len(fit.alpha), 2))
    for columns, y, f in _complete(fit):
        shifted, names = _neighbours(f, lags, leads, fit.factors)
        around = regress(y[lags : len(y) - leads], Columns(shifted, names))
        covariance = coefficient_covariance(around)[:, 1:, 1:]
        results[columns, 0] = around.beta.sum(axis=1)
        results[columns, 1] = np.sqrt(np.maximum(covariance.sum(axis=(1, 2)), 0.0))
    return results


def scholes_williams_beta(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns
) -> Vector:
    """Return each asset's beta, corrected for prices of other moments than the factor's.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,)
        Returns of one factor over the same rows.

    Returns
    -------
    ndarray of shape (m,)
        Rows with a missing value are left out, for each asset by itself; the rows around them count
        as neighbours.

    Raises
    ------
    InputError
        Several factors, unequal lengths, or infinite values.
    NumericalError
        Fewer than four complete rows, a constant factor, or a factor so negatively autocorrelated
        that 1 + 2 rho is not above 0.

    Notes
    -----
    (b(-1) + b(0) + b(+1)) / (1 + 2 rho): the slopes of r(t) on f(t - 1), f(t) and f(t + 1), each in
    a regression of its own over all the rows it can have, and the correlation rho of f(t) with
    f(t - 1).

    References
    ----------
    M. Scholes and J. Williams (1977), Estimating Betas from Nonsynchronous Data, Journal of
    Financial Economics 5(3), 309-327.

    Examples
    --------
    >>> market = [0.01, 0.02, 0.00, -0.02, -0.01, 0.01, 0.03, 0.01, -0.02]
    >>> late = [0.00, 0.016, 0.007, -0.013, -0.013, 0.003, 0.024, 0.017, -0.011]
    >>> scholes_williams_beta(late, market).round(4)
    array([0.7503])
    """
    fit = regress(asset_returns, one_factor(factor_returns))
    _require_rows(fit, 4, "a regression on the row before needs")
    betas = fit.beta[:, 0].copy()
    for columns, y, f in _complete(fit):
        before, after = regress(y[1:], f[:-1]), regress(y[:-1], f[1:])
        rho = float(np.corrcoef(f[1:], f[:-1])[0, 1])
        if not 1 + 2 * rho > 0:
            name = column_name("factor_returns", fit.factors, 0)
            raise NumericalError(
                f"{name} has an autocorrelation of {rho:.3g}, so that 1 + 2 rho is not above 0 and "
                "this beta does not exist; use DIMSON_BETA"
            )
        betas[columns] += before.beta[:, 0] + after.beta[:, 0]
        betas[columns] /= 1 + 2 * rho
    return betas


def _complete(fit: Regression) -> Iterator[tuple[NDArray[np.intp], Matrix, Vector]]:
    """Yield (assets, returns, factor) of the assets that share their complete rows."""
    y, x = same_rows({"asset_returns": fit.assets, "factor_returns": fit.factors})
    for columns, rows in gap_patterns(usable_rows(y, x)):
        yield columns, y[np.ix_(rows, columns)], x[rows, 0]


def _require_rows(fit: Regression, needed: int, what_needs: str) -> None:
    """Raise NumericalError unless the rows that have all neighbours are enough for a regression."""
    fewest = int(fit.n.argmin())
    if int(fit.n[fewest]) < needed:  # in whole numbers: lags may be more than a float holds
        asset = column_name("asset_returns", fit.assets, fewest)
        raise NumericalError(
            f"{asset} has {fit.n[fewest]:g} complete rows; {what_needs} at least {needed}"
        )


def _neighbours(
    f: Vector, lags: int, leads: int, factors: Columns
) -> tuple[Matrix, tuple[str, ...]]:
    """Return the factor's returns at each lag and lead, a column each, and their names."""
    rows = len(f) - lags - leads
    steps = range(-lags, leads + 1)
    label = factors.labels("factor")[0]
    shifted = np.column_stack([f[lags + step : lags + step + rows] for step in steps])
    return shifted, tuple(f"{label}, {step:+d} rows" if step else label for step in steps)
