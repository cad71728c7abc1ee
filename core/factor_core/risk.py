"""Variance by factor, covariance by the factor model, and what the model leaves out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import (
    ExcelError,
    InputError,
    NumericalError,
    require_positive,
)
from factor_core.estimation import r_squared
from factor_core.labelled import Columns, Table, as_columns, one_column, same_rows
from factor_core.regression import (
    EXACT_FIT,
    Regression,
    column_name,
    refuse_constant_asset,
    refuse_exact_fit,
    regress,
)
from factor_core.risk_model import factor_model
from factor_core.weighted import half_life_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from factor_core.labelled import Matrix, Vector

ONE_ROW = 1e-9  # weight beside that of the newest row; below, a covariance is its rounding


def variance_decomp(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns, periods: float = 1
) -> Table:
    """Return an asset's variance by factor and idiosyncratic.

    Parameters
    ----------
    asset_returns : array of shape (n,)
        Excess returns per period of one asset, decimal, oldest first.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    periods : float
        Periods a year for yearly figures; 1 for figures per period.

    Returns
    -------
    Table of k + 2 rows
        Each factor, idiosyncratic, and total. Variance (ddof 1), volatility (its square root) and
        share of the total. The total is the sum of the rows above it; rows with a missing value are
        left out.

    Raises
    ------
    InputError
        Several assets, or unequal lengths.
    DivisionError
        A constant asset: there is no variance to explain.
    NumericalError
        Too few rows, or a factor that is constant or collinear.

    Warnings
    --------
    With correlated factors a contribution may be negative: that factor offsets others. It has no
    volatility, and #N/A stands in its place.

    Notes
    -----
    Factor j contributes beta_j cov(r, f_j), which splits the covariances between the
    factors evenly; the residual, uncorrelated with all of them, contributes its own variance.

    References
    ----------
    R. C. Grinold and R. N. Kahn, Active Portfolio Management, 2nd ed., chapter 3.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> asset = [0.02, -0.02, 0.03, 0.01, 0.03]
    >>> for name, variance, vol, share in variance_decomp(asset, market).rows:
    ...     print(f"{name:13}  {variance:.6f}  {vol:.4f}  {share:.4f}")
    factor 1       0.000401  0.0200  0.9316
    idiosyncratic  0.000029  0.0054  0.0684
    total          0.000430  0.0207  1.0000
    """
    require_positive(periods, "periods")
    fit = regress_one_asset(asset_returns, factor_returns)
    refuse_constant_asset(fit)
    parts = [*map(float, _contributions(fit)), float(fit.idio_variance[0])]
    shares = [part / sum(parts) for part in parts]
    scaled = [part * periods for part in parts]
    names = (*fit.factors.labels("factor"), "idiosyncratic", "total")
    rows = [
        (name, part, _volatility(part), share)
        for name, part, share in zip(names, (*scaled, sum(scaled)), (*shares, 1.0), strict=True)
    ]
    return Table(("source", "variance", "volatility", "share"), rows)


def _contributions(fit: Regression) -> Vector:
    """Return beta x covariance with the asset (ddof 1) of every factor of the one asset."""
    complete = ~np.isnan(fit.residuals[:, 0])
    factors = fit.factor_values[complete] - fit.factor_mean[0]
    returns = factors @ fit.beta[0] + fit.residuals[complete, 0]
    return fit.beta[0] * (factors.T @ returns) / (fit.n[0] - 1)


def _volatility(variance: float) -> float | ExcelError:
    if variance < 0:
        return ExcelError("#N/A", "a negative contribution lowers the variance; it has no root")
    return float(variance**0.5)


def factor_share(asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns) -> Vector:
    """Return the share of each asset's variance that is factor risk.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.

    Returns
    -------
    ndarray of shape (m,)
        Rows with a missing value are left out.

    Raises
    ------
    InputError
        Unequal lengths.
    DivisionError
        A constant asset: there is no variance to explain.
    NumericalError
        Too few rows, or a factor that is constant or collinear.

    Notes
    -----
    R2 = 1 - sum(e_t^2) / sum((r_t - mean(r))^2).

    References
    ----------
    W. H. Greene, Econometric Analysis, 8th ed., section 3.5.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> factor_share([0.02, -0.02, 0.03, 0.01, 0.03], market).round(4)
    array([0.9316])
    """
    return r_squared(asset_returns, factor_returns)


def tracking_error(
    returns: ArrayLike | Columns, benchmark_returns: ArrayLike | Columns, periods: float = 252
) -> Vector:
    """Return the tracking error a year of each column: the volatility of its active returns.

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
    NumericalError
        Fewer than two complete rows, or periods not above 0.

    Warnings
    --------
    It is not the residual volatility: a beta other than 1 is part of it. RESIDUAL_VOL is that of
    r - alpha - b'f, and the smaller of the two.

    Notes
    -----
    sqrt(P) sd(r - b), ddof 1.

    References
    ----------
    R. Roll (1992), A Mean/Variance Analysis of Tracking Error, Journal of Portfolio Management
    18(4), 13-22.

    Examples
    --------
    >>> benchmark = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> tracking_error([0.02, -0.02, 0.05, 0.01, 0.02], benchmark, periods=12).round(4)
    array([0.029])
    """
    require_positive(periods, "periods")
    assets = as_columns(returns, "returns")
    benchmark = one_column(benchmark_returns, "benchmark_returns", "use one column")
    y, x = same_rows({"returns": assets, "benchmark_returns": benchmark})
    active = y - x
    n = (~np.isnan(active)).sum(axis=0)
    if (n < 2).any():
        name = column_name("returns", assets, int(n.argmin()))
        lying = assets.rows == 1 and assets.width > 1
        hint = "; TRANSPOSE turns a row into a column" if lying else ""
        raise NumericalError(
            f"{name} and benchmark_returns have {n.min()} complete row(s); at least 2 are "
            f"needed{hint}"
        )
    vols = np.nanstd(active, axis=0, ddof=1)
    rounding = EXACT_FIT * np.nanmax(np.maximum(np.abs(y), np.abs(x)), axis=0)
    return np.where(vols > rounding, vols, 0.0) * math.sqrt(periods)


def factor_cov(
    factor_returns: ArrayLike | Columns, periods: float = 1, halflife: float | None = None
) -> Matrix:
    """Return the covariance matrix of the factors.

    Parameters
    ----------
    factor_returns : array of shape (n,) or (n, k)
        Factor returns per period, decimal.
    periods : float
        Periods a year for a yearly matrix; 1 for one per period.
    halflife : float, optional
        Rows after which the weight of a row has halved; by default all weigh the same.

    Returns
    -------
    ndarray of shape (k, k)
        ddof 1, over the rows in which no factor is missing; a row that is left out does not age the
        others.

    Raises
    ------
    NumericalError
        Fewer than two complete rows, periods or a halflife not above 0, or a halflife so short that
        one row has all the weight.

    Notes
    -----
    P sum(w_t (f_t - mean)(f_t - mean)') / (1 - sum(w_t^2)), with weights of sum 1 and the mean of
    the same weights: equal weights give the divisor n - 1. With a halflife,
    w_t ~ 0.5^(age / halflife), as pandas' ewm(halflife=...).cov() has it.

    References
    ----------
    R. C. Grinold and R. N. Kahn, Active Portfolio Management, 2nd ed., chapter 3.
    J.P. Morgan and Reuters, RiskMetrics Technical Document, 4th ed. (1996), chapter 5.

    Examples
    --------
    >>> factor_cov([[0.01, 0.02], [0.03, 0.02], [0.02, 0.05]]).round(6)
    array([[0.0001, 0.    ],
           [0.    , 0.0003]])
    """
    require_positive(periods, "periods")
    values = as_columns(factor_returns, "factor_returns").values
    complete = values[~np.isnan(values).any(axis=1)]
    if len(complete) < 2:
        raise NumericalError(
            f"factor_returns has {len(complete)} complete row(s); a covariance needs at least 2"
        )
    # Measured from one of its rows first, a series far from 0 keeps its digits.
    distance = complete - complete[-1]
    with np.errstate(over="ignore", invalid="ignore"):  # too large: shown as an error in the cell
        if halflife is not None:
            return _weighted_cov(distance, halflife) * periods
        distance -= distance.mean(axis=0)
        covariances: Matrix = distance.T @ distance * (periods / (len(complete) - 1))
    return covariances


def _weighted_cov(distance: Matrix, halflife: float) -> Matrix:
    require_positive(halflife, "halflife")
    weights = half_life_weights(len(distance), halflife)
    weights /= weights.sum()
    spare = 1 - float(weights @ weights)
    if not spare > ONE_ROW:
        raise NumericalError(
            f"halflife is {halflife:g}, which gives one row all the weight; use a longer one"
        )
    centred = distance - weights @ distance
    part: Matrix = (centred.T * weights) @ centred / spare
    return (part + part.T) / 2


def model_cov(
    betas: ArrayLike | Columns, factor_cov: ArrayLike | Columns, idio_vars: ArrayLike
) -> Matrix:
    """Return the covariance matrix of assets by the factor model.

    Parameters
    ----------
    betas : array of shape (m, k)
        One row an asset, one column a factor.
    factor_cov : array of shape (k, k)
        Covariance matrix of the factors.
    idio_vars : array of shape (m,)
        Idiosyncratic variances, of the same horizon as factor_cov.

    Returns
    -------
    ndarray of shape (m, m)
        Symmetric to the last bit.

    Raises
    ------
    InputError
        Shapes that do not fit together, a matrix that is not symmetric, or a negative variance,
        of an asset or of a portfolio of the factors.

    Notes
    -----
    B F B' + D, with D diagonal: what is left of the assets is taken as uncorrelated.

    References
    ----------
    B. Rosenberg (1974), Extra-Market Components of Covariance in Security Returns, Journal of
    Financial and Quantitative Analysis 9(2), 263-274.

    Examples
    --------
    >>> model_cov([[1.0], [2.0]], [[0.0001]], [0.0002, 0.0003])
    array([[0.0003, 0.0002],
           [0.0002, 0.0007]])
    """
    return factor_model(betas, factor_cov, idio_vars).cov


def residual_correl(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns
) -> Matrix:
    """Return the correlations between the residuals of assets.

    Parameters
    ----------
    asset_returns : array of shape (n, m)
        Excess returns per period of at least two assets, decimal, oldest first.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.

    Returns
    -------
    ndarray of shape (m, m)
        Over the rows in which no asset and no factor is missing. A factor model with a diagonal D
        takes all but the diagonal as 0.

    Raises
    ------
    InputError
        One asset, or unequal lengths.
    DivisionError
        An asset that the factors explain exactly.
    NumericalError
        Too few rows, or a factor that is constant or collinear.

    Notes
    -----
    e_i'e_j / (|e_i| |e_j|), with the residuals of one regression an asset.

    References
    ----------
    R. C. Grinold and R. N. Kahn, Active Portfolio Management, 2nd ed., chapter 3.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> asset = [0.02, -0.02, 0.03, 0.01, 0.03]
    >>> other = [-0.01, -0.02, 0.02, 0.02, 0.01]
    >>> residual_correl(np.column_stack([asset, other]), market).round(4)
    array([[1.    , 0.1437],
           [0.1437, 1.    ]])
    """
    fit = regress_jointly(asset_returns, factor_returns)
    if fit.assets.width < 2:
        raise InputError("asset_returns has 1 column; correlations need at least two assets")
    refuse_exact_fit(fit)
    unit = fit.residuals / np.sqrt(fit.ssr)
    correlations = np.clip(unit.T @ unit, -1.0, 1.0)
    np.fill_diagonal(correlations, 1.0)
    return (correlations + correlations.T) / 2


def regress_one_asset(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns
) -> Regression:
    """Return the regression of the one asset; several raise InputError."""
    return regress(one_column(asset_returns, "asset_returns", "use one asset"), factor_returns)


def regress_jointly(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns
) -> Regression:
    """Return the regressions over the rows in which no asset and no factor is missing."""
    assets = as_columns(asset_returns, "asset_returns")
    factors = as_columns(factor_returns, "factor_returns")
    y, x = same_rows({"asset_returns": assets, "factor_returns": factors})
    complete = ~(np.isnan(y).any(axis=1) | np.isnan(x).any(axis=1))
    _refuse_few_in_common(y, assets, int(complete.sum()), factors.width)
    return regress(Columns(y[complete], assets.names), Columns(x[complete], factors.names))


def _refuse_few_in_common(y: Matrix, assets: Columns, common: int, k: int) -> None:
    """Raise NumericalError that names the asset whose gaps leave too few rows in common."""
    gaps = np.isnan(y).sum(axis=0)
    if common < k + 2 and gaps.any():
        worst = column_name("asset_returns", assets, int(gaps.argmax()))
        raise NumericalError(
            f"asset_returns has {common} complete rows over all assets; at least {k + 2} are "
            f"needed: {worst} has the most missing values, {gaps.max()}"
        )
