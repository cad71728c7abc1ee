"""Portfolios in money from a volatility budget, how much of it is used, and the stop-loss's own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import NumericalError, require_positive
from factor_core.labelled import Table
from factor_core.returns import vol_scale
from factor_core.risk_model import covariance_matrix, portfolio_variance, portfolio_vol, vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from factor_core.labelled import Columns, Vector

LARGEST_DRIFT = 1e3  # Sharpe ratio over the horizon; beyond, nothing is a matter of chance


def size_portfolio(
    weights: ArrayLike,
    cov: ArrayLike | Columns,
    budget: float,
    budget_periods: float = 1,
    cov_periods: float = 252,
) -> Vector:
    """Return the positions in the proportions of the weights whose volatility is the budget.

    Parameters
    ----------
    weights : array of shape (m,)
        Proportions of the positions, on any scale; negative when short.
    cov : array of shape (m, m)
        Covariance matrix of the assets' returns.
    budget : float
        Volatility in money that the portfolio may have over the budget's horizon.
    budget_periods, cov_periods : float
        Periods a year of the budget's horizon and of the covariances: a monthly budget on daily
        covariances is 12 and 252.

    Returns
    -------
    ndarray of shape (m,)
        Money in each asset.

    Raises
    ------
    InputError
        Another number of weights than of rows, a missing number, or no covariance matrix.
    NumericalError
        A budget or periods not above 0, or weights that make a portfolio without risk.

    Notes
    -----
    position = weights x budget / (sqrt(w' cov w) sqrt(cov_periods / budget_periods)).

    References
    ----------
    G. A. Paleologo, Advanced Portfolio Management (2021).

    Examples
    --------
    >>> size_portfolio([1, 1], [[0.0004, 0.0], [0.0, 0.0004]], 1e6, 12, 252).round(0)
    array([7715167., 7715167.])
    """
    _require_horizons(budget, budget_periods, cov_periods, "cov_periods")
    matrix = covariance_matrix(cov, "cov")
    held = vector(weights, "weights", len(matrix), "cov has a size of")
    _, vol = portfolio_vol(held, matrix, "weights")
    return held * (budget / float(vol_scale(vol, cov_periods, budget_periods)))


def treynor_black(
    alphas: ArrayLike,
    idio_vars: ArrayLike,
    budget: float,
    budget_periods: float = 1,
    alpha_periods: float = 252,
) -> Vector:
    """Return the hedged positions that earn the most alpha for a volatility budget.

    Parameters
    ----------
    alphas : array of shape (m,)
        Expected return of each asset per period beyond its factors, decimal.
    idio_vars : array of shape (m,)
        Idiosyncratic variance of each asset per period.
    budget : float
        Volatility in money that the hedged portfolio may have over the budget's horizon.
    budget_periods, alpha_periods : float
        Periods a year of the budget's horizon, and of the alphas and variances.

    Returns
    -------
    ndarray of shape (m,)
        Money in each asset; short where alpha is negative. The factors are taken as hedged.

    Raises
    ------
    InputError
        Unequal numbers of alphas and variances, or a missing number.
    NumericalError
        A variance, the budget or periods not above 0, or alphas that are all 0.

    Notes
    -----
    position_i = c alpha_i / idio_var_i, with c = budget / sqrt(sum(alpha_i^2 / idio_var_i)
    alpha_periods / budget_periods). The squared appraisal ratio of the portfolio is the sum of the
    assets'.

    References
    ----------
    J. L. Treynor and F. Black (1973), How to Use Security Analysis to Improve Portfolio Selection,
    Journal of Business 46(1), 66-86.

    Examples
    --------
    >>> treynor_black([0.04, 0.02], [0.04, 0.04], 1e6, alpha_periods=1).round(0)
    array([4472136., 2236068.])
    """
    _require_horizons(budget, budget_periods, alpha_periods, "alpha_periods")
    idiosyncratic = vector(idio_vars, "idio_vars")
    expected = vector(alphas, "alphas", idiosyncratic.size, "idio_vars")
    if not (idiosyncratic > 0).all():
        i = int((idiosyncratic <= 0).argmax())
        raise NumericalError(
            f"idio_vars number {i + 1} is {idiosyncratic[i]:g}; a position sized on it needs a "
            "variance above 0"
        )
    if not expected.any():
        raise NumericalError("alphas are all 0: there is nothing to size; use at least one alpha")
    # Only their proportions count; as such, and over volatilities, they stay in the float range.
    vols = np.sqrt(idiosyncratic)
    ratios = expected / np.abs(expected).max() / vols
    vol = float(vol_scale(math.hypot(*ratios), alpha_periods, budget_periods))
    return ratios / vols * (budget / vol)


def budget_use(
    positions: ArrayLike,
    cov: ArrayLike | Columns,
    budget: float,
    budget_periods: float = 1,
    cov_periods: float = 252,
) -> Table:
    """Return how much of a volatility budget positions use, what is left, and who uses it.

    Parameters
    ----------
    positions : array of shape (m,)
        Money in each asset; negative when short.
    cov : array of shape (m, m)
        Covariance matrix of the assets' returns.
    budget : float
        Volatility in money that the portfolio may have over the budget's horizon.
    budget_periods, cov_periods : float
        Periods a year of the budget's horizon and of the covariances.

    Returns
    -------
    Table of 3 + m rows
        Volatility, budget, headroom, and each position, in money over the budget's horizon and as
        a share of the budget. Headroom below 0 is a budget exceeded. What the positions contribute
        sums to the volatility; a hedge contributes less than nothing.

    Raises
    ------
    InputError
        Another number of positions than of rows, a missing number, or no covariance matrix.
    NumericalError
        A budget or periods not above 0.

    Notes
    -----
    volatility = sqrt(x' cov x) sqrt(cov_periods / budget_periods); position i contributes
    x_i (cov x)_i / (x' cov x) of it; headroom = budget - volatility.

    References
    ----------
    G. A. Paleologo, Advanced Portfolio Management (2021).

    Examples
    --------
    >>> for name, money, share in budget_use([3e6, 4e6], np.diag([0.04, 0.04]), 2e6, 1, 1).rows:
    ...     print(f"{name:10} {money:9.0f} {share:6.1%}")
    volatility   1000000  50.0%
    budget       2000000 100.0%
    headroom     1000000  50.0%
    position 1    360000  18.0%
    position 2    640000  32.0%
    """
    _require_horizons(budget, budget_periods, cov_periods, "cov_periods")
    matrix = covariance_matrix(cov, "cov")
    held = vector(positions, "positions", len(matrix), "cov has a size of")
    products, variance = portfolio_variance(held, matrix, "positions")
    vol = float(vol_scale(variance**0.5, cov_periods, budget_periods))
    # No risk in all is no risk to divide: each contributes 0.
    parts = held * products / variance * vol if variance else np.zeros_like(held)
    rows = [
        ("volatility", vol),
        ("budget", budget),
        ("headroom", budget - vol),
        *((f"position {i}", float(part)) for i, part in enumerate(parts, 1)),
    ]
    return Table(
        ("measure", "money", "share of budget"),
        [(name, money, money / budget) for name, money in rows],
    )


def stop_loss_vol(
    loss: float, probability: float, horizon_years: float = 1.0, sharpe: float = 0.0
) -> float:
    """Return the volatility a year at which a stop-loss is hit with a given probability.

    Parameters
    ----------
    loss : float
        Loss from the start that stops the strategy, above 0, in money or decimal.
    probability : float
        Probability, between 0 and 1, that the loss is reached at any time within the horizon.
    horizon_years : float
        Horizon in years.
    sharpe : float
        Sharpe ratio a year that the strategy is taken to have.

    Returns
    -------
    float
        Volatility a year, in the units of the loss.

    Raises
    ------
    NumericalError
        A loss or a horizon not above 0, a probability that is not between 0 and 1, or a Sharpe
        ratio beyond 1000 over the horizon.

    Warnings
    --------
    The loss is one from the starting value, not a drawdown from the highest; it may be hit on any
    day, so it is more likely than a loss at the end of the horizon: twice as likely at Sharpe 0.

    Notes
    -----
    Profit is a Brownian motion with drift sharpe x vol, of constant positions in money. With
    u = loss / vol, s = sharpe and T = horizon_years, the probability to reach -loss by T is
    N(-u / sqrt(T) - s sqrt(T)) + exp(-2 s u) N(-u / sqrt(T) + s sqrt(T)), N the normal
    distribution; it falls with u and is solved for u. At Sharpe 0, u = sqrt(T) N^-1(1 - p/2).

    References
    ----------
    A. N. Borodin and P. Salminen, Handbook of Brownian Motion, 2nd ed., part II, section 2.1.
    G. A. Paleologo, Advanced Portfolio Management (2021), on stop-loss policies.

    Examples
    --------
    >>> round(stop_loss_vol(1e6, 0.05))
    510213
    >>> round(stop_loss_vol(1e6, 0.05, sharpe=1))
    823499
    """
    require_positive(loss, "loss")
    require_positive(horizon_years, "horizon_years")
    if not 0 < probability < 1:
        raise NumericalError(f"probability is {probability:g}; use one between 0 and 1")
    # In units of the horizon: the distance is u / sqrt(T), the drift s sqrt(T).
    root = math.sqrt(horizon_years)
    if not abs(sharpe) * root < LARGEST_DRIFT:
        raise NumericalError(
            f"sharpe is {sharpe:g} over {horizon_years:g} years; no strategy has that, use a ratio "
            "a year such as 1.5"
        )
    distance = _barrier(math.log(probability), sharpe * root)
    return loss / distance / root if distance else math.inf


def _barrier(log_probability: float, drift: float) -> float:
    """Return the distance that Brownian motion with this drift falls to with this probability.

    By halving the interval to the last bit: no search by slopes holds where a probability close to
    1 is flat but for rounding.
    """
    from scipy import special  # noqa: PLC0415  slow to import

    without_drift = -float(special.ndtri_exp(log_probability - math.log(2)))
    if not drift:
        return without_drift
    if drift < 0:
        nearest, farthest = without_drift, without_drift - drift
    else:  # with all the time of the world the probability is exp(-2 drift distance)
        nearest, farthest = 0.0, min(without_drift, -log_probability / (2 * drift))
    while (middle := (nearest + farthest) / 2) not in (nearest, farthest):
        if _log_hit(middle, drift) > log_probability:
            nearest = middle
        else:
            farthest = middle
    return middle


def _log_hit(distance: float, drift: float) -> float:
    """Return the logarithm of the probability that the distance is reached within the horizon."""
    from scipy import special  # noqa: PLC0415  slow to import

    ahead = float(special.log_ndtr(-distance - drift))
    reflected = -2 * drift * distance + float(special.log_ndtr(drift - distance))
    return float(np.logaddexp(ahead, reflected))


def _require_horizons(
    budget: float, budget_periods: float, periods: float, periods_name: str
) -> None:
    require_positive(budget, "budget")
    require_positive(budget_periods, "budget_periods")
    require_positive(periods, periods_name)
