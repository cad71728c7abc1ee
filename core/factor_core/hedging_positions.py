"""Hedges in money and in contracts, from betas that are already known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import DivisionError, InputError, NumericalError, require_positive
from factor_core.risk_model import full_block, vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from factor_core.labelled import Columns, Matrix

WHOLE = 1e-9  # contracts; a number this close to a whole one is that one but for rounding


def hedge_notionals(positions: ArrayLike, betas: ArrayLike | Columns) -> Matrix:
    """Return the money in each factor that hedges a book of positions.

    Parameters
    ----------
    positions : array of shape (m,)
        Money in each asset; negative when short.
    betas : array of shape (m, k)
        One row an asset, one column a factor.

    Returns
    -------
    ndarray of shape (1, k)
        Money in each factor. Positions that offset one another are netted.

    Raises
    ------
    InputError
        Another number of positions than of rows of betas, or a missing number.
    NumericalError
        Numbers too large to calculate with.

    Notes
    -----
    hedge_j = -sum(position_i beta_ij): positions and hedge together have no exposure to any factor.

    References
    ----------
    G. A. Paleologo, Advanced Portfolio Management (2021).

    Examples
    --------
    >>> hedge_notionals([1e6, -4e5], [[1.2, 0.3], [0.9, -0.5]])
    array([[-840000., -500000.]])
    """
    loads = full_block(betas, "betas").values
    held = np.asarray(positions, dtype=np.float64).ravel()
    if held.size != len(loads):
        raise InputError(
            f"positions has {held.size} number(s) and betas {len(loads)} row(s) of "
            f"{loads.shape[1]}; use a row of betas for each position (TRANSPOSE turns a column)"
        )
    with np.errstate(over="ignore", invalid="ignore"):  # refused by name
        notionals = -(vector(held, "positions") @ loads)
    if not np.isfinite(notionals).all():
        raise NumericalError("positions and betas are too large to calculate with")
    return notionals[None]


def hedge_trades(
    positions: ArrayLike, betas: ArrayLike | Columns, legs: ArrayLike | Columns
) -> Matrix:
    """Return the money in each instrument that hedges a book of positions.

    Parameters
    ----------
    positions : array of shape (m,)
        Money in each asset; negative when short.
    betas : array of shape (m, k)
        One row an asset, one column a factor.
    legs : array of shape (k, j)
        One row a factor, one column an instrument: the money in the instrument for 1 of the factor.
        A factor that is small minus big is 1 in the small and -1 in the big instrument; a market in
        excess of cash is 1 in the market, and its loan needs no column.

    Returns
    -------
    ndarray of shape (1, j)
        Money in each instrument: negative is a sale. What one factor's hedge buys and another's
        sells is netted.

    Raises
    ------
    InputError
        Shapes that do not fit together, or a missing number.
    NumericalError
        Numbers too large to calculate with.

    Notes
    -----
    trade_i = sum over factors j of hedge_j legs_ji, with hedge_j = -sum(position_i beta_ij).

    References
    ----------
    G. A. Paleologo, Advanced Portfolio Management (2021).

    Examples
    --------
    >>> market_and_small_minus_big = [[1, 0], [-1, 1]]
    >>> hedge_trades([1e6], [[1.2, 0.3]], market_and_small_minus_big)
    array([[-900000., -300000.]])
    """
    notionals = hedge_notionals(positions, betas)
    matrix = full_block(legs, "legs").values
    if len(matrix) != notionals.size:
        raise InputError(
            f"legs has {len(matrix)} row(s) and betas {notionals.size} column(s); "
            "use a row of legs for each factor, a column an instrument"
        )
    with np.errstate(over="ignore", invalid="ignore"):  # refused by name
        trades: Matrix = notionals @ matrix
    if not np.isfinite(trades).all():
        raise NumericalError("positions, betas and legs are too large to calculate with")
    return trades


def target_beta_hedge(
    value: float,
    beta: float,
    target_beta: float,
    hedge_beta: float = 1.0,
    price: float | None = None,
    multiplier: float = 1.0,
) -> Matrix:
    """Return the hedge that takes a position from its beta to another.

    Parameters
    ----------
    value : float
        Money in the position; negative when short.
    beta, target_beta : float
        Beta that the position has, and beta wanted for it; 0 hedges it fully.
    hedge_beta : float
        Beta of the hedging instrument.
    price : float, optional
        Price of one unit of the instrument; with it the hedge is in contracts.
    multiplier : float
        Units of the instrument in one contract: 50 for a future of 50 times the index.

    Returns
    -------
    ndarray of shape (1, 1) or ndarray of shape (1, 2)
        Money in the instrument, negative when short. With a price: whole contracts, rounded toward
        no hedge, and the beta that the position then has.

    Raises
    ------
    DivisionError
        A value or a hedge_beta of 0.
    NumericalError
        A price or a multiplier not above 0.
    InputError
        A multiplier without a price.

    Notes
    -----
    money = value (target_beta - beta) / hedge_beta; contracts = money / (price multiplier), cut to
    whole ones; beta left = beta + contracts price multiplier hedge_beta / value.

    References
    ----------
    J. C. Hull, Options, Futures, and Other Derivatives, 10th ed., section 3.5.

    Examples
    --------
    >>> target_beta_hedge(5_050_000, 1.5, 0.75, price=1010, multiplier=250)
    array([[-15.  ,   0.75]])
    """
    for number, name, remedy in (
        (value, "value", "there is nothing to hedge"),
        (hedge_beta, "hedge_beta", "the instrument cannot hedge"),
    ):
        if number == 0:
            raise DivisionError(f"{name} is 0: {remedy}")
    money = value * (target_beta - beta) / hedge_beta
    if price is None:
        if multiplier != 1:
            raise InputError(
                f"multiplier is {multiplier:g} but price is blank; give the price of one unit"
            )
        return np.array([[money]])
    require_positive(price, "price")
    require_positive(multiplier, "multiplier")
    contracts = _fewer(money / price / multiplier)
    return np.array([[contracts, beta + contracts * price * multiplier * hedge_beta / value]])


def _fewer(contracts: float) -> float:
    """Return whole contracts, toward 0; a whole number but for rounding stays that number."""
    if not math.isfinite(contracts):
        return contracts
    nearest = round(contracts)
    return float(nearest if abs(contracts - nearest) < WHOLE else math.trunc(contracts))


def factor_share_hedge(
    beta: float, factor_var: float, idio_var: float, target_share: float
) -> Matrix:
    """Return the two hedges that leave a given share of the variance to the factor.

    Parameters
    ----------
    beta : float
        Exposure of the asset to the factor.
    factor_var, idio_var : float
        Variance of the factor, and idiosyncratic variance of the asset, of the same horizon.
    target_share : float
        Share of the variance that factor risk shall have after the hedge, from 0 to below 1.

    Returns
    -------
    ndarray of shape (1, 2)
        Position in the factor per 1 of the asset: first the one that leaves a beta of the same
        sign, then the one that leaves its mirror image. Both are -beta where the share is 0.

    Raises
    ------
    NumericalError
        Variances not above 0, or a share outside 0 to below 1: idiosyncratic risk stays whatever
        the hedge.

    Notes
    -----
    share = (beta + h)^2 factor_var / ((beta + h)^2 factor_var + idio_var), solved for h:
    h = -beta +- sqrt(share / (1 - share) idio_var / factor_var).

    References
    ----------
    G. A. Paleologo, Advanced Portfolio Management (2021).

    Examples
    --------
    >>> factor_share_hedge(1.2, 0.04, 0.09, 0.1).round(4)
    array([[-0.7, -1.7]])
    """
    require_positive(factor_var, "factor_var")
    require_positive(idio_var, "idio_var")
    if not 0 <= target_share < 1:
        raise NumericalError(
            f"target_share is {target_share:g}, which no hedge reaches: idiosyncratic risk always "
            "stays; use a share from 0 to below 1"
        )
    # One root at a time: a quotient of variances may leave the float range where they do not.
    left = math.sqrt(target_share / (1 - target_share)) * math.sqrt(idio_var)
    left = math.copysign(left / math.sqrt(factor_var), beta)
    return np.array([[left - beta, -left - beta]])
