"""Tracking portfolios of factors, hedged returns, and the positions that hedge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import InputError, NumericalError
from factor_core.labelled import Columns, as_columns, same_rows
from factor_core.regression import column_name, regress
from factor_core.rolling import gap_patterns, rolling_betas, usable_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from factor_core.labelled import Matrix
    from factor_core.rolling import Flags


def tracking_series(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    betas: ArrayLike | None = None,
    window: int | None = None,
    lag: int = 1,
) -> Columns:
    """Return the returns of the portfolio of factors that tracks each asset.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    betas : array of shape (k,) or (m, k), optional
        Betas to use; nothing is estimated then.
    window : int, optional
        Rows of the rolling window; by default the betas are those of the full sample.
    lag : int
        Rows by which rolling betas are delayed: with 1, row t uses the betas of the `window` rows
        before it, which is what could have been traded. Other than 0 and 1 it needs a window.

    Returns
    -------
    Columns of shape (n, m)
        NaN in rows where the asset or a factor is missing and in the rows before the first window;
        NaN too where the factors of a window are constant or collinear. With a window, the complete
        rows follow one another: a gap neither counts in the window nor blanks what comes after it.

    Raises
    ------
    InputError
        Unequal lengths, betas of the wrong number, betas and window together, a lag without a
        window, or a negative lag.
    NumericalError
        Too few complete rows, or a factor that is constant or collinear.

    Notes
    -----
    b'f_t. Tracking and hedged series add up to the asset.

    References
    ----------
    G. A. Paleologo, Advanced Portfolio Management (2021).

    Examples
    --------
    >>> tracking_series([0.02, 0.01, -0.01], [0.01, 0.00, -0.01], betas=[1.5]).values.ravel()
    array([ 0.015,  0.   , -0.015])
    """
    assets = as_columns(asset_returns, "asset_returns")
    tracking = _tracking(assets, factor_returns, betas, window, lag)
    return _named(tracking, assets, "tracking")


def hedged_series(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    betas: ArrayLike | None = None,
    window: int | None = None,
    lag: int = 1,
) -> Columns:
    """Return the returns of each asset with its factors hedged.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    betas : array of shape (k,) or (m, k), optional
        Betas to hedge with; nothing is estimated then.
    window : int, optional
        Rows of the rolling window; by default the betas are those of the full sample, which looks
        better than any hedge that could have been traded.
    lag : int
        Rows by which rolling betas are delayed: with 1, row t uses the betas of the `window` rows
        before it, which is what could have been traded. Other than 0 and 1 it needs a window.

    Returns
    -------
    Columns of shape (n, m)
        NaN as in `tracking_series`. With betas of the full sample, the mean is alpha, the standard
        deviation (ddof 1) the residual volatility, and the beta on every factor 0.

    Raises
    ------
    InputError
        Unequal lengths, betas of the wrong number, betas and window together, a lag without a
        window, or a negative lag.
    NumericalError
        Too few complete rows, or a factor that is constant or collinear.

    Notes
    -----
    r_t - b'f_t = alpha + e_t: the residual series without its alpha taken out.

    References
    ----------
    G. A. Paleologo, Advanced Portfolio Management (2021).

    Examples
    --------
    >>> hedged_series([0.02, 0.01, -0.01], [0.01, 0.00, -0.01], betas=[1.5]).values.ravel()
    array([0.005, 0.01 , 0.005])
    """
    assets = as_columns(asset_returns, "asset_returns")
    tracking = _tracking(assets, factor_returns, betas, window, lag)
    returns = tracking.copy()
    returns[: len(assets.values)] = assets.values
    return _named(returns - tracking, assets, "hedged")


def hedge_ratio(asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns) -> Matrix:
    """Return the position in each factor that hedges 1 of the asset.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.

    Returns
    -------
    ndarray of shape (m, k)
        One row an asset; rows with a missing value are left out of the regression.

    Raises
    ------
    InputError
        Unequal lengths.
    NumericalError
        Too few complete rows, or a factor that is constant or collinear.

    Notes
    -----
    -beta_j, in the units of the asset's position: for 1 dollar long, that many dollars.

    References
    ----------
    G. A. Paleologo, Advanced Portfolio Management (2021).

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.02])
    >>> hedge_ratio(1.5 * market, market).round(6)
    array([[-1.5]])
    """
    return -regress(asset_returns, factor_returns).beta


def _tracking(
    assets: Columns,
    factor_returns: ArrayLike | Columns,
    betas: ArrayLike | None,
    window: int | None,
    lag: int,
) -> Matrix:
    factors = as_columns(factor_returns, "factor_returns")
    y, x = same_rows({"asset_returns": assets, "factor_returns": factors})
    if betas is not None and window is not None:
        raise InputError("betas and window are both given; leave one of them blank")
    if window is None and lag not in (0, 1):
        raise InputError(
            f"lag is {lag} but window is blank; give the rows of the rolling window, or no lag"
        )
    if window is not None:
        _require_complete(assets, usable_rows(y, x), window, lag)
        return _rolling_tracking(y, x, window, lag)
    if betas is None:
        used = regress(assets, factors).beta
    else:
        used = _given_betas(betas, y.shape[1], x.shape[1])
    return np.where(usable_rows(y, x), _track(used[None], x), np.nan)


def _given_betas(betas: ArrayLike, m: int, k: int) -> Matrix:
    """Return betas as one row an asset and one column a factor."""
    given = np.asarray(betas, dtype=np.float64)
    if given.shape == (m, k):
        return given
    # One asset's betas may stand in a column, and one factor's betas may be a plain vector.
    if given.size == m * k and (m == 1 or (k == 1 and given.ndim < 2)):
        return given.reshape(m, k)
    wanted = f"{k} number(s), one a factor" if m == 1 else f"{m} x {k}: an asset a row"
    shape = " x ".join(map(str, given.shape)) or "1"
    raise InputError(f"betas is {shape}; use {wanted}")


def _rolling_tracking(y: Matrix, x: Matrix, window: int, lag: int) -> Matrix:
    tracking = np.full_like(y, np.nan)
    for columns, rows in gap_patterns(usable_rows(y, x)):
        complete = x[rows]
        betas = rolling_betas(y[np.ix_(rows, columns)], complete, window, lag)
        tracking[np.ix_(rows, columns)] = _track(betas, complete)
    return tracking


def _require_complete(assets: Columns, usable: Flags, window: int, lag: int) -> None:
    complete = usable.sum(axis=0)
    asset = int(complete.argmin())
    if complete[asset] < window + lag:
        name = column_name("asset_returns", assets, asset)
        raise NumericalError(
            f"{name} has {complete[asset]} complete rows; a window of {window} "
            f"with lag {lag} needs at least {window + lag}"
        )


def _track(betas: Matrix, x: Matrix) -> Matrix:
    """Return b'f for betas of shape (n or 1, m, k).

    Factor by factor: every cell is the same sum whatever the other rows hold.
    """
    tracking = betas[..., 0] * x[:, :1]
    for factor in range(1, x.shape[1]):
        tracking += betas[..., factor] * x[:, factor, None]
    return tracking


def _named(values: Matrix, assets: Columns, what: str) -> Columns:
    names = tuple(f"{name} {what}" for name in assets.labels("asset")) if assets.names else ()
    return Columns(values, names, assets.rows)
