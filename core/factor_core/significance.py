"""How much a track record proves: errors of a Sharpe ratio, years needed, several tests at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from factor_core.distributions import require_probability, two_sided_quantile
from factor_core.errors import DivisionError, NumericalError, require_positive
from factor_core.labelled import Columns, as_columns
from factor_core.performance import moments

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from factor_core.labelled import Vector


def sharpe_se(returns: ArrayLike | Columns, periods: float = 252) -> Vector:
    """Return the standard error of each column's Sharpe ratio a year.

    Parameters
    ----------
    returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal.
    periods : float
        Periods a year.

    Returns
    -------
    ndarray of shape (m,)
        Missing returns are left out, column by column.

    Raises
    ------
    DivisionError
        Returns that are all the same.
    NumericalError
        Fewer than two returns, or periods not above 0.

    Warnings
    --------
    The returns are taken as independent over time. Smoothed or trending returns have a larger
    error, and neither their Sharpe ratio nor its error grows with the square root of time.

    Notes
    -----
    sqrt(P (1 - S g + (q - 1) S^2 / 4) / n), with the Sharpe ratio S per period (ddof 1), skewness g
    and kurtosis q (3 is normal) of divisor n: Mertens' formula. Lo's sqrt(P (1 + S^2 / 2) / n) is
    its case of normal returns; negative skew and fat tails make the true error larger than that.

    References
    ----------
    E. Mertens, Comments on Variance of the IID Estimator in Lo (2002), University of Basel (2002).
    J. D. Opdyke, Comparing Sharpe Ratios: So Where Are the p-values?, Journal of Asset Management 8
    (2007), 308-336.
    A. W. Lo, The Statistics of Sharpe Ratios, Financial Analysts Journal 58(4) (2002), 36-52.

    Examples
    --------
    >>> sharpe_se([0.01, -0.02, 0.03, 0.00, 0.02], periods=12).round(4)
    array([1.7025])
    """
    require_positive(periods, "periods")
    columns = as_columns(returns, "returns")
    n, mean, deviation = moments(columns, "returns")
    sharpe = mean / deviation
    scores = (columns.values - mean) / (deviation * np.sqrt((n - 1) / n))
    skewness, kurtosis = (np.nansum(scores**power, axis=0) / n for power in (3, 4))
    variance = 1 - skewness * sharpe + (kurtosis - 1) * sharpe**2 / 4
    # Never below 0, as kurtosis is at least 1 + skewness^2; rounding may bring it there.
    return np.sqrt(np.maximum(variance, 0.0) / n * periods)


def years_needed(sharpe: float, confidence: float = 0.95) -> float:
    """Return the years after which the t statistic of a mean with this Sharpe ratio is significant.

    Parameters
    ----------
    sharpe : float
        Sharpe ratio a year; an appraisal ratio for the years that an alpha needs.
    confidence : float
        Confidence of the two-sided test.

    Returns
    -------
    float
        Years; the same for a ratio below 0.

    Raises
    ------
    DivisionError
        A Sharpe ratio of 0: no history is long enough.
    NumericalError
        A confidence that is not between 0 and 1, or a ratio so small that the years leave the
        computer's range.

    Warnings
    --------
    After these years a manager who truly has this ratio has an even chance to show it: the t
    statistic of the sample scatters around the one expected.

    Notes
    -----
    (z / S)^2, where the t statistic S sqrt(years) reaches the normal distribution's two-sided
    quantile z, 1.96 for 0.95. It does not depend on the frequency of the returns: only more years
    help.

    References
    ----------
    R. C. Grinold and R. N. Kahn, Active Portfolio Management, 2nd ed., chapter 12.

    Examples
    --------
    >>> round(years_needed(0.5), 1)
    15.4
    """
    require_probability(confidence, "confidence", "0.95 for 95 %")
    if sharpe == 0:
        raise DivisionError("sharpe is 0: no history is long enough to tell it from 0")
    ratio = two_sided_quantile(1 - confidence) / sharpe
    years = ratio * ratio
    if not math.isfinite(years):
        raise NumericalError(f"sharpe is {sharpe:g}: the years needed are too many for a cell")
    return years


def bonferroni_t(tests: int, level: float = 0.05, df: float | None = None) -> float:
    """Return the t statistic that the best of several tests must exceed.

    Parameters
    ----------
    tests : int
        Number of tests, strategies or factors that were tried, those discarded included.
    level : float
        Probability that chance alone lifts any of them above the result.
    df : float, optional
        Degrees of freedom of each t statistic; None for the normal distribution.

    Returns
    -------
    float
        Two-sided: compare with |t|.

    Raises
    ------
    NumericalError
        Fewer than one test, a level not between 0 and 1, or df not above 0.

    Warnings
    --------
    It holds however the tests depend on one another, and is stricter than needed when they are
    alike.

    Notes
    -----
    The quantile of Student's t that is exceeded with probability level / (2 tests).

    References
    ----------
    C. R. Harvey, Y. Liu and H. Zhu, ... and the Cross-Section of Expected Returns, Review of
    Financial Studies 29 (2016), 5-68.

    Examples
    --------
    >>> round(bonferroni_t(1), 2), round(bonferroni_t(300), 2), round(bonferroni_t(300, df=60), 2)
    (1.96, 3.76, 4.02)
    """
    require_probability(level, "level", "0.05 for 5 %")
    if tests < 1:
        raise NumericalError(f"tests is {tests}; use the number of tests tried, 1 or more")
    if df is not None:
        require_positive(df, "df")
    t = two_sided_quantile(level / tests, df)
    if not math.isfinite(t):
        raise NumericalError(f"no t is large enough for {tests:g} tests at level {level:g}")
    return t
