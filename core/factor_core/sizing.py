"""Positions in money from a volatility budget, and the profit to expect of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.betas import factor_return
from factor_core.errors import require_choice, require_positive
from factor_core.regression import refuse_exact_fit
from factor_core.returns import refuse_where, vol_scale
from factor_core.risk import regress_one_asset

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from factor_core.labelled import Columns, Matrix

PNL_KINDS = ("total", "alpha", "factor")


def position_size(
    budget: float, vol: ArrayLike, budget_periods: float = 1, vol_periods: float = 1
) -> NDArray[np.float64]:
    """Return the position whose volatility over the budget's horizon is the budget.

    Parameters
    ----------
    budget : float
        Volatility in money that the position may have over its horizon.
    vol : array of any shape
        Volatility of the returns, decimal.
    budget_periods, vol_periods : float
        Periods a year of the budget's horizon and of the volatility: a monthly budget on a daily
        volatility is 12 and 252.

    Returns
    -------
    ndarray of the same shape
        Money; NaN where the volatility is missing.

    Raises
    ------
    NumericalError
        A budget, a volatility or periods that are not above 0.

    Notes
    -----
    x = budget / (vol sqrt(vol_periods / budget_periods)): the volatility is first taken to the
    budget's horizon.

    References
    ----------
    G. A. Paleologo, Advanced Portfolio Management (2021).

    Examples
    --------
    >>> position_size(1e6, [0.02], budget_periods=12, vol_periods=252).round(0)
    array([10910895.])
    """
    vols = np.asarray(vol, dtype=np.float64)
    require_positive(budget, "budget")
    require_positive(budget_periods, "budget_periods")
    require_positive(vol_periods, "vol_periods")
    refuse_where(vols <= 0, vols, "vol", "a volatility must be above 0")
    with np.errstate(over="ignore"):
        return budget / vol_scale(vols, vol_periods, budget_periods)


def hedged_position_size(
    budget: float,
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    budget_periods: float = 1,
    return_periods: float = 252,
) -> Matrix:
    """Return the position sized on the residual volatility, and the money that hedges it.

    Parameters
    ----------
    budget : float
        Volatility in money that the hedged position may have over its horizon.
    asset_returns : array of shape (n,)
        Excess returns per period of one asset, decimal, oldest first.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    budget_periods, return_periods : float
        Periods a year of the budget's horizon and of the returns.

    Returns
    -------
    ndarray of shape (1, 1 + k)
        Money in the asset, then in each factor. Rows with a missing value are left out.

    Raises
    ------
    InputError
        Several assets, or unequal lengths.
    DivisionError
        An asset that the factors explain exactly: any position has no risk.
    NumericalError
        A budget or periods not above 0, too few rows, or a factor that is constant or collinear.

    Notes
    -----
    x = budget / (sd(e) sqrt(return_periods / budget_periods)), ddof 1; the hedge is -x beta_j. It
    is the unhedged position over sqrt(1 - R2).

    References
    ----------
    G. A. Paleologo, Advanced Portfolio Management (2021).

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> asset = [0.02, -0.02, 0.03, 0.01, 0.03]
    >>> hedged_position_size(1e6, asset, market, budget_periods=12).round(0)
    array([[ 40250991., -41882788.]])
    """
    require_positive(budget, "budget")
    require_positive(budget_periods, "budget_periods")
    require_positive(return_periods, "return_periods")
    fit = regress_one_asset(asset_returns, factor_returns)
    refuse_exact_fit(fit)
    position = position_size(budget, np.sqrt(fit.idio_variance), budget_periods, return_periods)
    return np.concatenate([position, -position * fit.beta[0]])[None]


def expected_pnl(
    position: float,
    alpha: float,
    betas: ArrayLike = 0.0,
    premia: ArrayLike = 0.0,
    periods: float = 252,
    kind: str = "total",
) -> float:
    """Return the expected profit a year of a position.

    Parameters
    ----------
    position : float
        Money in the asset; negative when short.
    alpha : float
        Expected return per period beyond what the betas explain, decimal.
    betas, premia : float or array of shape (k,)
        Exposures and expected returns of the factors per period, in the same order.
    periods : float
        Periods a year.
    kind : {"total", "alpha", "factor"}
        All of it, the risk-adjusted part that a hedge leaves, or the part that the factors pay.

    Returns
    -------
    float
        Money a year.

    Raises
    ------
    InputError
        Betas and premia of unequal number, or an unknown kind.
    NumericalError
        Periods not above 0.

    Notes
    -----
    total x (alpha + sum(beta_j premium_j)) P = alpha x alpha P + factor x sum(beta_j premium_j) P.

    References
    ----------
    G. A. Paleologo, Advanced Portfolio Management (2021).

    Examples
    --------
    >>> round(expected_pnl(10e6, 0.0005, 1.2, 0.0003))
    2167200
    >>> round(expected_pnl(10e6, 0.0005, 1.2, 0.0003, kind="alpha"))
    1260000
    """
    require_positive(periods, "periods")
    require_choice(kind, PNL_KINDS, "kind")
    from_factors = factor_return(betas, premia)
    earned = {"total": alpha + from_factors, "alpha": alpha, "factor": from_factors}[kind]
    return float(position * earned * periods)
