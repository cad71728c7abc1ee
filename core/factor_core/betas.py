"""Expected returns by the CAPM and by factor models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def capm_return(rf: float, beta: float, market_premium: float) -> float:
    """Return the expected return of an asset by the capital asset pricing model.

    Parameters
    ----------
    rf : float
        Risk-free rate over the horizon of the result, decimal.
    beta : float
        Exposure to the market.
    market_premium : float
        Expected return of the market above the risk-free rate, over the same horizon.

    Returns
    -------
    float

    Notes
    -----
    E(r) = rf + beta x market_premium.

    References
    ----------
    W. F. Sharpe (1964), Capital Asset Prices, Journal of Finance 19(3), 425-442.

    Examples
    --------
    >>> round(capm_return(0.02, 1.2, 0.05), 12)
    0.08
    """
    return expected_return(rf, beta, market_premium)


def expected_return(rf: float, betas: ArrayLike, premia: ArrayLike, alpha: float = 0.0) -> float:
    """Return the expected return of an asset by a factor model.

    Parameters
    ----------
    rf : float
        Risk-free rate over the horizon of the result, decimal.
    betas, premia : float or array of shape (k,)
        Exposures and expected returns of the factors, in the same order and over the same horizon.
    alpha : float
        Expected return beyond what the betas explain, over the same horizon.

    Returns
    -------
    float

    Raises
    ------
    InputError
        Betas and premia of unequal number.

    Notes
    -----
    E(r) = rf + alpha + the sum of beta x premium over the factors.

    References
    ----------
    E. F. Fama and K. R. French (1993), Common Risk Factors in the Returns on Stocks and Bonds,
    Journal of Financial Economics 33(1), 3-56.

    Examples
    --------
    >>> round(expected_return(0.02, [1.1, 0.4], [0.05, 0.02]), 12)
    0.083
    """
    return float(rf + alpha + factor_return(betas, premia))


def factor_return(betas: ArrayLike, premia: ArrayLike) -> float:
    """Return the sum of beta x premium; as many premia as betas are needed."""
    exposures = np.asarray(betas, dtype=np.float64).ravel()
    expected = np.asarray(premia, dtype=np.float64).ravel()
    if exposures.size != expected.size:
        raise InputError(
            f"betas has {exposures.size} number(s) and premia has {expected.size}; "
            "use one premium for each beta, in the same order"
        )
    return float(exposures @ expected)
