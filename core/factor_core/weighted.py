"""Betas that forget: least squares in which a row counts less the older it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import NumericalError, require_positive
from factor_core.fit_cache import recall
from factor_core.labelled import same_rows
from factor_core.least_squares import CONSTANT_LIMIT, SMALLEST, RefusedError, solve
from factor_core.regression import column_name, regress
from factor_core.rolling import gap_patterns, usable_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from factor_core.labelled import Columns, Matrix, Vector
    from factor_core.regression import Regression


def ewma_beta(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    halflife: float = 63,
) -> Vector | Matrix:
    """Return the betas of each asset as of the last row, recent rows weighing most.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    halflife : float
        Rows after which a weight has halved; it need not be whole.

    Returns
    -------
    ndarray of shape (m,) for one factor, else (m, k)
        Betas in the order of the factors. Rows with a missing value are left out, for each asset by
        itself, and do not age the others: the newest complete row has age 0, the one before it age
        1. A constant asset has beta 0.

    Raises
    ------
    InputError
        Unequal lengths or infinite values.
    NumericalError
        Fewer than k + 2 complete rows, a factor that is constant or collinear, there or in the rows
        that the halflife leaves, or a halflife not above 0.

    Notes
    -----
    Weighted least squares with intercept: b minimises sum(w (r - a - b'f)^2) with
    w = 0.5^(age / halflife); for one factor it is the weighted covariance over the weighted
    variance, weighted means taken out. pandas' ewm(halflife=..., ignore_na=True) has the same
    weights.

    References
    ----------
    J.P. Morgan and Reuters, RiskMetrics Technical Document, 4th ed. (1996), chapter 5.

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.02, -0.01])
    >>> asset = np.where(np.arange(6) < 3, 1.0, 2.0) * market
    >>> ewma_beta(asset, market, halflife=100).round(3), ewma_beta(asset, market, 1).round(3)
    (array([1.261]), array([1.687]))
    """
    require_positive(halflife, "halflife")
    fit = regress(asset_returns, factor_returns)
    y, x = same_rows({"asset_returns": fit.assets, "factor_returns": fit.factors})
    (found,) = recall("ewma", (y, x), (halflife,), lambda: (_ewma_betas(fit, y, x, halflife),))
    betas: Matrix = found.copy()  # the kept ones are read-only
    return betas[:, 0] if fit.k == 1 else betas


def _ewma_betas(fit: Regression, y: Matrix, x: Matrix, halflife: float) -> Matrix:
    """Return the betas of all assets, shape (m, k)."""
    betas = np.empty_like(fit.beta)
    for columns, rows in gap_patterns(usable_rows(y, x)):
        weights = half_life_weights(int(rows.sum()), halflife)
        try:
            with np.errstate(invalid="ignore"):  # the R-squared of a constant asset, unused
                betas[columns] = weighted_betas(y[np.ix_(rows, columns)], x[rows], weights)
        except RefusedError as refused:
            name = column_name("factor_returns", fit.factors, refused.factor or 0)
            raise NumericalError(
                f"{name} is constant or collinear in the rows that a halflife of {halflife:g} "
                "leaves any weight; use a longer one"
            ) from None
    return betas


def half_life_weights(n: int, halflife: float) -> Vector:
    """Return n weights, oldest first: 1 for the last row, half of it `halflife` rows before.

    Examples
    --------
    >>> half_life_weights(4, 1.0)
    array([0.125, 0.25 , 0.5  , 1.   ])
    """
    weights: Vector = np.exp2(np.arange(1 - n, 1) / halflife)
    return weights


def weighted_betas(y: Matrix, x: Matrix, weights: Vector) -> Matrix:
    """Return the betas (m, k) of weighted least squares with intercept; there are no gaps.

    Raises
    ------
    RefusedError
        A factor that is constant or collinear in the rows that have any weight.
    """
    factors, varies = _weighted_distances(x, weights)
    if not varies.all():
        raise RefusedError("is constant in the rows that count", factor=int(varies.argmin()))
    assets, varies = _weighted_distances(y, weights)
    assets[:, ~varies] = 0.0  # a constant's beta is 0, not what rounding makes of it
    return solve(assets, factors, intercept=False).beta


def _weighted_distances(series: Matrix, weights: Vector) -> tuple[Matrix, NDArray[np.bool_]]:
    """Return distances from the weighted mean times the root of the weights, and who varies.

    Measured from the newest row first: a level far from 0 costs no digits, and what is constant
    since long before the weights begin is exactly 0.
    """
    newest = series[-1]
    distances = series - newest
    total = weights.sum()
    distances -= weights @ distances / total
    distances *= np.sqrt(weights)[:, None]
    squares = np.einsum("tj,tj->j", distances, distances)
    varies = squares > np.maximum(SMALLEST, (CONSTANT_LIMIT * newest) ** 2 * total)
    return distances, varies
