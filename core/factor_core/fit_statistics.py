"""Statistics of a regression as a whole, each as statsmodels' summary defines it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from factor_core.distributions import f_p
from factor_core.errors import InputError, NumericalError
from factor_core.regression import column_name, refuse_constant_asset, refuse_exact_fit

if TYPE_CHECKING:
    from collections.abc import Callable

    from factor_core.labelled import Vector
    from factor_core.regression import Regression

OMNIBUS_ROWS = 8  # fewest rows for which the skewness part of the omnibus test is defined


def fit_statistic(fit: Regression, stat: str) -> Vector:
    """Return one statistic of each asset's regression, shape (m,); see `inference.factor_stat`."""
    if stat not in STATISTICS:
        raise InputError(f'stat is "{stat}"; use one of {", ".join(STATISTICS)}')
    if stat in ("r2", "adj_r2"):
        refuse_constant_asset(fit)
    if stat not in ("n", "df", "s", "cond", "r2", "adj_r2"):
        refuse_exact_fit(fit)
    return STATISTICS[stat](fit)


def adjusted_r_squared(fit: Regression) -> Vector:
    """Return R-squared corrected for the number of factors, shape (m,)."""
    return 1 - (1 - fit.r_squared) * (fit.n - int(fit.intercept)) / fit.df


def _f(fit: Regression) -> Vector:
    return (fit.tss - fit.ssr) / fit.k / (fit.ssr / fit.df)


def _f_p(fit: Regression) -> Vector:
    return f_p(_f(fit), fit.k, fit.df)


def _log_likelihood(fit: Regression) -> Vector:
    return -fit.n / 2 * (math.log(2 * math.pi) + np.log(fit.ssr / fit.n) + 1)


def _aic(fit: Regression) -> Vector:
    return -2 * _log_likelihood(fit) + 2 * (fit.n - fit.df)


def _bic(fit: Regression) -> Vector:
    return -2 * _log_likelihood(fit) + np.log(fit.n) * (fit.n - fit.df)


def _durbin_watson(fit: Regression) -> Vector:
    """Rows around a dropped row count as neighbours."""
    changes = [np.diff(column[~np.isnan(column)]) for column in fit.residuals.T]
    return np.array([change @ change for change in changes]) / fit.ssr


def _standardised_moment(fit: Regression, power: int) -> Vector:
    deviation = np.sqrt(fit.ssr / fit.n)
    total: Vector = np.nansum((fit.residuals / deviation) ** power, axis=0)
    return total / fit.n


def _skewness(fit: Regression) -> Vector:
    return _standardised_moment(fit, 3)


def _kurtosis(fit: Regression) -> Vector:
    """3 for a normal distribution."""
    return _standardised_moment(fit, 4)


def _jarque_bera(fit: Regression) -> Vector:
    return fit.n / 6 * (_skewness(fit) ** 2 + (_kurtosis(fit) - 3) ** 2 / 4)


def _jarque_bera_p(fit: Regression) -> Vector:
    return np.exp(-_jarque_bera(fit) / 2)  # chi-squared with 2 degrees of freedom


def _condition_number(fit: Regression) -> Vector:
    """Largest over smallest singular value of [1 X] as given, neither centred nor scaled."""
    values = fit.factor_values
    used = [values[~np.isnan(column)] for column in fit.residuals.T]
    return np.array([np.linalg.cond(np.column_stack([np.ones(len(x)), x])) for x in used])


def _omnibus(fit: Regression) -> Vector:
    if fit.n.min() < OMNIBUS_ROWS:
        asset = column_name("asset_returns", fit.assets, int(fit.n.argmin()))
        raise NumericalError(
            f"{asset} has {fit.n.min():.0f} complete rows; omnibus needs {OMNIBUS_ROWS}"
        )
    return _skewness_z(_skewness(fit), fit.n) ** 2 + _kurtosis_z(_kurtosis(fit), fit.n) ** 2


def _skewness_z(skewness: Vector, n: Vector) -> Vector:
    """Return the normal score of a sample skewness (D'Agostino 1970, Biometrika 57, 679-681)."""
    y = skewness * np.sqrt((n + 1) * (n + 3) / (6 * (n - 2)))
    above = 3 * (n**2 + 27 * n - 70) * (n + 1) * (n + 3)
    beta_2 = above / ((n - 2) * (n + 5) * (n + 7) * (n + 9))
    w_squared = np.sqrt(2 * (beta_2 - 1)) - 1
    delta = 1 / np.sqrt(0.5 * np.log(w_squared))
    score: Vector = delta * np.arcsinh(y / np.sqrt(2 / (w_squared - 1)))
    return score


def _kurtosis_z(kurtosis: Vector, n: Vector) -> Vector:
    """Return the normal score of a sample kurtosis (Anscombe and Glynn 1983, Biometrika 70)."""
    mean = 3 * (n - 1) / (n + 1)
    variance = 24 * n * (n - 2) * (n - 3) / ((n + 1) ** 2 * (n + 3) * (n + 5))
    x = (kurtosis - mean) / np.sqrt(variance)
    root_beta_1 = (
        6 * (n**2 - 5 * n + 2) / ((n + 7) * (n + 9))
        * np.sqrt(6 * (n + 3) * (n + 5) / (n * (n - 2) * (n - 3)))
    )  # fmt: skip
    a = 6 + 8 / root_beta_1 * (2 / root_beta_1 + np.sqrt(1 + 4 / root_beta_1**2))
    cube = (1 - 2 / a) / (1 + x * np.sqrt(2 / (a - 4)))
    score: Vector = (1 - 2 / (9 * a) - np.cbrt(cube)) / np.sqrt(2 / (9 * a))
    return score


def _n(fit: Regression) -> Vector:
    return fit.n


def _df(fit: Regression) -> Vector:
    return fit.df


def _s(fit: Regression) -> Vector:
    return np.sqrt(fit.ssr / fit.df)


def _r2(fit: Regression) -> Vector:
    return fit.r_squared


STATISTICS: dict[str, Callable[[Regression], Vector]] = {
    "n": _n,
    "r2": _r2,
    "adj_r2": adjusted_r_squared,
    "s": _s,
    "f": _f,
    "f_p": _f_p,
    "df": _df,
    "loglik": _log_likelihood,
    "aic": _aic,
    "bic": _bic,
    "dw": _durbin_watson,
    "jb": _jarque_bera,
    "jb_p": _jarque_bera_p,
    "skew": _skewness,
    "kurtosis": _kurtosis,
    "cond": _condition_number,
    "omnibus": _omnibus,
}
