"""Betas of rising and of falling markets, and what they say of timing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import NumericalError, require_choice
from factor_core.inference import factor_regression
from factor_core.labelled import Columns, same_rows
from factor_core.regression import column_name, regress
from factor_core.risk import regress_one_asset
from factor_core.rolling import usable_rows
from factor_core.single_factor import one_factor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from factor_core.labelled import Matrix, Table, Vector
    from factor_core.regression import Regression

DOWNSIDE_METHODS = ("acx", "estrada")
TIMING_MODELS = ("TM", "HM")
FEWEST_ROWS = 3


def up_beta(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    threshold: float = 0.0,
) -> Vector:
    """Return the beta of each asset over the rows in which the factor is above a threshold.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,)
        Excess returns of one factor over the same rows.
    threshold : float
        Factor return per period, decimal; rows strictly above it count.

    Returns
    -------
    ndarray of shape (m,)
        Rows with a missing value are left out, for each asset by itself.

    Raises
    ------
    InputError
        Several factors, unequal lengths, or infinite values.
    NumericalError
        Fewer than three such rows, or a factor that is constant over them.

    Notes
    -----
    b = cov(r, f) / var(f) over the rows with f > threshold, their own means taken out.

    References
    ----------
    R. D. Henriksson and R. C. Merton (1981), On Market Timing and Investment Performance II,
    Journal of Business 54(4), 513-533.

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, -0.01, 0.02, -0.03])
    >>> up_beta(np.where(market > 0, 0.5, 1.5) * market, market).round(6)
    array([0.5])
    """
    return _beta_beyond(asset_returns, factor_returns, threshold, 1)


def down_beta(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    threshold: float = 0.0,
) -> Vector:
    """Return the beta of each asset over the rows in which the factor is below a threshold.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,)
        Excess returns of one factor over the same rows.
    threshold : float
        Factor return per period, decimal; rows strictly below it count.

    Returns
    -------
    ndarray of shape (m,)
        Rows with a missing value are left out, for each asset by itself.

    Raises
    ------
    InputError
        Several factors, unequal lengths, or infinite values.
    NumericalError
        Fewer than three such rows, or a factor that is constant over them.

    Notes
    -----
    b = cov(r, f) / var(f) over the rows with f < threshold, their own means taken out.

    References
    ----------
    R. D. Henriksson and R. C. Merton (1981), On Market Timing and Investment Performance II,
    Journal of Business 54(4), 513-533.

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, -0.01, 0.02, -0.03])
    >>> down_beta(np.where(market > 0, 0.5, 1.5) * market, market).round(6)
    array([1.5])
    """
    return _beta_beyond(asset_returns, factor_returns, threshold, -1)


def downside_beta(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    method: str = "acx",
) -> Vector:
    """Return the downside beta of each asset: how it falls with a factor below its mean.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,)
        Excess returns of one factor over the same rows.
    method : {"acx", "estrada"}
        The beta of Ang, Chen and Xing, or the ratio of semi-moments of Estrada.

    Returns
    -------
    ndarray of shape (m,)
        Rows with a missing value are left out, for each asset by itself: the means are those of its
        complete rows.

    Raises
    ------
    InputError
        Several factors, unequal lengths, infinite values, or an unknown method.
    NumericalError
        A constant factor, or (acx) fewer than three rows in which it is below its mean.

    Notes
    -----
    acx: cov(r, f) / var(f) over the rows with f < mean(f). estrada: the sum of min(r - mean(r), 0)
    min(f - mean(f), 0) over the sum of min(f - mean(f), 0)^2, over all rows.

    References
    ----------
    A. Ang, J. Chen and Y. Xing (2006), Downside Risk, Review of Financial Studies 19(4), 1191-1239.
    J. Estrada (2002), Systematic Risk in Emerging Markets: the D-CAPM, Emerging Markets Review
    3(4), 365-379.

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, -0.01, 0.02, -0.03])
    >>> asset = np.where(market > 0, 0.5, 1.5) * market
    >>> downside_beta(asset, market).round(6), downside_beta(asset, market, "estrada").round(4)
    (array([1.5]), array([1.0714]))
    """
    require_choice(method, DOWNSIDE_METHODS, "method")
    fit = regress(asset_returns, one_factor(factor_returns))
    if method == "acx":
        return _beta_over(fit, -1, fit.factor_mean[:, 0], "its mean")
    y, x = same_rows({"asset_returns": fit.assets, "factor_returns": fit.factors})
    usable = usable_rows(y, x)
    asset_falls = np.where(usable, np.minimum(y - fit.asset_mean, 0.0), 0.0)
    factor_falls = np.where(usable, np.minimum(x - fit.factor_mean[:, 0], 0.0), 0.0)
    together: Vector = (asset_falls * factor_falls).sum(axis=0)
    return together / (factor_falls**2).sum(axis=0)


def timing_model(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    model: str = "TM",
) -> Table:
    """Return the regression of one fund on the market and on a term that rewards timing it.

    Parameters
    ----------
    asset_returns : array of shape (n,)
        Excess returns per period of one fund, decimal, oldest first.
    factor_returns : array of shape (n,)
        Excess returns of the market over the same rows.
    model : {"TM", "HM"}
        Treynor and Mazuy, or Henriksson and Merton.

    Returns
    -------
    Table of alpha, beta and the timing coefficient
        Coefficient, classical standard error, t, two-sided p and 95 % interval of Student's t with
        n - 3 degrees of freedom. A timing coefficient above 0 is skill: the beta is higher when the
        market rises. Rows with a missing value are left out.

    Raises
    ------
    InputError
        Several assets or factors, unequal lengths, infinite values, or an unknown model.
    NumericalError
        Fewer than four complete rows, a factor with fewer than three values (TM), or one that never
        changes its sign (HM).

    Warnings
    --------
    Alpha is that of selection once timing is taken out; it is not FACTOR_ALPHA.

    Notes
    -----
    r = alpha + beta f + timing g + e with g = f^2 (TM) or g = max(0, -f) (HM).

    References
    ----------
    J. L. Treynor and K. K. Mazuy (1966), Can Mutual Funds Outguess the Market?, Harvard Business
    Review 44, 131-136. R. D. Henriksson and R. C. Merton (1981), Journal of Business 54(4),
    513-533.

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, -0.01, 0.02, -0.03])
    >>> table = timing_model(0.8 * market + 2.0 * market**2, market, "TM")
    >>> [(row[0], round(row[1], 6) + 0.0) for row in table.rows]
    [('alpha', 0.0), ('beta factor 1', 0.8), ('timing f^2', 2.0)]
    """
    require_choice(model, TIMING_MODELS, "model")
    factors = one_factor(factor_returns)
    f = factors.values
    used = regress_one_asset(asset_returns, factors)
    _refuse_untimed(used, model)
    timing, name = (
        (np.square(f), "timing f^2") if model == "TM" else (np.maximum(0.0, -f), "timing max(0,-f)")
    )
    names = f"beta {factors.labels('factor')[0]}", name
    return factor_regression(
        Columns(used.assets.values, rows=used.assets.rows),
        Columns(np.column_stack([f, timing]), names, factors.rows),
    )


def _refuse_untimed(fit: Regression, model: str) -> None:
    """Raise NumericalError for a factor on whose returns the timing term depends linearly."""
    f = fit.factor_values[~np.isnan(fit.residuals[:, 0])]
    name = column_name("factor_returns", fit.factors, 0)
    if model == "TM" and len(np.unique(f)) < 3:
        raise NumericalError(f"{name} takes fewer than three values; TM needs at least three")
    if model == "HM" and not (f.min() < 0 < f.max()):
        never = "below" if f.min() >= 0 else "above"
        raise NumericalError(f"{name} is never {never} 0; HM needs excess returns of both signs")


def _beta_beyond(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    threshold: float,
    side: int,
) -> Vector:
    fit = regress(asset_returns, one_factor(factor_returns))
    return _beta_over(fit, side, np.full(len(fit.alpha), threshold), f"{threshold:g}")


def _require_rows(fit: Regression, counted: NDArray[np.bool_], where: str) -> None:
    """Raise NumericalError unless every asset has rows enough, in which the factor varies."""
    name = column_name("factor_returns", fit.factors, 0)
    rows = counted.sum(axis=0)
    fewest = int(rows.argmin())
    if rows[fewest] < FEWEST_ROWS:
        asset = column_name("asset_returns", fit.assets, fewest)
        raise NumericalError(
            f"{name} is {where} in {rows[fewest]} of the {fit.n[fewest]:g} complete rows of "
            f"{asset}; at least {FEWEST_ROWS} are needed"
        )
    x = fit.factor_values
    lowest = np.where(counted, x, np.inf).min(axis=0)
    if (lowest == np.where(counted, x, -np.inf).max(axis=0)).any():
        raise NumericalError(f"{name} has one value only in the rows {where}; it must vary there")


def _beta_over(fit: Regression, side: int, thresholds: Vector, word: str) -> Vector:
    """Return the betas over the rows in which the factor is beyond each asset's threshold."""
    y, x = same_rows({"asset_returns": fit.assets, "factor_returns": fit.factors})
    counted: NDArray[np.bool_] = usable_rows(y, x) & (side * (x - thresholds) > 0)
    _require_rows(fit, counted, f"{'above' if side > 0 else 'below'} {word}")
    chosen: Matrix = np.where(counted, y, np.nan)
    return regress(Columns(chosen, fit.assets.names), Columns(x, fit.factors.names)).beta[:, 0]
