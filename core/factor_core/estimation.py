"""Betas, alpha, R-squared and residuals of assets on factors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import InputError, require_positive
from factor_core.fit_statistics import adjusted_r_squared
from factor_core.labelled import Columns
from factor_core.regression import refuse_constant_asset, regress

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from factor_core.labelled import Matrix, Vector


def factor_beta(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    factor: str | int | None = None,
) -> Vector | Matrix:
    """Return the exposure of each asset to each factor.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows. Beta depends on all of them, whichever is asked for.
    factor : str or int, optional
        Header or position (1 is the first) of the one factor wanted; None for all.

    Returns
    -------
    ndarray of shape (m,) for one factor, else (m, k)
        Betas in the order of the factors. Rows with a missing value are left out, for each asset by
        itself. A constant asset has beta 0.

    Raises
    ------
    InputError
        Unequal lengths, infinite values, or a factor that is not among those given.
    NumericalError
        Fewer than k + 2 complete rows, or a factor that is constant or collinear.

    Warnings
    --------
    With one factor this is COVARIANCE.S / VAR.S. A covariance with n - 1 over a variance with n, as
    np.cov over np.var, is n / (n - 1) too large.

    Notes
    -----
    Least squares with intercept: beta = (X_c'X_c)^-1 X_c'r with centred factors X_c.

    References
    ----------
    W. H. Greene, Econometric Analysis, 8th ed., chapter 3.

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.02])
    >>> size = np.array([0.00, 0.01, 0.01, -0.01, 0.01])
    >>> factor_beta(1.5 * market, market).round(6)
    array([1.5])
    >>> factor_beta(1.5 * market - size, np.column_stack([market, size]), 2).round(6)
    array([-1.])
    """
    fit = regress(asset_returns, factor_returns)
    if factor is not None:
        return fit.beta[:, factor_position(fit.factors, factor)]
    return fit.beta[:, 0] if fit.k == 1 else fit.beta


def factor_position(factors: Columns, factor: str | int) -> int:
    """Return the column of the factor of this header (capitals do not matter) or position."""
    if isinstance(factor, str):
        matches = [name.casefold() == factor.strip().casefold() for name in factors.names]
        if sum(matches) == 1:
            return matches.index(True)
        found = "is among the headers more than once" if any(matches) else "is no factor here"
        raise InputError(f'factor "{factor}" {found}; use {_choices(factors)}')
    if not 1 <= factor <= factors.width:
        raise InputError(f"factor is {factor}; use {_choices(factors)}")
    return factor - 1


def _choices(factors: Columns) -> str:
    positions = f"a position from 1 to {factors.width}"
    return f"{', '.join(factors.labels('factor'))} or {positions}" if factors.names else positions


def factor_alpha(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns, periods: float = 1
) -> Vector:
    """Return the average return of each asset that the factors do not explain.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    periods : float
        Periods a year for alpha a year; 1 for alpha per period.

    Returns
    -------
    ndarray of shape (m,)
        Rows with a missing value are left out, for each asset by itself. The alpha of a constant
        asset is its mean.

    Raises
    ------
    InputError
        Unequal lengths or infinite values.
    NumericalError
        Fewer than k + 2 complete rows, a factor that is constant or collinear, or periods not
        above 0.

    Notes
    -----
    alpha = mean(r) - beta' mean(f), times periods: a mean grows with time.

    References
    ----------
    M. C. Jensen, Journal of Finance 23 (1968), 389-416.

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.02])
    >>> factor_alpha(0.0002 + 1.5 * market, market, periods=252).round(6)
    array([0.0504])
    """
    require_positive(periods, "periods")
    return regress(asset_returns, factor_returns).alpha * periods


def r_squared(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns, adjusted: bool = False
) -> Vector:
    """Return the share of each asset's variance that the factors explain.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    adjusted : bool
        Whether to correct for the number of factors; the result may then be below 0.

    Returns
    -------
    ndarray of shape (m,)
        Rows with a missing value are left out, for each asset by itself.

    Raises
    ------
    InputError
        Unequal lengths or infinite values.
    DivisionError
        A constant asset, as RSQ of a spreadsheet: there is no variance to explain.
    NumericalError
        Fewer than k + 2 complete rows, or a factor that is constant or collinear.

    Notes
    -----
    R2 = 1 - sum of e^2 / sum of (r - mean(r))^2; adjusted, 1 - (1 - R2)(n - 1)/(n - k - 1).

    References
    ----------
    W. H. Greene, Econometric Analysis, 8th ed., section 3.5.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> r_squared([0.02, -0.02, 0.05, 0.01, 0.02], market).round(4)
    array([0.9276])
    >>> r_squared([0.02, -0.02, 0.05, 0.01, 0.02], market, adjusted=True).round(4)
    array([0.9035])
    """
    fit = regress(asset_returns, factor_returns)
    refuse_constant_asset(fit)
    if adjusted:
        return adjusted_r_squared(fit)
    return fit.r_squared


def residual_vol(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns, periods: float = 1
) -> Vector:
    """Return the volatility of each asset that hedging its factors leaves.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    periods : float
        Periods a year for volatility a year; 1 for volatility per period.

    Returns
    -------
    ndarray of shape (m,)
        Rows with a missing value are left out, for each asset by itself.

    Raises
    ------
    InputError
        Unequal lengths or infinite values.
    NumericalError
        Fewer than k + 2 complete rows, a factor that is constant or collinear, or periods not
        above 0.

    Warnings
    --------
    This is the standard deviation of the residuals with ddof 1, so that factor and idiosyncratic
    variance add up to the asset's. The regression's standard error (FACTOR_STAT "s") divides by
    n - k - 1 instead.

    Notes
    -----
    sqrt(P x sum of e^2 / (n - 1)).

    References
    ----------
    R. C. Grinold and R. N. Kahn, Active Portfolio Management, 2nd ed., chapter 3.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> residual_vol([0.02, -0.02, 0.05, 0.01, 0.02], market, periods=12).round(4)
    array([0.0234])
    """
    require_positive(periods, "periods")
    return np.sqrt(regress(asset_returns, factor_returns).idio_variance * periods)


def residual_series(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns
) -> Columns:
    """Return what is left of each return after alpha and the factors.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.

    Returns
    -------
    Columns of shape (n, m)
        One row a row of the input, NaN where a value is missing. Assets with headers give columns
        named after them, "MSFT residual".

    Raises
    ------
    InputError
        Unequal lengths or infinite values.
    NumericalError
        Fewer than k + 2 complete rows, or a factor that is constant or collinear.

    Notes
    -----
    e = r - alpha - beta'f in every row, with mean 0; the hedged series r - beta'f keeps alpha.

    References
    ----------
    W. H. Greene, Econometric Analysis, 8th ed., section 3.2.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00]
    >>> residual_series([0.02, -0.02, 0.05, np.nan], market).values.round(4).T
    array([[-0.0013,  0.0005,  0.0008,     nan]])
    """
    fit = regress(asset_returns, factor_returns)
    names = tuple(f"{name} residual".lstrip() for name in fit.assets.names)
    return Columns(fit.residuals, names)
